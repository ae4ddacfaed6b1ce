# SPDX-License-Identifier: Apache-2.0
"""JAX under jit: compiled by the first call, which the "first call" column shows."""

import jax

from benchmarks.peers.jax_shared import convert, derivatives, waiting
from benchmarks.peers.peer import Peer, Prepared


def prepare(scenario, args):
    variants = {name: waiting(jax.jit(fun)) for name, fun in derivatives(scenario).items()}
    return Prepared(variants, convert, note="compiled beforehand")


PEER = Peer("jax-jit", ("jax", "jaxlib"), prepare)
