# SPDX-License-Identifier: Apache-2.0
"""ad_core: one observation traced, its value and Jacobian at all observations in one call.

The blocks lie in the data array of the whole Jacobian in CSR, the weights' entries behind them.
"""

import numpy as np

import ad_core
from benchmarks.peers.blocks import answer
from benchmarks.peers.peer import Peer, Prepared
from scenarios_sparse import reprojection


def prepare(scenario, args):
    unknowns, columns, seen = args
    count, width = columns.shape
    tape = ad_core.trace(reprojection, unknowns[columns[0]], seen[0])
    errors = np.empty((count, 2))
    data = np.empty(2 * width * count + count)
    blocks, slopes = data[:-count].reshape(count, 2, width), data[-count:]
    rest = np.empty(count)

    def run(unknowns, columns, seen):
        tape.value_and_jacobian(ad_core.gather(unknowns, columns), seen, out=(errors, blocks))
        weight = unknowns[-count:]
        np.multiply(weight, -2.0, out=slopes)
        np.subtract(1.0, np.multiply(weight, weight, out=rest), out=rest)
        return errors, blocks, rest, slopes

    return Prepared({"": run}, answer=answer, note="traced beforehand")


PEER = Peer("ad_core-blocks", ("ad_core", "numpy"), prepare)
