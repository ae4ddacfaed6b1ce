# SPDX-License-Identifier: Apache-2.0
"""Sparse derivatives of tapes: entry by entry in a program, or by sweeps with few seeds."""

import numpy as np

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.programs.build import build, check_scalar, pack_with_value
from ad_core.programs.fallback import Replayed, Skeleton, leaves_of
from ad_core.recording.record import Recording
from ad_core.recording.trees import flatten
from ad_core.sparse.compression import Compression
from ad_core.sparse.pattern import check_sparse
from ad_core.sparse.route import least_operations

__all__ = ["Compressed", "make_sparse"]

AGAIN = 1 << 15  # operations of a program that take as long as the start of a replay
SAMPLED = 6_000_000  # recordings of more nodes are tried with a few outputs first


def make_sparse(recording, source, name, argnums, report):
    """(Call or Compressed, facts) of a sparse method, whichever takes fewer operations.

    Raises TypeError unless one array is differentiated by one array, and MemoryError for too many
    entries.
    """
    hessian = name == "sparse_hessian"
    if name == "sparse_lagrangian_hessian":
        return _lagrangian(source, name, argnums, report)
    if hessian:
        check_scalar(source, "hessian")
    check_sparse(source, name.removeprefix("sparse_"), *source.wrt(argnums))
    try:
        if is_probably_too_large(recording, source, argnums, hessian) or source.graph is None:
            raise _core.ProgramTooLarge
        call, facts = build(source, name, argnums, report)
    except _core.ProgramTooLarge:
        return Compressed(recording, source, name, argnums, report, {}), None
    direct = facts["candidates"][facts["route"]]
    again = AGAIN + _core.tape_size(recording.trace)["nodes"]
    edges = _core.sweep_edges(recording.trace)
    least = again + least_operations(call.pack.structure, edges, hessian)
    if direct <= least:
        facts["candidates"]["compressed"] = f"at least {least:,} operations"
        return call, facts
    swept = Compressed(recording, source, name, argnums, report, facts["candidates"])
    counted = swept.facts["candidates"]
    if direct <= min(counted[name] for name in swept.swept.route.candidates):
        facts["candidates"] = counted
        return call, facts
    return swept, None


def _lagrangian(source, name, argnums, report):
    """The Hessian of the Lagrangian, which only a program computes."""
    try:
        if source.graph is None:
            raise _core.ProgramTooLarge
        return build(source, name, argnums, report)
    except _core.ProgramTooLarge:
        raise NoDerivativeError(
            f"the sparse Lagrangian Hessian of {source.name} needs a program of more operations "
            f"than a program may have, or calls functions that are known by rules alone; use "
            f"sparse=False, or hvp of the sum of the results times the multipliers"
        ) from None


def is_probably_too_large(recording, source, argnums, hessian):
    """Whether a program of all entries would be too large, estimated from two samples of outputs.

    This is done for large recordings only, where the attempt would take seconds.  The difference
    of the two samples is the cost of the further outputs; what all outputs share counts once.
    """
    if _core.tape_size(recording.trace)["nodes"] < SAMPLED:
        return False
    inputs = leaves_of(recording, source.arguments, source.wrt(argnums)[0])
    swept = Recording(recording.trace, inputs, recording.outputs, True, None)
    swept = swept.differentiated() if hessian else swept
    D, K = inputs.size, swept.outputs.size
    counts = []
    try:
        for share in (512, 256):
            some = swept.outputs.nodes[::share]
            graph = _core.Graph(swept.trace, swept.inputs.nodes, some)
            before = graph.terms
            graph.jacobian(np.arange(D, dtype=np.uint32), graph.outputs, np.empty(0, np.uint32))
            counts.append((len(some), graph.terms - before))
    except _core.ProgramTooLarge:
        return True
    (m, few), (n, more) = counts
    return n > m and (more - few) * (K - m) > (_core.MOST_DERIVED_TERMS - few) * (n - m)


class Compressed(Replayed):
    """A sparse method by sweeps over the recording, which is replayed at each point."""

    def __init__(self, recording, source, name, argnums, report, others):
        """others: operations of other routes, by their names."""
        self.swept = None
        self.others = others
        # The cost of the replay, which counts only in comparison with other routes.
        self.again = AGAIN + _core.tape_size(recording.trace)["nodes"] if others else 0
        super().__init__(recording, source, name, argnums, report)
        own = self.of(recording.trace)
        swept = Compression(own, source.name, hessian=name == "sparse_hessian")
        self.swept = swept.forget()
        self.pack = swept.structure
        if name == "sparse_value_and_jacobian":
            self.pack = pack_with_value(source, swept.structure)

    @property
    def facts(self):
        """The route and the candidates, for explain()."""
        route = self.swept.route
        counted = {name: self.again + count for name, count in route.candidates.items()}
        return {"route": route.label, "candidates": self.others | counted}

    def returned(self, results):
        return self.pack(flatten(results)[0])

    def results(self, recording, seeds):
        none = isinstance(recording, Skeleton)
        entries = np.empty(0) if none else self.swept.entries(recording)
        if self.method == "sparse_value_and_jacobian":
            return recording.value(), entries
        return entries
