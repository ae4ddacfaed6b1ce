# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scipy.linalg: factors of matrices, and solutions from them."""

import numpy as np
import scipy.linalg as sl

from ad_core import _core
from ad_core.overrides.scipy.decisions import decision
from ad_core.overrides.scipy.linalg.entering import (
    array,
    linalg,
    matrix,
    over_stacks,
    refuse,
    square,
)
from ad_core.overrides.scipy.linalg.systems import solve_triangular
from ad_core.recording.arrays import as_array
from ad_core.rules import factorizations
from ad_core.rules import triangular as rules
from ad_core.rules.linalg import transposed
from ad_core.rules.polar import orthogonal

__all__ = [
    "cho_factor", "cho_solve", "cholesky", "lu", "lu_factor", "lu_solve", "orthogonal_procrustes",
    "polar", "qr", "rq",
]  # fmt: skip


@linalg
def cholesky(a, lower=False, overwrite_a=False, check_finite=True):
    """The Cholesky factor, upper unless lower is True. One triangle of a is read.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(cholesky)(np.array([[4.0]]))
    array([[[[0.25]]]])
    """
    return np.linalg.cholesky(square(np.atleast_2d(array(a))), upper=not lower)


# found without the trace that may run while this module is imported
KEEPS_THE_OTHER_TRIANGLE = _core.untraced(
    lambda: sl.cho_factor(np.array([[2.0, 1.0], [1.0, 2.0]]))[0][1, 0] == 1.0
)


@linalg
def cho_factor(a, lower=False, overwrite_a=False, check_finite=True):
    """The arguments of cho_solve: the Cholesky factor, and whether it is the lower one.

    As in SciPy, the other triangle holds what a has there (zeros from SciPy 1.18 on).

    >>> import numpy as np, ad_core
    >>> A = np.array([[4.0, 0.0], [0.0, 1.0]])
    >>> ad_core.grad(lambda A: np.sum(cho_solve(cho_factor(A), np.ones(2))))(A)
    array([[-0.0625, -0.5   ],
           [ 0.    , -1.    ]])
    """
    a = square(a)
    factor = cholesky(a, lower)
    if KEEPS_THE_OTHER_TRIANGLE:
        factor = factor + (np.triu(a, 1) if lower else np.tril(a, -1))
    return factor, lower


@linalg
def cho_solve(c_and_lower, b, overwrite_b=False, check_finite=True):
    """The solution x of A x = b from the Cholesky factor of A.

    >>> import numpy as np, ad_core
    >>> factor = cho_factor(np.array([[4.0, 0.0], [0.0, 1.0]]))
    >>> ad_core.jacobian(lambda b: cho_solve(factor, b))(np.ones(2))
    array([[0.25, 0.  ],
           [0.  , 1.  ]])
    """
    c, lower = c_and_lower
    y = solve_triangular(c, b, 0 if lower else 1, lower=lower)
    return solve_triangular(c, y, 1 if lower else 0, lower=lower)


@linalg
@over_stacks(2)
def lu_factor(a, overwrite_a=False, check_finite=True):
    """The arguments of lu_solve: L and U in one matrix, and the plain numbers of exchanged rows.

    A recording uses the order of rows of the point at which it was made.

    >>> import numpy as np, ad_core
    >>> A = np.array([[0.0, 1.0], [2.0, 0.0]])
    >>> ad_core.grad(lambda A: np.sum(lu_solve(lu_factor(A), np.ones(2))))(A)
    array([[-0.5 , -1.  ],
           [-0.25, -0.5 ]])
    """
    a = matrix(a)
    piv = _core.untraced(sl.lu_factor, _core.current_values(a))[1]
    m, n = a.shape
    packed, upper = _eliminated(a[_order(piv, m)])
    return (packed if m > n else np.concatenate([packed, upper], axis=1) if n > m else packed), piv


def _order(piv, m):
    return rules.permutation(np.concatenate([piv, np.arange(len(piv), m)]))


def _eliminated(a):
    """L and U of a matrix in the order of its pivots: L and U in one matrix with min(m, n) columns,
    and the other columns of U."""
    m, n = a.shape
    k = min(m, n)
    packed = rules.lu(a[:k, :k])
    rest = None
    if n > m:
        rest = solve_triangular(packed, a[:, k:], lower=True, unit_diagonal=True)
    elif m > n:
        below = solve_triangular(packed, transposed(a[k:]), 1)
        packed = np.concatenate([packed, transposed(below)])
    return packed, rest


@linalg
@over_stacks(2)
def lu(a, permute_l=False, overwrite_a=False, check_finite=True, p_indices=False):
    """The factors P, L, U of a = P L U. With permute_l P L and U; with p_indices the order of rows
    in place of P. A recording uses the order of rows of the point at which it was made.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda A: lu(A)[2][1, 1])(np.array([[2.0, 1.0], [1.0, 3.0]]))
    array([[ 0.25, -0.5 ],
           [-0.5 ,  1.  ]])
    """
    a = matrix(a)
    m, n = a.shape
    k = min(m, n)
    p = _core.untraced(lambda x: sl.lu(x, p_indices=True)[0], _core.current_values(a))
    if k == 0:
        lower, upper = np.zeros((m, k)), np.zeros((k, n))
    else:
        packed, rest = _eliminated(a[np.argsort(p)])
        lower = np.tril(packed, -1) + np.eye(m, k)
        upper = np.triu(packed[:k])
        upper = upper if rest is None else np.concatenate([upper, rest], axis=1)
    if permute_l:
        return lower[p], upper
    return (p if p_indices else np.eye(m)[p]), lower, upper


@linalg
def lu_solve(lu_and_piv, b, trans=0, overwrite_b=False, check_finite=True):
    """The solution x of A x = b (trans=1: A^T x = b) from the factors that lu_factor returns.

    >>> import numpy as np, ad_core
    >>> factors = lu_factor(np.array([[0.0, 1.0], [2.0, 0.0]]))
    >>> ad_core.jacobian(lambda b: lu_solve(factors, b))(np.ones(2))
    array([[0. , 0.5],
           [1. , 0. ]])
    """
    return _lu_solve(*lu_and_piv, b, trans)


@over_stacks(2, 1, 12)
def _lu_solve(lu, piv, b, trans):
    order = rules.permutation(np.asarray(_core.plain_values((piv,))[0], dtype=int))
    if trans:
        y = solve_triangular(lu, b, 1)
        return solve_triangular(lu, y, 1, lower=True, unit_diagonal=True)[np.argsort(order)]
    y = solve_triangular(lu, b[order], lower=True, unit_diagonal=True)
    return solve_triangular(lu, y)


def _modes(name, mode, shape):
    if mode not in ("full", "qr", "r", "economic", "raw"):
        raise ValueError("Mode argument should be one of ['full', 'r', 'economic', 'raw']")
    if mode == "raw":
        refuse(f"{name} with mode='raw'", "use mode='economic'")
    m, n = shape
    if mode in ("full", "qr") and m > n:
        refuse(
            f"{name} with mode={mode!r} and a matrix of shape {shape}",
            "some of the vectors of Q are not determined; pass mode='economic'",
        )


@linalg
@over_stacks(2)
def qr(a, overwrite_a=False, lwork=None, mode="full", pivoting=False, check_finite=True):
    """The factors Q and R of a = Q R; with pivoting the order of the columns of a too.

    Q is determined by a if a has no more rows than columns, or with mode="economic".

    >>> import numpy as np, ad_core
    >>> ad_core.grad(lambda A: qr(A, mode="r")[0][0, 0])(np.array([[3.0, 0.0], [4.0, 1.0]]))
    array([[-0.6,  0. ],
           [-0.8,  0. ]])
    """
    a = matrix(a)
    m, n = a.shape
    k = min(m, n)
    _modes("scipy.linalg.qr", "economic" if mode == "r" else mode, a.shape)
    order = ()
    if pivoting:
        choose = lambda a: sl.qr(a, mode="r", pivoting=True)[1]  # noqa: E731
        order = (decision("the pivots of scipy.linalg.qr", choose, a),)
        a = a[:, order[0]]
    if a.size == 0:
        q, r = np.eye(m, k), np.zeros((k, n))
    else:
        q, r = factorizations.qr(a[:, :k], lambda a: sl.qr(a, mode="economic"))
        r = np.concatenate([r, transposed(q) @ a[:, k:]], axis=1) if n > k else r
    if mode == "r":
        return np.concatenate([r, np.zeros((m - k, n))]), *order
    return q, r, *order


@linalg
@over_stacks(2)
def rq(a, overwrite_a=False, lwork=None, mode="full", check_finite=True):
    """The factors R and Q of a = R Q. Q is determined by a if a has no fewer rows than columns, or
    with mode="economic".

    >>> import numpy as np, ad_core
    >>> ad_core.grad(lambda A: rq(A, mode="r")[1, 1])(np.array([[1.0, 2.0], [3.0, 4.0]]))
    array([[ 0. ,  0. ],
           [-0.6, -0.8]])
    """
    a = matrix(a)
    m, n = a.shape
    k = min(m, n)
    _modes("scipy.linalg.rq", "economic" if mode == "r" and n > m else mode, (n, m))
    if a.size == 0:
        r, q = np.zeros((m, k)), np.eye(k, n)
        return r if mode == "r" else (r, q)

    def turned(x):
        """RQ factors are QR factors of the transpose with both orders reversed."""
        r, q = sl.rq(transposed(x)[::-1], mode="economic")
        return transposed(q)[:, ::-1], transposed(r)[::-1, ::-1]

    if m > n:  # R has the other rows of a, times the transpose of Q
        last = a[m - n :]
        q, r = factorizations.qr(transposed(last[::-1]), turned)
        q, r = transposed(q[:, ::-1]), transposed(r[::-1, ::-1])
        r = np.concatenate([a[: m - n] @ transposed(q), r])
    else:
        q, r = factorizations.qr(transposed(a[::-1]), turned)
        q, r = transposed(q[:, ::-1]), transposed(r[::-1, ::-1])
    if mode == "r":
        return np.concatenate([np.zeros((m, n - k)), r], axis=1)
    return r, q


@linalg
def polar(a, side="right"):
    """The polar factors (u, p) with a = u p, or a = p u for side="left".

    u has orthonormal columns or rows, and p is symmetric. The derivative exists where singular
    values are equal, while u @ vt from np.linalg.svd has none there. Where a singular value is
    zero, u is not a function of a, and both derivatives are NaN. Source: Higham, Functions of
    Matrices (2008), ch. 8.

    >>> import numpy as np, ad_core
    >>> rotation = np.array([[0.0, 1.0], [-1.0, 0.0]])
    >>> ad_core.jvp(lambda a: polar(a)[0], (np.eye(2),), (rotation,))[1]
    array([[ 0.,  1.],
           [-1.,  0.]])
    """
    if side not in ("right", "left"):
        raise ValueError("`side` must be either 'right' or 'left'")
    return _polar(as_array(a), side)


@over_stacks(2)
def _polar(a, side):
    if a.ndim != 2:
        raise ValueError("`a` must be a 2-D array.")
    u = orthogonal(a)
    p = transposed(u) @ a if side == "right" else a @ transposed(u)
    return u, 0.5 * (p + transposed(p))


@linalg
@over_stacks(2, 2)
def orthogonal_procrustes(A, B, check_finite=True):
    """The orthogonal matrix R for which A R is closest to B, and the sum of the singular values of
    A^T B.

    >>> import numpy as np, ad_core
    >>> A, turn = np.diag([1.0, 2.0]), np.array([[0.0, 1.0], [-1.0, 0.0]])
    >>> ad_core.jvp(lambda B: orthogonal_procrustes(A, B)[0], (A,), (A @ turn,))[1]
    array([[ 0.,  1.],
           [-1.,  0.]])
    """
    A, B = matrix(A), matrix(B)
    if A.shape != B.shape:
        raise ValueError(f"the shapes of A and B differ ({A.shape} vs {B.shape})")
    product = transposed(A) @ B
    R = orthogonal(product)
    return R, np.sum(R * product)
