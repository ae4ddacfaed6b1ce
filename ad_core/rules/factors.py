# SPDX-License-Identifier: Apache-2.0
"""Matrix factorisations with their rules: cholesky, qr, eigh, eig and svd of stacks of matrices.

Eigenvalues and singular values count as equal if they differ by no more than their rounding; what
would be divided by such a difference is left out.
"""

from functools import cache

import numpy as np

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.rules.linalg import transposed
from ad_core.rules.rule import Matrices, call

__all__ = ["cholesky", "eig", "eigh", "qr", "svd"]

# Larger matrices are taken by halves: triangles that are inverted, cholesky's transposed rule.
BLOCK, CHOLESKY_BLOCK = 48, 100


def _diagonal(x):
    return np.diagonal(x, 0, -2, -1)


@cache
def _half(n, upper=False):
    """The lower triangle's elements, half of the diagonal's: what makes a symmetric matrix of a
    triangle, and its transpose of any matrix."""
    weights = np.arange(n)[:, None] - np.arange(n)
    weights = 0.5 + 0.5 * np.sign(weights.T if upper else weights)
    weights.flags.writeable = False
    return weights


def _symmetric(x, upper=False):
    """The symmetric matrix of which x has one triangle."""
    side = x * _half(x.shape[-1], upper)
    return side + transposed(side)


def _folded(x, upper=False):
    """The transpose of `_symmetric`."""
    return (x + transposed(x)) * _half(x.shape[-1], upper)


def _inverse_of_lower(x):
    """The inverse of a lower triangle."""

    def jvp(x, y, t):
        return (-y[0] @ t[0] @ y[0],)

    def vjp(x, y, w):
        back = transposed(y[0])
        return (-back @ w[0] @ back,)

    return call("inverse of a triangle", lambda x: (_by_halves(x),), (x,), jvp, vjp)[0]


def _by_halves(x):
    n = x.shape[-1]
    if n <= BLOCK:
        return np.tril(np.linalg.inv(x))
    h = n // 2
    found = np.zeros(x.shape)
    found[..., :h, :h] = first = _by_halves(x[..., :h, :h])
    found[..., h:, h:] = last = _by_halves(x[..., h:, h:])
    found[..., h:, :h] = -last @ (x[..., h:, :h] @ first)
    return found


def cholesky(a):
    """Of the lower triangle: Murray, Differentiation of the Cholesky decomposition (2016)."""

    def linear(x, y, backward):
        factor, inverse = y[0], _inverse_of_lower(y[0])

        def push(t):
            inner = inverse @ _symmetric(t[0]) @ transposed(inverse)
            return (factor @ (inner * _half(inner.shape[-1])),)

        return (lambda w: (_cholesky_back(factor, inverse, w[0]),)) if backward else push

    matrices = Matrices("cholesky", a.shape[:-2], a.shape[-1], 0, 0, [a.shape])
    value = lambda a: (np.linalg.cholesky(a),)  # noqa: E731
    return call("np.linalg.cholesky", value, (a,), linear=linear, matrices=matrices)[0]


def _cholesky_back(factor, inverse, w):
    """By blocks, the last first; what w has above the diagonal has no part in it."""
    n = factor.shape[-1]
    if n <= CHOLESKY_BLOCK:
        inner = (transposed(factor) @ w) * _half(n)
        return _folded(transposed(inverse) @ inner @ inverse)
    h = n // 2
    first, last = slice(None, h), slice(h, None)
    side, at = factor[..., last, first], inverse[..., first, first]
    lower = _cholesky_back(factor[..., last, last], inverse[..., last, last], w[..., last, last])
    middle = (w[..., last, first] - (lower + transposed(lower)) @ side) @ at
    rest = w[..., first, first] - transposed(middle) @ side
    upper = _cholesky_back(factor[..., first, first], at, rest)
    above = np.concatenate([upper, np.zeros((*upper.shape[:-1], n - h))], axis=-1)
    return np.concatenate([above, np.concatenate([middle, lower], axis=-1)], axis=-2)


def qr(a):
    """Reduced, of full column rank: Roberts and Roberts, QR and LQ decomposition matrix
    backpropagation algorithms (2020)."""

    def linear(x, y, backward):
        q, r = y
        inverse = _inverse_of_lower(transposed(r))

        def push(t):
            solved = t[0] @ transposed(inverse)
            inner = transposed(q) @ solved
            below = np.tril(inner, -1)
            upper = inner - below + transposed(below)
            return solved - q @ upper, upper @ r

        def pull(w):
            lower = np.tril(r @ transposed(w[1]) - transposed(w[0]) @ q)
            both = lower + transposed(np.tril(lower, -1))
            return ((w[0] + q @ both) @ inverse,)

        return pull if backward else push

    (n, k), matrices = a.shape[-2:], None
    if n >= k > 0:
        results = [a.shape, (*a.shape[:-2], k, k)]
        matrices = Matrices("qr", a.shape[:-2], n, k, 0, results)
    return call("np.linalg.qr", np.linalg.qr, (a,), linear=linear, matrices=matrices)


def _equal(differences, s):
    size = s.shape[-1] * np.finfo(float).eps * np.max(np.absolute(s), axis=-1, keepdims=True)
    return np.absolute(differences) <= size[..., None]


def _inverse_gaps(s):
    """[i, j]: 1 / (s_j - s_i), 0 for equal ones."""
    gaps = s[..., None, :] - s[..., :, None]
    equal = _equal(gaps, s)
    return np.where(equal, 0.0, 1.0 / np.where(equal, 1.0, gaps))


def eigh(a, uplo):
    upper = uplo == "U"

    def jvp(x, y, t):
        w, v = y
        inner = transposed(v) @ _symmetric(t[0], upper) @ v
        return _diagonal(inner), v @ (_inverse_gaps(w) * inner)

    def vjp(x, y, c):
        w, v = y
        inner = _inverse_gaps(w) * (transposed(v) @ c[1])
        return (_folded((v * c[0][..., None, :] + v @ inner) @ transposed(v), upper),)

    flags = 0 if upper else _core.LINEAR_FLAGS["lower"]
    matrices = Matrices("eigh", a.shape[:-2], a.shape[-1], 0, flags, [a.shape[:-1], a.shape])
    value = lambda a: np.linalg.eigh(a, uplo)  # noqa: E731
    return call("np.linalg.eigh", value, (a,), jvp, vjp, matrices=matrices)


def eig(a, name):
    """Distinct real eigenvalues; eigenvectors of length 1, as LAPACK's."""

    def jvp(x, y, t):
        w, v = y
        inner = np.linalg.solve(v, t[0] @ v)
        moved = v @ (_inverse_gaps(w) * inner)
        return _diagonal(inner), moved - v * np.sum(v * moved, axis=-2, keepdims=True)

    def vjp(x, y, c):
        w, v = y
        across = c[1] - v * np.sum(v * c[1], axis=-2, keepdims=True)
        inner = _inverse_gaps(w) * (transposed(v) @ across)
        inner = inner + c[0][..., None, :] * np.eye(w.shape[-1])
        return (np.linalg.solve(transposed(v), inner @ transposed(v)),)

    def value(a):
        found = np.linalg.eig(a)
        if np.iscomplexobj(found[0]):
            raise NoDerivativeError(
                f"{name} has a derivative in ad_core only where all eigenvalues are real; here "
                f"some are complex numbers{_core.user_line()}"
            )
        return found

    return call(name, value, (a,), jvp, vjp)


def svd(a):
    """Thin: Townsend, Differentiating the singular value decomposition (2016), with the symmetric
    and the antisymmetric part apart: only the former is divided by differences."""
    m, n = a.shape[-2:]
    k = min(m, n)

    def over_sums(s):
        sums = s[..., None, :] + s[..., :, None]
        return np.where(sums == 0.0, 0.0, 1.0 / np.where(sums == 0.0, 1.0, sums))

    def inverse(s):
        none = _equal(s[..., None], s)[..., 0]
        return np.where(none, 0.0, 1.0 / np.where(none, 1.0, s))[..., None, :]

    def jvp(x, y, t):
        (u, s, vt), da = y, t[0]
        v = transposed(vt)
        right, left = da @ v, transposed(da) @ u
        inner = transposed(u) @ right
        even = 0.5 * _inverse_gaps(s) * (inner + transposed(inner))
        odd = 0.5 * over_sums(s) * (inner - transposed(inner))
        du, dv = u @ (even + odd), v @ (even - odd)
        if m > k:
            du = du + (right - u @ inner) * inverse(s)
        if n > k:
            dv = dv + (left - v @ transposed(inner)) * inverse(s)
        return du, _diagonal(inner), transposed(dv)

    def vjp(x, y, w):
        (u, s, vt), wv = y, transposed(w[2])
        across_u, across_v = transposed(u) @ w[0], vt @ wv
        even = _inverse_gaps(s) * (across_u + across_v)
        odd = over_sums(s) * (across_u - across_v)
        inner = 0.5 * (even + transposed(even) + odd - transposed(odd))
        left = u @ inner + u * w[1][..., None, :]
        if m > k:
            left = left + (w[0] - u @ across_u) * inverse(s)
        found = left @ vt
        if n > k:
            found = found + u @ transposed((wv - transposed(vt) @ across_v) * inverse(s))
        return (found,)

    def value(a):
        return np.linalg.svd(a, full_matrices=False)

    return call("np.linalg.svd", value, (a,), jvp, vjp)
