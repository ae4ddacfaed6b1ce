# SPDX-License-Identifier: Apache-2.0
"""A method of a recording by its program or by replaying the recording, whichever costs less.

A program has one operation for each scalar, so that making it takes some hundred times as long as
a sweep over the same scalars.  It pays for functions of scalar operations, and for many points.
For large arrays and matrix products, a replay takes about as long as a call of the program.

Costs are counted, not timed, so that the choice does not depend on the machine's load.  The unit is
one operation of a program, about a nanosecond.  A program is made as soon as it costs less than
FIRST times the replays that the call at hand would need, or less than all replays so far: in total,
a function never takes more than twice the time of the better choice beyond these first calls.
"""

import math
import threading
from typing import NamedTuple

import numpy as np

from ad_core import _core
from ad_core.programs.fallback import Large

__all__ = ["ByCost", "Costs", "Estimate", "recording_time", "time_of"]

FIRST = 20  # replays that a program may cost before any have been made
START = 1 << 15  # the start of a replay
RECORD, RECORD_SCALAR = 1 << 10, 200  # to run and record an operation on arrays, on scalars
MAKE = 200  # to derive a term, and to number and order its operation
FAST = 4  # multiplications of matrix products that BLAS does in the time of one operation
# A sweep of many seeds carries SEEDS in the time of one, and fewer over more nodes than fit the
# cache. In products of matrices BLAS then does BY_MATRICES times more multiplications.
SEEDS, SEEDS_OF_MANY, MANY_NODES = 8, 2, 1 << 15
BY_MATRICES = 4
CACHED = 1 << 17  # slots of a program that fit the cache; with more, an operation takes SLOW
SLOW = 3
LANES = 4  # points of a batch that a program evaluates in the time of one
# Operations per edge of the recording of the products that a method needs.
TANGENT, ADJOINT, SECOND = 2, 3, 9
PER_EDGE = {
    "value": 0, "jvp": TANGENT, "vjp": ADJOINT, "grad": ADJOINT, "value_and_grad": ADJOINT,
    "hvp": SECOND, "ggnvp": TANGENT + ADJOINT, "weighted_ggnvp": TANGENT + ADJOINT,
}  # fmt: skip


def recording_time(arrays, scalars):
    """The time to run and record so many operations on arrays and on scalars."""
    return RECORD * arrays + RECORD_SCALAR * scalars


class Estimate(NamedTuple):
    """What a method costs, before its program is made.

    replay: one replay.  room: the terms that a program may take to make before any replay.  least:
    the terms that it takes at least.  floor: the operations that it has at least.
    """

    replay: float
    room: int
    least: int
    floor: int = 0

    def pays(self, operations, points=1):
        """Whether a program of so many operations evaluates points in less time than replays."""
        return operations / (1 if points < LANES else LANES) < self.replay

    @property
    def at_once(self):
        """Whether a program is tried before any replay."""
        return self.least <= self.room and self.pays(self.floor)


class Costs:
    """What the methods of a recording cost, in operations of a program."""

    def __init__(self, recording):
        counts = _core.recording_counts(recording.trace)
        self.nodes, edges, self.products, self.calls, *operations = counts
        self.record = recording_time(*operations)
        self.edges = max(edges - 2 * self.products - self.calls, 0)
        self.outputs = recording.outputs.size

    def of(self, name, width):
        """The Estimate for a method; `width` is the number of inputs it differentiates by."""
        replay = self.replay(name, width)
        room = FIRST * (replay + self.record) / MAKE  # one-shot calls run the function
        return Estimate(replay, int(room), self.least(name, width), self.operations(name, width))

    def replay(self, name, width):
        """One replay for a method."""
        swept = self.edges + 2 * self.products / FAST + self.calls
        cost = START + self.nodes + self.products / FAST
        if name in PER_EDGE:
            return cost + PER_EDGE[name] * swept
        # what one of many seeds takes
        each = self.edges / (SEEDS if self.nodes <= MANY_NODES else SEEDS_OF_MANY)
        each += 2 * self.products / (FAST * BY_MATRICES * SEEDS) + self.calls / (FAST * 2)
        if name in ("hessian", "lagrangian_hessian"):
            return cost + ADJOINT * swept + SECOND * width * each
        return cost + min(TANGENT * width, ADJOINT * self.outputs) * each

    def least(self, name, width):
        """The number of terms that a method's program takes to make: at least, for elementwise
        operations; for matrix products of which each element matters to each result, in all."""
        terms = self.nodes + 2 * self.products
        if name == "value":
            return terms
        terms = 2 * terms + self.edges + self.calls
        if name in PER_EDGE:
            return terms
        hessian = name in ("hessian", "lagrangian_hessian")
        return terms + self.products * (2 * width if hessian else min(width, self.outputs))

    def operations(self, name, width):
        """The number of operations that a method's program has at least.

        It has a call of a rule for each seed of a matrix."""
        return 0 if name in PER_EDGE else self.calls * min(width, self.outputs)


class ByCost(Large):
    """A method that is replayed until its program pays."""

    def __init__(self, replayed, make, costs, failed=0, made=None):
        """make(room) returns (Call, facts) of a program with at most `room` further terms, and
        raises ProgramTooLarge for more.  costs: an Estimate.  failed: the number of terms that has
        been tried, or 0.  made: (Call, facts) of a program that does not pay at single points."""
        self.replayed = replayed
        self.make = make
        self.costs = costs
        self.call, self.program_facts = made or (None, None)
        # of spent and failed; a finalizer that runs while it is held may evaluate a point too
        self.lock = threading.RLock()
        self.spent = 0  # on replays so far
        self.failed = failed  # the largest number of terms that was not enough
        self.decided = None  # whether decide() has chosen the program
        self.in_shapes = replayed.in_shapes
        self.pack = replayed.pack

    @property
    def settled(self):
        """Whether the program is used for any number of points."""
        return self.call is not None and self.pays(1)

    @property
    def facts(self):
        """The route at a single point and the reason for it, for explain()."""
        if self.settled:
            return self.program_facts
        if self.call is not None:
            reason = (
                f"a program of {self.call.program.operations:,} operations would take as long; it "
                f"is used for batches of {LANES} points and more"
            )
        elif not self.costs.pays(self.costs.floor):
            floor = self.costs.floor
            reason = f"a program would have {floor:,} operations or more, and take as long"
        elif max(self.costs.least, 2 * self.failed) > _core.MOST_DERIVED_TERMS:
            reason = f"a program would take more than {_core.MOST_DERIVED_TERMS:,} terms to make"
        else:
            terms = int(max(self.costs.least, 2 * self.failed))
            calls = math.ceil(terms * MAKE / self.costs.replay)
            reason = f"a program takes {terms:,} terms or more to make, as long as {calls:,} calls"
        return self.replayed.facts | {"reason": reason}

    def report_missed(self, missed, arguments):
        self.replayed.report_missed(missed, arguments)

    def at_point(self, arguments):
        if self.settled or self.check_points is not None:
            return NotImplemented
        if self.call is None and self.costs.pays(self.costs.floor):
            self.try_program(max(self.costs.room, self.spent / MAKE))
            if self.settled:
                return NotImplemented
        result = self.replayed.at_point(arguments)
        if result is not NotImplemented:
            self.count(1)
        return result

    def decide(self, points):
        """Choose for all later batches what one batch of so many points would use, so that results
        do not depend on the calls before them."""
        if self.decided is None:
            self.prepare(points)
            self.decided = self.call is not None and self.pays(points)

    def prepare(self, points):
        """Make the program if it pays for so many points."""
        if self.call is None and self.costs.pays(self.costs.floor, points):
            self.try_program(max(points * self.costs.room, self.spent / MAKE))

    def batch(self, arguments, out, workers, progress):
        points, chosen = points_of(arguments, self.in_shapes), self.decided
        if chosen is None:
            self.prepare(points)
            chosen = self.call is not None and self.pays(points)
        if chosen:
            return self.call.batch(arguments, out, workers, progress)
        self.count(points)
        return self.replayed.batch(arguments, out, workers, progress)

    def count(self, points):
        """Count replays at so many points."""
        with self.lock:
            self.spent += points * self.costs.replay

    def try_program(self, room):
        """Make the program if it takes at most so many terms."""
        room = min(room, _core.MOST_DERIVED_TERMS)
        if room < max(self.costs.least, 2 * self.failed):
            return
        try:
            call, self.program_facts = self.make(int(room))
            self.call = call  # last, since other threads then read the facts
        except _core.ProgramTooLarge:
            with self.lock:
                self.failed = max(self.failed, room)

    def pays(self, points):
        """Whether the program evaluates so many points in less time than replays."""
        return self.costs.pays(time_of(self.call), points)


def time_of(call):
    """The time of a program at one point, in operations; 0 for a product program, which is only
    made where the entries need no other one."""
    if not isinstance(call, _core.Call):
        return 0
    return call.program.operations * (SLOW if call.program.slots > CACHED else 1)


def points_of(arguments, shapes):
    """The number of points of a batch."""
    if not any(shapes) and _core.are_numbers(list(arguments)):
        return 1
    leads = [np.shape(x)[: np.ndim(x) - len(s)] for x, s in zip(arguments, shapes, strict=True)]
    return math.prod(np.broadcast_shapes(*leads)) if any(leads) else 1
