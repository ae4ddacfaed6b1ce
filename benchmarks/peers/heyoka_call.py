# SPDX-License-Identifier: Apache-2.0
"""heyoka: the source run once on its expressions, differentiated, compiled by LLVM into a cfunc.

The cfunc is called on one point with ``outputs=``. A Jacobian is dense, as ``diff_tensors`` has it.
"""

import numpy as np

from benchmarks.peers.heyoka_shared import compiled, derivative
from benchmarks.peers.peer import Peer, Prepared
from benchmarks.tree import join, split


def convert(args):
    """All arguments as one vector."""
    return (join(args),)


def prepare(scenario, args):
    exprs, inputs = derivative(scenario, args)
    cfunc = compiled(list(exprs.reshape(-1)), inputs)
    out = np.zeros(exprs.size)

    def run(x):
        cfunc(x, outputs=out)
        return out

    def answer(raw):
        if scenario.what == "value_and_grad":
            return raw[0], split(raw[1:], args[0])
        return raw.reshape(exprs.shape)

    return Prepared({"": run}, convert, answer, "compiled beforehand")


PEER = Peer("heyoka", ("heyoka", "numpy"), prepare)
