# SPDX-License-Identifier: Apache-2.0
"""JAX without jit: one shot, as ad_core and autograd are."""

from benchmarks.peers.jax_shared import convert, derivatives, waiting
from benchmarks.peers.peer import Peer, Prepared


def prepare(scenario, args):
    variants = {name: waiting(fun) for name, fun in derivatives(scenario).items()}
    return Prepared(variants, convert)


PEER = Peer("jax", ("jax", "jaxlib"), prepare)
