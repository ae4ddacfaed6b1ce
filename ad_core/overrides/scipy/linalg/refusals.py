# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scipy.linalg: functions that have no derivative in ad_core, and checks of structure."""

import numpy as np
import scipy.linalg as sl

from ad_core.overrides.numpy.guards import decided
from ad_core.overrides.scipy.decisions import decision
from ad_core.overrides.scipy.dispatch import refuses_all
from ad_core.overrides.scipy.linalg.entering import array, linalg, matrix, plain_options

__all__ = []

REMEDIES = {
    "cdf2rdf": "use the complex eigenvalues and vectors themselves",
    "cossin": "use scipy.linalg.svd of the blocks",
    "expm_cond": "use scipy.linalg.expm_frechet",
    "hessenberg": "use scipy.linalg.eig or scipy.linalg.qr",
    "ldl": "use scipy.linalg.cholesky or scipy.linalg.lu",
    "matrix_balance": "balance plain values of the matrix, and apply its scaling",
    "ordqz": "use scipy.linalg.eig",
    "qr_delete": "use scipy.linalg.qr of the new matrix",
    "qr_insert": "use scipy.linalg.qr of the new matrix",
    "qr_multiply": "use scipy.linalg.qr with mode='economic', and @",
    "qr_update": "use scipy.linalg.qr of the new matrix",
    "qz": "use scipy.linalg.eig",
    "rsf2csf": "use scipy.linalg.eig",
    "schur": "use scipy.linalg.eig",
    "signm": "use A @ np.linalg.inv(scipy.linalg.sqrtm(A @ A))",
}

refuses_all(sl, REMEDIES)


def _symmetric(a, atol, rtol):
    a = matrix(a)
    if a.shape[0] != a.shape[1]:
        raise ValueError("Input array must be square")
    atol, rtol = plain_options("scipy.linalg.issymmetric", atol, rtol)
    turned = np.swapaxes(a, -1, -2)
    if atol is None and rtol is None:
        return bool(np.all(decided(a == turned)))
    gap, size = np.absolute(a - turned), np.absolute(turned)
    return bool(np.all(decided(gap <= (atol or 0.0) + (rtol or 0.0) * size)))


@linalg
def issymmetric(a, atol=None, rtol=None):
    """Whether a matrix is symmetric; a guard keeps the answer."""
    return _symmetric(a, atol, rtol)


@linalg
def ishermitian(a, atol=None, rtol=None):
    """Whether a real matrix is symmetric; a guard keeps the answer."""
    return _symmetric(a, atol, rtol)


@linalg
def bandwidth(a):
    """The numbers of diagonals below and above the main one; a guard keeps them."""
    return decision("scipy.linalg.bandwidth", lambda a: tuple(map(int, sl.bandwidth(a))), array(a))
