# SPDX-License-Identifier: Apache-2.0
"""CasADi: ``Function.map(N)`` of the Jacobian's Function, serial and over threads, the faster.

It is called through its buffer interface on the caller's (N, D) array, and writes the Jacobian's
nonzeros, point after point, as its users take them: CasADi's Jacobians are sparse. OpenMP is not
tried, since the published wheels come without it and would run it serially.
"""

import numpy as np

from benchmarks.machine import usable_cores
from benchmarks.peers.casadi_shared import derivative
from benchmarks.peers.peer import Peer, Prepared, point


def mapped(function, out, *how):
    """A plain function of (N, D) points that fills ``out`` (N, nonzeros) through the map."""
    whole = function.map(len(out), *how)
    buffer, trigger = whole.buffer()
    buffer.set_res(0, memoryview(out))

    def run(x):
        buffer.set_arg(0, memoryview(x))
        trigger()
        return out

    run.kept = buffer, whole  # the trigger holds only a pointer to them
    return run


def prepare(scenario, args):
    function = derivative(scenario, point(args))
    out = np.zeros((scenario.N, function.nnz_out(0)))
    rows, columns = function.sparsity_out(0).get_triplet()
    variants = {"serial": mapped(function, out)}
    if usable_cores() > 1:
        variants["thread"] = mapped(function, out, "thread", usable_cores())

    def answer(raw):
        dense = np.zeros((len(scenario.checked), scenario.K, scenario.D))
        dense[:, rows, columns] = raw[scenario.checked]
        return dense

    return Prepared(variants, answer=answer, note=f"{len(rows)} nonzeros a point only")


PEER = Peer("casadi-map", ("casadi", "numpy"), prepare)
