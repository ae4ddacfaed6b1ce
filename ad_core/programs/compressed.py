# SPDX-License-Identifier: Apache-2.0
"""Sparse derivatives of tapes: entry by entry in a program, or by sweeps of a few seeds."""

import numpy as np

from ad_core import _core
from ad_core.programs.build import build, check_scalar, pack_with_value
from ad_core.programs.large import Replayed, Skeleton
from ad_core.sparse.route import least_operations
from ad_core.sparse.structure import check_sparse
from ad_core.sparse.sweeps import Swept

__all__ = ["Compressed", "make_sparse"]

AGAIN = 1 << 15  # operations of a program that take as long as to begin a recording once more


def make_sparse(recording, source, name, argnums, report):
    """(Call or Compressed, facts) of a sparse method, by whichever takes fewer operations.

    TypeError for what is not one array by one array, MemoryError for too many entries.
    """
    hessian = name == "sparse_hessian"
    if hessian:
        check_scalar(source, "hessian")
    check_sparse(source, name.removeprefix("sparse_"), *source.wrt(argnums))
    try:
        if source.graph is None:
            raise _core.ProgramTooLarge
        call, facts = build(source, name, argnums, report)
    except _core.ProgramTooLarge:
        swept = Compressed(recording, source, name, argnums, report)
        return swept, _facts(swept, dict(swept.swept.route.candidates))
    direct = facts["candidates"][facts["route"]]
    again = AGAIN + _core.tape_size(recording.trace)["nodes"]
    edges = _core.sweep_edges(recording.trace)
    least = again + least_operations(call.pack.structure, edges, hessian)
    if direct <= least:
        facts["candidates"]["compressed"] = f"at least {least:,} operations"
        return call, facts
    swept = Compressed(recording, source, name, argnums, report)
    counts = {route: again + count for route, count in swept.swept.route.candidates.items()}
    facts["candidates"] |= counts
    if direct <= min(counts.values()):
        return call, facts
    return swept, _facts(swept, facts["candidates"])


def _facts(call, candidates):
    swept = call.swept
    return {"route": swept.route.told, "candidates": candidates, "entries": swept.structure.nnz}


class Compressed(Replayed):
    """A sparse method by sweeps over the recording, carried out again at each point."""

    def __init__(self, recording, source, name, argnums, report):
        self.swept = None
        super().__init__(recording, source, name, argnums, report)
        own = self.of(recording.trace)
        swept = Swept(own, source.name, hessian=name == "sparse_hessian")
        self.swept = swept.forget()
        self.pack = swept.structure
        if name == "sparse_value_and_jacobian":
            self.pack = pack_with_value(source, swept.structure)

    def results(self, recording, seeds):
        none = isinstance(recording, Skeleton)
        entries = np.empty(0) if none else self.swept.entries(recording)
        if self.method == "sparse_value_and_jacobian":
            return recording.value(), entries
        return entries
