# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""The steps of a loop as functions of flat arrays, several consecutive steps at a time.

Blocks of steps are compiled if the loop is long. Then Python does not run each step, and no step is
recorded twice.
"""

from itertools import compress

import numpy as np

from ad_core import _core
from ad_core.programs.function import compile
from ad_core.programs.tape import trace
from ad_core.recording.trees import flatten
from ad_core.transforms import first_order

__all__ = ["LoopSteps"]

FEWEST = 100  # steps of a loop from which they are compiled
MOST = 64  # steps in a block
NODES = 4096  # nodes of a block of several steps
MOST_NODES = 1 << 14  # of a compiled step: a program of larger arrays takes more memory than a tape
COPIES = 4  # a tape, its values and partials at another point, and adjoints, in sizes of the tape


class LoopSteps:
    """step(carry, x) -> (carry, y) on flat leaves: those of carry, of x and of what it closes over.

    rebuild(closed) is the step with other values in its closures. carry, x: Trees. The first run
    shows which leaves are differentiated, and how many steps make a block.
    """

    def __init__(self, name, rebuild, carry, x):
        self.name = name
        self.rebuild = rebuild
        self.trees = carry, x
        self.y = None  # the Tree
        self.counts = carry.leaves, x.leaves
        self.moving = None  # for each leaf, whether it is differentiated
        self.kinds = None  # the dtypes of carry
        self.block = 1  # steps
        self.block_bytes = 0  # that a derivative of a block takes
        self.compiled = None  # {number of steps: Function}

    def learn(self, n, carry, xs, closed):
        """Look at the first of n steps, and choose the blocks."""
        first = [*carry, *[x[:1] for x in xs], *closed]
        after = self.run(1, *first)[: len(carry)]
        self.kinds = [np.asarray(x).dtype for x in after]
        moving = [is_moving(x) for x in first]
        for k, x in enumerate(after):  # a number may begin as an integer
            moving[k] |= is_moving(x)
        self.moving = moving
        if not any(moving):
            return
        tape = trace(*self.differentiated(1, first))
        self.block_bytes = COPIES * tape.size["bytes"]
        nodes, regular = tape.size["nodes"], all(self.moving[: sum(self.counts)])
        if n >= FEWEST and nodes <= MOST_NODES and regular:
            if not tape.size["guards"]:
                self.block = max(1, min(MOST, NODES // nodes))
            self.block_bytes *= self.block
            self.compiled = {}

    def parts(self, leaves):
        """The leaves of carry, those of xs, and those of what the step closes over."""
        first, second = self.counts
        return (
            list(leaves[:first]),
            list(leaves[first : first + second]),
            list(leaves[first + second :]),
        )

    def moving_parts(self, leaves):
        """Those of each part that are differentiated, as three lists."""
        pairs = zip(self.parts(leaves), self.parts(self.moving), strict=True)
        return [list(compress(part, moves)) for part, moves in pairs]

    def run(self, m, *leaves):
        """The leaves of carry after m steps and those of ys, with a leading axis, in one tuple."""
        carry, xs, closed = self.parts(leaves)
        step, ys = self.rebuild(closed), []
        for k in range(m):
            carry, y = self.one(step, self.as_numbers(carry), [x[k] for x in xs])
            ys.append(y)
        carry = self.as_numbers(carry)
        return *carry, *[np.stack(parts) for parts in zip(*ys, strict=True)]

    def as_numbers(self, carry):
        """The leaves of carry, without integers among those that are differentiated."""
        if self.moving is None or all(map(is_moving, carry)):
            return carry
        pairs = zip(carry, self.moving, strict=False)
        return [x * 1.0 if moves and not is_moving(x) else x for x, moves in pairs]

    def one(self, step, carry, x):
        """The leaves of carry and of y after one step."""
        found = step(self.trees[0].fill(carry), self.trees[1].fill(x))
        if not isinstance(found, (tuple, list)) or len(found) != 2:
            raise TypeError(
                f"{self.name}, the step of a scan, must return a pair (carry, y), got "
                f"{type(found).__name__}"
            )
        leaves, tree = flatten(found[0])
        if tree != self.trees[0]:
            raise ValueError(
                f"{self.name}, the step of a scan, returned the carry {tree!r}, but got "
                f"{self.trees[0]!r}; the structure of the carry must stay the same"
            )
        for k, (new, old) in enumerate(zip(leaves, carry, strict=True)):
            if np.shape(new) != np.shape(old):
                raise ValueError(
                    f"{self.name}, the step of a scan, returned shape {np.shape(new)} for array "
                    f"{k} of the carry, but got shape {np.shape(old)}; shapes must stay the same"
                )
        y, tree = flatten(found[1])
        if self.y is None:
            self.y = tree
        elif tree != self.y:
            raise ValueError(
                f"{self.name}, the step of a scan, returned y = {tree!r}, but {self.y!r} in its "
                f"first step; the structure of y must stay the same"
            )
        return leaves, y

    def value(self, m, leaves):
        """run() for plain numbers."""
        return self.function(m)(*leaves) if self.compiled is not None else self.run(m, *leaves)

    def vjp(self, m, leaves, cotangents):
        """The cotangents of the leaves that are differentiated; cotangents: those of such leaves of
        carry, and those of ys."""
        if self.compiled is not None:
            return self.function(m).vjp(tuple(leaves), tuple(cotangents), argnums=self.numbers())
        fun, *moving = self.differentiated(m, leaves)
        return first_order.vjp(fun, *moving)[1](tuple(cotangents))

    def jvp(self, m, leaves, tangents):
        """(results, tangents): those of run(), and the tangents of the leaves of carry that are
        differentiated and of those of ys; tangents: of the leaves that are differentiated."""
        if self.compiled is not None:
            f, numbers = self.function(m), self.numbers()
            return f(*leaves), f.jvp(tuple(leaves), tuple(tangents), argnums=numbers)
        fun, *moving = self.differentiated(m, leaves)
        _, t = first_order.jvp(fun, tuple(moving), tuple(tangents))
        return self.run(m, *leaves), t

    def numbers(self):
        """The numbers of the leaves that are differentiated."""
        return tuple(k for k, moves in enumerate(self.moving) if moves)

    def function(self, m):
        """run() of m steps, compiled."""
        found = self.compiled.get(m)
        if found is None:

            def block(*leaves):
                return self.run(m, *leaves)

            block.__name__ = block.__qualname__ = self.name  # for messages
            found = self.compiled.setdefault(m, compile(block))
        return found

    def differentiated(self, m, leaves):
        """run() of m steps as a function of the leaves that are differentiated, which returns those
        results that are; and these leaves."""
        numbers, fixed = self.numbers(), list(leaves)
        kept = [k for k in range(self.counts[0]) if self.moving[k]]

        def block(*moving):
            given = list(fixed)
            for k, x in zip(numbers, moving, strict=True):
                given[k] = x
            results = self.run(m, *given)
            ys = [y if _core.traced(y) else np.asarray(y, float) for y in results[self.counts[0] :]]
            return *[results[k] for k in kept], *ys

        block.__name__ = block.__qualname__ = self.name
        return block, *[x if is_moving(x) else x * 1.0 for x in map(leaves.__getitem__, numbers)]


def is_moving(x):
    """Whether a leaf is differentiated: real or complex numbers, not integers or truth values."""
    return _core.traced(x) or _core.traced_complex(x) or np.asarray(x).dtype.kind in "fc"
