# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scipy.linalg: functions of matrices."""

import warnings

import numpy as np
import scipy.linalg as sl

from ad_core import _core
from ad_core.overrides.numpy.complex.array import TracedComplex, pair
from ad_core.overrides.numpy.dispatch import only_constants
from ad_core.overrides.scipy.decisions import decision
from ad_core.overrides.scipy.dispatch import implements, made
from ad_core.overrides.scipy.linalg.entering import linalg, plain_options, refuse, square
from ad_core.recording.arrays import as_array
from ad_core.rules import divided_differences as divided
from ad_core.rules import triangular as rules
from ad_core.rules.block_functions import block_function
from ad_core.rules.linalg import transposed
from ad_core.rules.matrix_functions import symmetric_function

__all__ = [
    "coshm", "cosm", "expm", "expm_frechet", "fractional_matrix_power", "funm", "logm", "norm",
    "sinhm", "sinm", "sqrtm", "tanhm", "tanm",
]  # fmt: skip


def _real(name, A):
    A = square(A)
    if type(A) is TracedComplex or np.iscomplexobj(A):
        refuse(f"{name} of a complex matrix", "write it with real and imaginary parts")
    return A


@linalg
def expm(A):
    """The exponential of a square matrix, or of a stack of matrices.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(expm)(np.array([[0.0]]))
    array([[[[1.]]]])
    """
    if type(A) is TracedComplex:
        return _complex_expm(square(A))
    A = as_array(A)
    if A.ndim < 2 and A.size == 1:
        return np.exp(np.reshape(A, (1, 1)))
    return rules.expm(square(A))


def _complex_expm(A):
    """By the real matrix [[re, -im], [im, re]], whose exponential has the same form."""
    n = A.shape[-1]
    upper = np.concatenate([A.re, -A.im], axis=-1)
    lower = np.concatenate([A.im, A.re], axis=-1)
    found = rules.expm(np.concatenate([upper, lower], axis=-2))
    return pair(found[..., :n, :n], found[..., n:, :n])


@linalg
def cosm(A):
    """The cosine of a square matrix.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(cosm)(np.array([[0.0]]))
    array([[[[0.]]]])
    """
    return block_function("scipy.linalg.cosm", sl.cosm, _real("scipy.linalg.cosm", A))[0]


@linalg
def sinm(A):
    """The sine of a square matrix.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(sinm)(np.array([[0.0]]))
    array([[[[1.]]]])
    """
    return block_function("scipy.linalg.sinm", sl.sinm, _real("scipy.linalg.sinm", A))[0]


@linalg
def tanm(A):
    """The tangent of a square matrix.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(tanm)(np.array([[0.0]]))
    array([[[[1.]]]])
    """
    return np.linalg.solve(cosm(A), sinm(A))


@linalg
def coshm(A):
    """The hyperbolic cosine of a square matrix.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(coshm)(np.array([[0.0]]))
    array([[[[0.]]]])
    """
    A = _real("scipy.linalg.coshm", A)
    return 0.5 * (expm(A) + expm(-A))


@linalg
def sinhm(A):
    """The hyperbolic sine of a square matrix.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(sinhm)(np.array([[0.0]]))
    array([[[[1.]]]])
    """
    A = _real("scipy.linalg.sinhm", A)
    return 0.5 * (expm(A) - expm(-A))


@linalg
def tanhm(A):
    """The hyperbolic tangent of a square matrix.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(tanhm)(np.array([[0.0]]))
    array([[[[1.]]]])
    """
    return np.linalg.solve(coshm(A), sinhm(A))


@linalg
def expm_frechet(A, E, method=None, compute_expm=True, check_finite=True):
    """The exponential of A, and its derivative in the direction E.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda t: expm_frechet([[0.0]], [[t]], compute_expm=False))(1.0)
    array([[1.]])
    """
    A, E = _real("scipy.linalg.expm_frechet", A), _real("scipy.linalg.expm_frechet", E)
    if A.shape != E.shape:
        raise ValueError("expected A and E to be the same shape")
    n = A.shape[-1]
    upper = np.concatenate([A, E], axis=-1)
    lower = np.concatenate([np.zeros(A.shape), A], axis=-1)
    found = rules.expm(np.concatenate([upper, lower], axis=-2))
    slope = found[..., :n, n:]
    return (found[..., :n, :n], slope) if compute_expm else slope


def _of_kind(name, f, A, symmetric=None, domain=None):
    """f(A) by the rule for the kind of the matrix, which is decided at this point: symmetric with
    eigenvalues in the domain, or general with real or complex results."""

    def kind(A):
        if (
            symmetric is not None
            and _is_symmetric(A)
            and np.all(domain[1](np.linalg.eigvalsh(A)) | np.isnan(A).any())
        ):
            return "symmetric"
        return "complex" if np.iscomplexobj(f(A)) else "real"

    found = decision(f"the kind of matrix in {name}", kind, A)
    if found == "symmetric":
        return symmetric_function(name, symmetric, A, domain)
    parts = block_function(name, f, A, found == "complex")
    return pair(*parts) if found == "complex" else parts[0]


def _is_symmetric(A):
    """Whether matrices are symmetric up to rounding."""
    gap, size = np.abs(A - transposed(A)), np.max(np.abs(A), initial=0.0)
    return np.max(gap, initial=0.0) <= 8 * A.shape[-1] * np.finfo(float).eps * size


def _without_disp(name, disp):
    if not disp:
        refuse(f"{name} with disp=False", "leave out disp")


def _quiet(function, *more):
    """A function of SciPy without its warnings: they have no place in a derivative."""

    def called(A):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return function(A, *more)

    return called


@linalg
def sqrtm(A, disp=True, blocksize=64):
    """The principal square root of a square matrix, or of a stack of them.

    If the matrix is symmetric with nonnegative eigenvalues, derivatives are accurate where
    eigenvalues are equal or close, unlike derivatives through np.linalg.eigh, because they use
    divided differences without cancellation, 1 / (sqrt a + sqrt b). They hold for all matrices
    around it, symmetric or not; at an eigenvalue of zero they are infinite or NaN. For other
    matrices they are a block of the root of a matrix of twice the size. Where there are negative
    eigenvalues the root is complex, as in SciPy. Source: Higham, Functions of Matrices (2008),
    ch. 3.

    >>> import numpy as np, ad_core
    >>> A, E = np.array([[4.0, 0.0], [0.0, 4.0]]), np.array([[1.0, 2.0], [2.0, 3.0]])
    >>> ad_core.jvp(sqrtm, (A,), (E,))[1]
    array([[0.25, 0.5 ],
           [0.5 , 0.75]])
    """
    name = "scipy.linalg.sqrtm"
    _without_disp(name, disp)
    domain = "nonnegative", lambda w: w >= -_rounding(w)
    return _of_kind(name, _quiet(sl.sqrtm), _real(name, A), divided.Root(), domain)


def _rounding(w):
    largest = np.max(np.abs(w), axis=-1, keepdims=True, initial=0.0)
    return w.shape[-1] * np.finfo(float).eps * largest


@linalg
def logm(A, disp=True):
    """The principal logarithm of a square matrix, or of a stack of them.

    If the matrix is symmetric with positive eigenvalues, derivatives are accurate where eigenvalues
    are equal or close, since the divided differences are 2 atanh((b - a) / (b + a)) / (b - a). For
    other matrices see :func:`sqrtm`.

    >>> import numpy as np, ad_core
    >>> S = np.array([[0.2, 1.0], [1.0, -0.3]])
    >>> ad_core.grad(lambda A: np.sum(S * logm(A)))(np.eye(2))
    array([[ 0.2,  1. ],
           [ 1. , -0.3]])
    """
    name = "scipy.linalg.logm"
    _without_disp(name, disp)
    domain = "positive", lambda w: w > 0.0
    return _of_kind(name, _quiet(sl.logm), _real(name, A), divided.Logarithm(), domain)


@linalg
def fractional_matrix_power(A, t):
    """The power A**t of a square matrix for a plain number t.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda A: fractional_matrix_power(A, 0.5))(np.array([[4.0]]))
    array([[[[0.25]]]])
    """
    name = "scipy.linalg.fractional_matrix_power"
    t, A = plain_options(name, t), _real(name, A)
    if t == int(t):
        return np.linalg.matrix_power(A, int(t))
    return _of_kind(name, _quiet(sl.fractional_matrix_power, t), A)


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
        _without_disp("scipy.linalg.funm", disp)
        f = divided.Traced(func, derivative)
        return symmetric_function("scipy.linalg.funm", f, square(A))
    A = plain[0][0]
    if _core.is_tracing() and np.array_equal(A, np.swapaxes(A, -1, -2)):
        w, v = np.linalg.eigh(A)
        found = func(w)
        if _core.traced(found):  # func depends on other traced values
            return (v * found[..., None, :]) @ transposed(v)
    return made(_core.untraced(sl.funm, A, func, disp))


implements(sl.funm, calls_back=True)(funm)


@linalg
def norm(a, ord=None, axis=None, keepdims=False, check_finite=True):
    """The norm of a vector or matrix, as np.linalg.norm.

    >>> import numpy as np, ad_core
    >>> ad_core.grad(norm)(np.array([3.0, 4.0]))
    array([0.6, 0.8])
    """
    return np.linalg.norm(a, ord, axis, keepdims)
