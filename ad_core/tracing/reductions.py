# SPDX-License-Identifier: Apache-2.0
"""Sums, products, extremes, means and running sums over axes."""

import numpy as np

from ad_core import _core
from ad_core.tracing.dispatch import implements
from ad_core.tracing.elementwise import as_array

__all__ = ["all_", "any_", "axes_last", "cumprod", "cumsum", "max_", "min_", "prod", "sum_"]

NO_VALUE = np._NoValue


def axes_last(x, axis):
    """x with the axes to reduce moved to the end, their number, and the axes themselves."""
    if axis is None:
        axes = tuple(range(x.ndim))
    else:
        axes = axis if isinstance(axis, tuple) else (axis,)
        axes = tuple(np.lib.array_utils.normalize_axis_tuple(axes, x.ndim, "axis"))
    kept = [d for d in range(x.ndim) if d not in axes]
    return np.transpose(x, (*kept, *axes)), len(axes), axes


def _keep(result, shape, axes, keepdims):
    if not keepdims or keepdims is NO_VALUE:
        return result
    return np.reshape(result, [1 if d in axes else n for d, n in enumerate(shape)])


def _only(x, where, filler):
    """x with `filler` where the where= mask does not hold."""
    return x if where is True or where is NO_VALUE else np.where(where, x, filler)


def _float(dtype):
    if dtype not in (None, float, np.float64, np.dtype(np.float64)):
        raise TypeError(f"dtype={dtype} of a reduction: traced values are float64")


def _block(kind, x, axis, keepdims):
    moved, n, axes = axes_last(x, axis)
    result = _core.record_reduction(kind, moved, n) if n else +moved
    return _keep(result, x.shape, axes, keepdims)


@implements(np.sum)
def sum_(a, axis=None, dtype=None, keepdims=False, initial=NO_VALUE, where=True):
    _float(dtype)
    result = _block("sum", _only(as_array(a), where, 0.0), axis, keepdims)
    return result if initial is NO_VALUE else result + initial


@implements(np.nansum)
def nansum(a, axis=None, dtype=None, keepdims=False, initial=NO_VALUE, where=True):
    return sum_(np.where(np.isnan(a), 0.0, a), axis, dtype, keepdims, initial, where)


def _extreme(kind, empty):
    def extreme(a, axis=None, keepdims=False, initial=NO_VALUE, where=True):
        x = as_array(a)
        if where is not True and where is not NO_VALUE:
            if initial is NO_VALUE:
                raise ValueError(f"reduction operation '{kind}' needs initial= with a where= mask")
            x = np.where(where, x, empty)
        count = np.size(np.broadcast_to(0, x.shape)) if axis is None else None
        n = count if count is not None else int(np.prod([x.shape[d] for d in np.atleast_1d(axis)]))
        if n == 0 and initial is NO_VALUE:
            raise ValueError(
                f"zero-size array to reduction operation {kind}imum which has no identity"
            )
        result = _block(kind, x, axis, keepdims) if n else np.full(
            np.sum(np.zeros(x.shape), axis=axis, keepdims=bool(keepdims)).shape, empty)
        if initial is NO_VALUE:
            return result
        return (np.maximum if kind == "max" else np.minimum)(result, initial)

    return extreme


max_ = implements(np.max, np.amax)(_extreme("max", -np.inf))
min_ = implements(np.min, np.amin)(_extreme("min", np.inf))


@implements(np.ptp)
def ptp(a, axis=None, keepdims=False):
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


@implements(np.prod)
def prod(a, axis=None, dtype=None, keepdims=False, initial=NO_VALUE, where=True):
    """By halves: log2(n) elementwise runs, exact derivatives where factors are zero."""
    _float(dtype)
    x = _only(as_array(a), where, 1.0)
    moved, n, axes = axes_last(x, axis)
    flat = np.reshape(moved, (*moved.shape[: moved.ndim - n], -1))
    if flat.shape[-1] == 0:
        result = np.ones(flat.shape[:-1])
    else:
        while flat.shape[-1] > 1:
            half = flat.shape[-1] // 2
            paired = flat[..., :half] * flat[..., half : 2 * half]
            odd = flat[..., 2 * half :]
            flat = np.concatenate([paired, odd], axis=-1) if odd.shape[-1] else paired
        result = flat[..., 0]
    result = _keep(result, x.shape, axes, keepdims)
    return result if initial is NO_VALUE else result * initial


def _count(x, axis, where):
    if where is not True and where is not NO_VALUE:
        mask = _core.truth_of(where) if _core.traced(where) else where
        return np.sum(np.broadcast_to(mask, x.shape), axis=axis).astype(float)
    if axis is None:
        return float(x.size)
    return float(np.prod([x.shape[d] for d in np.atleast_1d(axis)], dtype=float))


def _shape_kept(count, like):
    return count if np.ndim(count) == 0 else np.reshape(count, like.shape)


@implements(np.mean)
def mean(a, axis=None, dtype=None, keepdims=False, where=True):
    x = as_array(a)
    total = sum_(x, axis, dtype, keepdims, where=where)
    return total / _shape_kept(_count(x, axis, where), total)


@implements(np.nanmean)
def nanmean(a, axis=None, dtype=None, keepdims=False, where=True):
    there = ~np.isnan(a)
    return mean(a, axis, dtype, keepdims, where=there if where is True else there & where)


@implements(np.average)
def average(a, axis=None, weights=None, returned=False, keepdims=False):
    x = as_array(a)
    if weights is None:
        result = mean(x, axis, keepdims=keepdims)
        total = np.full(np.shape(result), x.size / max(1, np.size(_core.current_values(result))))
    else:
        w = as_array(weights)
        if w.shape != x.shape and axis is not None and w.ndim == 1:
            w = np.reshape(w, [n if d == axis % x.ndim else 1 for d, n in enumerate(x.shape)])
        total = np.sum(w * np.ones(x.shape), axis=axis, keepdims=keepdims)
        result = np.sum(x * w, axis=axis, keepdims=keepdims) / total
    return (result, total) if returned else result


@implements(np.var)
def var(a, axis=None, dtype=None, ddof=0, keepdims=False, where=True, **kwargs):
    if "mean" in kwargs or "correction" in kwargs:
        ddof = kwargs.get("correction", ddof)
    x = as_array(a)
    centre = kwargs.get("mean", NO_VALUE)
    if centre is NO_VALUE:
        centre = mean(x, axis, dtype, keepdims=True, where=where)
    squares = np.square(x - centre)
    total = sum_(squares, axis, dtype, keepdims, where=where)
    return total / _shape_kept(_count(x, axis, where) - ddof, total)


@implements(np.std)
def std(a, axis=None, dtype=None, ddof=0, keepdims=False, where=True, **kwargs):
    return np.sqrt(var(a, axis, dtype, ddof, keepdims, where, **kwargs))


@implements(np.cumsum)
def cumsum(a, axis=None, dtype=None):
    _float(dtype)
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    if x.size == 0:
        return +x
    moved = np.moveaxis(x, axis, -1)
    return np.moveaxis(_core.record_reduction("cumsum", moved, 1), -1, axis)


@implements(np.cumprod)
def cumprod(a, axis=None, dtype=None):
    """By doubling distances: log2(n) elementwise runs."""
    _float(dtype)
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    moved, step = np.moveaxis(x, axis, -1), 1
    while step < moved.shape[-1]:
        moved = np.concatenate(
            [moved[..., :step], moved[..., step:] * moved[..., :-step]], axis=-1
        )
        step *= 2
    return np.moveaxis(+moved if step == 1 else moved, -1, axis)


@implements(np.trace)
def trace(a, offset=0, axis1=0, axis2=1, dtype=None):
    return sum_(np.diagonal(a, offset, axis1, axis2), axis=-1, dtype=dtype)


@implements(np.diff)
def diff(a, n=1, axis=-1, prepend=NO_VALUE, append=NO_VALUE):
    x = as_array(a)
    ends = [prepend, x, append]
    if prepend is not NO_VALUE or append is not NO_VALUE:
        parts = []
        for part in ends:
            if part is NO_VALUE:
                continue
            part = as_array(part)
            if part.ndim == 0:
                part = np.broadcast_to(part, [1 if d == axis % x.ndim else m for d, m in enumerate(x.shape)])
            parts.append(part)
        x = np.concatenate(parts, axis=axis)
    for _ in range(n):
        moved = np.moveaxis(x, axis, -1)
        x = np.moveaxis(moved[..., 1:] - moved[..., :-1], -1, axis)
    return x


@implements(np.trapezoid)
def trapezoid(y, x=None, dx=1.0, axis=-1):
    moved = np.moveaxis(as_array(y), axis, -1)
    if x is None:
        steps = dx
    else:
        points = as_array(x)
        steps = np.diff(points if points.ndim == 1 else np.moveaxis(points, axis, -1))
    return sum_(steps * (moved[..., 1:] + moved[..., :-1]) / 2.0, axis=-1)


@implements(np.linalg.norm)
def norm(x, ord=None, axis=None, keepdims=False):
    x = as_array(x)
    vector = (x.ndim == 1 if axis is None else not isinstance(axis, tuple)) or ord is None
    if ord in (None, "fro") or (ord == 2 and vector):
        return np.sqrt(sum_(np.square(x), axis=axis, keepdims=keepdims))
    if not vector:
        raise NotImplementedError(f"the matrix norm of order {ord!r} has no derivative in ad_core")
    size = np.absolute(x)
    if ord == np.inf:
        return max_(size, axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return min_(size, axis=axis, keepdims=keepdims)
    if ord == 1:
        return sum_(size, axis=axis, keepdims=keepdims)
    if ord == 0:
        raise NotImplementedError("the norm of order 0 counts elements and has no derivative")
    return sum_(size**ord, axis=axis, keepdims=keepdims) ** (1.0 / ord)


def _decided(a):
    """Truth values of a traced array as plain ones; each outcome is kept as a guard."""
    x = as_array(a)
    return _core.truth_of(x if x.dtype == bool else x != 0) if _core.traced(x) else x


@implements(np.all)
def all_(a, axis=None, keepdims=False, where=True):
    return np.all(_decided(a), axis=axis, keepdims=bool(keepdims), where=where)


@implements(np.any)
def any_(a, axis=None, keepdims=False, where=True):
    return np.any(_decided(a), axis=axis, keepdims=bool(keepdims), where=where)
