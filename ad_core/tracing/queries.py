# SPDX-License-Identifier: Apache-2.0
"""Functions whose result has no derivative: shapes, types, orders, positions.

What depends on values (an order, a position) is kept as guards, so that a replay
can tell when it no longer holds.
"""

import numpy as np

from ad_core import _core
from ad_core.tracing.dispatch import implements, only_plain
from ad_core.tracing.elementwise import as_array, as_traced, decided
from ad_core.tracing.reductions import axes_last, kept, last_in_one

__all__ = ["argsort"]


@implements(np.shape)
def shape(a):
    return a.shape


@implements(np.ndim)
def ndim(a):
    return a.ndim


@implements(np.size)
def size(a, axis=None):
    return a.size if axis is None else np.size(np.broadcast_to(0, a.shape), axis)


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
    a1, a2 = as_array(a1), as_array(a2)
    if a1.shape != a2.shape:
        return False
    same = a1 == a2
    return bool(np.all(same | (np.isnan(a1) & np.isnan(a2)) if equal_nan else same))


@implements(np.array_equiv)
def array_equiv(a1, a2):
    a1, a2 = as_array(a1), as_array(a2)
    try:
        np.broadcast_shapes(a1.shape, a2.shape)
    except ValueError:
        return False
    return bool(np.all(a1 == a2))


@implements(np.allclose)
def allclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
    return bool(np.all(np.isclose(a, b, rtol, atol, equal_nan)))


def _kept(holds):
    """Note that these comparisons hold now."""
    if _core.traced(holds):
        decided(holds)


def _extreme_at(function, better):
    def position(a, axis=None, keepdims=False):
        x = as_traced(a)
        found = function(_core.current_values(x), axis=axis, keepdims=True)
        if axis is None:
            best = x.reshape(-1)[found.ravel()[0]]
        else:
            best = np.take_along_axis(x, found, axis)
        _kept(better(best, x))
        if keepdims:
            return found
        return found.ravel()[0] if axis is None else found.squeeze(axis)[()]

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


@implements(np.argpartition)
def argpartition(a, kth, axis=-1, kind="introselect", order=None):
    only_plain(np.argpartition, kth)
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    found = np.argpartition(_core.current_values(x), kth, axis)
    moved = np.moveaxis(np.take_along_axis(x, found, axis), axis, -1)
    for k in np.ravel(kth):
        middle = moved[..., k : k + 1 or None]
        _kept(moved[..., :k] <= middle)
        _kept(middle <= moved[..., k:])
    return found


@implements(np.partition)
def partition(a, kth, axis=-1, kind="introselect", order=None):
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    return np.take_along_axis(x, argpartition(x, kth, axis), axis)


@implements(np.median)
def median(a, axis=None, overwrite_input=False, keepdims=False):
    x = as_array(a)
    moved, n, axes = axes_last(x, axis)
    flat = last_in_one(moved, n)
    count = flat.shape[-1]
    if count == 0:
        return np.mean(x, axis=axis, keepdims=keepdims)
    ordered = sort(flat)
    middle = (ordered[..., (count - 1) // 2] + ordered[..., count // 2]) / 2.0
    middle = np.where(np.isnan(_core.current_values(ordered[..., -1:])[..., 0]), np.nan, middle)
    return kept(middle, x.shape, axes, keepdims)


@implements(np.nonzero)
def nonzero(a):
    return np.nonzero(decided(a))


@implements(np.flatnonzero)
def flatnonzero(a):
    return nonzero(np.ravel(a))[0]


@implements(np.argwhere)
def argwhere(a):
    return np.argwhere(decided(a))


@implements(np.count_nonzero)
def count_nonzero(a, axis=None, *, keepdims=False):
    return np.count_nonzero(decided(a), axis=axis, keepdims=keepdims)


@implements(np.searchsorted)
def searchsorted(a, v, side="left", sorter=None):
    plain = [(_core.current_values(x) if _core.traced(x) else np.asarray(x)) for x in (a, v)]
    found = np.searchsorted(*plain, side, sorter)
    points = as_array(a) if sorter is None else as_array(a)[sorter]
    n = plain[0].size
    below, above = (np.less, np.less_equal) if side == "left" else (np.less_equal, np.less)
    if n:
        _kept(np.where(found > 0, below(points[np.maximum(found - 1, 0)], v), True))
        _kept(np.where(found < n, above(v, points[np.minimum(found, n - 1)]), True))
    return found


@implements(np.array_repr, np.array_str)
def array_repr(a, *args, **kwargs):
    return repr(a)


@implements(np.array2string)
def array2string(a, *args, **kwargs):
    return np.array2string(_core.current_values(a), *args, **kwargs)


def _of_shape(function):
    """A function that asks its argument for the shape alone."""

    def indices(a, *args, **kwargs):
        return function(np.empty(a.shape, dtype=bool), *args, **kwargs)

    return indices


for _function in (np.triu_indices_from, np.tril_indices_from, np.diag_indices_from):
    implements(_function)(_of_shape(_function))
