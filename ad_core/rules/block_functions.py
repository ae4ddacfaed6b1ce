# SPDX-License-Identifier: Apache-2.0
"""Functions of general square matrices, whose derivatives are blocks of the same function of a
matrix of twice the size: f([[a, e], [0, a]]) has f(a) twice on its diagonal and the derivative of f
in the direction e above it. Mathias (1996); Higham, Functions of Matrices (2008), ch. 3."""

import numpy as np

from ad_core.rules.rule import call
from ad_core.rules.triangular import transposed

__all__ = ["block_function"]


def block_function(name, f, a, imaginary=False):
    """f of the matrices a (..., n, n); f takes and returns plain arrays, and f(a^T) = f(a)^T.

    Returns a tuple of the real part and, with imaginary, the imaginary part.
    """

    def value(a):
        found = f(a)
        return (np.real(found), np.imag(found)) if imaginary else (np.real(found),)

    def along(a, e):
        n = a.shape[-1]
        upper = np.concatenate([a, e], axis=-1)
        lower = np.concatenate([np.zeros(a.shape), a], axis=-1)
        blocks = block_function(name, f, np.concatenate([upper, lower], axis=-2), imaginary)
        return tuple(part[..., :n, n:] for part in blocks)

    def jvp(arrays, results, tangents):
        return along(arrays[0], tangents[0])

    def vjp(arrays, results, cotangents):
        a = transposed(arrays[0])
        return (sum(along(a, w)[k] for k, w in enumerate(cotangents)),)

    return call(name, value, (a,), jvp, vjp)
