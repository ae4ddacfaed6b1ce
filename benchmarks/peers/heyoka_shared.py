# SPDX-License-Identifier: Apache-2.0
"""Common code of the heyoka peers: a scenario's derivative as expressions, compiled by LLVM."""

import heyoka
import numpy as np

from benchmarks.peers.symbolic import namespace, objects
from benchmarks.tree import leaves, tree_map
from scenarios import with_numpy

# Without the disk's cache of compiled functions, so that "first call" includes the compilation.
heyoka.llvm_state.set_diskcache_enabled(False)


def larger(a, b):
    """The larger of two expressions."""
    return heyoka.select(heyoka.gt(a, b), a, b)


NAMESPACE = namespace(heyoka, heyoka.expression, larger)


def variables(args):
    """Object arrays of variables with the shapes of trees of arrays, and all variables in order."""
    every = []

    def named(leaf):
        names = [f"x{len(every) + i}" for i in range(leaf.size)]
        every.extend(heyoka.expression(name) for name in names)
        return objects(every[len(every) - leaf.size :], leaf.shape)

    return tree_map(named, args), every


def expressions(out):
    """A list of expressions from the result of a function of object arrays."""
    flat = np.ravel(out)
    return [e if isinstance(e, heyoka.expression) else heyoka.expression(float(e)) for e in flat]


def product(fun, x, v):
    """J v: the derivative of f(x + e v) by e at e = 0."""
    e = heyoka.expression("e")
    moved = objects([a + e * b for a, b in zip(x, v, strict=True)], x.shape)
    slope = heyoka.diff_tensors(expressions(fun(moved)), [e]).jacobian.reshape(-1)
    return objects(heyoka.subs(list(slope), {e: heyoka.expression(0.0)}), slope.shape)


def derivative(scenario, args):
    """The scenario's derivative as an array of expressions, and the list of its variables.

    A value and its gradient form one vector.
    """
    inputs, every = variables(args)
    fun = with_numpy(scenario.fun, NAMESPACE)
    if scenario.what == "jvp":
        return product(fun, *inputs), every
    out = expressions(fun(*inputs))
    by = [variable for leaf in leaves(inputs[0]) for variable in leaf.reshape(-1)]
    tensors = heyoka.diff_tensors(out, by)
    if scenario.what == "jacobian":
        return tensors.jacobian, every
    return objects([*out, *tensors.gradient], (1 + len(by),)), every


def compiled(exprs, inputs, **options):
    """A cfunc of a list of expressions, compiled without the cache of earlier ones."""
    heyoka.llvm_state.clear_memcache()
    # Without compact mode the compilation of large functions takes minutes.
    large = len(exprs) + len(inputs) > 1000
    return heyoka.cfunc(exprs, inputs, compact_mode=large, **options)
