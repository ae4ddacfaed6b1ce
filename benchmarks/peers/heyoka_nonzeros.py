# SPDX-License-Identifier: Apache-2.0
"""heyoka: as heyoka-batch, but of those entries of the Jacobian that are not literally zero."""

import heyoka
import numpy as np

from benchmarks.batched import gathered
from benchmarks.peers.heyoka_batch import callers, convert
from benchmarks.peers.heyoka_shared import derivative
from benchmarks.peers.peer import Peer, Prepared, point


def prepare(scenario, args):
    exprs, inputs = derivative(scenario, point(args))
    zero = heyoka.expression(0.0)
    rows, columns = np.nonzero([[entry != zero for entry in row] for row in exprs])

    def answer(raw):
        dense = np.zeros((len(scenario.checked), scenario.K, scenario.D))
        dense[:, rows, columns] = gathered(raw, scenario.checked)
        return dense

    variants = callers(list(exprs[rows, columns]), inputs, scenario.N)
    return Prepared(variants, convert, answer, note=f"{len(rows)} nonzeros a point only")


PEER = Peer("heyoka-nonzeros", ("heyoka", "numpy"), prepare)
