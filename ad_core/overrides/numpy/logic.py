# SPDX-License-Identifier: Apache-2.0
"""Functions whose result has no derivative: shapes, types, orders, positions."""

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.dispatch import implements, keeps_types, only_plain
from ad_core.overrides.numpy.guards import decided, holds, keep_holes, keep_order, plain, tested
from ad_core.overrides.numpy.orders import searched, stable_order, stable_partition
from ad_core.recording.arrays import as_array, as_traced

__all__ = [
    "argmax", "argmin", "argsort", "keep_partition", "may_share_memory", "shares_memory",
    "sorting",
]  # fmt: skip


@keeps_types(np.shape)
def shape(a):
    return a.shape


@keeps_types(np.ndim)
def ndim(a):
    return a.ndim


@keeps_types(np.size)
def size(a, axis=None):
    return a.size if axis is None else np.size(np.broadcast_to(0, a.shape), axis)


@keeps_types(np.iscomplexobj)
def iscomplexobj(x):
    return False


@keeps_types(np.isrealobj)
def isrealobj(x):
    return True


@keeps_types(np.iscomplex)
def iscomplex(x):
    return np.zeros(np.shape(x), dtype=bool)


@keeps_types(np.isreal)
def isreal(x):
    return np.ones(np.shape(x), dtype=bool)


@keeps_types(np.result_type)
def result_type(*arrays_and_dtypes):
    return np.result_type(*(x.dtype if _core.traced(x) else x for x in arrays_and_dtypes))


@keeps_types(np.common_type)
def common_type(*arrays):
    return np.float64


def _sharing(function):
    """Whether two arrays, real or complex, see one another's stores."""

    def overlap(x, y):
        return function(_core.index_array(x), _core.index_array(y))

    def sharing(a, b, max_work=None):
        parts = [(x.re, x.im) if _core.traced_complex(x) else (x,) for x in (a, b)]
        if all(map(_core.traced, parts[0] + parts[1])):
            pairs = [(x, y) for x in parts[0] for y in parts[1] if _of_one(x, y)]
            return any(overlap(x, y) for x, y in pairs)
        # what NumPy made of a traced array is an object array, which stores must not go into
        return any(isinstance(x, np.ndarray) and x.dtype == object for (x, *_) in parts)

    return sharing


def _of_one(x, y):
    """Whether both are views of one array: equal constants of two arrays may be one node."""
    if not type(x) is type(y) is _core.TracedArray:
        return False  # a number
    whole, other = (_core.base_of(part) for part in (x, y))
    return (x if whole is None else whole) is (y if other is None else other)


may_share_memory = keeps_types(np.may_share_memory)(_sharing(np.may_share_memory))
shares_memory = keeps_types(np.shares_memory)(_sharing(np.shares_memory))


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
    """The stable order."""
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    if x.ndim == 0 and axis in (0, -1):  # which NumPy lets pass
        return np.zeros(1, dtype=np.intp)
    return sorting(x, axis)[0]


def sorting(x, axis, keep=keep_order):
    """The stable order of x, and x in this order; kept as guards, by keep."""
    values = plain(x)
    found = stable_order(values, axis)
    ordered = np.take_along_axis(x, found, axis)
    rows = np.moveaxis(ordered, axis, -1)
    moved = np.moveaxis(found, axis, -1)
    ahead = moved[..., :-1] < moved[..., 1:]
    keep(keep_holes(x, values), rows[..., :-1], rows[..., 1:], ahead)
    return found, ordered


@implements(np.sort)
def sort(a, axis=-1, kind=None, order=None, *, stable=None):
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    return sorting(x, axis)[1]


@implements(np.argpartition)
def argpartition(a, kth, axis=-1, kind="introselect", order=None):
    kth = only_plain(np.argpartition, kth)
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    (axis,) = np.lib.array_utils.normalize_axis_tuple(axis, x.ndim)
    ks = np.unique(np.ravel(kth) + np.where(np.ravel(kth) < 0, x.shape[axis], 0))
    rows = np.moveaxis(x, axis, -1)
    found = stable_partition(plain(rows), ks)
    keep_partition(rows, found, ks)
    return np.moveaxis(found, -1, axis)


def keep_partition(rows, found, ks):
    """Note which elements of the last axis are in the sorted places ks, and between which."""
    moved = np.take_along_axis(rows, found, -1)
    if not moved.size:
        return moved
    keep = keep_holes(rows, plain(rows))
    for low, high in zip([None, *ks], [*ks, None], strict=True):
        between = slice(0 if low is None else low + 1, high)
        if low is not None:
            at = slice(low, low + 1)
            keep_order(
                keep, moved[..., at], moved[..., between], found[..., at] < found[..., between]
            )
        if high is not None:
            at = slice(high, high + 1)
            keep_order(
                keep, moved[..., between], moved[..., at], found[..., between] < found[..., at]
            )
        if low is not None and high == low + 1:
            keep_order(keep, moved[..., low], moved[..., high], found[..., low] < found[..., high])
    return moved


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
