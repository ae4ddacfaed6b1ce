# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scipy.interpolate.interp1d: lines and steps between samples by their basis functions, the others
by B-splines."""

import numpy as np
from scipy.interpolate import interp1d

from ad_core import _core
from ad_core.overrides.numpy.guards import plain
from ad_core.overrides.scipy.dispatch import implements_method
from ad_core.recording.arrays import as_array
from ad_core.rules.bases import Basis, at

__all__ = ["Samples", "slopes_around"]

STEPS = {"nearest", "nearest-up", "previous", "next"}

_original = vars(interp1d)["_evaluate"]


def slopes_around(x, place):
    """The numbers of samples and the weights that give the slope of the line between samples; at a
    sample it is the mean of the slopes on both sides, as for np.interp."""
    sides = []
    for side in ("left", "right"):
        k = np.clip(np.searchsorted(x, place, side=side) - 1, 0, len(x) - 2)
        sides.append((k, 0.5 / (x[k + 1] - x[k])))
    (a, low), (b, high) = sides
    missing = np.where(np.isnan(place), np.nan, 1.0)[:, None]
    return np.stack([a, a + 1, b, b + 1], 1), missing * np.stack([-low, low, -high, high], 1)


class Samples(Basis):
    """The functions that are 1 at one sample: lines to its neighbours, or steps."""

    def __init__(self, x, kind):
        super().__init__("scipy.interpolate.interp1d", self.sums, self.terms)
        self.x, self.kind = x, kind

    def own(self, c):
        return interp1d(self.x, c, self.kind, axis=0, fill_value="extrapolate")

    def sums(self, c, places, nu):
        if nu[0] == 0:
            return _original(self.own(c), places[0])
        numbers, weights = self.terms(places, nu)
        return np.sum(weights[:, :, None] * c[numbers], axis=1)

    def terms(self, places, nu):
        (place,) = places
        if self.kind in STEPS:
            found = _original(self.own(np.arange(len(self.x), dtype=float)[:, None]), place)
            return np.nan_to_num(found).astype(int), np.where(
                np.isnan(found), np.nan, float(nu[0] == 0)
            )
        if nu[0] == 1:
            return slopes_around(self.x, place)
        k = np.clip(np.searchsorted(self.x, place) - 1, 0, len(self.x) - 2)
        share = (place - self.x[k]) / (self.x[k + 1] - self.x[k])
        weights = np.stack([1.0 - share, share], 1)
        return np.stack([k, k + 1], 1), weights if nu[0] == 0 else 0.0 * weights


@implements_method(interp1d, "_evaluate", calls_back=True)
def evaluate(self, x_new):
    x_new = as_array(x_new)
    if _core.holds_variable(self.x):
        return _original(self, x_new)
    x = plain(as_array(self.x))
    if not _core.holds_variable((x_new, self._y)) and not _core.traced(self._y):
        return _core.untraced(lambda: _original(self, plain(x_new)))
    if hasattr(self, "_spline"):
        y = self._call(self, x_new)
    else:
        kind = self._kind if self._kind in STEPS else "linear"
        y = at(Samples(x, kind), as_array(self._y), [x_new], (0,))
    if self._extrapolate:
        return y
    below, above = x_new < x[0], x_new > x[-1]
    for beyond, word in ((below, "below"), (above, "above")):
        if self.bounds_error and np.any(beyond):
            raise ValueError(f"A value in x_new is {word} the interpolation range.")
    y = np.where(below[:, None], self._fill_value_below, y)
    return np.where(above[:, None], self._fill_value_above, y)
