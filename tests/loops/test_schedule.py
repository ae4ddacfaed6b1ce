# SPDX-License-Identifier: Apache-2.0
"""The states that are kept on the way back: as few steps as possible are run again."""

import functools

import pytest

from ad_core.loops.schedule import repetitions, states_to_keep


@functools.cache
def fewest(steps, room):
    """The least number of steps that are run again, by dynamic programming."""
    if steps == 1:
        return 0
    if room == 0:
        return steps * (steps - 1) // 2
    return min(k + fewest(k, room) + fewest(steps - k, room - 1) for k in range(1, steps))


def carried_out(steps, room):
    """The number of steps that are run before reversals, and the largest number of states."""
    kept, end, run, most = [0], steps, 0, 0
    while end:
        start = kept[-1]
        for state in states_to_keep(start, end, room - (len(kept) - 1)):
            run += state - start
            start = state
            kept.append(state)
        most = max(most, len(kept) - 1)
        end -= 1
        run += end - start
        if kept[-1] == end:
            kept.pop()
    return run, most


@pytest.mark.parametrize("room", range(7))
def test_the_schedule_is_optimal(room):
    for steps in range(1, 60):
        run, most = carried_out(steps, room)
        assert run == fewest(steps, room) == repetitions(steps, room)
        assert most <= room


@pytest.mark.parametrize(("steps", "room"), [(1000, 30), (1000, 3), (5000, 4999), (5000, 200)])
def test_long_chains(steps, room):
    run, most = carried_out(steps, room)
    assert run == repetitions(steps, room)
    assert most <= room
