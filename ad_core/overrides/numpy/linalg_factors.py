# SPDX-License-Identifier: Apache-2.0
"""numpy.linalg: factorisations, eigenvalues and singular values. NumPy's own code of each checks
its arguments and calls compiled functions, whose names differ between its versions."""

import numpy as np

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy.complex.array import pair
from ad_core.overrides.numpy.guards import keep_order_of_ties
from ad_core.overrides.numpy.linalg import RESULTS, linalg, stacked, stacked_square
from ad_core.overrides.numpy.sorting import sorting
from ad_core.rules import complex_eigenvectors
from ad_core.rules import factorizations as factors

__all__ = ["svd"]

# Since NumPy 2.5, eigenvalues of real matrices are complex numbers even if all are real.
COMPLEX = np.iscomplexobj(np.linalg.eigvals(np.eye(1)))


@linalg(np.linalg.cholesky)
def cholesky(a, /, *, upper=False):
    """np.linalg.cholesky. NumPy reads one triangle, so the derivative by the other is zero."""
    a = stacked_square(a)
    if upper:
        return np.swapaxes(factors.cholesky(np.swapaxes(a, -1, -2)), -1, -2)
    return factors.cholesky(a)


@linalg(np.linalg.qr)
def qr(a, mode="reduced"):
    a = stacked(a)
    m, n = a.shape[-2:]
    if mode not in ("reduced", "complete", "r", "raw"):
        raise ValueError(f"Unrecognized mode '{mode}'")
    if mode == "raw":
        raise NoDerivativeError(
            f"np.linalg.qr has no derivative in ad_core for mode={mode!r}{_core.user_line()}; use "
            f"mode='reduced' or mode='r'"
        )
    if mode == "complete" and m > n:
        raise NoDerivativeError(
            f"np.linalg.qr has no derivative in ad_core for mode='complete' with more rows than "
            f"columns{_core.user_line()}, since Q is not determined; use mode='reduced'"
        )
    q, r = factors.qr(a[..., : min(m, n)])
    if m < n:  # the other columns of R are those of a, times the transpose of Q
        r = np.concatenate([r, np.swapaxes(q, -1, -2) @ a[..., m:]], axis=-1)
    return r if mode == "r" else RESULTS.QRResult(q, r)


def _uplo(UPLO):
    if UPLO.upper() not in ("L", "U"):
        raise ValueError("UPLO argument must be 'L' or 'U'")
    return UPLO.upper()


@linalg(np.linalg.eigh)
def eigh(a, UPLO="L"):
    return RESULTS.EighResult(*factors.eigh(stacked_square(a), _uplo(UPLO)))


@linalg(np.linalg.eigvalsh)
def eigvalsh(a, UPLO="L"):
    return factors.eigh(stacked_square(a), _uplo(UPLO))[0]


@linalg(np.linalg.eig)
def eig(a):
    return RESULTS.EigResult(*_eig(a, "np.linalg.eig"))


@linalg(np.linalg.eigvals)
def eigvals(a):
    return _eig(a, "np.linalg.eigvals")[0]


def _eig(a, name):
    """Eigenvalues and eigenvectors, which are complex if an eigenvalue is."""
    a = stacked_square(a)
    if np.any(np.imag(np.linalg.eigvals(_core.current_values(a)))):
        wr, wi, vr, vi = complex_eigenvectors.eig(name, np.linalg.eig, a, a.shape[:-2])
        return pair(wr, wi), pair(vr, vi)
    return tuple(map(_as_numpys, factors.eig(a, name)))


def _as_numpys(x):
    """Real eigenvalues or eigenvectors in the type that NumPy returns."""
    return pair(x, 0.0) if COMPLEX else x


@linalg(np.linalg.svd)
def svd(a, full_matrices=True, compute_uv=True, hermitian=False):
    if hermitian:
        return _svd_by_eigh(stacked_square(a), compute_uv)
    a = stacked(a)
    m, n = a.shape[-2:]
    if compute_uv and full_matrices and m != n:
        raise NoDerivativeError(
            f"np.linalg.svd has no derivative in ad_core for full_matrices=True and a matrix that "
            f"is not square{_core.user_line()}, since some of the singular vectors are not "
            f"determined; pass full_matrices=False"
        )
    u, s, vt = factors.svd(a)
    return RESULTS.SVDResult(u, s, vt) if compute_uv else s


def _svd_by_eigh(a, compute_uv):
    """The SVD of a symmetric matrix, from its eigenvalues: the largest comes first, and their signs
    are in the right singular vectors, as in NumPy."""
    w, v = factors.eigh(a, "L")
    s = np.absolute(w)
    # the rule of eigh handles equal eigenvalues, in any order
    order = sorting(s, -1, keep_order_of_ties)[0][..., ::-1]
    s = np.take_along_axis(s, order, axis=-1)
    if not compute_uv:
        return s
    sign = np.take_along_axis(np.copysign(1.0, w), order, axis=-1)
    u = np.take_along_axis(v, order[..., None, :], axis=-1)
    return RESULTS.SVDResult(u, s, np.swapaxes(u * sign[..., None, :], -1, -2))
