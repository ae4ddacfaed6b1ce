# SPDX-License-Identifier: Apache-2.0
"""Stable orders of plain arrays, and positions in sorted arrays."""

import numpy as np

from ad_core import _core

__all__ = ["searched", "stable_order", "stable_partition"]

FEW = 1 << 12  # number of elements up to which NumPy's own stable order is as fast
CHUNK = 1 << 15  # numbers that are handled at once, so that they stay in the cache
MOST = 1 << 26  # number of elements above which too few bits of a number fit beside its position


def stable_order(values, axis):
    """np.argsort(values, axis, kind="stable"), NaN last, twice as fast for many numbers.

    The leading bits of a number and its position make one integer. NumPy sorts these integers
    faster than it sorts positions by numbers. Numbers with the same leading bits are sorted
    afterwards.
    """
    n = values.shape[axis]
    if not FEW < n <= MOST:
        return np.argsort(values, axis=axis, kind="stable")
    rows = np.ascontiguousarray(np.moveaxis(values, axis, -1))
    bits = (n - 1).bit_length()
    keys = _ascending(rows)
    keys &= -1 << bits
    keys |= np.arange(n)
    keys.sort(axis=-1)
    order = keys & ((1 << bits) - 1)
    near = np.diff(keys, axis=-1) < 1 << bits  # all neighbours with equal leading bits, and more
    for row in np.ndindex(near.shape[:-1]):
        _sort_stretches(order[row], rows[row], keys[row], np.flatnonzero(near[row]), bits)
    return np.moveaxis(order, -1, axis)


def stable_partition(values, ks):
    """np.argpartition of the last axis, in which the elements at the sorted positions ks are those
    of the stable order, so that the first of equal elements comes first."""
    found = np.argpartition(values, ks)
    moved = np.take_along_axis(values, found, -1)
    if values.size and _tied(moved, ks):
        np.put_along_axis(found, stable_order(moved, -1), stable_order(values, -1), -1)
    return found


def _tied(moved, ks):
    """Whether an element at one of the positions ks is equal to an element elsewhere."""
    for low, high in zip([None, *ks], [*ks, None], strict=True):
        between = moved[..., 0 if low is None else low + 1 : high]
        ends = [moved[..., k, None] for k in (low, high) if k is not None]
        if any((between == end).any() for end in ends):
            return True
        if len(ends) == 2 and (ends[0] == ends[1]).any():
            return True
    return False


def _ascending(x):
    """Integers with the order of the numbers; NaN comes last, and 0.0 and -0.0 are equal."""
    keys = (x + 0.0).view(np.int64)
    keys ^= (keys >> 63) & np.iinfo(
        np.int64
    ).max  # of negative numbers, the bits of the larger magnitude are the larger integer
    nan = np.isnan(x)
    if nan.any():
        keys[nan] = np.iinfo(np.int64).max
    return keys


def _sort_stretches(order, values, keys, place, bits):
    """Sort, in place, the stretches of equal leading bits that are not in order: those in which a
    number at place + 1 is less than the number at place."""
    place = place[values[order[place + 1]] < values[order[place]]]
    first = np.unique(keys[place] >> bits) << bits
    start = np.searchsorted(keys, first)
    count = np.searchsorted(keys, first | ((1 << bits) - 1), "right") - start
    stretch = np.repeat(np.arange(start.size), count)
    places = np.arange(stretch.size) + (start - np.cumsum(count) + count)[stretch]
    part = order[places]
    order[places] = part[np.lexsort((values[part], stretch))]


def searched(points, values, side):
    """np.searchsorted(points, values, side). If there are many values and the points are evenly
    spaced to a quarter of a step, the position is computed from the nearest point, without a
    search."""
    n = points.size
    if points.ndim != 1 or n < 3 or np.size(values) < 8 * n:
        return np.searchsorted(points, values, side)
    with _core.float_errors(over="ignore", invalid="ignore"):
        step = (points[-1] - points[0]) / (n - 1)
        line = points[0] + step * np.arange(n)
        if not (step < np.inf and (np.abs(points - line) < 0.25 * step).all()):
            return np.searchsorted(points, values, side)
        per_step = 1.0 / step
    if not np.isfinite(per_step):
        return np.searchsorted(points, values, side)
    flat, found = np.ravel(values), np.empty(np.shape(values), np.intp)
    ahead = np.less if side == "left" else np.less_equal  # true for points before a value
    for k in range(0, flat.size, CHUNK):
        part, to = flat[k : k + CHUNK], found.reshape(-1)[k : k + CHUNK]
        with _core.float_errors(over="ignore"):
            place = part - points[0]
            place *= per_step
        np.clip(place, 0.0, n, out=place)
        nan = np.isnan(place)
        if nan.any():  # NaN is sorted last
            place[nan] = n
        to[...] = np.rint(place, out=place)
        to += ahead(points.take(to, mode="clip"), part) & (to < n)
    return found
