# SPDX-License-Identifier: Apache-2.0
"""ad_core: as ad_core-tape, but the Jacobian as a sparse matrix whose data are the caller's."""

from functools import partial

import numpy as np

from benchmarks.peers.own_tape import traced
from benchmarks.peers.peer import Peer, Prepared


def prepare(scenario, args):
    tape, convert = traced(scenario, args)
    structure = tape.jacobian_sparsity()
    run = partial(tape.jacobian, out=np.empty(structure.nnz), sparse=True)
    note = f"traced beforehand; {structure.nnz:,} nonzeros only"
    return Prepared({"": run}, convert, lambda raw: raw.toarray(), note=note)


PEER = Peer("ad_core-sparse", ("ad_core", "numpy", "scipy"), prepare)
