# SPDX-License-Identifier: Apache-2.0
"""Sorting, searching and counting.  The order or position that is found is kept as a guard, so
that a recording is used only at points where the same one is found."""

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.dispatch import implements, only_plain
from ad_core.overrides.numpy.guards import decided, holds, keep_nans, keep_order, plain, tested
from ad_core.overrides.numpy.orders import searched, stable_order, stable_partition
from ad_core.recording.arrays import as_array, as_traced

__all__ = ["argmax", "argmin", "argsort", "keep_partition", "lexsort", "sorting"]

FEW = 32  # values that each get constants of their own


def _extreme_at(function, better, no_worse):
    """The position of the first of the best elements: it is better than those before it, and no
    worse than those after it."""

    def position(a, axis=None, keepdims=False):
        x = as_traced(a)
        if x.ndim == 0 and axis in (0, -1):  # NumPy allows this
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
        keep = keep_nans(x, values)
        keep(no_worse, best, rows)
        if before.any():
            keep(better, best[before], rows[before])
        return found

    return position


def _keep_first(x, place, better, no_worse):
    """Keep that this element of a vector is the first of the best ones, or the first NaN."""
    if np.isnan(plain(x[place])):
        tested(np.isnan, x[: place + 1])
        return
    if place:
        holds(better, x[place], x[:place])
    holds(no_worse, x[place], x[place:])


argmax = implements(np.argmax)(_extreme_at(np.argmax, np.greater, np.greater_equal))
argmin = implements(np.argmin)(_extreme_at(np.argmin, np.less, np.less_equal))


def _without_nan(position, worst):
    """np.nanargmax or np.nanargmin without nodes; NumPy's own code has two for each element."""

    def nan_position(a, axis=None, keepdims=False):
        nan = np.isnan(plain(a))
        if not nan.any():  # the guards of position() hold only without NaN
            return position(a, axis, keepdims)
        tested(np.isnan, a)
        if np.any(np.all(nan, axis=axis)):
            raise ValueError("All-NaN slice encountered")
        return position(np.where(nan, worst, a), axis, keepdims)

    return nan_position


implements(np.nanargmax)(_without_nan(argmax, -np.inf))
implements(np.nanargmin)(_without_nan(argmin, np.inf))


@implements(np.argsort)
def argsort(a, axis=-1, kind=None, order=None, *, stable=None):
    """np.argsort with the stable order, for every kind=."""
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    if x.ndim == 0 and axis in (0, -1):  # NumPy allows this
        return np.zeros(1, dtype=np.intp)
    return sorting(x, axis)[0]


def sorting(x, axis, keep=keep_order):
    """The stable order of x, and x in this order. The function keep keeps it as guards."""
    values = plain(x)
    found = stable_order(values, axis)
    if x.ndim == 1:
        ordered = rows = x[found]
        moved = found
    else:
        ordered = np.take_along_axis(x, found, axis)
        rows, moved = np.moveaxis(ordered, axis, -1), np.moveaxis(found, axis, -1)
    ahead = moved[..., :-1] < moved[..., 1:]
    keep(keep_nans(x, values), rows[..., :-1], rows[..., 1:], ahead)
    return found, ordered


@implements(np.sort)
def sort(a, axis=-1, kind=None, order=None, *, stable=None):
    x = as_array(a)
    if axis is None:
        x, axis = np.ravel(x), 0
    return sorting(x, axis)[1]


@implements(np.lexsort)
def lexsort(keys, axis=-1):
    keys = [as_traced(key) for key in keys]
    found = np.lexsort([_core.current_values(key) for key in keys], axis=axis)
    moved = np.moveaxis(found, axis, -1) if np.ndim(found) else found[None]
    holds = moved[..., :-1] < moved[..., 1:]  # the first of equal elements comes first
    for key in keys:  # the last key is the primary one
        keep_nans(key, plain(key))
        if key.ndim == 0:
            continue
        ordered = np.moveaxis(np.take_along_axis(key, found, axis), axis, -1)
        before, after = ordered[..., :-1], ordered[..., 1:]
        holds = (before < after) | ((before == after) & holds)
    if _core.traced(holds):
        decided(holds)
    return found


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
    """Keep which elements of the last axis are at the sorted positions ks and between them, and
    return the elements in this order."""
    moved = np.take_along_axis(rows, found, -1)
    if not moved.size:
        return moved
    keep = keep_nans(rows, plain(rows))
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


@implements(np.count_nonzero)
def count_nonzero(a, axis=None, *, keepdims=False):
    """np.count_nonzero, many times as fast as by NumPy's own code."""
    return np.count_nonzero(decided(a), axis=axis, keepdims=keepdims)


@implements(np.searchsorted)
def searchsorted(a, v, side="left", sorter=None):
    values = plain(v)
    # many values share the constants of few points
    few = np.size(values) < max(np.size(a), FEW)
    points = as_array(a) if few else as_traced(a)
    points = points if sorter is None else points[sorter]
    known = plain(points)
    found = searched(known, values, side)
    keep_nans(a, known)
    keep = keep_nans(v, values)
    if not ((known[1:] >= known[:-1]).all() and np.isfinite(values).all()):
        keep = tested
    if _core.traced(points):
        ends = np.concatenate([[-np.inf], points, [np.inf]])
    else:
        ends = _core.plain_function("empty")(known.size + 2)
        ends[0], ends[1:-1], ends[-1] = -np.inf, known, np.inf
    below, above = (np.less, np.less_equal) if side == "left" else (np.less_equal, np.less)
    keep(below, ends[found], v)
    keep(above, v, ends[found + 1])
    return found
