# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scipy.linalg: systems with banded, Toeplitz and circulant matrices."""

import numpy as np
import scipy.linalg as sl

from ad_core.overrides.numpy.guards import decided
from ad_core.overrides.scipy.linalg.entering import array, linalg, matrix, over_stacks, refuse
from ad_core.recording.arrays import as_array
from ad_core.rules import structured

__all__ = [
    "cho_solve_banded", "cholesky_banded", "matmul_toeplitz", "solve_banded", "solve_circulant",
    "solve_toeplitz", "solveh_banded", "symmetric_from_bands",
]  # fmt: skip


def _solved(structure, parameters, b):
    """The solution for a vector or a matrix b."""
    b = as_array(b)
    if b.ndim == 1:
        return structured.solve(structure, parameters, b[:, None])[:, 0]
    return structured.solve(structure, parameters, b)


def _checked(ab, b):
    ab, b = matrix(ab), as_array(b)
    if b.ndim not in (1, 2) or ab.shape[1] != b.shape[0]:
        raise ValueError("shapes of ab and b are not compatible.")
    return ab, b


@linalg
def solve_banded(l_and_u, ab, b, overwrite_ab=False, overwrite_b=False, check_finite=True):
    """The solution x of a x = b for a matrix with few diagonals, the rows of ab.

    >>> import numpy as np, ad_core
    >>> ad_core.grad(lambda ab: solve_banded((0, 0), ab, np.ones(2))[0])(np.array([[2.0, 4.0]]))
    array([[-0.25,  0.  ]])
    """
    lower, upper = l_and_u
    return _solve_banded(ab, b, int(lower), int(upper))


@over_stacks(2, 12)
def _solve_banded(ab, b, lower, upper):
    ab, b = _checked(ab, b)
    if lower + upper + 1 != ab.shape[0]:
        raise ValueError("invalid values for the number of lower and upper diagonals")
    return _solved(structured.Banded(lower, upper), (ab,), b)


def _other_half(rows, lower):
    """The rows on the other side of the diagonal of a symmetric matrix."""
    count, n = len(rows), rows.shape[1]
    other = np.zeros((count - 1, n))
    for d in range(1, count):
        if lower:  # the element [j + d, j] is in column j of row d
            other[count - 1 - d, d:] = rows[d, : n - d]
        else:
            other[d - 1, : n - d] = rows[count - 1 - d, d:]
    return other


def _both_halves(rows, lower):
    other = _other_half(rows, lower)
    return np.concatenate([other, rows] if lower else [rows, other])


def symmetric_from_bands(rows, lower):
    """The symmetric matrix whose diagonals on one side are these rows."""
    count, n = rows.shape
    full = np.zeros((n, n))
    for d in range(min(count, n)):
        k = np.arange(n - d)
        elements = rows[d, : n - d] if lower else rows[count - 1 - d, d:]
        full[k + d, k] = elements
        full[k, k + d] = elements
    return full


@linalg
@over_stacks(2, 12)
def solveh_banded(ab, b, overwrite_ab=False, overwrite_b=False, lower=False, check_finite=True):
    """The solution x of a x = b for a positive definite matrix; ab has its diagonals on one side.

    >>> import numpy as np, ad_core
    >>> ad_core.grad(lambda ab: solveh_banded(ab, np.ones(2))[0])(np.array([[2.0, 4.0]]))
    array([[-0.25,  0.  ]])
    """
    ab, b = _checked(ab, b)
    extra = ab.shape[0] - 1

    def solved(parameters, b):
        (full,) = parameters
        half = full[extra:] if lower else full[: extra + 1]
        return sl.solveh_banded(half, b, lower=lower, check_finite=False)

    banded = structured.Banded(extra, extra, solved)
    symmetric = banded._replace(transposed=lambda parameters: (symmetric, parameters))
    return _solved(symmetric, (_both_halves(ab, lower),), b)


@linalg
@over_stacks(2)
def cholesky_banded(ab, overwrite_ab=False, lower=False, check_finite=True):
    """The diagonals of the Cholesky factor of a positive definite matrix, from its diagonals.

    The derivative is that of the factor of the whole matrix.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(cholesky_banded)(np.array([[4.0]]))
    array([[[[0.25]]]])
    """
    ab = matrix(ab)
    count, n = ab.shape
    factor = np.linalg.cholesky(symmetric_from_bands(ab, lower))
    found = np.zeros(ab.shape)
    for d in range(min(count, n)):
        elements = np.diagonal(factor, -d)
        if lower:
            found[d, : n - d] = elements
            found[d, n - d :] = ab[d, n - d :]
        else:
            found[count - 1 - d, d:] = elements
            found[count - 1 - d, :d] = ab[count - 1 - d, :d]
    return found


@linalg
def cho_solve_banded(cb_and_lower, b, overwrite_b=False, check_finite=True):
    """The solution x of a x = b from the factor that cholesky_banded returns.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda b: cho_solve_banded((np.array([[2.0]]), False), b))(np.ones(1))
    array([[0.25]])
    """
    cb, lower = cb_and_lower
    return _cho_solve_banded(cb, b, bool(lower))


@over_stacks(2, 12)
def _cho_solve_banded(cb, b, lower):
    cb, b = _checked(cb, b)
    extra = cb.shape[0] - 1
    one = structured.Banded(extra, 0) if lower else structured.Banded(0, extra)
    other, turned = one.transposed((cb,))
    if lower:
        return _solved(other, turned, _solved(one, (cb,), b))
    return _solved(one, (cb,), _solved(other, turned, b))


def _column_and_row(c_or_cr):
    if isinstance(c_or_cr, tuple):
        return c_or_cr
    return c_or_cr, c_or_cr


@linalg
def solve_toeplitz(c_or_cr, b, check_finite=True):
    """The solution x of T x = b for the Toeplitz matrix with first column c and first row r.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda c: solve_toeplitz(c, np.ones(2)))(np.array([2.0, 0.0]))
    array([[-0.25, -0.25],
           [-0.25, -0.25]])
    """
    return _solve_toeplitz(*_column_and_row(c_or_cr), b)


@over_stacks(1, 1, 12)
def _solve_toeplitz(c, r, b):
    c, r, b = as_array(c), as_array(r), as_array(b)
    if c.ndim != 1 or r.ndim != 1 or c.shape != r.shape or b.shape[:1] != c.shape:
        raise ValueError("Incompatible dimensions.")
    return _solved(structured.Toeplitz(), (c, r), b)


@linalg
def matmul_toeplitz(c_or_cr, x, check_finite=False, workers=None):
    """The product of the Toeplitz matrix with first column c and first row r with x, by FFT.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda x: matmul_toeplitz(np.array([1.0, 2.0]), x))(np.ones(2)).round(12)
    array([[1., 2.],
           [2., 1.]])
    """
    return _matmul_toeplitz(*_column_and_row(c_or_cr), x)


@over_stacks(1, 1, 12)
def _matmul_toeplitz(c, r, x):
    c, r, x = as_array(c), as_array(r), as_array(x)
    if c.ndim != 1 or r.ndim != 1 or x.shape[:1] != r.shape:
        raise ValueError("Incompatible dimensions.")
    if x.ndim == 1:
        return _matmul_toeplitz(c, r, x[:, None])[:, 0]
    if x.size == 0:
        return np.zeros((c.size, x.shape[1]))
    period = c.size + r.size - 1
    column = np.fft.rfft(np.concatenate([c, r[:0:-1]]))[:, None]
    return np.fft.irfft(column * np.fft.rfft(x, n=period, axis=0), axis=0, n=period)[: c.size]


@linalg
def solve_circulant(c, b, singular="raise", tol=None, caxis=-1, baxis=0, outaxis=0):
    """The solution x of C x = b for the circulant matrix with first column c, by FFT.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda b: solve_circulant(np.array([2.0, 0.0]), b))(np.ones(2))
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    c, b = np.atleast_1d(array(c)), np.atleast_1d(array(b))
    if c.shape[caxis] != b.shape[baxis]:
        raise ValueError(f"Shapes of c {c.shape} and b {b.shape} are incompatible")
    if b.size == 0:
        return np.zeros(b.shape)
    real = not (np.iscomplexobj(c) or np.iscomplexobj(b))
    factors = np.fft.fft(np.moveaxis(c, caxis, -1), axis=-1)
    size = np.abs(factors)
    if tol is None:
        tol = np.max(size, axis=-1, keepdims=True) * c.shape[caxis] * np.finfo(np.float64).eps
    if np.any(decided(size <= tol)):
        if singular == "raise":
            raise np.linalg.LinAlgError("near singular circulant matrix.")
        refuse("scipy.linalg.solve_circulant of a singular matrix", "use np.linalg.lstsq")
    x = np.fft.ifft(np.fft.fft(np.moveaxis(b, baxis, -1), axis=-1) / factors, axis=-1)
    x = x.real if real else x
    return x if outaxis == -1 else np.moveaxis(x, -1, outaxis)
