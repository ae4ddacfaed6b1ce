# SPDX-License-Identifier: Apache-2.0
"""ad_core: the residuals of all observations traced as one function, its Jacobian sparse."""

from functools import partial

import numpy as np

import ad_core
from benchmarks.peers.peer import Peer, Prepared


def prepare(scenario, args):
    unknowns, columns, seen = args
    count, width = columns.shape
    tape = ad_core.trace(partial(scenario.fun, columns=columns, seen=seen), unknowns)
    data = np.empty(tape.jacobian_sparsity().nnz)

    def run(unknowns, columns, seen):
        return tape(unknowns), tape.jacobian(unknowns, sparse=True, out=data)

    def answer(raw):
        value, matrix = raw
        entries = matrix.tocoo()
        blocks, slopes = np.zeros((count, 2, width)), np.zeros(count)
        weights = entries.row >= 2 * count
        slopes[entries.row[weights] - 2 * count] = entries.data[weights]
        row, column, found = (e[~weights] for e in (entries.row, entries.col, entries.data))
        place = (columns[row // 2] == column[:, None]).argmax(axis=1)
        blocks[row // 2, row % 2, place] = found
        return [value[: 2 * count].reshape(count, 2), blocks, value[2 * count :], slopes]

    return Prepared({"": run}, answer=answer, note=f"traced beforehand; {data.size:,} nonzeros")


PEER = Peer("ad_core-entries", ("ad_core", "numpy", "scipy"), prepare)
