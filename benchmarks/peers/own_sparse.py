# SPDX-License-Identifier: Apache-2.0
"""ad_core: as ad_core-tape, but the Jacobian as a sparse matrix whose data are the caller's.

Large ones are compared by their structure and entries.
"""

from functools import partial

import numpy as np

from benchmarks.peers.own_tape import traced
from benchmarks.peers.peer import Peer, Prepared


def prepare(scenario, args):
    tape, convert = traced(scenario, args)
    structure = tape.jacobian_sparsity()
    run = partial(tape.jacobian, out=np.empty(structure.nnz), sparse=True)
    note = f"traced beforehand; {structure.nnz:,} nonzeros only"

    def answer(raw):
        if scenario.what == "sparse_jacobian":
            return [raw.indptr, raw.indices, raw.data]
        return raw.toarray()

    return Prepared({"": run}, convert, answer, note=note)


PEER = Peer("ad_core-sparse", ("ad_core", "numpy", "scipy"), prepare)
