# SPDX-License-Identifier: Apache-2.0
"""Functions whose result has no derivative: shapes, types, orders, positions."""

import numpy as np

from ad_core import _core
from ad_core.tracing.dispatch import implements, only_plain
from ad_core.tracing.elementwise import as_array, as_traced
from ad_core.tracing.guards import decided, holds, keep_holes, plain, tested
from ad_core.tracing.orders import searched, stable_order

__all__ = ["argmax", "argmin", "argsort", "sorting"]


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


def _extreme_at(function, better, no_worse):
    """The first of the best elements: better than those before it, no worse than those after."""

    def position(a, axis=None, keepdims=False):
        x = as_traced(a)
        if x.ndim == 0 and axis in (0, -1):  # which NumPy lets pass
            return np.intp(0)
        values = plain(x)
        found = function(values, axis=axis, keepdims=bool(keepdims))
        if axis is None:
            _keep_first(np.ravel(x), np.ravel(found)[0], better, no_worse)
            return found
        rows = np.moveaxis(x, axis, -1)
        places = np.moveaxis(found if keepdims else np.expand_dims(found, axis), axis, -1)
        best = np.broadcast_to(np.take_along_axis(rows, places, -1), rows.shape)
        before = np.arange(rows.shape[-1]) < places
        keep = keep_holes(x, values)
        keep(no_worse, best, rows)
        if before.any():
            keep(better, best[before], rows[before])
        return found

    return position


def _keep_first(x, place, better, no_worse):
    """Note that this element of a vector is the first of the best ones, or the first NaN."""
    if np.isnan(plain(x[place])):
        tested(np.isnan, x[: place + 1])
        return
    if place:
        holds(better, x[place], x[:place])
    holds(no_worse, x[place], x[place:])


argmax = implements(np.argmax)(_extreme_at(np.argmax, np.greater, np.greater_equal))
argmin = implements(np.argmin)(_extreme_at(np.argmin, np.less, np.less_equal))


@implements(np.argsort)
def argsort(a, axis=-1, kind=None, order=None, *, stable=None):
    """The stable order, of which a tie in another order is no part."""
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    if x.ndim == 0 and axis in (0, -1):  # which NumPy lets pass
        return np.zeros(1, dtype=np.intp)
    found, ordered = sorting(x, axis)
    moved, ordered = np.moveaxis(found, axis, -1), np.moveaxis(ordered, axis, -1)
    back = moved[..., :-1] > moved[..., 1:]
    holds(np.not_equal, ordered[..., :-1][back], ordered[..., 1:][back])
    return found


def sorting(x, axis):
    """An order that sorts x, and x in this order; kept as a guard whatever the order of equal
    elements is."""
    values = plain(x)
    found = stable_order(values, axis)
    ordered = np.take_along_axis(x, found, axis)
    rows = np.moveaxis(ordered, axis, -1)
    keep_holes(x, values)(np.less_equal, rows[..., :-1], rows[..., 1:])
    return found, ordered


@implements(np.sort)
def sort(a, axis=-1, kind=None, order=None, *, stable=None):
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    return sorting(x, axis)[1]


@implements(np.argpartition)
def argpartition(a, kth, axis=-1, kind="introselect", order=None):
    only_plain(np.argpartition, kth)
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    values = plain(x)
    found = np.argpartition(values, kth, axis)
    keep = keep_holes(x, values)
    moved = np.moveaxis(np.take_along_axis(x, found, axis), axis, -1)
    for k in np.ravel(kth):
        middle = moved[..., k : k + 1 or None]
        keep(np.less_equal, moved[..., :k], middle)
        keep(np.less_equal, middle, moved[..., k:])
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
    values = plain(v)
    points = as_array(a) if np.size(v) < np.size(a) else as_traced(a)  # shared constants
    points = points if sorter is None else points[sorter]
    known = plain(points)
    found = searched(known, values, side)
    keep_holes(a, known)
    keep = keep_holes(v, values)
    if not ((np.diff(known) >= 0).all() and np.isfinite(values).all()):
        keep = tested
    ends = np.concatenate([[-np.inf], points, [np.inf]])
    below, above = (np.less, np.less_equal) if side == "left" else (np.less_equal, np.less)
    keep(below, ends[found], v)
    keep(above, v, ends[found + 1])
    return found


def _text(function):
    """A function that makes a text of the numbers, which are guards then."""

    def text(a, *args, **kwargs):
        _core.keep_values(a)
        return function(_core.current_values(a), *args, **kwargs)

    return text


for _function in (np.array_repr, np.array_str, np.array2string):
    implements(_function)(_text(_function))


def _of_shape(function):
    """A function that asks its argument for the shape alone."""

    def indices(a, *args, **kwargs):
        return function(np.empty(a.shape, dtype=bool), *args, **kwargs)

    return indices


for _function in (np.triu_indices_from, np.tril_indices_from, np.diag_indices_from):
    implements(_function)(_of_shape(_function))
