# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scan(): a loop whose derivative takes bounded memory."""

import hashlib
import re
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ad_core import _core
from ad_core.errors.integers import integer
from ad_core.loops.chain import Chain
from ad_core.loops.steps import LoopSteps
from ad_core.recording.trees import flatten
from ad_core.rules.arguments import Result, RuleArguments, any_traced_leaf, tangent_leaves
from ad_core.rules.checkpoint import checkpoint
from ad_core.rules.closures import depend, hoisted
from ad_core.transforms import first_order

__all__ = ["scan"]

C = TypeVar("C")

UNITS = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def scan(
    step: Callable[[C, Any], tuple[C, Any]],
    carry: C,
    xs: Any = None,
    *,
    length: int | None = None,
    memory: int | str = "1 GB",
) -> tuple[C, Any]:
    """Run ``carry, y = step(carry, x)`` for each x in xs, and return (carry, ys).

    It is the loop

        ys = []
        for x in xs:
            carry, y = step(carry, x)
            ys.append(y)
        return carry, np.stack(ys)

    whose derivative in reverse mode takes a bounded amount of memory. A recording keeps the
    arguments and results only. A reverse sweep goes through the steps from the last one to the
    first, and keeps as many states between them as fit `memory`; the others are computed again,
    as rarely as possible. With s states, n <= (s + 1)(s + 2) / 2 steps are run at most three times
    each, one of which records the step.

    carry: nested tuples, lists and dicts of arrays; its structure and shapes stay the same.
    xs: arrays with a leading axis of n elements, nested in the same way, or None; x has one element
        of each.  Arrays of integers are data: x holds their integers.
    length: n, which is needed if xs is None.
    memory: bytes, or a text such as "200 MB", for the kept states and the derivative of one step.
        The arguments, the results and their derivatives come in addition.
    y: nested arrays too, or None; ys has a leading axis of n elements (None for n = 0).

    Traced values that step closes over count as arguments. All transforms of every order, compiled
    functions and batches can be applied to functions that call scan. Long loops of small steps are
    compiled, 64 steps at once.

    Raises TypeError if step does not return a pair, and ValueError for a structure or shape of the
    carry that changes, for arrays in xs of different lengths, and if `memory` is less than one step
    takes. Cost: a forward product runs each step once more; a reverse product records each step
    once, and runs n - s to 2 n steps for s < n <= (s + 1)(s + 2) / 2. Source: Griewank and
    Walther, Algorithm 799: Revolve, ACM Transactions on Mathematical Software 26, 2000;
    jax.lax.scan.

    >>> import numpy as np, ad_core
    >>> def cooled(rate):  # Newton's law of cooling, in 1,000 steps
    ...     step = lambda T, _: (T + 0.01 * rate * (20.0 - T), None)
    ...     return ad_core.scan(step, 90.0, length=1000, memory="1 MB")[0]
    >>> value, slope = ad_core.value_and_grad(cooled)(0.3)
    >>> bool(np.isclose(slope, -70.0 * 10.0 * (1.0 - 0.003) ** 999))
    True
    """
    if not callable(step):
        raise TypeError(f"scan() takes a function, got {type(step).__name__}")
    name = _core.name_of(step)
    if length is not None:
        length = integer(length, "length", "a number of steps >= 0", least=0)
    n = _count(name, flatten(xs)[0], length)
    memory = _bytes(memory)
    if n == 0:
        return carry, None
    return _scanned(name, step, carry, xs, n, memory)


def _scanned(name, step, carry, xs, n, memory):
    """scan() of checked arguments."""
    trees = flatten(carry)[1], flatten(xs)[1]
    if _core.is_tracing():
        closed, rebuild = hoisted(step)
        if (closed and depend(closed)) or any_traced_leaf((carry, xs)):
            given = RuleArguments(name, (carry, xs, closed), numbers=False)
            return _Recorded(LoopSteps(name, rebuild, *trees), given, n, memory).result()
    steps = LoopSteps(name, lambda closed: step, *trees)
    return _nested(steps, steps.run(n, *flatten((carry, xs))[0]))


def _nested(steps, results):
    """Leaves of carry and ys as (carry, ys)."""
    count = steps.counts[0]
    return steps.trees[0].fill(results[:count]), steps.y.fill(results[count:])


class _Recorded:
    """A loop that is one call on the tape, with its derivatives."""

    def __init__(self, steps, given, n, memory):
        self.steps, self.given, self.n, self.memory = steps, given, n, memory
        self.outcome = Result(steps.name)
        self.kept = []  # of the last run: (digest of its arguments, kept states), or nothing

    def result(self):
        """(carry, ys), traced. Integers in the carry are guards."""
        carry, ys = self.outcome.call(self.run, self.given, self.linear)
        leaves = flatten(carry)[0]
        for k, kind in enumerate(self.steps.kinds):
            if not self.steps.moving[k]:
                x = leaves[k]
                leaves[k] = x > 0.5 if kind.kind == "b" else np.rint(x).astype(kind)
        return self.steps.trees[0].fill(leaves), ys

    def run(self, carry, xs, closed):
        leaves = flatten((carry, xs, closed))[0]
        carry, ys, states = self.chain(leaves).run()
        self.kept[:] = [(_digest(leaves), states)]
        return _nested(self.steps, (*carry, *ys))

    def chain(self, leaves):
        return Chain(self.steps, self.n, leaves, self.memory)

    def linear(self, arrays, results, backward):
        leaves = flatten(self.given.primals(arrays))[0]
        product = self.pulled if backward else self.pushed
        return lambda seeds: product(leaves, seeds)

    def pushed(self, leaves, seeds):
        tangents = self.steps.moving_parts(flatten(self.given.tangents(seeds))[0])
        if any_traced_leaf((leaves, tangents)):
            carry, ys = _pushed(self.steps, self.n, self.memory, leaves, tangents)
        else:
            carry, ys = self.chain(leaves).push(tangents)
        pair = self.nested(0, carry), self.steps.y.fill(ys)
        return tangent_leaves(self.outcome.tree, pair, f"the tangent of {self.steps.name}")

    def pulled(self, leaves, seeds):
        carry, ys = self.outcome.cotangents(seeds)
        carry, ys = self.steps.moving_parts(flatten(carry)[0])[0], flatten(ys)[0]
        if any_traced_leaf((leaves, carry, ys)):
            found = _pulled(self.steps, self.n, self.memory, leaves, carry, ys)
        else:
            kept = self.kept.pop() if self.kept else None
            known = kept is not None and kept[0] == _digest(leaves)
            found = self.chain(leaves).pull((carry, ys), kept[1] if known else None)
        nested = tuple(map(self.nested, range(3), found))
        return self.given.cotangents(nested, f"the cotangents of {self.steps.name}")

    def nested(self, k, leaves):
        """Such leaves of carry (k = 0), xs (1) or closed (2), nested, with None for the others."""
        leaves = iter(leaves)
        filled = [
            next(leaves) if moves else None for moves in self.steps.parts(self.steps.moving)[k]
        ]
        return filled if k == 2 else self.steps.trees[k].fill(filled)


def _digest(leaves):
    """What tells whether leaves have the values that they had before."""
    found = hashlib.blake2b()
    for x in leaves:
        found.update(np.ascontiguousarray(x))
    return found.digest()


def _pushed(steps, n, memory, leaves, tangents):
    """Chain.push() for traced values: a loop over the states and their tangents."""
    carry, xs, closed = steps.parts(leaves)
    moved, dxs, dclosed = tangents

    def step(state, inputs):
        (carry, moved), (x, dx) = state, inputs
        leaves = [*carry, *map(_in_row, x), *closed]
        fun, *moving = steps.differentiated(1, leaves)
        results, t = first_order.jvp(fun, tuple(moving), (*moved, *map(_in_row, dx), *dclosed))
        count = len(moved)
        after = iter(results[:count])
        if count < len(carry):
            every = steps.run(1, *leaves)[: len(carry)]
            carry = [
                next(after) if moves else x for moves, x in zip(steps.moving, every, strict=False)
            ]
        else:
            carry = list(after)
        ys = [y[0] for y in results[count:]], [y[0] for y in t[count:]]
        return (carry, list(t[:count])), ys

    step.__name__ = steps.name
    (_, moved), (_, dys) = _scanned(steps.name, step, (carry, moved), (xs, dxs), n, memory)
    return moved, dys


def _in_row(x):
    return np.reshape(x, (1, *np.shape(x)))


def _pulled(steps, n, memory, leaves, carried, dys):
    """Chain.pull() for traced values: the second half of the steps, then the first one, each as a
    call that is computed again when it is differentiated."""
    if n <= steps.block:
        fun, *moving = steps.differentiated(n, leaves)
        found = iter(first_order.vjp(fun, *moving)[1]((*carried, *dys)))
        return [[next(found) for _ in part] for part in steps.moving_parts(leaves)]
    carry, xs, closed = steps.parts(leaves)
    half = n // 2
    first, second = [x[:half] for x in xs], [x[half:] for x in xs]
    step = steps.rebuild(closed)
    middle, _ = _scanned(
        steps.name, lambda carry, x: (step(carry, x)[0], None), steps.trees[0].fill(carry),
        steps.trees[1].fill(first), half, memory,
    )  # fmt: skip
    part = checkpoint(_pulled)
    later = [*flatten(middle)[0], *second, *closed]
    carried, dx2, dw2 = part(steps, n - half, memory, later, carried, [y[half:] for y in dys])
    earlier = [*carry, *first, *closed]
    carried, dx1, dw1 = part(steps, half, memory, earlier, carried, [y[:half] for y in dys])
    dxs = [np.concatenate(pair) for pair in zip(dx1, dx2, strict=True)]
    return carried, dxs, [a + b for a, b in zip(dw1, dw2, strict=True)]


def _count(name, leaves, length):
    """The number of steps."""
    for x in leaves:
        if not np.shape(x):
            raise ValueError(
                f"xs of the scan of {name} must be arrays with an element for each step, got {x!r}"
            )
    sizes = [np.shape(x)[0] for x in leaves]
    if length is None and not sizes:
        raise ValueError(f"the scan of {name} needs xs, or length= for the number of steps")
    n = sizes[0] if length is None else length
    if any(size != n for size in sizes):
        given = "" if length is None else f"length={length}, "
        raise ValueError(
            f"the arrays in xs of the scan of {name} must have one length, got {given}lengths "
            f"{sizes}"
        )
    return n


def _bytes(memory):
    """memory= as a number of bytes."""
    if isinstance(memory, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*([kmg]?i?b)\s*", memory.lower())
        if found is None:
            raise ValueError(f'memory must be bytes or a text such as "200 MB", got {memory!r}')
        return int(float(found[1]) * UNITS[found[2]])
    return integer(memory, "memory", 'bytes or a text such as "200 MB"', least=1)
