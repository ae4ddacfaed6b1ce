# SPDX-License-Identifier: Apache-2.0
"""JAX: ``jax.jit(jax.vmap(jax.jacfwd(fun)))`` and the same with jacrev, the faster."""

import jax
import numpy as np

from benchmarks.peers.jax_shared import convert, derivatives, waiting
from benchmarks.peers.peer import Peer, Prepared


def prepare(scenario, args):
    variants = {
        name: waiting(jax.jit(jax.vmap(fun))) for name, fun in derivatives(scenario).items()
    }

    def answer(raw):
        return np.asarray(raw)[scenario.checked]

    return Prepared(variants, convert, answer, note="compiled beforehand")


PEER = Peer("jax-vmap", ("jax", "jaxlib", "numpy"), prepare)
