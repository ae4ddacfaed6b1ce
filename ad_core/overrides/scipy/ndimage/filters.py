# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scipy.ndimage on traced values: its compiled filters, as correlations of padded arrays. Filters
made of them (Gaussian, Sobel, Laplace) are SciPy's own Python code."""

import numpy as np
from scipy.ndimage import _filters, _ni_support

from ad_core import _core
from ad_core.adapting.stand_ins import supply_names
from ad_core.errors import NoDerivativeError
from ad_core.overrides.scipy.dispatch import implements
from ad_core.recording.arrays import as_array
from ad_core.rules.correlation import correlated

__all__ = []

compiled = _filters._nd_image
supply_names(_ni_support)  # it makes the arrays for results

# SciPy's codes of the ways to extend an array -> NumPy's names of them.
EXTENSIONS = {0: "edge", 1: "wrap", 2: "symmetric", 3: "reflect", 4: "constant", 5: "wrap",
              6: "constant"}  # fmt: skip


def _extended(x, widths, mode, cval):
    name = EXTENSIONS.get(mode)
    if name is None:
        raise NoDerivativeError(
            f"this mode of scipy.ndimage has no derivative in ad_core{_core.user_line()}; use "
            f"'reflect', 'mirror', 'nearest', 'wrap' or 'constant'"
        )
    if name == "constant":
        return np.pad(x, widths, name, constant_values=cval)
    return np.pad(x, widths, name)


def _correlated(x, weights, mode, cval, origins):
    """y[k] = sum over m of weights[m] x[k + m - size // 2 - origin], as large as x."""
    widths = [
        (n // 2 + origin, n - n // 2 - 1 - origin)
        for n, origin in zip(weights.shape, origins, strict=True)
    ]
    return correlated(_extended(x, widths, mode, cval), weights)


def _along(weights, axis, ndim):
    return np.reshape(weights, [-1 if d == axis else 1 for d in range(ndim)])


@implements(compiled.correlate1d)
def correlate1d(x, weights, axis, output, mode, cval, origin):
    x = as_array(x)
    origins = [origin if d == axis else 0 for d in range(x.ndim)]
    weights = _along(as_array(weights), axis, x.ndim)
    _core.set_items(output, Ellipsis, _correlated(x, weights, mode, cval, origins))


@implements(compiled.correlate)
def correlate(x, weights, output, mode, cval, origins):
    found = _correlated(as_array(x), as_array(weights), mode, cval, list(origins))
    _core.set_items(output, Ellipsis, found)


@implements(compiled.uniform_filter1d)
def uniform_filter1d(x, size, axis, output, mode, cval, origin):
    correlate1d(x, np.full(size, 1.0 / size), axis, output, mode, cval, origin)
