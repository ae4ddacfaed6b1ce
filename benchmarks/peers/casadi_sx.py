# SPDX-License-Identifier: Apache-2.0
"""CasADi: the source run once on SX scalars in NumPy object arrays, then its Function called.

The graph is built, differentiated and turned into a Function beforehand (the "first call" column
has that time). The Function is called through its buffer interface, which writes into arrays
of the caller's: several times faster for small Functions than calling it with NumPy arrays.
"""

import casadi
import numpy as np

from benchmarks.peers.peer import Namespace, Peer, Prepared
from benchmarks.tree import join, split
from scenarios import with_numpy


def zeros(shape):
    """An array that can hold symbols."""
    array = np.empty(shape, dtype=object)
    for index in np.ndindex(array.shape):
        array[index] = casadi.SX(0.0)
    return array


def elementwise(fun):
    """A CasADi function of scalars as one of object arrays and of scalars."""
    vectorised = np.frompyfunc(fun, 1, 1)
    return lambda x: vectorised(x) if isinstance(x, np.ndarray) else fun(x)


def maximum(x, axis=None):
    """Maximum by ``fmax``: comparing symbols gives no truth value."""
    top = np.frompyfunc(casadi.fmax, 2, 1).reduce(x, axis=axis)
    if axis is not None:
        return top
    # An object array minus a bare SX would become one SX matrix; minus a 0-d array it stays one.
    array = np.empty((), dtype=object)
    array[()] = top
    return array


NAMESPACE = Namespace(
    np,
    zeros=zeros,
    max=maximum,
    **{name: elementwise(getattr(casadi, name)) for name in ("sin", "cos", "exp", "log", "tanh")},
)


def symbols(tree):
    """Object arrays of SX symbols, shaped as a tree of arrays is; and the symbols' vector."""
    if isinstance(tree, list | tuple):
        pairs = [symbols(item) for item in tree]
        return type(tree)(pair[0] for pair in pairs), casadi.vertcat(*[pair[1] for pair in pairs])
    vector = casadi.SX.sym("x", tree.size)
    array = np.empty(tree.size, dtype=object)
    array[:] = casadi.vertsplit(vector)
    return array.reshape(tree.shape), vector


def column(out):
    """A vector of SX scalars in an object array, or one SX scalar, as an SX vector."""
    return casadi.vertcat(*out) if isinstance(out, np.ndarray) else out


class Call:
    """A Function called through its buffer, with arrays of its own for inputs and outputs."""

    def __init__(self, function):
        self.function = function
        self.inputs = [np.zeros(function.nnz_in(i)) for i in range(function.n_in())]
        self.outputs = [np.zeros(function.nnz_out(i)) for i in range(function.n_out())]
        # Kept although only the trigger is used: the trigger has a bare pointer to the buffer.
        self.buffer, self.trigger = function.buffer()
        for i, array in enumerate(self.inputs):
            self.buffer.set_arg(i, memoryview(array))
        for i, array in enumerate(self.outputs):
            self.buffer.set_res(i, memoryview(array))

    def __call__(self, *flat):
        for target, source in zip(self.inputs, flat, strict=True):
            target[:] = source
        self.trigger()
        return self.outputs

    def dense(self, i):
        """Output ``i`` of the last call with its structural zeros."""
        pattern = self.function.sparsity_out(i)
        array = np.zeros(pattern.shape)
        array[pattern.get_triplet()] = self.outputs[i]
        return array


def convert(args):
    """Each argument's leaves as one vector."""
    return tuple(join(arg) for arg in args)


def prepare(scenario, args):
    trees, vectors = zip(*[symbols(arg) for arg in args], strict=True)
    out = column(with_numpy(scenario.fun, NAMESPACE)(*trees))
    if scenario.what == "jacobian":
        results = [casadi.jacobian(out, vectors[0])]
    else:
        results = [out, casadi.gradient(out, vectors[0])]
    name = scenario.name.replace("-", "_")
    call = Call(casadi.Function(name, list(vectors), results))

    def answer(raw):
        if scenario.what == "jacobian":
            return call.dense(0)
        return call.dense(0).reshape(()), split(call.dense(1).reshape(-1), args[0])

    return Prepared({"": call}, convert, answer, note="graph built beforehand; nonzeros only")


PEER = Peer("casadi", ("casadi",), prepare)
