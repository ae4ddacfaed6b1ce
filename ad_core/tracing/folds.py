# SPDX-License-Identifier: Apache-2.0
"""Many elements made one by an associative ufunc: by halves, so in log2(n) array operations."""

import numpy as np

from ad_core import _core
from ad_core.tracing.elementwise import as_array

__all__ = ["ASSOCIATIVE", "fold_groups", "fold_last", "fold_running", "grouped"]

ASSOCIATIVE = {
    np.add, np.multiply, np.maximum, np.minimum, np.fmax, np.fmin, np.logaddexp, np.logaddexp2,
    np.hypot, np.logical_and, np.logical_or, np.logical_xor,
}  # fmt: skip


def fold_last(ufunc, x):
    """The fold of x, which has elements, along its last axis."""
    while x.shape[-1] > 1:
        half = x.shape[-1] // 2
        paired = ufunc(x[..., : 2 * half : 2], x[..., 1 : 2 * half : 2])
        odd = x[..., 2 * half :]
        x = np.concatenate([paired, odd], axis=-1) if odd.shape[-1] else paired
    return x[..., 0]


def fold_running(ufunc, x):
    """All folds of first elements of x along its last axis, from those of its pairs."""
    n = x.shape[-1]
    if n < 2:
        return x
    pairs = fold_running(ufunc, ufunc(x[..., : n - 1 : 2], x[..., 1::2]))
    odd = ufunc(pairs[..., : (n - 1) // 2], x[..., 2::2])
    place = np.arange(n)
    order = np.where(place % 2, place // 2, n // 2 + place // 2)
    return np.concatenate([pairs, x[..., :1], odd], axis=-1)[..., order]


def grouped(places):
    """The stable order of numbers from 0 on: of few bits they are sorted much faster."""
    few = places.size and places.max() < 1 << 16
    return np.argsort(places.astype(np.uint16) if few else places, kind="stable")


def fold_groups(ufunc, x, counts):
    """The folds of successive groups of the first axis of x, each of counts[k] >= 1 elements."""
    x, counts = as_array(x), np.asarray(counts, dtype=np.intp)
    longest = counts.max(initial=1)
    if ufunc is np.add and counts.size * longest <= 2 * counts.sum() + 64 and _core.traced(x):
        return _padded_sums(x, counts, longest)
    while longest > 1:
        half, first = counts // 2, np.cumsum(counts) - counts
        counts = counts - half
        group = np.repeat(np.arange(counts.size), counts)
        place = np.arange(group.size) - (np.cumsum(counts) - counts)[group]
        left, paired = first[group] + 2 * place, place < half[group]
        both = ufunc(x[left[paired]], x[left[paired] + 1])
        # folded pairs and what is left over, in the groups' order again
        order = np.argsort(np.concatenate([np.flatnonzero(paired), np.flatnonzero(~paired)]))
        x = np.concatenate([both, x[left[~paired]]])[order]
        longest = (longest + 1) // 2
    return x


def _padded_sums(x, counts, longest):
    """Sums of groups of much the same length: one block over a table with zeros at the ends."""
    nodes = np.full((counts.size, longest, *x.shape[1:]), _core.constant_index(x, 0.0))
    nodes[np.arange(longest) < counts[:, None]] = _core.index_array(x)
    return as_array(np.sum(_core.from_nodes(x, nodes), axis=1))
