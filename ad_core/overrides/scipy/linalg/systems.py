# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scipy.linalg: solutions of linear systems, inverses and determinants, least squares."""

import numpy as np
import scipy.linalg as sl

from ad_core.overrides.numpy.complex.array import TracedComplex
from ad_core.overrides.numpy.linalg import symmetric
from ad_core.overrides.scipy.decisions import decision
from ad_core.overrides.scipy.linalg.entering import (
    array,
    linalg,
    over_stacks,
    plain_options,
    refuse,
    square,
)
from ad_core.recording.arrays import as_array
from ad_core.rules import linalg as dense
from ad_core.rules import triangular as rules

__all__ = ["det", "inv", "lstsq", "pinv", "pinvh", "solve", "solve_triangular"]

SYMMETRIC = {"sym", "symmetric", "pos", "positive definite"}
HERMITIAN = {"her", "hermitian"}
KNOWN = {
    None, "gen", "general", "banded", "diagonal", "tridiagonal", "lower triangular",
    "upper triangular", *SYMMETRIC, *HERMITIAN,
}  # fmt: skip


def _as_assumed(a, assume_a, lower):
    """The matrix of which SciPy reads the elements that belong to a structure."""
    if assume_a not in KNOWN:
        raise ValueError(f"{assume_a} is not a recognized matrix structure")
    if assume_a == "diagonal":
        return a * np.eye(a.shape[-1])
    if assume_a == "tridiagonal":
        return a * np.tri(a.shape[-1], k=1) * np.tri(a.shape[-1], k=1).T
    if assume_a in ("lower triangular", "upper triangular"):
        return a * (np.tri(a.shape[-1]) if assume_a[0] == "l" else np.tri(a.shape[-1]).T)
    if assume_a in SYMMETRIC or assume_a in HERMITIAN:
        if type(a) is not TracedComplex:
            return symmetric(a, upper=not lower)
        ahead = np.tri(a.shape[-1], k=-1)
        ahead = ahead if lower else ahead.T
        side, turned = a * ahead, np.swapaxes(a * ahead, -1, -2)
        if assume_a in HERMITIAN or assume_a.startswith("pos"):
            return side + np.conj(turned) + a.real * np.eye(a.shape[-1])
        return side + turned + a * np.eye(a.shape[-1])
    return a


@linalg
def det(a, overwrite_a=False, check_finite=True):
    """The determinant of a square matrix.

    >>> import numpy as np, ad_core
    >>> ad_core.grad(det)(np.array([[2.0, 0.0], [0.0, 3.0]]))
    array([[3., 0.],
           [0., 2.]])
    """
    return np.linalg.det(a)


@linalg
def inv(a, overwrite_a=False, check_finite=True, *, assume_a=None, lower=False):
    """The inverse of a square matrix.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(inv)(np.array([[2.0]]))
    array([[[[-0.25]]]])
    """
    return np.linalg.inv(_as_assumed(square(a), assume_a, lower))


@linalg
def solve(
    a, b, lower=False, overwrite_a=False, overwrite_b=False, check_finite=True, assume_a=None,
    transposed=False,
):  # fmt: skip
    """The solution x of a x = b for a square matrix a and a vector or matrix b.

    If assume_a says that a has a structure, the elements of this structure are read, as in SciPy.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(solve, 1)(np.array([[2.0, 0.0], [0.0, 4.0]]), np.ones(2))
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    a, b = square(np.atleast_2d(array(a))), np.atleast_1d(array(b))
    if assume_a in ("lower triangular", "upper triangular"):
        return solve_triangular(a, b, int(transposed), lower=assume_a[0] == "l")
    a = _as_assumed(a, assume_a, lower)
    if a.size == 1 and a.ndim == 2:
        if not np.all(a != 0.0):
            raise np.linalg.LinAlgError("A singular matrix detected.")
        return b / (a if b.ndim > 1 else a.reshape(-1))
    return np.linalg.solve(np.swapaxes(a, -1, -2) if transposed else a, b)


@linalg
def solve_triangular(
    a, b, trans=0, lower=False, unit_diagonal=False, overwrite_b=False, check_finite=True
):
    """The solution x of T x = b for the upper (lower=True: lower) triangle T of a.

    With trans=1 or "T", T is transposed.

    >>> import numpy as np, ad_core
    >>> T = np.array([[2.0, 0.0], [1.0, 4.0]])
    >>> ad_core.jacobian(lambda b: solve_triangular(T, b, lower=True))(np.ones(2))
    array([[ 0.5  ,  0.   ],
           [-0.125,  0.25 ]])
    """
    a, b = square(a), array(b)
    vector = np.ndim(b) == 1
    sides = b[:, None] if vector else b
    if np.ndim(b) == 0 or np.shape(sides)[-2] != np.shape(a)[-1]:
        raise ValueError(f"the shapes {np.shape(a)} of a and {np.shape(b)} of b are incompatible")
    stack = np.broadcast_shapes(np.shape(a)[:-2], np.shape(sides)[:-2])
    a, sides = (np.broadcast_to(x, stack + np.shape(x)[-2:]) for x in (a, sides))
    turned, conjugate = trans not in (0, "N"), trans in (2, "C")
    if type(a) is TracedComplex or type(b) is TracedComplex:
        x = _complex_triangular(a, sides, lower, turned, unit_diagonal, conjugate)
    else:
        x = rules.solve_triangular(a, sides, bool(lower), turned, bool(unit_diagonal))
    return x[..., 0] if vector else x


def _complex_triangular(a, b, lower, turned, unit, conjugate):
    n = np.shape(a)[-1]
    kept = np.tri(n, k=-1 if unit else 0)
    a = a * (kept if lower else kept.T) + (np.eye(n) if unit else 0.0)
    a = np.conj(a) if conjugate else a
    return np.linalg.solve(np.swapaxes(a, -1, -2) if turned else a, b)


@linalg
@over_stacks(2, 12)
def lstsq(a, b, cond=None, overwrite_a=False, overwrite_b=False, check_finite=True,
          lapack_driver=None):  # fmt: skip
    """The least-squares solution of smallest norm, the squared residuals, the rank of a and its
    singular values.

    >>> import numpy as np, ad_core
    >>> A = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> ad_core.jacobian(lambda b: lstsq(A, b)[0][0])(np.ones(3)).round(4)
    array([ 0.8333,  0.3333, -0.1667])
    """
    cond = plain_options("scipy.linalg.lstsq", cond)
    if lapack_driver not in (None, "gelsd", "gelss", "gelsy"):
        raise ValueError(f'LAPACK driver "{lapack_driver}" is not found')
    a, b = as_array(a), as_array(b)
    m, n = a.shape
    if not (m and n):
        x = np.zeros((n, *b.shape[1:]))
        residuals = np.zeros(0) if n else np.square(np.linalg.norm(b, axis=0))
        return x, residuals, 0, np.zeros(0)
    x, _, rank, s = np.linalg.lstsq(a, b, np.finfo(float).eps if cond is None else cond)
    if lapack_driver == "gelsy":
        return x, np.zeros(0), rank, None
    left = rank == n < m
    return x, np.sum(np.square(b - a @ x), axis=0) if left else np.zeros(0), rank, s


@linalg
@over_stacks(2)
def pinv(a, *, atol=None, rtol=None, return_rank=False, check_finite=True):
    """The pseudo-inverse of a matrix.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(pinv)(np.array([[2.0]]))
    array([[[[-0.25]]]])
    """
    return _pseudo_inverse("scipy.linalg.pinv", as_array(a), atol, rtol, return_rank)


@linalg
@over_stacks(2)
def pinvh(a, atol=None, rtol=None, lower=True, return_rank=False, check_finite=True):
    """The pseudo-inverse of a symmetric matrix, of which one triangle is read.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(pinvh)(np.array([[2.0]]))
    array([[[[-0.25]]]])
    """
    a = symmetric(square(a), upper=not lower)
    return _pseudo_inverse("scipy.linalg.pinvh", a, atol, rtol, return_rank)


def _pseudo_inverse(name, a, atol, rtol, return_rank):
    atol, rtol = plain_options(name, atol, rtol)
    if atol:
        refuse(f"{name} with atol", "use rtol")
    if rtol is None:
        rtol = max(a.shape) * np.finfo(float).eps
    if rtol < 0.0:
        raise ValueError("atol and rtol values must be positive.")
    found = dense.pinv(a, rtol) if a.size else np.zeros(a.shape[::-1])
    if not return_rank:
        return found

    def rank(a):
        s = sl.svdvals(a)
        return int(np.sum(s > rtol * np.max(s, initial=0.0)))

    return found, decision(name, rank, a)
