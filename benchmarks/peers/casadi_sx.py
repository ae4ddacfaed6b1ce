# SPDX-License-Identifier: Apache-2.0
"""CasADi: the source run once on SX scalars in NumPy object arrays, then its Function called.

The graph is built, differentiated and turned into a Function beforehand (the "first call" column
has that time). The Function is called through its buffer interface, which writes into arrays
of the caller's: several times faster for small Functions than calling it with NumPy arrays.
"""

import numpy as np

from benchmarks.peers.casadi_shared import convert, derivative
from benchmarks.peers.peer import Peer, Prepared
from benchmarks.tree import split


class Call:
    """A Function called through its buffer, with arrays of its own for inputs and outputs."""

    def __init__(self, function):
        self.function = function
        self.inputs = [np.zeros(function.nnz_in(i)) for i in range(function.n_in())]
        self.outputs = [np.zeros(function.nnz_out(i)) for i in range(function.n_out())]
        # Kept although only the trigger is used, since the trigger holds only a pointer to it.
        self.buffer, self.trigger = function.buffer()
        for i, array in enumerate(self.inputs):
            self.buffer.set_arg(i, memoryview(array))
        for i, array in enumerate(self.outputs):
            self.buffer.set_res(i, memoryview(array))

    def caller(self):
        """The fastest plain function of the inputs that runs the Function."""
        inputs, outputs, trigger = self.inputs, self.outputs, self.trigger
        only = inputs[0]

        def call_one(x):
            only[:] = x
            trigger()
            return outputs

        def call(*flat):
            for target, source in zip(inputs, flat, strict=True):
                target[:] = source
            trigger()
            return outputs

        chosen = call_one if len(inputs) == 1 else call
        chosen.kept = self  # holds the buffer, which the trigger needs
        return chosen

    def dense(self, i):
        """Output ``i`` of the last call with its structural zeros."""
        pattern = self.function.sparsity_out(i)
        array = np.zeros(pattern.shape)
        array[pattern.get_triplet()] = self.outputs[i]
        return array

    def compressed(self, i):
        """Output ``i`` of the last call row by row: index arrays and nonzeros."""
        pattern = self.function.sparsity_out(i)
        rows, columns = map(np.array, pattern.get_triplet())
        order = np.lexsort((columns, rows))
        indptr = np.concatenate(([0], np.cumsum(np.bincount(rows, minlength=pattern.size1()))))
        return [indptr, columns[order], self.outputs[i][order]]


def prepare(scenario, args):
    call = Call(derivative(scenario, args))

    def answer(raw):
        if scenario.what == "jacobian":
            return call.dense(0)
        if scenario.what == "sparse_jacobian":
            return call.compressed(0)
        if scenario.what == "jvp":
            return call.dense(0).reshape(-1)
        return call.dense(0).reshape(()), split(call.dense(1).reshape(-1), args[0])

    note = "graph built beforehand; nonzeros only"
    return Prepared({"": call.caller()}, convert, answer, note)


PEER = Peer("casadi", ("casadi",), prepare)
