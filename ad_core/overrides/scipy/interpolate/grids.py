# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Interpolation on regular grids: linear and nearest ones by their basis functions, the others by
SciPy's own code."""

import numpy as np
from scipy.interpolate import RegularGridInterpolator, _interpnd, _rgi

from ad_core import _core
from ad_core.adapting.stand_ins import supply_names
from ad_core.overrides.numpy.guards import plain
from ad_core.overrides.scipy.dispatch import implements, implements_method
from ad_core.overrides.scipy.interpolate.interp1d import slopes_around
from ad_core.overrides.scipy.interpolate.piecewise import intervals
from ad_core.recording.arrays import as_array
from ad_core.rules.bases import Basis, at

__all__ = ["coordinates"]

supply_names(_rgi)


@implements(_interpnd._ndim_coords_from_arrays)
def coordinates(points, ndim=None):
    """Points as an array whose last axis has the coordinates."""
    if isinstance(points, tuple) and len(points) == 1:
        (points,) = points
    if isinstance(points, tuple):
        return np.stack(np.broadcast_arrays(*map(as_array, points)), axis=-1)
    points = as_array(points)
    return points.reshape(-1, 1 if ndim is None else ndim) if points.ndim == 1 else points


_evaluate = vars(RegularGridInterpolator)["__call__"]


class _Grid(Basis):
    """The functions that are 1 at one point of a grid: linear between neighbours, or steps."""

    def __init__(self, grid, method):
        super().__init__("scipy.interpolate.RegularGridInterpolator", self.sums, self.terms)
        self.grid, self.method, self.sizes = grid, method, [len(x) for x in grid]

    def sums(self, c, places, nu):
        if any(nu):
            numbers, weights = self.terms(places, nu)
            return np.sum(weights[:, :, None] * c[numbers], axis=1)
        shape = self.sizes if c.shape[1] == 1 else (*self.sizes, c.shape[1])
        own = RegularGridInterpolator(self.grid, c.reshape(shape), self.method, False, None)
        return _evaluate(own, np.stack(places, axis=-1)).reshape(len(places[0]), -1)

    def terms(self, places, nu):
        axes = [self.on_axis(*each) for each in zip(self.grid, places, nu, strict=True)]
        numbers, weights = np.zeros((len(places[0]), 1), int), np.ones((len(places[0]), 1))
        for n, (own, values) in zip(self.sizes, axes, strict=True):
            numbers = (numbers[:, :, None] * n + own[:, None, :]).reshape(len(own), -1)
            weights = (weights[:, :, None] * values[:, None, :]).reshape(len(own), -1)
        return numbers, weights

    def on_axis(self, x, place, nu):
        if len(x) == 1:
            return np.zeros((len(place), 1), int), np.full((len(place), 1), float(nu == 0))
        k = intervals(x, place)
        h = x[k + 1] - x[k]
        share = (place - x[k]) / h
        if self.method == "nearest":
            share = np.where(np.isnan(share), np.nan, np.where(share <= 0.5, 0.0, 1.0))
        if nu == 0:
            pair = 1.0 - share, share
        elif nu == 1 and self.method == "linear":
            return slopes_around(x, place)
        else:
            pair = 0.0 * h, 0.0 * h
        return np.stack([k, k + 1], 1), np.stack(pair, 1)


@implements_method(RegularGridInterpolator, "__call__", calls_back=True)
def on_grid(self, xi, method=None, **kwargs):
    method = self.method if method is None else method
    if not _core.holds_variable((xi, self.values, self.fill_value)) and not _core.traced(
        self.values
    ):
        return _core.untraced(lambda: _evaluate(self, _plain_points(xi), method, **kwargs))
    if method not in ("linear", "nearest") or kwargs.get("nu") is not None:
        return _evaluate(self, xi, method, **kwargs)
    grid = [plain(x) for x in self.grid]
    xi = coordinates(xi, ndim=len(grid))
    if xi.shape[-1] != len(grid):
        raise ValueError(
            f"The requested sample points xi have dimension {xi.shape[-1]} but this "
            f"RegularGridInterpolator has dimension {len(grid)}"
        )
    places = [xi[..., d].reshape(-1) for d in range(len(grid))]
    outside = False
    for d, (x, place) in enumerate(zip(grid, places, strict=True)):
        beyond = (place < x[0]) | (place > x[-1])
        if self.bounds_error and (np.any(beyond) or np.any(np.isnan(place))):
            raise ValueError(f"One of the requested xi is out of bounds in dimension {d}")
        outside = outside | beyond
    values = as_array(self.values)
    sizes, rest = values.shape[: len(grid)], values.shape[len(grid) :]
    y = at(_Grid(grid, method), values.reshape(int(np.prod(sizes)), -1), places, (0,) * len(grid))
    if not self.bounds_error and self.fill_value is not None:
        y = np.where(outside[:, None], self.fill_value, y)
    return y.reshape(xi.shape[:-1] + rest)


def _plain_points(xi):
    return tuple(map(plain, xi)) if isinstance(xi, tuple) else plain(xi)
