# SPDX-License-Identifier: Apache-2.0
"""Which states of a chain of steps are kept, so that the steps can be reversed one after the other
with the fewest repetitions.

Source: Griewank and Walther, Algorithm 799: Revolve, ACM Transactions on Mathematical Software 26,
2000.  With room for s states beside the first one, and each step run at most r times again, chains
of up to C(s + r + 1, r) steps can be reversed.
"""

import math

__all__ = ["repetitions", "states_to_keep"]


def states_to_keep(start, end, room):
    """The numbers of the states to keep on the way from the state `start`, which is kept, to the
    state before `end`: at most `room`, in ascending order.

    >>> states_to_keep(0, 10, 3)
    [1, 4, 7]
    """
    if room >= end - start - 1:
        return list(range(start + 1, end))
    found = []
    while room and end - start > 1:
        start += _stretch(end - start, room + 1)
        found.append(start)
        room -= 1
    return found


def repetitions(steps, room):
    """The least number of steps that are run before the last reversal, besides the run of each one
    that records it.

    >>> [repetitions(10, room) for room in (0, 1, 2, 9)]
    [45, 20, 15, 9]
    """
    kept = room + 1
    r = _rounds(steps, kept)
    return r * steps - math.comb(kept + r, r - 1) if r else 0


def _rounds(steps, kept):
    """The smallest r so that C(kept + r, r) >= steps: no step is run more often."""
    r = 0
    while math.comb(kept + r, r) < steps:
        r += 1
    return r


def _stretch(steps, kept):
    """The number of steps from the first state to the next one that is kept.

    What follows has one state fewer and may be repeated as often; what comes before has all states,
    and has been run once."""
    r = _rounds(steps, kept)
    following = math.comb(kept - 1 + r, r)
    fewest = math.comb(kept + r - 2, r - 2) if r > 1 else 1
    return max(fewest, steps - following, 1)
