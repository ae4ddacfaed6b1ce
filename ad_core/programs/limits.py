# SPDX-License-Identifier: Apache-2.0
"""What a tape of a file may ask for: a few bytes can name hours of work and gigabytes of memory.

A small file may honestly name large arrays, since numbers can be broadcast; so there are limits
that hold for every file, and more for those that hold more.
"""

import math
import sys
from numbers import Real
from typing import NamedTuple

__all__ = ["MOST_AXES", "AsksTooMuch", "Limits", "limits_of"]

WORK, WORK_A_BYTE = 1 << 28, 1 << 12  # operations on numbers: half a second, and more a byte
MEMORY, MEMORY_A_BYTE = 1 << 30, 1 << 10  # bytes
TOO_MANY = 1 << 64  # what the core counts up to
MOST_AXES = 64  # of a NumPy array
NODE, EDGE = 500, 100  # bytes of a node, and of an edge, as Python objects


def limits_of(size, max_work, max_memory):
    """The Limits of a file of `size` bytes; None for either: what is safe for that size."""
    return Limits(
        _limit("max_work", max_work, WORK + WORK_A_BYTE * size),
        _limit("max_memory", max_memory, MEMORY + MEMORY_A_BYTE * size),
    )


def _limit(name, given, default):
    if given is None:
        return default
    if isinstance(given, bool) or not isinstance(given, Real):
        raise TypeError(
            f"{name} must be a number, or None for what is safe for the file's size, got "
            f"{type(given).__name__}"
        )
    if not given >= 0:
        raise ValueError(f"{name} must be at least 0 (math.inf: no limit), got {given!r}")
    return given if isinstance(given, int) else float(given)


class AsksTooMuch(ValueError):
    """A file, which may be a good one, that asks for more than its limits allow."""


class Limits(NamedTuple):
    """The most operations of an evaluation, and bytes of a recording or of a method's results."""

    work: float
    memory: float

    def check_recording(self, work, memory):
        """Raise AsksTooMuch for a file that does."""
        if work > self.work or work >= TOO_MANY - 1:
            raise AsksTooMuch(
                f"this tape file asks for {_count(work)} operations an evaluation, more than "
                f"max_work = {self.work:,}; {_remedy('max_work', work)}"
            )
        if memory > self.memory or memory >= TOO_MANY - 1:
            raise AsksTooMuch(
                f"this tape file asks for {_count(memory)} bytes of memory, more than max_memory = "
                f"{self.memory:,}; {_remedy('max_memory', memory)}"
            )

    def check_bytes(self, what, count):
        """Raise ValueError for something that a method would make of so many bytes."""
        if count > self.memory:
            raise ValueError(
                f"{what} would take {count:,} bytes, more than max_memory = {self.memory:,} of "
                f"the tape file; {_remedy('max_memory', count)}"
            )

    def check_results(self, what, shapes, points):
        """The same for arrays of float64, so many points of each; also for too many axes."""
        axes = max(map(len, shapes), default=0)
        if axes > MOST_AXES:
            raise ValueError(
                f"{what} would have {axes} axes, and NumPy's arrays have at most {MOST_AXES}; take "
                f"products (jvp, vjp)"
            )
        count = points * sum(math.prod(shape) for shape in shapes)
        self.check_bytes(f"{what}{f' at {points:,} points' if points > 1 else ''}", 8 * count)

    def check_nodes(self, what, nodes, edges):
        """The same for Python objects that tell of nodes and their operands."""
        self.check_bytes(what, NODE * nodes + EDGE * edges)

    def derived_nodes(self):
        """The most nodes of a gradient's recording, a value and a partial each; 0: no limit."""
        if self.memory == math.inf:
            return 0
        return min(max(int(self.memory) // 16, 1), sys.maxsize)

    def no_memory(self, what):
        """What a MemoryError is to the caller of a tape of a file."""
        return ValueError(
            f"{what} needs more memory than there is, or than max_memory = {self.memory:,} of the "
            f"tape file allows; if you trust the file, load it with a larger one"
        )


def _count(n):
    return f"{n:,}" if n < TOO_MANY - 1 else "2**64 or more"


def _remedy(name, n):
    if n >= TOO_MANY - 1:
        return "no tape can be recorded that does"
    return f"if you trust the file, load it with Tape.from_bytes(data, {name}={n})"
