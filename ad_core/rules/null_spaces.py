# SPDX-License-Identifier: Apache-2.0
"""The unit vector that a matrix maps to zero."""

import numpy as np

from ad_core.rules.linalg import pinv
from ad_core.rules.rule import call

__all__ = ["null_vector"]


def null_vector(solved, a):
    """A vector v (n, 1) with a v = 0 for a matrix of rank n - 1; solved: a function that returns it
    for a plain matrix. Its tangent is -a^+ a' v, at constant rank."""

    def jvp(arrays, results, tangents):
        (a,), (v,) = arrays, results
        return (-_inverse(a, v) @ (tangents[0] @ v),)

    return call("scipy.linalg.null_space", lambda a: (solved(a),), (a,), jvp)[0]


def _inverse(a, v):
    """The pseudo-inverse of a. The matrix with the row v^T below it has full rank, and its
    pseudo-inverse that of a and v."""
    below = np.swapaxes(v, 0, 1)
    rcond = max(a.shape) * np.finfo(float).eps
    return pinv(np.concatenate([a, below]), rcond)[:, :-1]
