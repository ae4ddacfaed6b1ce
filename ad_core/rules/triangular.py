# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Rules of SciPy's matrix functions: triangular solutions, LU factors and the exponential."""

import numpy as np
import scipy.linalg as sl

from ad_core import _core
from ad_core.rules.rule import Matrices, call

__all__ = ["expm", "lu", "permutation", "solve_triangular", "transposed"]


def transposed(x):
    return np.swapaxes(x, -1, -2)


def solve_triangular(a, b, lower, trans, unit):
    """op(T)^-1 b for the triangle T of a and a matrix b; op transposes if trans is true."""

    def triangle(x):
        below = -1 if unit else 0
        return np.tril(x, below) if lower else np.triu(x, -below)

    def value(a, b):
        settings = {"lower": lower, "trans": int(trans), "unit_diagonal": unit}
        return (sl.solve_triangular(a, b, **settings, check_finite=False),)

    def jvp(arrays, results, tangents):
        slope = triangle(tangents[0])
        moved = (transposed(slope) if trans else slope) @ results[0]
        return (solve_triangular(arrays[0], tangents[1] - moved, lower, trans, unit),)

    def vjp(arrays, results, cotangents):
        w = solve_triangular(arrays[0], cotangents[0], lower, not trans, unit)
        outer = w @ transposed(results[0])
        return -triangle(transposed(outer) if trans else outer), w

    chosen = {"lower": lower, "transposed": trans, "unit": unit}
    flags = sum(_core.LINEAR_FLAGS[name] for name, on in chosen.items() if on)
    n, k = b.shape[-2:]
    matrices = Matrices("triangular", b.shape[:-2], n, k, flags, [b.shape])
    return call(
        "scipy.linalg.solve_triangular", value, (a, b), jvp, vjp, matrices=matrices,
        stack=b.shape[:-2],
    )[0]  # fmt: skip


def permutation(piv):
    """The order of rows after the row exchanges of LAPACK."""
    order = np.arange(len(piv))
    for k, other in enumerate(piv):
        order[[k, other]] = order[[other, k]]
    return order


def lu(a):
    """L and U, in one matrix, of a square matrix whose rows are in the order of the pivots."""

    def value(a):
        factors, piv = sl.lu_factor(a, check_finite=False)
        if np.array_equal(piv, np.arange(len(a))):
            return (factors,)
        return (_eliminated(a),)  # at another point, where LAPACK would choose other pivots

    def jvp(arrays, results, tangents):
        (factors,), (slope,) = results, tangents
        inner = solve_triangular(factors, slope, True, False, True)
        inner = transposed(solve_triangular(factors, transposed(inner), False, True, False))
        lower = np.tril(factors, -1) + np.eye(len(factors))
        return (lower @ np.tril(inner, -1) + np.triu(inner) @ np.triu(factors),)

    return call("scipy.linalg.lu_factor", value, (a,), jvp)[0]


def _eliminated(a):
    """Gaussian elimination without pivoting."""
    a = np.array(a)
    for k in range(len(a) - 1):
        a[k + 1 :, k] /= a[k, k]
        a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k, k + 1 :])
    return a


def expm(a):
    """The matrix exponential; its derivative is a block of the exponential of a matrix of twice the
    size."""

    def derivative(a, slope):
        n = a.shape[-1]
        upper = np.concatenate([a, slope], axis=-1)
        lower = np.concatenate([np.zeros(a.shape), a], axis=-1)
        return expm(np.concatenate([upper, lower], axis=-2))[..., :n, n:]

    def jvp(arrays, results, tangents):
        return (derivative(arrays[0], tangents[0]),)

    def vjp(arrays, results, cotangents):
        return (derivative(transposed(arrays[0]), cotangents[0]),)

    return call("scipy.linalg.expm", lambda a: (sl.expm(a),), (a,), jvp, vjp)[0]
