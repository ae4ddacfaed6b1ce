# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""A loop at plain numbers: its run, and products with its derivative, forward and backward.

The backward product goes through the steps from the last one to the first. The states between the
steps that do not fit in the memory are computed again from the one before that was kept
(schedule.py).
"""

import numpy as np

from ad_core.loops.schedule import states_to_keep

__all__ = ["Chain"]


class States:
    """A stack of states (leaves of carry) in memory that is allocated once.

    Many arrays of their own would leave holes, which the memory for a step does not fit. What is
    read is a copy, since a step may write to its carry."""

    def __init__(self, room):
        self.room = room
        self.arrays = None
        self.numbers = []  # of the blocks that start with these states

    def push(self, b, carry):
        if self.arrays is None:
            self.arrays = [np.empty((self.room, *np.shape(x)), np.asarray(x).dtype) for x in carry]
        for array, x in zip(self.arrays, carry, strict=True):
            array[len(self.numbers)] = x
        self.numbers.append(b)

    def top(self):
        """(number of the block, leaves of carry)."""
        k = len(self.numbers) - 1
        return self.numbers[k], [array[k].copy()[()] for array in self.arrays]


class Chain:
    """n steps from plain leaves.

    steps: LoopSteps; memory: bytes that kept states and the derivative of one block may take.
    """

    def __init__(self, steps, n, leaves, memory):
        self.steps = steps
        self.carry, self.xs, self.closed = steps.parts(leaves)
        if steps.moving is None:
            steps.learn(n, self.carry, self.xs, self.closed)
        self.carry = steps.as_numbers(self.carry)
        self.ends = [*range(steps.block, n, steps.block), n]
        state = sum(np.asarray(x).nbytes for x in self.carry)
        room = (memory - steps.block_bytes) // max(state, 1)
        self.room = min(int(room), len(self.ends) - 1)  # states beside the first one
        if room < 1 and len(self.ends) > 1:
            needed = steps.block_bytes + state
            raise ValueError(
                f"memory={memory:,} bytes of the scan of {steps.name} is less than the {needed:,} "
                f"bytes that one step and one state take"
            )

    def leaves(self, b, carry):
        """(number of steps, leaves) of the block b, which starts from this carry."""
        start, end = self.ends[b - 1] if b else 0, self.ends[b]
        return end - start, [*carry, *[x[start:end] for x in self.xs], *self.closed]

    def after(self, b, carry):
        """The leaves of carry after the block b, and those of its ys."""
        results = self.steps.value(*self.leaves(b, carry))
        return list(results[: len(carry)]), results[len(carry) :]

    def start(self):
        """The leaves of carry at the start, of which the caller keeps its own."""
        return [np.array(x)[()] for x in self.carry]

    def run(self):
        """(leaves of carry, leaves of ys, States with which a backward product starts)."""
        count, carry, ys = len(self.ends), self.start(), []
        wanted, states = set(states_to_keep(0, count, self.room)), States(self.room)
        for b in range(count):
            if b in wanted:
                states.push(b, carry)
            carry, parts = self.after(b, carry)
            ys.append(parts)
        return carry, [np.concatenate(parts) for parts in zip(*ys, strict=True)], states

    def push(self, tangents):
        """The tangents of those leaves of carry that are differentiated, and of the leaves of ys;
        tangents: lists of those of the leaves of carry, xs and closed that are differentiated."""
        moved, dxs, dclosed = tangents
        carry, found = self.start(), []
        for b in range(len(self.ends)):
            m, leaves = self.leaves(b, carry)
            span = slice(self.ends[b] - m, self.ends[b])
            results, t = self.steps.jvp(m, leaves, [*moved, *[x[span] for x in dxs], *dclosed])
            carry, moved = list(results[: len(carry)]), list(t[: len(moved)])
            found.append(t[len(moved) :])
        return moved, [np.concatenate(parts) for parts in zip(*found, strict=True)]

    def pull(self, cotangents, states=None):
        """The cotangents of the leaves of carry, xs and closed that are differentiated, as three
        lists; cotangents: those of such leaves of carry, and those of ys, as two lists.

        states: those of run(), which are used up."""
        steps = self.steps
        carried, dys = list(cotangents[0]), cotangents[1]
        leaves = [*self.carry, *self.xs, *self.closed]
        dxs, dclosed = (
            [np.zeros(np.shape(x), np.asarray(x).dtype) for x in part]
            for part in steps.moving_parts(leaves)[1:]
        )
        states, end = States(self.room) if states is None else states, len(self.ends)
        while end:
            b, carry = states.top() if states.numbers else (0, self.start())
            wanted = set(states_to_keep(b, end, self.room - len(states.numbers)))
            while b < end - 1:
                carry, _ = self.after(b, carry)
                b += 1
                if b in wanted:
                    states.push(b, carry)
            m, leaves = self.leaves(b, carry)
            span = slice(self.ends[b] - m, self.ends[b])
            found = iter(steps.vjp(m, leaves, [*carried, *[y[span] for y in dys]]))
            carried = [next(found) for _ in carried]
            for x in dxs:
                x[span] = next(found)
            dclosed = [x + next(found) for x in dclosed]
            end = b
            if states.numbers and states.numbers[-1] == b:
                states.numbers.pop()
        return carried, dxs, dclosed
