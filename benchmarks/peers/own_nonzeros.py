# SPDX-License-Identifier: Apache-2.0
"""ad_core: as ad_core-batch, but of the entries of the Jacobian that are not structurally zero."""

from functools import partial

import numpy as np

import ad_core
from benchmarks.peers.peer import Peer, Prepared, point


def prepare(scenario, args):
    tape = ad_core.trace(scenario.fun, *point(args))
    structure = tape.jacobian_sparsity().tocoo()
    out = np.empty((scenario.N, structure.nnz))

    def answer(raw):
        dense = np.zeros((len(scenario.checked), scenario.K, scenario.D))
        dense[:, structure.row, structure.col] = raw[scenario.checked]
        return dense

    run = partial(tape.jacobian, out=out, sparse=True)
    return Prepared({"": run}, answer=answer, note=f"{structure.nnz} nonzeros a point only")


PEER = Peer("ad_core-nonzeros", ("ad_core", "numpy", "scipy"), prepare)
