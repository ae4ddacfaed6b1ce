# SPDX-License-Identifier: Apache-2.0
"""Functions whose result has no derivative: shapes, types, orders, positions.

What depends on values (an order, a position) is kept as guards, so that a replay
can tell when it no longer holds.
"""

import numpy as np

from ad_core import _core
from ad_core.tracing.dispatch import implements, only_plain
from ad_core.tracing.elementwise import as_array, as_traced, decided

__all__ = ["argmax", "argmin", "argsort", "keep_holes", "sorting"]


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


def keep_holes(x):
    """Note where NaN is now, if anywhere: a comparison with it fails as one in the wrong order."""
    if np.isnan(_core.current_values(x)).any():
        _kept(np.isnan(x))


def _extreme_at(function, extreme, better, no_worse, worst):
    """The first of the best elements: better than the best before it, no worse than that after.
    So there are two guards a position, however many elements it was chosen from."""

    def position(a, axis=None, keepdims=False):
        x = as_traced(a)
        if x.ndim == 0 and axis in (0, -1):  # which NumPy lets pass
            return np.intp(0)
        found = function(_core.current_values(x), axis=axis, keepdims=bool(keepdims))
        keep_holes(x)
        if axis is None:
            flat, place = x.reshape(-1), np.ravel(found)[0]
            if place:
                _kept(better(flat[place], extreme(flat[:place])))
            _kept(no_worse(flat[place], extreme(flat[place:])))
            return found
        rows = np.moveaxis(x, axis, -1)
        places = np.moveaxis(found if keepdims else np.expand_dims(found, axis), axis, -1)
        before = np.arange(rows.shape[-1]) < places
        best = np.take_along_axis(rows, places, -1)[..., 0]
        if before.any():
            _kept(better(best, extreme(np.where(before, rows, worst), axis=-1)))
        _kept(no_worse(best, extreme(np.where(before, worst, rows), axis=-1)))
        return found

    return position


argmax = implements(np.argmax)(
    _extreme_at(np.argmax, np.max, np.greater, np.greater_equal, -np.inf)
)
argmin = implements(np.argmin)(_extreme_at(np.argmin, np.min, np.less, np.less_equal, np.inf))


@implements(np.argsort)
def argsort(a, axis=-1, kind=None, order=None, *, stable=None):
    """The stable order, of which a tie in another order is no part."""
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    if x.ndim == 0 and axis in (0, -1):  # which NumPy lets pass
        return np.zeros(1, dtype=np.intp)
    found = sorting(x, axis)
    moved = np.moveaxis(found, axis, -1)
    ordered = np.moveaxis(np.take_along_axis(x, found, axis), axis, -1)
    back = moved[..., :-1] > moved[..., 1:]
    _kept(ordered[..., :-1][back] != ordered[..., 1:][back])
    return found


def sorting(x, axis):
    """An order that sorts x, kept as guards whatever the order of equal elements is."""
    found = _stable_order(_core.current_values(x), axis)
    keep_holes(x)
    ordered = np.moveaxis(np.take_along_axis(x, found, axis), axis, -1)
    _kept(ordered[..., :-1] <= ordered[..., 1:])
    return found


def _stable_order(values, axis):
    """The stable order; NumPy's faster one where no two values are equal."""
    found = np.argsort(values, axis=axis)
    ordered = np.take_along_axis(values, found, axis)
    if (np.diff(ordered, axis=axis) > 0).all():
        return found
    return np.argsort(values, axis=axis, kind="stable")


@implements(np.sort)
def sort(a, axis=-1, kind=None, order=None, *, stable=None):
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    return np.take_along_axis(x, sorting(x, axis), axis)


@implements(np.argpartition)
def argpartition(a, kth, axis=-1, kind="introselect", order=None):
    only_plain(np.argpartition, kth)
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    found = np.argpartition(_core.current_values(x), kth, axis)
    keep_holes(x)
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
    for x in (a, v):
        if _core.traced(x):
            keep_holes(x)
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
