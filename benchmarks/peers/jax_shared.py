# SPDX-License-Identifier: Apache-2.0
"""What the two JAX peers share: double precision, device arrays as inputs, finished results.

Scalar code reads ``q[i]`` from the array and joins its outputs by ``jnp.stack``: of the spellings
tried (unpacking first, ``jnp.array``) none was faster beyond the noise.
"""

import jax
import jax.numpy as jnp

from benchmarks.peers.peer import with_buffers

jax.config.update("jax_enable_x64", True)


def derivatives(scenario):
    """The scenario's derivative functions by name: both modes where either may be the faster."""
    fun = with_buffers(scenario.fun, jnp, jnp.stack)
    if scenario.what == "value_and_grad":
        return {"": lambda *args: jax.value_and_grad(fun)(*args)}
    if scenario.what == "jvp":
        return {"": lambda y, v: jax.jvp(fun, (y,), (v,))[1]}
    return {
        "jacfwd": lambda *args: jax.jacfwd(fun)(*args),
        "jacrev": lambda *args: jax.jacrev(fun)(*args),
    }


def waiting(fun):
    """``fun`` that returns when its result is computed, not when it is queued."""
    return lambda *args: jax.block_until_ready(fun(*args))


def convert(args):
    """Device arrays: a JAX user's data live there, so moving them is not timed."""
    return jax.tree.map(jnp.asarray, args)
