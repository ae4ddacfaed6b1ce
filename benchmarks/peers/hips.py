# SPDX-License-Identifier: Apache-2.0
"""autograd (HIPS): the same source on ``autograd.numpy``."""

import autograd
import autograd.numpy as anp

from benchmarks.peers.peer import Peer, Prepared, with_buffers


def prepare(scenario, args):
    fun = with_buffers(scenario.fun, anp, anp.array)
    transform = getattr(autograd, scenario.what)
    return Prepared({"": lambda *args: transform(fun)(*args)})


PEER = Peer("autograd", ("autograd", "numpy"), prepare)
