# SPDX-License-Identifier: Apache-2.0
"""Functions of symmetric matrices, with derivatives of any order that are accurate where
eigenvalues are equal or close.

The k-th derivative in k directions is made of divided differences of order k: Daleckii and Krein
(1965); Higham, Functions of Matrices (2008), ch. 3.
"""

from itertools import permutations

import numpy as np

from ad_core import _core
from ad_core.rules.divided_differences import divided_tensor
from ad_core.rules.linalg import transposed
from ad_core.rules.rule import call

__all__ = ["symmetric_function"]

ASYMMETRY = 1e-8  # largest a - a^T of a symmetric matrix, relative to its largest element


def symmetric_function(name, f, a, domain=None):
    """f of the matrices a (..., n, n), which are symmetric at the point; for f see divided.py.

    domain: the condition on the eigenvalues for f to be real, as a pair of a word and a function,
    such as ("positive", lambda w: w > 0). Raises NotImplementedError for other matrices.
    """

    def checked(a):
        size = np.max(np.abs(a), initial=0.0)
        if np.max(np.abs(a - transposed(a)), initial=0.0) > ASYMMETRY * size:
            raise NotImplementedError(
                f"{name} has a derivative in ad_core only for symmetric matrices, and this matrix "
                f"is not symmetric{_core.user_line()}; pass 0.5 * (A + A.T) if it should be"
            )
        w = np.linalg.eigvalsh(a)
        if domain is not None and not np.all(domain[1](w) | np.isnan(w)):
            raise NotImplementedError(
                f"{name} has a derivative in ad_core only for symmetric matrices with {domain[0]} "
                f"eigenvalues, and the smallest eigenvalue here is {np.min(w):.3g}"
                f"{_core.user_line()}; add a multiple of np.eye({a.shape[-1]}) to the matrix"
            )

    return _along(name, f, a, [], checked)


def _along(name, f, a, directions, checked=None):
    """The k-th derivative of f at a in the k directions."""

    def value(a, *es):
        if checked is not None:
            checked(a)
        return (_value(f, a, es),)

    def jvp(x, y, t):
        a, *es = x
        parts = [_along(name, f, a, [*es, t[0]])]
        parts += [_along(name, f, a, [*es[:k], t[k + 1], *es[k + 1 :]]) for k in range(len(es))]
        return (sum(parts),)

    def vjp(x, y, w):
        """The transpose of a derivative as a map of one direction: the same derivative at the
        transposed matrix, in the other directions transposed."""
        a, *back = map(transposed, x)
        parts = [_along(name, f, a, [w[0], *back])]
        return parts + [
            _along(name, f, a, [w[0], *back[:k], *back[k + 1 :]]) for k in range(len(back))
        ]

    return call(name, value, (a, *directions), jvp, vjp)[0]


def _value(f, a, es):
    with _core.float_errors(divide="ignore", invalid="ignore"):  # at poles of f
        return _by_eigenvalues(f, a, es)


def _by_eigenvalues(f, a, es):
    at = _spectrum(f, a)
    k, v, back = len(es), at.v, transposed(at.v)
    if k == 0:
        return (v * f.derivative(0, at.w)[..., None, :]) @ back
    differences = at.differences(f, k)
    rotated = [back @ e @ v for e in es]
    if k == 1:
        return v @ np.where(rotated[0] == 0.0, 0.0, differences * rotated[0]) @ back
    letters = "abcdefghijkl"[: k + 1]
    pairs = ",".join(f"...{letters[j]}{letters[j + 1]}" for j in range(k))
    code = f"...{letters},{pairs}->...{letters[0]}{letters[-1]}"
    inner = sum(np.einsum(code, differences, *order) for order in permutations(rotated))
    return v @ inner @ back


def _spectrum(f, a):
    """The spectrum of a; that of the last matrix is kept, since several directions follow."""
    known = f.spectrum
    if known is None or not np.array_equal(known.a, a):
        known = f.spectrum = _Spectrum(a)
    return known


class _Spectrum:
    """Eigenvalues and eigenvectors of matrices, and the divided differences of each order."""

    def __init__(self, a):
        self.a = a
        self.w, self.v = np.linalg.eigh(a)
        self._differences = {}

    def differences(self, f, k):
        if k not in self._differences:
            self._differences[k] = divided_tensor(f, self.w, k)
        return self._differences[k]
