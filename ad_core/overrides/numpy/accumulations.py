# SPDX-License-Identifier: Apache-2.0
"""Folds: many elements are combined into one by a ufunc. Sums and running folds are recorded by the
core. For other folds few array operations are recorded, since halves or blocks of the elements are
folded at once."""

import math

import numpy as np

from ad_core import _core
from ad_core.recording.arrays import as_array

__all__ = ["ASSOCIATIVE", "accumulate", "fold_groups", "fold_last", "fold_places", "fold_running"]

ASSOCIATIVE = {
    np.add, np.multiply, np.maximum, np.minimum, np.fmax, np.fmin, np.logaddexp, np.logaddexp2,
    np.hypot, np.logical_and, np.logical_or, np.logical_xor,
}  # fmt: skip
NEUTRAL = {np.multiply: 1.0}  # elements that change nothing at the end of a group

FEW = 16  # elements that are folded one after the other, or rows that need no blocks
LONGEST = 64  # elements of a block


def fold_last(ufunc, x):
    """The fold of x along its last axis, which is not empty."""
    while x.shape[-1] > 1:
        half = x.shape[-1] // 2
        paired = ufunc(x[..., : 2 * half : 2], x[..., 1 : 2 * half : 2])
        odd = x[..., 2 * half :]
        x = np.concatenate([paired, odd], axis=-1) if odd.shape[-1] else paired
    return x[..., 0]


def accumulate(ufunc, x, axis):
    """ufunc.accumulate of an array along an axis: its elements one after the other, in the core."""
    if not _core.traced(x):
        return ufunc.accumulate(x, axis)
    if _core.is_constant(x):
        return ufunc.accumulate(_core.current_values(x), axis)
    return np.moveaxis(_core.record_running(ufunc, np.moveaxis(x, axis, 0)), 0, axis)


def fold_running(ufunc, x):
    """The folds of the first k elements of a complex array along its last axis for all k, as a new
    array. All blocks are folded at once, one element after the other. Then each block is combined
    with the fold of the blocks before it."""
    n = x.shape[-1]
    if n < 2 or not x.size:
        return +x
    length = n if n <= FEW or x.size > FEW * n else min(math.isqrt(n), LONGEST)
    count = n // length
    blocks = x[..., : count * length].reshape(*x.shape[:-1], count, length)
    folds = [+blocks[..., 0]]
    for k in range(1, length):
        folds.append(ufunc(folds[-1], blocks[..., k]))
    within = np.stack(folds)
    if count > 1:
        ahead = fold_running(ufunc, within[-1])[..., :-1]
        within = np.concatenate([within[..., :1], ufunc(ahead, within[..., 1:])], axis=-1)
    result = np.moveaxis(within, 0, -1).reshape(*x.shape[:-1], count * length)
    if count * length == n:
        return result
    rest = fold_running(ufunc, x[..., count * length :])
    return np.concatenate([result, ufunc(result[..., -1:], rest)], axis=-1)


def fold_groups(ufunc, x, counts):
    """The folds of successive groups of counts[k] >= 1 elements of the first axis of x."""
    x, counts = as_array(x), np.asarray(counts, dtype=np.intp)
    longest = counts.max(initial=1)
    if longest > 1 and counts.size * longest == counts.sum():
        return _fold_rows(ufunc, x.reshape(counts.size, longest, *x.shape[1:]))
    if ufunc is np.add and _core.traced(x):
        return _group_sums(x, np.repeat(np.arange(counts.size), counts), counts.size)
    if ufunc in NEUTRAL and _core.traced(x) and _similar_lengths(counts):
        return _fold_rows(ufunc, _padded(x, counts, longest, NEUTRAL[ufunc]))
    while longest > 1:
        half, first = counts // 2, np.cumsum(counts) - counts
        counts = counts - half
        group = np.repeat(np.arange(counts.size), counts)
        place = np.arange(group.size) - (np.cumsum(counts) - counts)[group]
        left, paired = first[group] + 2 * place, place < half[group]
        both = ufunc(x[left[paired]], x[left[paired] + 1])
        # folded pairs and single elements, in the order of the groups
        order = np.argsort(np.concatenate([np.flatnonzero(paired), np.flatnonzero(~paired)]))
        x = np.concatenate([both, x[left[~paired]]])[order]
        longest = (longest + 1) // 2
    return x


def sums_at(x, places, size):
    """The sums of the elements of a vector at each of `size` places; 0 where there are none."""
    if _core.traced(x) and not _core.is_constant(x):
        return _core.record_groups("sum", x, places, size)
    x = _core.current_values(x) if _core.traced(x) else x
    return np.bincount(places, x, size)


def _group_sums(x, group, size):
    """The sums of the elements of the first axis of x that belong to the same group."""
    columns = math.prod(x.shape[1:])
    places = group if columns == 1 else group[:, None] * columns + np.arange(columns)
    sums = sums_at(np.ravel(x), np.ravel(places), size * columns)
    return sums.reshape(size, *x.shape[1:])


def fold_places(ufunc, x, places, size):
    """(The places that have elements, in ascending order, and the folds of the elements of a vector
    at each of them.)  Places are less than `size`."""
    if ufunc is np.add and _core.traced(x) and not _core.is_constant(x):
        return _core.record_places("sum", x, places, size)
    counts = np.bincount(places, minlength=size)
    touched = np.flatnonzero(counts)
    some = counts[touched]
    if ufunc is np.add and _core.traced(x):
        return touched, sums_at(x, places, size)[touched]
    if ufunc in NEUTRAL and _core.traced(x) and _similar_lengths(some):
        neutral = _core.constant_index(x, NEUTRAL[ufunc])
        nodes = _core.table_of_places(_core.index_array(x), places, counts, neutral)
        return touched, _fold_rows(ufunc, _core.from_nodes(x, nodes))
    return touched, fold_groups(ufunc, x[_core.order_of_places(places, counts)], some)


def _similar_lengths(counts):
    """Whether a table with a row for each group is at most about twice as large as the groups."""
    return counts.size * counts.max(initial=1) <= 2 * counts.sum() + 64


def _fold_rows(ufunc, table):
    """The folds along the second axis."""
    if ufunc is np.add:
        return as_array(np.sum(table, axis=1))
    return as_array(fold_last(ufunc, np.moveaxis(table, 1, -1)))


def _padded(x, counts, longest, neutral):
    """The groups as the rows of a table, with a neutral constant at their ends."""
    nodes = np.full((counts.size, longest, *x.shape[1:]), _core.constant_index(x, neutral))
    nodes[np.arange(longest) < counts[:, None]] = _core.index_array(x)
    return _core.from_nodes(x, nodes)
