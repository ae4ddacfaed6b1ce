# SPDX-License-Identifier: Apache-2.0
"""``scipy.linalg`` on traced arrays; on plain arrays each function is SciPy's.

>>> import numpy as np, ad_core
>>> from ad_core.scipy.linalg import expm
>>> turn = np.array([[0.0, -1.0], [1.0, 0.0]])
>>> float(ad_core.grad(lambda t: expm(t * turn)[1, 0])(0.0))  # the slope of sin(t)
1.0
"""

from functools import wraps

import numpy as np
import scipy.linalg as sl

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.rules import triangular as rules
from ad_core.tracing.dispatch import any_traced, only_constants
from ad_core.tracing.elementwise import as_array
from ad_core.tracing.linalg import symmetric

__all__ = [
    "block_diag", "cho_factor", "cho_solve", "cholesky", "circulant", "det", "expm", "hankel",
    "inv", "lu_factor", "lu_solve", "solve", "solve_triangular", "toeplitz",
]  # fmt: skip

GENERAL = {None, "gen", "general"}
SYMMETRIC = {"sym", "symmetric", "her", "hermitian", "pos", "positive definite"}


def _mirror(function):
    """SciPy's own function where no argument depends on an input."""
    original = getattr(sl, function.__name__)

    @wraps(function)
    def either(*args, **kwargs):
        plain = only_constants((args, kwargs))
        if plain is None:
            return function(*args, **kwargs)
        result = _core.untraced(lambda: original(*plain[0], **plain[1]))
        return _made(result) if any_traced((*args, *kwargs.values())) else result

    return either


def _made(result):
    """Plain results as arrays of the trace, to which traced values can be written."""
    if isinstance(result, tuple):
        return tuple(map(_made, result))
    return np.array(result) if np.ndim(result) and result.dtype == np.float64 else result


def _square(a):
    a = as_array(a)
    if a.ndim != 2 or a.shape[0] != a.shape[1]:
        raise ValueError(f"expected a square matrix, got an array of shape {a.shape}")
    return a


def _sides(a, b):
    """The right-hand sides as a matrix, and whether they were one vector."""
    b = as_array(b)
    if b.ndim not in (1, 2) or len(b) != len(a):
        raise ValueError(f"the shapes {a.shape} of a and {b.shape} of b are incompatible")
    return (b[:, None], True) if b.ndim == 1 else (b, False)


@_mirror
def det(a, overwrite_a=False, check_finite=True):
    """The determinant.

    >>> import numpy as np, ad_core
    >>> ad_core.grad(det)(np.array([[2.0, 0.0], [0.0, 3.0]]))
    array([[3., 0.],
           [0., 2.]])
    """
    return np.linalg.det(a)


@_mirror
def inv(a, overwrite_a=False, check_finite=True, **kwargs):
    """The inverse matrix.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(inv)(np.array([[2.0]]))
    array([[[[-0.25]]]])
    """
    return np.linalg.inv(a)


@_mirror
def solve(
    a, b, lower=False, overwrite_a=False, overwrite_b=False, check_finite=True, assume_a=None,
    transposed=False,
):  # fmt: skip
    """x of a x = b.  With assume_a symmetric or positive definite one triangle is read, as
    SciPy does; other structures are solved as general matrices.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(solve, 1)(np.array([[2.0, 0.0], [0.0, 4.0]]), np.ones(2))
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    a = as_array(a)
    if assume_a in SYMMETRIC:
        a = symmetric(a, upper=not lower)
    elif assume_a in ("lower triangular", "upper triangular"):
        return solve_triangular(a, b, int(transposed), lower=assume_a[0] == "l")
    elif assume_a not in GENERAL:
        raise NoDerivativeError(
            f"solve with assume_a={assume_a!r} has no derivative in ad_core{_core.user_line()}; "
            f"leave assume_a away"
        )
    return np.linalg.solve(rules.transposed(a) if transposed else a, b)


@_mirror
def solve_triangular(
    a, b, trans=0, lower=False, unit_diagonal=False, overwrite_b=False, check_finite=True
):
    """x of T x = b, T the lower or upper triangle of a; transposed with trans=1 or "T".

    >>> import numpy as np, ad_core
    >>> T = np.array([[2.0, 0.0], [1.0, 4.0]])
    >>> ad_core.jacobian(lambda b: solve_triangular(T, b, lower=True))(np.ones(2))
    array([[ 0.5  ,  0.   ],
           [-0.125,  0.25 ]])
    """
    a = _square(a)
    sides, vector = _sides(a, b)
    trans = trans not in (0, "N")
    x = rules.solve_triangular(a, sides, bool(lower), trans, bool(unit_diagonal))
    return x[:, 0] if vector else x


@_mirror
def cholesky(a, lower=False, overwrite_a=False, check_finite=True):
    """The Cholesky factor, upper unless lower is True; one triangle of a is read.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(cholesky)(np.array([[4.0]]))
    array([[[[0.25]]]])
    """
    return np.linalg.cholesky(a, upper=not lower)


@_mirror
def cho_factor(a, lower=False, overwrite_a=False, check_finite=True):
    """What cho_solve takes: the Cholesky factor and whether it is the lower one.

    >>> import numpy as np, ad_core
    >>> A = np.array([[4.0, 0.0], [0.0, 1.0]])
    >>> ad_core.grad(lambda A: np.sum(cho_solve(cho_factor(A), np.ones(2))))(A)
    array([[-0.0625, -0.5   ],
           [ 0.    , -1.    ]])
    """
    return cholesky(a, lower), lower


@_mirror
def cho_solve(c_and_lower, b, overwrite_b=False, check_finite=True):
    """x of A x = b from A's Cholesky factor.

    >>> import numpy as np, ad_core
    >>> factor = cho_factor(np.array([[4.0, 0.0], [0.0, 1.0]]))
    >>> ad_core.jacobian(lambda b: cho_solve(factor, b))(np.ones(2))
    array([[0.25, 0.  ],
           [0.  , 1.  ]])
    """
    c, lower = c_and_lower
    y = solve_triangular(c, b, 0 if lower else 1, lower=lower)
    return solve_triangular(c, y, 1 if lower else 0, lower=lower)


@_mirror
def lu_factor(a, overwrite_a=False, check_finite=True):
    """What lu_solve takes: L and U in one matrix, and the exchanges of rows, plain numbers.

    A recording keeps the order of rows that it was made with.

    >>> import numpy as np, ad_core
    >>> A = np.array([[0.0, 1.0], [2.0, 0.0]])
    >>> ad_core.grad(lambda A: np.sum(lu_solve(lu_factor(A), np.ones(2))))(A)
    array([[-0.5 , -1.  ],
           [-0.25, -0.5 ]])
    """
    a = _square(a)
    piv = _core.untraced(sl.lu_factor, _core.current_values(a))[1]
    return rules.lu(a[rules.permutation(piv)]), piv


@_mirror
def lu_solve(lu_and_piv, b, trans=0, overwrite_b=False, check_finite=True):
    """x of A x = b from A's factors by lu_factor; of A^T x = b with trans=1.

    >>> import numpy as np, ad_core
    >>> factors = lu_factor(np.array([[0.0, 1.0], [2.0, 0.0]]))
    >>> ad_core.jacobian(lambda b: lu_solve(factors, b))(np.ones(2))
    array([[0. , 0.5],
           [1. , 0. ]])
    """
    lu, piv = lu_and_piv
    order, b = rules.permutation(piv), as_array(b)
    if trans:
        y = solve_triangular(lu, b, 1)
        return solve_triangular(lu, y, 1, lower=True, unit_diagonal=True)[np.argsort(order)]
    y = solve_triangular(lu, b[order], lower=True, unit_diagonal=True)
    return solve_triangular(lu, y)


@_mirror
def expm(A):
    """The matrix exponential, of a stack of matrices too.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(expm)(np.array([[0.0]]))
    array([[[[1.]]]])
    """
    return rules.expm(as_array(A))


@_mirror
def block_diag(*arrs):
    """The matrix with these blocks on its diagonal.

    >>> import numpy as np, ad_core
    >>> ad_core.grad(lambda x: np.sum(block_diag(x, [[1.0]]) @ np.arange(2.0)))(3.0)
    np.float64(0.0)
    """
    blocks = [np.atleast_2d(as_array(x)) for x in arrs]
    result = np.zeros(tuple(sum(x.shape[d] for x in blocks) for d in (0, 1)))
    row = column = 0
    for x in blocks:
        stop, end = row + x.shape[0], column + x.shape[1]
        result[row:stop, column:end] = x
        row, column = stop, end
    return result


def _vector(x, name):
    x = as_array(x)
    if x.ndim > 1:
        raise ValueError(f"{name} takes vectors in ad_core, got an array of shape {x.shape}")
    return np.atleast_1d(x)


@_mirror
def toeplitz(c, r=None):
    """The matrix with first column c and first row r (c, where r is not given).

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda c: toeplitz(c) @ np.array([1.0, 10.0]))(np.ones(2))
    array([[ 1., 10.],
           [10.,  1.]])
    """
    c = _vector(c, "toeplitz")
    r = c if r is None else _vector(r, "toeplitz")
    values = np.concatenate([c[::-1], r[1:]])
    return values[len(c) - 1 - np.arange(len(c))[:, None] + np.arange(len(r))]


@_mirror
def hankel(c, r=None):
    """The matrix with first column c and last row r (zeros, where r is not given).

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda c: hankel(c) @ np.array([1.0, 10.0]))(np.ones(2))
    array([[ 1., 10.],
           [ 0.,  1.]])
    """
    c = _vector(c, "hankel")
    r = np.zeros(len(c)) if r is None else _vector(r, "hankel")
    values = np.concatenate([c, r[1:]])
    return values[np.arange(len(c))[:, None] + np.arange(len(r))]


@_mirror
def circulant(c):
    """The matrix whose columns are c, each one step further down.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda c: circulant(c) @ np.array([1.0, 10.0]))(np.ones(2))
    array([[ 1., 10.],
           [10.,  1.]])
    """
    c = _vector(c, "circulant")
    places = np.arange(len(c))
    return c[(places[:, None] - places) % len(c)]
