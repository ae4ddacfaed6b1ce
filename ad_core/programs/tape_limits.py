# SPDX-License-Identifier: Apache-2.0
"""Limits of a tape that was loaded from a file: a few bytes can need hours and gigabytes.

A small file may need large arrays without being forged, since numbers can be broadcast.  So every
file may use a fixed amount of work and memory, and a further amount for each of its bytes.
"""

import math
import sys
from numbers import Real
from typing import NamedTuple

__all__ = ["MOST_AXES", "Limits", "LimitsExceeded", "limits_of"]

WORK, WORK_A_BYTE = 1 << 28, 1 << 12  # operations on numbers (half a second), and per byte
MEMORY, MEMORY_A_BYTE = 1 << 30, 1 << 10  # bytes, and per byte of the file
TOO_MANY = 1 << 64  # the core counts up to here
MOST_AXES = 64  # of a NumPy array
NODE, EDGE = 500, 100  # bytes of the Python objects for a node and for an edge


def limits_of(size, max_work, max_memory):
    """The Limits of a file of `size` bytes; None stands for a limit that is safe for that size."""
    return Limits(
        _limit("max_work", max_work, WORK + WORK_A_BYTE * size),
        _limit("max_memory", max_memory, MEMORY + MEMORY_A_BYTE * size),
    )


def _limit(name, given, default):
    if given is None:
        return default
    if isinstance(given, bool) or not isinstance(given, Real):
        raise TypeError(
            f"{name} must be a number, or None for a limit that is safe for the file's size, got "
            f"{type(given).__name__}"
        )
    if not given >= 0:
        raise ValueError(f"{name} must be at least 0 (math.inf: no limit), got {given!r}")
    return given if isinstance(given, int) else float(given)


class LimitsExceeded(ValueError):
    """A file needs more work or memory than its limits allow; it may be valid otherwise."""


class Limits(NamedTuple):
    """The most operations of an evaluation, and the most bytes of a recording or a result."""

    work: float
    memory: float

    def check_recording(self, work, memory):
        """Raise LimitsExceeded for a file that needs more work or memory than the limits."""
        if work > self.work or work >= TOO_MANY - 1:
            raise LimitsExceeded(
                f"this tape file needs {_count(work)} operations for an evaluation, more than "
                f"max_work = {self.work:,}; {_remedy('max_work', work)}"
            )
        if memory > self.memory or memory >= TOO_MANY - 1:
            raise LimitsExceeded(
                f"this tape file needs {_count(memory)} bytes of memory, more than max_memory = "
                f"{self.memory:,}; {_remedy('max_memory', memory)}"
            )

    def check_bytes(self, what, count):
        """Raise ValueError if a method's result would take more bytes than the limit."""
        if count > self.memory:
            raise ValueError(
                f"{what} would take {count:,} bytes, more than max_memory = {self.memory:,} of "
                f"the tape file; {_remedy('max_memory', count)}"
            )

    def check_results(self, what, shapes, points):
        """The same for float64 arrays of these shapes at some points; too many axes raise too."""
        axes = max(map(len, shapes), default=0)
        if axes > MOST_AXES:
            raise ValueError(
                f"{what} would have {axes} axes, but NumPy's arrays have at most {MOST_AXES}; use "
                f"products (jvp, vjp)"
            )
        count = points * sum(math.prod(shape) for shape in shapes)
        self.check_bytes(f"{what}{f' at {points:,} points' if points > 1 else ''}", 8 * count)

    def check_nodes(self, what, nodes, edges):
        """The same for a list of Python objects, one for each node."""
        self.check_bytes(what, NODE * nodes + EDGE * edges)

    def derived_nodes(self):
        """The most nodes of a gradient's recording, with a value and a partial each; 0: no
        limit."""
        if self.memory == math.inf:
            return 0
        return min(max(int(self.memory) // 16, 1), sys.maxsize)

    def no_memory(self, what):
        """The ValueError that replaces a MemoryError, for tapes that were loaded from a file."""
        return ValueError(
            f"{what} needs more memory than there is, or than max_memory = {self.memory:,} of the "
            f"tape file allows; if you trust the file, load it with a larger max_memory"
        )


def _count(n):
    return f"{n:,}" if n < TOO_MANY - 1 else "2**64 or more"


def _remedy(name, n):
    if n >= TOO_MANY - 1:
        return "no recorded tape needs that much, so the file is forged"
    return f"if you trust the file, load it with Tape.from_bytes(data, {name}={n})"
