# SPDX-License-Identifier: Apache-2.0
"""ad_core: the function traced once, then the Jacobians at all points in one call, on all cores.

They are written into an array of the caller's, (N, K, D), dense.
"""

from functools import partial

import numpy as np

import ad_core
from benchmarks.peers.peer import Peer, Prepared, point


def prepare_with(workers):
    """``prepare`` for a number of workers."""

    def prepare(scenario, args):
        tape = ad_core.trace(scenario.fun, *point(args))
        out = np.empty((scenario.N, scenario.K, scenario.D))

        def answer(raw):
            return raw[scenario.checked]

        run = partial(tape.jacobian, out=out, workers=workers)
        return Prepared(
            {"": run}, answer=answer, note=f"traced beforehand; instructions: {tape.isa}"
        )

    return prepare


PEER = Peer("ad_core-batch", ("ad_core", "numpy"), prepare_with(None))
