# SPDX-License-Identifier: Apache-2.0
"""Common code of the JAX peers: double precision, device arrays as inputs, finished results.

Scalar code reads ``q[i]`` from the array and joins its outputs by ``jnp.stack``. Other forms
(unpacking first, ``jnp.array``) were not faster beyond the noise.
"""

import jax
import jax.numpy as jnp

from benchmarks.peers.peer import with_buffers

jax.config.update("jax_enable_x64", True)


def derivatives(scenario):
    """The scenario's derivative functions by name, in both modes if either may be faster."""
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
    """``fun`` with a wait for its result, which otherwise is only queued."""
    return lambda *args: jax.block_until_ready(fun(*args))


def convert(args):
    """Device arrays, where the data of JAX's users are, so that moving them is not timed."""
    return jax.tree.map(jnp.asarray, args)
