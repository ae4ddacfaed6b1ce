# SPDX-License-Identifier: Apache-2.0
"""Sums, products, maxima and minima, means, variances and cumulative sums over axes."""

import math

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.accumulations import accumulate, fold_last
from ad_core.overrides.numpy.dispatch import implements, is_complex128, refuse_dtype
from ad_core.overrides.numpy.guards import decided, tested
from ad_core.recording.arrays import as_array, as_traced

__all__ = [
    "all_", "any_", "axes_last", "cumprod", "cumsum", "kept", "last_in_one", "max_", "min_",
    "prod", "sum_",
]  # fmt: skip

NO_VALUE = np._NoValue


def axes_last(x, axis):
    """x with the axes to reduce moved to the end, the number of these axes, and the axes."""
    if axis is None:
        return x, x.ndim, tuple(range(x.ndim))
    axes = axis if isinstance(axis, tuple) else (axis,)
    if x.ndim == 0 and axes in ((0,), (-1,)):  # NumPy allows this
        axes = ()
    axes = tuple(np.lib.array_utils.normalize_axis_tuple(axes, x.ndim, "axis"))
    order = (*(d for d in range(x.ndim) if d not in axes), *axes)
    moved = x if order == tuple(range(x.ndim)) else np.transpose(x, order)
    return moved, len(axes), axes


def last_in_one(moved, n):
    """An array with its last n axes as one axis."""
    cut = moved.ndim - n
    return np.reshape(moved, (*moved.shape[:cut], math.prod(moved.shape[cut:])))


def kept(result, shape, axes, keepdims):
    """The result; with keepdims, the reduced axes are axes of length 1."""
    if not _keeps(keepdims):
        return result
    return np.reshape(result, [1 if d in axes else n for d, n in enumerate(shape)])


def _keeps(keepdims):
    return keepdims is not NO_VALUE and bool(keepdims)


def _given(where):
    return where is not True and where is not NO_VALUE


def _only(x, where, filler):
    """x with `filler` where the mask where= is false."""
    return np.where(where, x, filler) if _given(where) else x


def _float(dtype):
    if dtype not in (None, float, np.float64, np.dtype(np.float64)):
        refuse_dtype(dtype, "a reduction")


def _block(kind, x, axis, keepdims):
    x = as_traced(x)
    if _core.is_constant(x):  # plain results may be used as indices, counts or conditions
        values = getattr(np, kind)(_core.current_values(x), axis=axis, keepdims=_keeps(keepdims))
        return np.array(values) if np.ndim(values) else np.float64(values)
    moved, n, axes = axes_last(x, axis)
    result = _core.record_reduction(kind, moved, n) if n else +moved
    return kept(result, x.shape, axes, keepdims)


@implements(np.sum)
def sum_(a, axis=None, dtype=None, keepdims=False, initial=NO_VALUE, where=True):
    if dtype is not None and is_complex128(dtype):
        given = {} if initial is NO_VALUE else {"initial": initial}
        z = np.asarray(a, dtype=complex)
        return np.sum(z, axis=axis, keepdims=_keeps(keepdims), where=where, **given)
    _float(dtype)
    result = _block("sum", _only(as_array(a), where, 0.0), axis, keepdims)
    return result if initial is NO_VALUE else result + initial


@implements(np.nansum)
def nansum(a, axis=None, dtype=None, keepdims=False, initial=NO_VALUE, where=True):
    """np.nansum, twice as fast as by NumPy's own code."""
    return sum_(np.where(np.isnan(a), 0.0, a), axis, dtype, keepdims, initial, where)


def _extreme(kind, empty):
    def extreme(a, axis=None, keepdims=False, initial=NO_VALUE, where=True):
        x = as_array(a)
        if _given(where):
            if initial is NO_VALUE:
                raise ValueError(f"reduction operation '{kind}' needs initial= with a where= mask")
            x = np.where(where, x, empty)
        axes = axes_last(x, axis)[2] if x.size == 0 else ()
        if x.size == 0 and math.prod(x.shape[d] for d in axes) == 0:
            if initial is NO_VALUE:
                raise ValueError(
                    f"zero-size array to reduction operation {kind}imum which has no identity"
                )
            shape = [m for d, m in enumerate(x.shape) if d not in axes]
            result = kept(np.full(shape, empty), x.shape, axes, keepdims)
        else:
            result = _block(kind, x, axis, keepdims)
        if initial is NO_VALUE:
            return result
        return (np.maximum if kind == "max" else np.minimum)(result, initial)

    return extreme


max_ = implements(np.max, np.amax)(_extreme("max", -np.inf))
min_ = implements(np.min, np.amin)(_extreme("min", np.inf))


@implements(np.ptp)
def ptp(a, axis=None, keepdims=False):
    """np.ptp, three times as fast as by NumPy's own code."""
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


@implements(np.prod)
def prod(a, axis=None, dtype=None, keepdims=False, initial=NO_VALUE, where=True):
    """The product by halves: log2(n) elementwise runs, and exact derivatives at zero factors."""
    _float(dtype)
    x = _only(as_array(a), where, 1.0)
    moved, n, axes = axes_last(x, axis)
    flat = last_in_one(moved, n)
    if flat.shape[-1] == 0:
        result = np.ones(flat.shape[:-1])[()]
    else:
        result = fold_last(np.multiply, +flat if flat.shape[-1] == 1 else flat)
    result = kept(result, x.shape, axes, keepdims)
    return result if initial is NO_VALUE else result * initial


def _count(x, axis, where, keepdims):
    """The number of reduced elements: a number, or an array with a mask where=."""
    if _given(where):
        mask = np.broadcast_to(decided(where), x.shape)
        return np.sum(mask, axis=axis, keepdims=_keeps(keepdims)).astype(float)
    if axis is None:
        return np.float64(x.size)
    axes = np.lib.array_utils.normalize_axis_tuple(axis, x.ndim, "axis")
    return np.float64(math.prod(x.shape[d] for d in axes))


@implements(np.mean, lists=True)
def mean(a, axis=None, dtype=None, keepdims=False, where=True):
    """np.mean, twice as fast as by NumPy's own code, which converts results by a type."""
    x = as_array(a)
    return sum_(x, axis, dtype, keepdims, where=where) / _count(x, axis, where, keepdims)


def _not_nan(a, where):
    there = ~tested(np.isnan, a)
    return there & where if _given(where) else there


@implements(np.nanmean, lists=True)
def nanmean(a, axis=None, dtype=None, keepdims=False, where=True):
    """np.nanmean. NumPy's own code converts results by a type: np.float64(y)."""
    return mean(a, axis, dtype, keepdims, _not_nan(a, where))


@implements(np.var, lists=True)
def var(a, axis=None, dtype=None, ddof=0, keepdims=False, where=True, **kwargs):
    """np.var, for the same reason as np.mean."""
    ddof = kwargs.get("correction", ddof)
    x = as_array(a)
    centre = kwargs.get("mean", NO_VALUE)
    if centre is NO_VALUE:
        centre = mean(x, axis, dtype, keepdims=True, where=where)
    total = sum_(np.square(x - centre), axis, dtype, keepdims, where=where)
    return total / np.maximum(_count(x, axis, where, keepdims) - ddof, 0.0)


@implements(np.std, lists=True)
def std(a, axis=None, dtype=None, ddof=0, keepdims=False, where=True, **kwargs):
    """np.std, for the same reason."""
    return np.sqrt(var(a, axis, dtype, ddof, keepdims, where, **kwargs))


@implements(np.nanvar, lists=True)
def nanvar(a, axis=None, dtype=None, ddof=0, keepdims=False, where=True, **kwargs):
    """np.nanvar, for the same reason."""
    return var(a, axis, dtype, ddof, keepdims, _not_nan(a, where), **kwargs)


@implements(np.nanstd, lists=True)
def nanstd(a, axis=None, dtype=None, ddof=0, keepdims=False, where=True, **kwargs):
    """np.nanstd, for the same reason."""
    return np.sqrt(nanvar(a, axis, dtype, ddof, keepdims, where, **kwargs))


@implements(np.cumsum)
def cumsum(a, axis=None, dtype=None):
    _float(dtype)
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    if x.size == 0:
        return +x
    if x.ndim == 0:
        x = np.ravel(x)
    moved = np.moveaxis(as_traced(x), axis, -1)
    return np.moveaxis(_core.record_reduction("cumsum", moved, 1), -1, axis)


@implements(np.cumprod)
def cumprod(a, axis=None, dtype=None):
    _float(dtype)
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    if x.ndim == 0:
        x = np.ravel(x)
    return accumulate(np.multiply, x, axis)


@implements(np.trace)
def trace(a, offset=0, axis1=0, axis2=1, dtype=None):
    return sum_(np.diagonal(as_array(a), offset, axis1, axis2), axis=-1, dtype=dtype)


@implements(np.all)
def all_(a, axis=None, keepdims=False, where=True):
    return np.all(decided(a), axis=axis, keepdims=_keeps(keepdims), where=_mask(where))


@implements(np.any)
def any_(a, axis=None, keepdims=False, where=True):
    return np.any(decided(a), axis=axis, keepdims=_keeps(keepdims), where=_mask(where))


def _mask(where):
    return decided(where) if _given(where) else True
