# SPDX-License-Identifier: Apache-2.0
"""Guards for what a function reads from the values of arrays: an order, a position or a mask. At
other points the guards show whether it still holds. There is one guard for each array, without
nodes."""

import numpy as np

from ad_core import _core
from ad_core.recording.arrays import as_array

__all__ = ["decided", "holds", "keep_nans", "keep_order", "keep_order_of_ties", "plain", "tested"]


def plain(x):
    """The values of x at this point."""
    return _core.current_values(x) if _core.traced(x) else x


def tested(test, *operands):
    """The outcome of a test (np.less, np.isnan, ...) as plain truth values, kept as one guard."""
    operands = [as_array(x) for x in operands]
    if not any(map(_core.traced, operands)):
        return test(*operands)
    return _core.outcome_of(test, operands)


def holds(test, *operands):
    """Keep as one guard that a test holds for all elements. It is not evaluated, since the caller
    knows that it holds."""
    operands = [as_array(x) for x in operands]
    if any(map(_core.traced, operands)):
        _core.outcome_of(test, operands, True)


def decided(x):
    """Plain truth values of x, kept as one guard."""
    x = as_array(x)
    if not _core.traced(x):
        return x if x.dtype == bool else x != 0
    return _core.truth_of(x) if x.dtype == bool else tested(np.not_equal, x, 0.0)


def keep_order(keep, first, second, ahead):
    """Keep that elements come before others in the stable order. They are less; if there are ties
    at this point, elements that are ahead in the array may also be equal."""
    if not (plain(first) == plain(second)).any():
        keep(np.less, first, second)
    else:
        keep_order_of_ties(keep, first, second, ahead)


def keep_order_of_ties(keep, first, second, ahead):
    """Keep the same if ties at other points have the same order: first is less than second, or,
    where it is ahead in the array, less or equal."""
    shape = np.broadcast_shapes(np.shape(first), np.shape(second), np.shape(ahead))
    first, second = np.broadcast_to(first, shape), np.broadcast_to(second, shape)
    for test, where in ((np.less_equal, ahead), (np.less, ~ahead)):
        where = np.broadcast_to(where, shape)
        if where.all():
            keep(test, first, second)
        elif where.any():
            keep(test, first[where], second[where])


def keep_nans(x, values):
    """Keep which values of x are NaN, if any are. Returns the function that keeps comparisons of x
    which hold now: holds() without NaN, else tested(), since comparisons with NaN are false."""
    if not np.isnan(values).any():
        return holds
    tested(np.isnan, x)
    return tested
