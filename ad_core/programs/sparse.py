# SPDX-License-Identifier: Apache-2.0
"""Sparse derivatives of tapes: entry by entry in a program, or by sweeps with few seeds."""

import numpy as np

from ad_core import _core
from ad_core.programs.build import build, check_scalar, pack_with_value
from ad_core.programs.by_cost import ByCost, Estimate
from ad_core.programs.fallback import Replayed, Skeleton, row_of
from ad_core.programs.sparse_costs import SparseCosts
from ad_core.recording.trees import flatten
from ad_core.sparse.compression import Compression
from ad_core.sparse.pattern import check_one_argument, check_sparse
from ad_core.sparse.route import least_operations

__all__ = ["Compressed", "make_sparse"]


def make_sparse(recording, source, name, argnums, report, completed):
    """(Call, Compressed or ByCost, facts) of a sparse method.

    A program of all entries is made if it costs less than FIRST calls of the one-shot transform and
    takes fewer operations than products with few seeds.  Otherwise there are products first, and
    the program once they have cost as much.  It then has the sparsity pattern of the products,
    since the results of a method do not change their index arrays.

    completed(call) returns a program's Call with what points need that it does not handle itself.
    Raises TypeError unless one array is differentiated by one array, and MemoryError for too many
    entries.
    """
    if name == "sparse_lagrangian_hessian":
        numbers, single = source.wrt(argnums)
        trees = [source.arguments.trees[k] for k in numbers]
        check_one_argument("lagrangian_hessian", source.name, trees, single)
    else:
        if name == "sparse_hessian":
            check_scalar(source, "hessian")
        check_sparse(source, name.removeprefix("sparse_"), *source.wrt(argnums))

    def program(room, structure=None):
        if source.graph is None:
            raise _core.ProgramTooLarge
        return build(source, name, argnums, report, room, structure)

    costs = SparseCosts(recording, name, _core.sweep_edges(recording.trace))
    room, failed = costs.room(0), 0
    if costs.is_small and costs.least <= room:
        try:
            call, facts = program(room)
            return _cheaper(recording, source, name, argnums, report, costs, call, facts)
        except _core.ProgramTooLarge:
            failed = room
    swept = Compressed(recording, source, name, argnums, report)
    costs = SparseCosts(recording, name, swept.swept.edges)
    products = min(swept.swept.route.candidates.values())
    room, cost = min(costs.room(products), _core.MOST_DERIVED_TERMS), costs.replay(products)
    least = max(costs.least, 2 * failed)
    if least <= room:
        least = max(least, costs.estimate(recording, swept.of(recording.trace)))
    if least <= room:
        try:
            call, facts = program(room)
        except _core.ProgramTooLarge:
            failed = room
        else:
            return swept.or_program(call, facts, costs.again)

    def make(room):
        call, facts = program(room, swept.swept.structure)
        return completed(call), facts

    return ByCost(swept, make, Estimate(cost, room, least), failed), None


def _cheaper(recording, source, name, argnums, report, costs, call, facts):
    """(the Call of a program, or a Compressed of fewer operations; facts)."""
    least = costs.replay(least_operations(call.pack.structure, costs.edges, costs.hessian))
    if facts["candidates"][facts["route"]] <= least:
        facts["candidates"]["compressed"] = f"at least {least:,} operations"
        return call, facts
    swept = Compressed(recording, source, name, argnums, report)
    return swept.or_program(call, facts, costs.again)


class Compressed(Replayed):
    """A sparse method by sweeps over the recording, which is replayed at each point."""

    def __init__(self, recording, source, name, argnums, report):
        self.swept = None
        self.others, self.again = {}, 0  # other routes, and what a replay costs beside its products
        super().__init__(recording, source, name, argnums, report)
        own = self.of(recording.trace)
        lagrangian = name == "sparse_lagrangian_hessian"
        hessian = lagrangian or name == "sparse_hessian"
        self.swept = Compression(own, source.name, hessian, lagrangian=lagrangian)
        self.swept.forget()  # a gradient's recording, which may be larger than that of the function
        self.pack = self.swept.structure
        if name == "sparse_value_and_jacobian":
            self.pack = pack_with_value(source, self.pack)

    def or_program(self, call, facts, again):
        """(this, None) or (the Call of a program, its facts), whichever takes fewer operations."""
        self.others, self.again = facts["candidates"], again
        direct = self.others[facts["route"]]
        counted = self.facts["candidates"]
        if direct > min(counted[name] for name in self.swept.route.candidates):
            return self, None
        facts["candidates"] = counted
        return call, facts

    @property
    def facts(self):
        """The route and the candidates, for explain()."""
        route = self.swept.route
        counted = {name: self.again + count for name, count in route.candidates.items()}
        return {"route": route.label, "candidates": self.others | counted}

    def returned(self, results):
        return self.pack(flatten(results)[0])

    def results(self, recording, seeds):
        if isinstance(recording, Skeleton):
            entries = np.empty(0)
        else:
            entries = self.swept.entries(recording, row_of(seeds) if seeds else None)
        if self.method == "sparse_value_and_jacobian":
            return recording.value(), entries
        return entries
