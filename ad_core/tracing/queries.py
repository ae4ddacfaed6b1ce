# SPDX-License-Identifier: Apache-2.0
"""Functions whose result has no derivative: shapes, types, orders, positions.

What depends on values (an order, a position) is kept as guards, so that a replay
can tell when it no longer holds.
"""

import numpy as np

from ad_core import _core
from ad_core.tracing.dispatch import implements
from ad_core.tracing.elementwise import as_array

__all__ = ["argsort"]


@implements(np.shape)
def shape(a):
    return a.shape


@implements(np.ndim)
def ndim(a):
    return a.ndim


@implements(np.size)
def size(a, axis=None):
    return a.size if axis is None else a.shape[axis]


@implements(np.iscomplexobj)
def iscomplexobj(x):
    return False


@implements(np.isrealobj)
def isrealobj(x):
    return True


@implements(np.iscomplex)
def iscomplex(x):
    return np.zeros(np.shape(x), dtype=bool)


@implements(np.isreal)
def isreal(x):
    return np.ones(np.shape(x), dtype=bool)


@implements(np.result_type)
def result_type(*arrays_and_dtypes):
    return np.result_type(*(x.dtype if _core.traced(x) else x for x in arrays_and_dtypes))


@implements(np.common_type)
def common_type(*arrays):
    return np.float64


@implements(np.may_share_memory, np.shares_memory)
def may_share_memory(a, b, max_work=None):
    if not (_core.traced(a) and _core.traced(b)):
        return False
    return np.may_share_memory(_core.index_array(a), _core.index_array(b))


@implements(np.array_equal)
def array_equal(a1, a2, equal_nan=False):
    return np.shape(a1) == np.shape(a2) and bool(np.all(as_array(a1) == as_array(a2)))


@implements(np.allclose)
def allclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
    return bool(np.all(np.isclose(a, b, rtol, atol, equal_nan)))


def _kept(holds):
    """Note that these comparisons hold now."""
    if _core.traced(holds):
        _core.truth_of(holds)


def _extreme_at(function, better):
    def position(a, axis=None, keepdims=False):
        x = as_array(a)
        found = function(_core.current_values(x), axis=axis, keepdims=True)
        best = x.reshape(-1)[found.ravel()[0]] if axis is None else np.take_along_axis(x, found, axis)
        _kept(better(best, x))
        return found if keepdims else (found.ravel()[0] if axis is None else found.squeeze(axis))

    return position


implements(np.argmax)(_extreme_at(np.argmax, np.greater_equal))
implements(np.argmin)(_extreme_at(np.argmin, np.less_equal))


@implements(np.argsort)
def argsort(a, axis=-1, kind=None, order=None, *, stable=None):
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    found = np.argsort(_core.current_values(x), axis=axis, kind="stable")
    ordered = np.moveaxis(np.take_along_axis(x, found, axis), axis, -1)
    _kept(ordered[..., :-1] <= ordered[..., 1:])
    return found


@implements(np.sort)
def sort(a, axis=-1, kind=None, order=None, *, stable=None):
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    return np.take_along_axis(x, argsort(x, axis), axis)


@implements(np.median)
def median(a, axis=None, overwrite_input=False, keepdims=False):
    x = as_array(a)
    if axis is None:
        flat, kept = np.ravel(x), (1,) * x.ndim
    else:
        flat = np.moveaxis(x, axis, -1)
        kept = tuple(1 if d == axis % x.ndim else n for d, n in enumerate(x.shape))
    n = flat.shape[-1]
    ordered = np.sort(flat, axis=-1)
    middle = (ordered[..., (n - 1) // 2] + ordered[..., n // 2]) / 2.0
    return np.reshape(middle, kept) if keepdims else middle


@implements(np.nonzero)
def nonzero(a):
    x = as_array(a)
    return np.nonzero(_core.truth_of(x if x.dtype == bool else x != 0))


@implements(np.flatnonzero)
def flatnonzero(a):
    return nonzero(np.ravel(a))[0]


@implements(np.argwhere)
def argwhere(a):
    return np.transpose(nonzero(a))


@implements(np.count_nonzero)
def count_nonzero(a, axis=None, *, keepdims=False):
    x = as_array(a)
    return np.count_nonzero(
        _core.truth_of(x if x.dtype == bool else x != 0), axis=axis, keepdims=keepdims
    )


@implements(np.searchsorted)
def searchsorted(a, v, side="left", sorter=None):
    plain = [(_core.current_values(x) if _core.traced(x) else np.asarray(x)) for x in (a, v)]
    found = np.searchsorted(*plain, side, sorter)
    points = as_array(a) if sorter is None else as_array(a)[sorter]
    n = plain[0].size
    below, above = (np.less, np.less_equal) if side == "left" else (np.less_equal, np.less)
    if n:
        lower = np.where(found > 0, below(points[np.maximum(found - 1, 0)], v), True)
        upper = np.where(found < n, above(v, points[np.minimum(found, n - 1)]), True)
        for holds in (lower, upper):
            _kept(holds if getattr(holds, "dtype", None) == bool else holds != 0)
    return found


@implements(np.array_repr, np.array_str)
def array_repr(a, *args, **kwargs):
    return repr(a)


@implements(np.array2string)
def array2string(a, *args, **kwargs):
    return np.array2string(_core.current_values(a), *args, **kwargs)


@implements(np.linspace)
def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    steps = max(num - 1 if endpoint else num, 1)
    step = (stop - start) / steps
    grid = np.arange(num, dtype=float).reshape((-1,) + (1,) * np.ndim(step))
    points = start + grid * step
    points = np.moveaxis(points, 0, axis) if axis else points
    return (points, step) if retstep else points
