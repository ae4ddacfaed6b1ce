# SPDX-License-Identifier: Apache-2.0
"""What a function learns from values of arrays (an order, a position, a mask) is kept as guards, so
that a replay can tell when it no longer holds: one guard an array, and no nodes."""

import numpy as np

from ad_core import _core
from ad_core.recording.arrays import as_array

__all__ = ["decided", "holds", "keep_holes", "keep_order", "keep_order_of_ties", "plain", "tested"]


def plain(x):
    """The values of x now."""
    return _core.current_values(x) if _core.traced(x) else x


def tested(test, *operands):
    """The outcome of a test (np.less, np.isnan, ...) as plain truth values, kept as one guard."""
    operands = [as_array(x) for x in operands]
    if not any(map(_core.traced, operands)):
        return test(*operands)
    return _core.outcome_of(test, operands)


def holds(test, *operands):
    """Keep as one guard that a test is true of all elements, which the caller knows: it is not
    evaluated."""
    operands = [as_array(x) for x in operands]
    if any(map(_core.traced, operands)):
        _core.outcome_of(test, operands, True)


def decided(x):
    """Truth values as plain ones, kept as one guard."""
    x = as_array(x)
    if not _core.traced(x):
        return x if x.dtype == bool else x != 0
    return _core.truth_of(x) if x.dtype == bool else tested(np.not_equal, x, 0.0)


def keep_order(keep, first, second, ahead):
    """Note that elements come before others in the stable order: they are less, or, if there are
    ties now, where they stand ahead in the array no greater."""
    if not (plain(first) == plain(second)).any():
        keep(np.less, first, second)
    else:
        keep_order_of_ties(keep, first, second, ahead)


def keep_order_of_ties(keep, first, second, ahead):
    """The same where ties that come up elsewhere go no other way: first is less, or where it
    stands ahead no greater."""
    shape = np.broadcast_shapes(np.shape(first), np.shape(second), np.shape(ahead))
    first, second = np.broadcast_to(first, shape), np.broadcast_to(second, shape)
    for test, where in ((np.less_equal, ahead), (np.less, ~ahead)):
        where = np.broadcast_to(where, shape)
        if where.all():
            keep(test, first, second)
        elif where.any():
            keep(test, first[where], second[where])


def keep_holes(x, values):
    """Note where NaN is among x's values, if anywhere.  What then keeps comparisons of x that are
    known: holds() where there is none, else tested(), since one with NaN fails."""
    if not np.isnan(values).any():
        return holds
    tested(np.isnan, x)
    return tested
