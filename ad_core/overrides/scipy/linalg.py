# SPDX-License-Identifier: Apache-2.0
"""Functions of scipy.linalg for traced arrays. For plain arrays SciPy's functions are called."""

from functools import wraps

import numpy as np
import scipy.linalg as sl

from ad_core import _core
from ad_core.adapting.stand_ins import supply
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy.dispatch import any_traced, only_constants
from ad_core.overrides.numpy.floating_errors import raised_by
from ad_core.overrides.numpy.linalg import symmetric
from ad_core.recording.arrays import as_array
from ad_core.rules import divided_differences as divided
from ad_core.rules import triangular as rules
from ad_core.rules.linalg import transposed
from ad_core.rules.matrix_functions import symmetric_function
from ad_core.rules.polar import orthogonal

__all__ = [
    "block_diag", "cho_factor", "cho_solve", "cholesky", "circulant", "det", "expm", "funm",
    "hankel", "inv", "logm", "lu_factor", "lu_solve", "polar", "solve", "solve_triangular", "sqrtm",
    "toeplitz",
]  # fmt: skip

GENERAL = {None, "gen", "general"}
SYMMETRIC = {"sym", "symmetric", "her", "hermitian", "pos", "positive definite"}


def _mirror(function):
    """Decorate a function so that SciPy's own is called if no argument depends on an input."""
    original = getattr(sl, function.__name__)
    has_check = "check_finite" in function.__code__.co_varnames

    @wraps(function)
    def either(*args, **kwargs):
        plain = only_constants((args, kwargs))
        if plain is None:
            if kwargs.get("check_finite", has_check):
                _check_finite((*args, *kwargs.values()))
            try:
                return _core.as_numpy(original, function, args, kwargs)
            except np.linalg.LinAlgError as error:
                raise raised_by(original, args, kwargs) or error from None  # SciPy's own error
        result = _core.untraced(lambda: original(*plain[0], **plain[1]))
        return _made(result) if any_traced((*args, *kwargs.values())) else result

    supply(original, either)
    return either


def _check_finite(items):
    """Raise ValueError for infinite or NaN elements, as SciPy does. The outcome is a guard."""
    for x in items:
        if isinstance(x, tuple):  # factors
            _check_finite(x)
        elif _core.traced(x) and not np.all(_core.outcome_of(np.isfinite, (x,))):
            raise ValueError("array must not contain infs or NaNs")


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
    """The right-hand sides as a matrix, and whether b is a vector."""
    b = as_array(b)
    if b.ndim not in (1, 2) or len(b) != len(a):
        raise ValueError(
            f"the shapes {a.shape} of a and {b.shape} of b are incompatible; b must be a vector or "
            f"a matrix with as many rows as a"
        )
    return (b[:, None], True) if b.ndim == 1 else (b, False)


@_mirror
def det(a, overwrite_a=False, check_finite=True):
    """The determinant of a square matrix.

    >>> import numpy as np, ad_core
    >>> ad_core.grad(det)(np.array([[2.0, 0.0], [0.0, 3.0]]))
    array([[3., 0.],
           [0., 2.]])
    """
    return np.linalg.det(a)


@_mirror
def inv(a, overwrite_a=False, check_finite=True, **kwargs):
    """The inverse of a square matrix.

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
    """The solution x of a x = b for a square matrix a and a vector or matrix b.

    If assume_a says that a is symmetric or positive definite, one triangle is read, as in SciPy.
    Triangular matrices are solved by substitution. NoDerivativeError for other structures.

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
            f"leave out assume_a"
        )
    return np.linalg.solve(rules.transposed(a) if transposed else a, b)


@_mirror
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
    a = _square(a)
    sides, vector = _sides(a, b)
    trans = trans not in (0, "N")
    x = rules.solve_triangular(a, sides, bool(lower), trans, bool(unit_diagonal))
    return x[:, 0] if vector else x


@_mirror
def cholesky(a, lower=False, overwrite_a=False, check_finite=True):
    """The Cholesky factor, upper unless lower is True. One triangle of a is read.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(cholesky)(np.array([[4.0]]))
    array([[[[0.25]]]])
    """
    return np.linalg.cholesky(a, upper=not lower)


@_mirror
def cho_factor(a, lower=False, overwrite_a=False, check_finite=True):
    """The arguments of cho_solve: the Cholesky factor, and whether it is the lower one.

    >>> import numpy as np, ad_core
    >>> A = np.array([[4.0, 0.0], [0.0, 1.0]])
    >>> ad_core.grad(lambda A: np.sum(cho_solve(cho_factor(A), np.ones(2))))(A)
    array([[-0.0625, -0.5   ],
           [ 0.    , -1.    ]])
    """
    return cholesky(a, lower), lower


@_mirror
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


@_mirror
def lu_factor(a, overwrite_a=False, check_finite=True):
    """The arguments of lu_solve: L and U in one matrix, and the plain numbers of exchanged rows.

    A recording uses the order of rows of the point at which it was made.

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
    """The solution x of A x = b (trans=1: A^T x = b) from the factors that lu_factor returns.

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
    """The exponential of a square matrix, or of a stack of matrices.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(expm)(np.array([[0.0]]))
    array([[[[1.]]]])
    """
    return rules.expm(as_array(A))


def _squares(A, name, disp):
    """A as a stack of square matrices; errors for other shapes and for disp=False."""
    if not disp:
        raise NotImplementedError(
            f"{name} with disp=False has no derivative in ad_core{_core.user_line()}; leave out "
            f"disp"
        )
    A = as_array(A)
    if A.ndim < 2 or A.shape[-1] != A.shape[-2]:
        raise ValueError(f"{name} takes square matrices, got an array of shape {A.shape}")
    return A


@_mirror
def sqrtm(A, disp=True, blocksize=64):
    """The square root of a symmetric matrix with nonnegative eigenvalues, or of a stack of them.

    Derivatives of any order hold for all matrices around it, symmetric or not. They are accurate
    where eigenvalues are equal or close, unlike derivatives through np.linalg.eigh, because they
    use divided differences without cancellation, 1 / (sqrt a + sqrt b). At an eigenvalue of zero
    they are infinite or NaN. Raises NotImplementedError for a matrix that is not symmetric to 1e-8
    or has negative eigenvalues. Cost: one eigendecomposition, of the order of n**3 operations for
    each product with the Jacobian, and n**3 more numbers for second derivatives. Source: Higham,
    Functions of Matrices (2008), ch. 3.

    >>> import numpy as np, ad_core
    >>> A, E = np.array([[4.0, 0.0], [0.0, 4.0]]), np.array([[1.0, 2.0], [2.0, 3.0]])
    >>> ad_core.jvp(sqrtm, (A,), (E,))[1]
    array([[0.25, 0.5 ],
           [0.5 , 0.75]])
    """
    domain = "nonnegative", lambda w: w >= -_rounding(w)
    return symmetric_function("sqrtm", divided.Root(), _squares(A, "sqrtm", disp), domain)


def _rounding(w):
    largest = np.max(np.abs(w), axis=-1, keepdims=True, initial=0.0)
    return w.shape[-1] * np.finfo(float).eps * largest


@_mirror
def logm(A, disp=True):
    """The logarithm of a symmetric matrix with positive eigenvalues, or of a stack of them.

    Derivatives are accurate where eigenvalues are equal or close, since the divided differences are
    2 atanh((b - a) / (b + a)) / (b - a). Errors, cost and source are those of :func:`sqrtm`.

    >>> import numpy as np, ad_core
    >>> S = np.array([[0.2, 1.0], [1.0, -0.3]])
    >>> ad_core.grad(lambda A: np.sum(S * logm(A)))(np.eye(2))
    array([[ 0.2,  1. ],
           [ 1. , -0.3]])
    """
    domain = "positive", lambda w: w > 0.0
    return symmetric_function("logm", divided.Logarithm(), _squares(A, "logm", disp), domain)


def funm(A, func, disp=True, *, derivative=None):
    """A function of a symmetric matrix, or of a stack of them, by its eigenvalues: v f(w) v^T.

    Parameters: func takes an array of eigenvalues and returns f of each element. It is written with
    NumPy functions, and ad_core computes its derivatives. derivative is f', for a func that can not
    be traced.

    Derivatives of any order are right where eigenvalues are equal. For close eigenvalues the mean
    of a derivative of f is computed by a Gauss-Legendre rule, wherever its 10 nodes are accurate to
    rounding; they are if f is analytic around the two eigenvalues. Elsewhere the quotient
    (f(b) - f(a)) / (b - a) is used, which loses few digits there. The error of first and second
    derivatives is about 1e-14 if f is computed to rounding. f may have a step (a projector on some
    of the eigenvectors), if no eigenvalue lies on it.

    Raises TracedValueError if the matrix is traced and func uses other traced values, since the
    derivative with respect to those would be lost; a factor can be moved into the matrix, as in
    funm(t * A, np.exp). Raises NotImplementedError for matrices that are not symmetric to 1e-8. For
    plain arrays SciPy's function is called. Cost: that of :func:`sqrtm`, and the derivatives of f
    at 16 points for each pair of eigenvalues, or at 136 for each three in second derivatives.

    >>> import numpy as np, ad_core
    >>> E = np.array([[1.0, 2.0], [2.0, 3.0]])
    >>> ad_core.jvp(lambda A: funm(A, np.exp), (np.zeros((2, 2)),), (E,))[1]
    array([[1., 2.],
           [2., 3.]])
    """
    plain = only_constants(((A,), {}))
    if plain is None:
        f = divided.Traced(func, derivative)
        return symmetric_function("funm", f, _squares(A, "funm", disp))
    A = plain[0][0]
    if _core.is_tracing() and np.array_equal(A, np.swapaxes(A, -1, -2)):
        w, v = np.linalg.eigh(A)
        found = func(w)
        if _core.traced(found):  # func depends on other traced values
            return (v * found[..., None, :]) @ transposed(v)
    return _made(sl.funm(A, func, disp))


@_mirror
def polar(a, side="right"):
    """The polar factors (u, p) with a = u p, or a = p u for side="left".

    u has orthonormal columns or rows, and p is symmetric. The derivative exists where singular
    values are equal, while u @ vt from np.linalg.svd has none there. Where a singular value is
    zero, u is not a function of a, and both derivatives are NaN. Raises ValueError for arrays that
    are not 2-d and for other sides. Source: Higham, Functions of Matrices (2008), ch. 8.

    >>> import numpy as np, ad_core
    >>> rotation = np.array([[0.0, 1.0], [-1.0, 0.0]])
    >>> ad_core.jvp(lambda a: polar(a)[0], (np.eye(2),), (rotation,))[1]
    array([[ 0.,  1.],
           [-1.,  0.]])
    """
    a = as_array(a)
    if side not in ("right", "left"):
        raise ValueError("`side` must be either 'right' or 'left'")
    if a.ndim != 2:
        raise ValueError("`a` must be a 2-D array.")
    u = orthogonal(a)
    p = transposed(u) @ a if side == "right" else a @ transposed(u)
    return u, 0.5 * (p + transposed(p))


@_mirror
def block_diag(*arrs):
    """The block-diagonal matrix of these arrays.

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
        raise ValueError(f"{name} of traced values takes vectors, got an array of shape {x.shape}")
    return np.atleast_1d(x)


@_mirror
def toeplitz(c, r=None):
    """The Toeplitz matrix with first column c and first row r (c if r is not given).

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
    """The Hankel matrix with first column c and last row r (zeros if r is not given).

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
    """The circulant matrix with first column c; each column is the one before, moved down by one.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda c: circulant(c) @ np.array([1.0, 10.0]))(np.ones(2))
    array([[ 1., 10.],
           [10.,  1.]])
    """
    c = _vector(c, "circulant")
    places = np.arange(len(c))
    return c[(places[:, None] - places) % len(c)]
