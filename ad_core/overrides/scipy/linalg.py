# SPDX-License-Identifier: Apache-2.0
"""Functions of scipy.linalg on traced arrays, and SciPy's own on plain ones."""

from functools import wraps

import numpy as np
import scipy.linalg as sl

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy.dispatch import any_traced, only_constants
from ad_core.overrides.numpy.floating_errors import raised_by
from ad_core.overrides.numpy.linalg import symmetric
from ad_core.recording.arrays import as_array
from ad_core.rules import divided
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
    """SciPy's own function where no argument depends on an input."""
    original = getattr(sl, function.__name__)
    looks = "check_finite" in function.__code__.co_varnames

    @wraps(function)
    def either(*args, **kwargs):
        plain = only_constants((args, kwargs))
        if plain is None:
            if kwargs.get("check_finite", looks):
                _check_finite((*args, *kwargs.values()))
            try:
                return _core.as_numpy(original, function, args, kwargs)
            except np.linalg.LinAlgError as error:
                raise raised_by(original, args, kwargs) or error from None  # in SciPy's words
        result = _core.untraced(lambda: original(*plain[0], **plain[1]))
        return _made(result) if any_traced((*args, *kwargs.values())) else result

    return either


def _check_finite(items):
    """Raise as SciPy does; the outcome is kept as a guard."""
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


def _squares(A, name, disp):
    """A stack of square matrices, and no estimate of an error asked for."""
    if not disp:
        raise NotImplementedError(
            f"{name} with disp=False has no derivative in ad_core{_core.user_line()}; leave disp "
            f"away"
        )
    A = as_array(A)
    if A.ndim < 2 or A.shape[-1] != A.shape[-2]:
        raise ValueError(f"{name} takes square matrices, got an array of shape {A.shape}")
    return A


@_mirror
def sqrtm(A, disp=True, blocksize=64):
    """The square root of a symmetric matrix of eigenvalues that are not negative, or of a stack.

    Derivatives of any order are those of all matrices around it, symmetric or not, and keep their
    digits where eigenvalues are equal or near one another (as through np.linalg.eigh they do not):
    by divided differences that do not cancel, 1 / (sqrt a + sqrt b).  At an eigenvalue of zero they
    are infinite or NaN.  NotImplementedError for a matrix that is not symmetric to 1e-8, or has
    negative eigenvalues.  Cost: an eigendecomposition, n**3 a product with the Jacobian, n**3
    numbers more for second derivatives.  Higham, Functions of Matrices (2008), ch. 3.

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
    """The logarithm of a symmetric matrix of positive eigenvalues, or of a stack of them.

    As :func:`sqrtm` otherwise: full accuracy at equal eigenvalues and near them, by log1p's like,
    2 atanh((b - a) / (b + a)) / (b - a); NotImplementedError, cost.

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

    func: f of an array of eigenvalues, element by element, in NumPy's functions; its derivatives
    are
        found by ad_core.  derivative: f' instead, likewise, for a func that can not be traced.

    Right where eigenvalues are equal, of any order.  Near one another: means of a derivative of f
    by Gauss-Legendre's rule wherever 10 nodes give them to rounding, which they do where f is
    analytic about the two eigenvalues; the quotient (f(b) - f(a)) / (b - a) elsewhere, where it
    loses few digits: some 1e-14 in all, of first and of second derivatives, where f itself is
    computed to rounding.  A step (a projector on some of the eigenvectors) is a function like
    others, as long as no eigenvalue lies on it.

    func must not use traced values besides the matrix where that is traced: TracedValueError, since
    its derivative with respect to those would be lost; a factor goes into the matrix, funm(t * A,
    np.exp). NotImplementedError for matrices that are not symmetric to 1e-8.  On plain arrays the
    function is SciPy's.  Cost: as of :func:`sqrtm`; the derivatives of f at 16 points for each pair
    of eigenvalues, at 136 for each three in second derivatives.

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
        if _core.traced(found):  # by its parameters
            return (v * found[..., None, :]) @ transposed(v)
    return _made(sl.funm(A, func, disp))


@_mirror
def polar(a, side="right"):
    """The factors of a = u p (side="left": a = p u): u of orthonormal columns or rows, p symmetric.

    Where singular values are equal this has its derivative, while u @ vt from np.linalg.svd has
    not; where one is zero, u is no function of a and both derivatives are NaN.  ValueError for what
    is no matrix or another side.  Higham, Functions of Matrices (2008), ch. 8.

    >>> import numpy as np, ad_core
    >>> turn = np.array([[0.0, 1.0], [-1.0, 0.0]])
    >>> ad_core.jvp(lambda a: polar(a)[0], (np.eye(2),), (turn,))[1]
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
