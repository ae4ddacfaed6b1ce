# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Quantiles and covariances. NumPy's own code computes them; here is what it does not know: that
the slope by a traced quantile has a kink at each sample, and which arguments are whole numbers."""

import numpy as np
from numpy.lib import _function_base_impl as functions
from numpy.lib import _nanfunctions_impl as nan_functions

from ad_core import _core
from ad_core.overrides.numpy.complex.functions import implements as implements_complex
from ad_core.overrides.numpy.constants import plain_constant
from ad_core.overrides.numpy.dispatch import implements, only_plain, store
from ad_core.overrides.numpy.guards import decided, plain, tested
from ad_core.overrides.numpy.own_code import copy_of, own_code, stands_for

__all__ = ["cov"]

# Methods that take samples or means of two; their slope by the quantile is zero.
STEPS = {
    "inverted_cdf", "averaged_inverted_cdf", "closest_observation", "lower", "higher", "midpoint",
    "nearest",
}  # fmt: skip
numpys_quantile = functions._quantile
numpys_nanquantile = nan_functions._nanquantile_unchecked
numpys_nanmedian = nan_functions._nanmedian_small


def _quantile(arr, quantiles, axis=-1, method="linear", out=None, weights=None, **others):
    """The quantiles of an array along an axis, by NumPy's own code unless they move on lines."""
    arr, quantiles, weights = map(_plain_integers, (arr, quantiles, weights))
    constant, numpys = plain_constant(quantiles), copy_of(numpys_quantile)
    nan = _nan_rows(arr, axis)
    if constant is not None or weights is not None:
        quantiles = quantiles if constant is None else constant
        return _where_nan(nan, numpys(arr, quantiles, axis, method, out, weights, **others))
    if method in STEPS:  # a position that is a number can not be written to
        several = np.reshape(quantiles, (1, *quantiles.shape))
        result = numpys(arr, several, axis, method, **others)[0]
    else:
        arr = np.moveaxis(arr, axis, -1)
        position = functions._QuantileMethods[method]["get_virtual_index"](arr.shape[-1], quantiles)
        result = _at_traced(arr, position)
    result = _where_nan(nan, result)
    return result if out is None else store(out, result, "quantile")


def _plain_integers(x):
    """Truth values and integers as plain ones, of which NumPy's code returns others."""
    return _core.discrete_values(x).copy() if _core.discrete(x) else x


def _nan_rows(x, axis):
    """Which rows along an axis have NaN. A guard keeps them if there are any, or no comparison of
    elements, whose guards hold only without NaN."""
    nan = np.isnan(plain(x))
    if nan.any() or x.shape[axis] == 1:
        nan = tested(np.isnan, x)
    return nan.any(axis=axis)


def _where_nan(nan, result):
    """The result, which is NaN in these places whatever the other elements are."""
    if not nan.any():
        return result
    if type(result) not in (np.ndarray, _core.TracedArray):  # a number
        return np.float64(np.nan)
    np.copyto(result, np.nan, where=nan)
    return result


def _median_nancheck(data, result, axis):
    """A median, or NaN where there is one; NumPy's own code returns this element."""
    return _where_nan(_nan_rows(data, axis), result)


def _at_traced(x, position):
    """The sorted elements of the last axis of x at traced positions. At an integer the slope is the
    mean of those on both sides."""
    n, at = x.shape[-1], plain(position)
    low = np.clip(np.floor(at), 0, n - 1).astype(np.intp)
    high = np.where((at < 0) | (at >= n - 1), low, low + 1)
    knot = (at == low) & (at >= 0) & (at <= n - 1)
    decided(np.where(knot, position == low, True))
    decided(np.where((high > low) & ~knot, (position > low) & (position < high), True))
    decided(np.where(at < 0, position < 0.0, True))
    decided(np.where(at > n - 1, position > n - 1.0, True))
    before = np.where(knot, np.maximum(low - 1, 0), low)
    after = np.where(knot, np.minimum(low + 1, n - 1), high)
    places = np.stack([low, before, after])
    ahead = range(places.ndim)
    ordered = np.partition(x, np.unique(places), axis=-1)[..., places]
    start, a, b = np.moveaxis(ordered, [d - places.ndim for d in ahead], ahead)
    shape = at.shape + (1,) * (x.ndim - 1)
    slope = (b - a) / np.where(knot, 2.0, 1.0).reshape(shape)
    return start + slope * np.reshape(position - low, shape)


def _lerp(a, b, t, out=None):
    """Between two samples. In NumPy's own code, numbers stay arrays by an out=... that its protocol
    does not pass on."""
    constant = plain_constant(t)
    t = t if constant is None else constant
    step = b - a
    result = np.where(t >= 0.5, b - step * (1 - t), a + step * t)[()]
    return result if out is None else store(out, result, "quantile")


def _nanquantile_unchecked(a, *args, **kwargs):
    """Without NaN the quantiles of all rows at once, which NumPy's own code takes one by one."""
    one_by_one = not a.size or np.isnan(plain(a)).any()
    numpys = numpys_nanquantile if one_by_one else functions._quantile_unchecked
    return copy_of(numpys)(a, *args, **kwargs)


def _nanmedian_small(a, axis=None, out=None, overwrite_input=False):
    """Medians of rows, for which NumPy's own code uses masked arrays."""
    if np.isnan(plain(a)).any():
        rows, median = np.moveaxis(a, axis, -1), copy_of(nan_functions._nanmedian1d)
        found = [median(row) for row in np.reshape(rows, (-1, rows.shape[-1]))]
        result = np.reshape(np.stack(found), rows.shape[:-1])
    else:
        result = np.median(a, axis=axis)
    return result if out is None else store(out, result, "nanmedian")


stands_for(numpys_quantile, _quantile)
stands_for(functions._lerp, _lerp)
stands_for(np.lib._utils_impl._median_nancheck, _median_nancheck)
stands_for(numpys_nanquantile, _nanquantile_unchecked)
stands_for(numpys_nanmedian, _nanmedian_small)


@implements_complex(np.cov)
@implements(np.cov, lists=True)
def cov(m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, **dtype):
    """np.cov. Whole numbers of observations have no neighbourhood in which to differentiate."""
    fweights = only_plain(np.cov, fweights)
    return own_code(np.cov)(m, y, rowvar, bias, ddof, fweights, aweights, **dtype)
