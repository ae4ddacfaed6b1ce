# SPDX-License-Identifier: Apache-2.0
"""Common code of CasADi and heyoka: NumPy code, run once on expressions in object arrays."""

import numpy as np

from benchmarks.peers.peer import Namespace
from benchmarks.tree import leaves


def objects(items, shape):
    """An object array of these items, which NumPy must not unpack, since some have a length."""
    array = np.empty(len(items), dtype=object)
    for i, item in enumerate(items):
        array[i] = item
    return array.reshape(shape)


def elementwise(fun):
    """A function of one expression, extended to object arrays."""
    vectorised = np.frompyfunc(fun, 1, 1)
    return lambda x: vectorised(x) if isinstance(x, np.ndarray) else fun(x)


def array(nested):
    """``np.array`` of nested lists of expressions and numbers."""
    shape, first = [], nested
    while isinstance(first, list | tuple):
        shape.append(len(first))
        first = first[0]
    return objects(leaves(nested), shape)


def maximum_by(larger):
    """``np.max`` of object arrays, given the larger of two expressions."""
    reduce = np.frompyfunc(larger, 2, 1).reduce

    def maximum(x, axis=None, keepdims=False):
        top = reduce(x, axis=axis, keepdims=keepdims)
        # A single expression might convert an array that it is combined with to its matrix type.
        return top if isinstance(top, np.ndarray) else objects([top], ())

    return maximum


def namespace(library, constant, larger):
    """NumPy for object arrays: ``constant`` makes an expression of a number."""

    def zeros(shape):
        count = int(np.prod(shape))
        return objects([constant(0.0) for _ in range(count)], shape)

    functions = ("sin", "cos", "exp", "log", "tanh")
    return Namespace(
        np,
        zeros=zeros,
        array=array,
        max=maximum_by(larger),
        **{name: elementwise(getattr(library, name)) for name in functions},
    )
