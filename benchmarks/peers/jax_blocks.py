# SPDX-License-Identifier: Apache-2.0
"""JAX: one jitted function of all unknowns, the blocks by ``vmap`` of ``jacfwd``, ``jacrev``, or
by two pullbacks of all observations at once, the fastest."""

import jax
import jax.numpy as jnp

from benchmarks.peers.blocks import answer
from benchmarks.peers.jax_shared import convert, waiting
from benchmarks.peers.peer import Peer, Prepared
from scenarios import with_numpy
from scenarios_sparse import reprojection

FUN = with_numpy(reprojection, jnp)


def mapped(jacobian):
    """Value and Jacobian, observation by observation."""

    def blocks(x, seen):
        return FUN(x, seen), jacobian(FUN)(x, seen)

    return lambda x, seen: jax.vmap(blocks)(x, seen)


def pulled(x, seen):
    """The two rows of all blocks, by one pullback each."""
    value, pullback = jax.vjp(lambda x: FUN(x, seen.T), x.T)
    rows = [pullback(jnp.zeros_like(value).at[k].set(1.0))[0].T for k in range(2)]
    return value.T, jnp.stack(rows, axis=1)


def whole(blocks):
    """The four results as a jitted function."""

    def run(unknowns, columns, seen):
        weight = unknowns[-columns.shape[0] :]
        return *blocks(unknowns[columns], seen), 1.0 - weight * weight, -2.0 * weight

    return waiting(jax.jit(run))


def prepare(scenario, args):
    ways = {"jacfwd": mapped(jax.jacfwd), "jacrev": mapped(jax.jacrev), "vjp": pulled}
    variants = {name: whole(way) for name, way in ways.items()}
    return Prepared(variants, convert, answer, note="compiled beforehand")


PEER = Peer("jax-blocks", ("jax", "jaxlib", "numpy"), prepare)
