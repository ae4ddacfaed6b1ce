# SPDX-License-Identifier: Apache-2.0
"""Common code of the CasADi peers: a scenario's derivative as a Function of SX scalars."""

import casadi
import numpy as np

from benchmarks.peers.peer import function_args
from benchmarks.peers.symbolic import namespace, objects
from benchmarks.tree import join
from scenarios import with_numpy

# Comparing SX scalars gives no truth value, so the larger of two is fmax.
NAMESPACE = namespace(casadi, casadi.SX, casadi.fmax)


def symbols(tree):
    """Object arrays of SX symbols with the shapes of a tree of arrays, and the symbols' vector."""
    if isinstance(tree, list | tuple):
        pairs = [symbols(item) for item in tree]
        return type(tree)(pair[0] for pair in pairs), casadi.vertcat(*[pair[1] for pair in pairs])
    vector = casadi.SX.sym("x", tree.size)
    return objects(casadi.vertsplit(vector), tree.shape), vector


def column(out):
    """A vector of SX scalars in an object array, or one SX scalar, as an SX vector."""
    return casadi.vertcat(*out) if isinstance(out, np.ndarray) else out


def derivative(scenario, args):
    """The Function that computes the scenario's derivative from vectors of its inputs."""
    trees, vectors = zip(*[symbols(arg) for arg in args], strict=True)
    out = column(with_numpy(scenario.fun, NAMESPACE)(*function_args(scenario, trees)))
    if scenario.what in ("jacobian", "sparse_jacobian"):
        results = [casadi.jacobian(out, vectors[0])]
    elif scenario.what == "jvp":
        results = [casadi.jtimes(out, vectors[0], vectors[1])]
    else:
        results = [out, casadi.gradient(out, vectors[0])]
    return casadi.Function(scenario.name.replace("-", "_"), list(vectors), results)


def convert(args):
    """Each argument's leaves as one vector."""
    return tuple(join(arg) for arg in args)
