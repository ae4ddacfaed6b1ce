# SPDX-License-Identifier: Apache-2.0
"""Matrix factorisations with their rules: cholesky, qr, eigh, eig and svd of stacks of matrices.

A factor that is not a function of the matrix has the derivative NaN: vectors of equal eigenvalues
and singular values, and Q if the columns are linearly dependent. See repeated.py.
"""

from functools import cache

import numpy as np

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.rules import repeated_eigenvalues as repeated
from ad_core.rules.linalg import inverses, transposed
from ad_core.rules.rule import Matrices, call

__all__ = ["cholesky", "eig", "eigh", "qr", "svd"]

# Larger matrices are split into halves: in the inversion of triangles, and in the rule of cholesky
# for cotangents.
BLOCK, CHOLESKY_BLOCK = 48, 100


def _diagonal(x):
    return np.diagonal(x, 0, -2, -1)


def _half(n, upper=False):
    """Weights 1 in the lower triangle, 1/2 on the diagonal and 0 above it. They are used to make a
    symmetric matrix from a triangle, and in the transpose of that map."""
    weights = np.arange(n)[:, None] - np.arange(n)
    weights = 0.5 + 0.5 * np.sign(weights.T if upper else weights)
    weights.flags.writeable = False
    return weights


_half = cache(_half)


def _symmetric(x, upper=False):
    """The symmetric matrix that has one triangle of x."""
    side = x * _half(x.shape[-1], upper)
    return side + transposed(side)


def _folded(x, upper=False):
    """The transpose of the map `_symmetric`; the other triangle of the result is zero."""
    side = (x + transposed(x)) * _half(x.shape[-1], upper)
    return np.triu(side) if upper else np.tril(side)


def _inverse_of_lower(x):
    """The inverse of a lower triangular matrix."""

    def jvp(x, y, t):
        return (-y[0] @ t[0] @ y[0],)

    def vjp(x, y, w):
        back = transposed(y[0])
        return (-back @ w[0] @ back,)

    value = lambda x: (_by_halves(x),)  # noqa: E731
    return call("inverse of a triangle", value, (x,), jvp, vjp, stack=x.shape[:-2])[0]


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
    """The lower Cholesky factor: Murray, Differentiation of the Cholesky decomposition (2016)."""

    def linear(x, y, backward):
        factor, inverse = y[0], _inverse_of_lower(y[0])

        def push(t):
            inner = inverse @ _symmetric(t[0]) @ transposed(inverse)
            return (factor @ (inner * _half(inner.shape[-1])),)

        return (lambda w: (_cholesky_back(factor, inverse, w[0]),)) if backward else push

    matrices = Matrices("cholesky", a.shape[:-2], a.shape[-1], 0, 0, [a.shape])
    value = lambda a: (np.linalg.cholesky(a),)  # noqa: E731
    return call(
        "np.linalg.cholesky", value, (a,), linear=linear, matrices=matrices, stack=a.shape[:-2]
    )[0]


def _cholesky_back(factor, inverse, w):
    """The rule for cotangents by blocks, the last first; w above the diagonal is not used."""
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


def qr(a, own=None):
    """The reduced QR factors of a matrix of full column rank: Roberts and Roberts, QR and LQ
    decomposition matrix backpropagation algorithms (2020).

    own, here and below: a function that returns such factors in place of NumPy's, which may differ
    from them in signs and rounding."""

    def linear(x, y, backward):
        q, r = y
        deficient = _dependent(r, n)
        inverse = _inverse_of_lower(transposed(np.where(deficient, np.eye(r.shape[-1]), r)))

        def push(t):
            solved = t[0] @ transposed(inverse)
            inner = transposed(q) @ solved
            below = np.tril(inner, -1)
            upper = inner - below + transposed(below)
            lost = repeated.nan_where_missing(deficient, t[0])
            return solved - q @ upper + lost, np.triu(upper @ r + lost)

        def pull(w):
            lower = np.tril(r @ transposed(w[1]) - transposed(w[0]) @ q)
            both = lower + transposed(np.tril(lower, -1))
            lost = repeated.nan_where_missing(deficient, w[0]) + repeated.nan_where_missing(
                deficient, np.triu(w[1])
            )
            return ((w[0] + q @ both) @ inverse + lost,)

        return pull if backward else push

    (n, k), matrices = a.shape[-2:], None
    if n >= k > 0 and own is None:
        results = [a.shape, (*a.shape[:-2], k, k)]
        matrices = Matrices("qr", a.shape[:-2], n, k, 0, results)

    def undetermined(x, y):
        deficient = _dependent(y[1], n)
        return deficient, deficient

    return call(
        "np.linalg.qr", own or np.linalg.qr, (a,), linear=linear, matrices=matrices,
        undetermined=undetermined, stack=a.shape[:-2],
    )  # fmt: skip


def _dependent(r, n):
    """Whether the columns of q r, where q has n rows, are linearly dependent up to rounding."""
    size = np.absolute(r)
    small = n * np.finfo(float).eps * np.max(size, axis=(-2, -1), keepdims=True)
    return np.min(_diagonal(size)[..., None], axis=(-2, -1), keepdims=True) <= small


def eigh(a, uplo, own=None):
    upper = uplo == "U"

    def jvp(x, y, t):
        w, v = y
        moved = _symmetric(t[0], upper)
        if repeated.absent(moved):
            return None, None
        inner = transposed(v) @ moved @ v
        lost = np.where(
            repeated.repeated(w)[..., None, :],
            repeated.nan_where_missing(True, moved),
            0.0,
        )
        return _diagonal(inner), v @ (repeated.inverse_gaps(w) * inner) + lost

    def vjp(x, y, c):
        w, v = y
        left = v * c[0][..., None, :]
        if repeated.absent(c[1]):
            return (_folded(left @ transposed(v), upper),)
        inner = repeated.inverse_gaps(w) * (transposed(v) @ c[1])
        lost = repeated.nan_where_missing(repeated.repeated(w)[..., None, :], c[1])
        return (_folded((left + v @ inner) @ transposed(v) + lost, upper),)

    def undetermined(x, y):
        return None, repeated.repeated(y[0])[..., None, :]

    flags = 0 if upper else _core.LINEAR_FLAGS["lower"]
    matrices = Matrices("eigh", a.shape[:-2], a.shape[-1], 0, flags, [a.shape[:-1], a.shape])
    matrices = matrices if own is None else None
    value = own or (lambda a: np.linalg.eigh(a, uplo))
    return call(
        "np.linalg.eigh", value, (a,), jvp, vjp, matrices=matrices, undetermined=undetermined,
        reads=np.broadcast_to(_half(a.shape[-1], upper) > 0.0, a.shape), stack=a.shape[:-2],
    )  # fmt: skip


def eig(a, name):
    """Distinct real eigenvalues, and eigenvectors of length 1 as those of LAPACK."""

    def jvp(x, y, t):
        w, v = y
        back = inverses(v)
        same, defective = _eig_repeated(x[0], w, back)
        inner = back @ t[0] @ v
        moved = v @ (repeated.inverse_gaps(w, same) * inner)
        lost = repeated.nan_where_missing(True, t[0])[..., 0]
        dw = _diagonal(inner) + np.where(defective, lost, 0.0)
        lost = np.where(repeated.repeated(w, same), lost, 0.0)[..., None, :]
        return dw, moved - v * np.sum(v * moved, axis=-2, keepdims=True) + lost

    def vjp(x, y, c):
        w, v = y
        back = inverses(v)
        same, defective = _eig_repeated(x[0], w, back)
        weights = c[0][..., None, :]
        inner, lost = (
            weights * np.eye(w.shape[-1]),
            repeated.nan_where_missing(defective[..., None, :], weights),
        )
        if not repeated.absent(c[1]):
            across = c[1] - v * np.sum(v * c[1], axis=-2, keepdims=True)
            inner = inner + repeated.inverse_gaps(w, same) * (transposed(v) @ across)
            lost = lost + repeated.nan_where_missing(repeated.repeated(w, same)[..., None, :], c[1])
        return (transposed(back) @ inner @ transposed(v) + lost,)

    def value(a):
        found = np.linalg.eig(a)
        if np.any(np.imag(found[0])):
            raise NoDerivativeError(
                f"{name} was recorded where all eigenvalues are real, but some are complex "
                f"numbers here{_core.user_line()}; use ad_core.compile(), which records both"
            )
        return tuple(map(np.real, found))

    def undetermined(x, y):
        same, defective = _eig_repeated(x[0], y[0], inverses(y[1]))
        return defective, repeated.repeated(y[0], same)[..., None, :]

    return call(name, value, (a,), jvp, vjp, undetermined=undetermined, stack=a.shape[:-2])


def _eig_repeated(a, w, back):
    """Which eigenvalues are equal (..., n, n), and which have too few eigenvectors (..., n).

    The error of an eigenvalue is the rounding error of a divided by the cosine s between its right
    and left eigenvector (Wilkinson, The algebraic eigenvalue problem, 1965, ch. 2). s vanishes
    where eigenvectors become parallel, and the eigenvalue's derivative is infinite there."""
    n = w.shape[-1]
    size = np.sqrt(np.sum(np.square(a), axis=(-2, -1)))[..., None]
    over = np.sqrt(np.sum(np.square(back), axis=-1))  # 1 / s: right eigenvectors have length 1
    known = n * np.finfo(float).eps * size * over
    gaps = np.absolute(w[..., None, :] - w[..., :, None])
    same = ~(gaps > 0.5 * (known[..., None, :] + known[..., :, None]))
    merged = ~(over < 1.0 / (n * np.sqrt(np.finfo(float).eps)))
    return same, merged & repeated.repeated(w, same)


def svd(a, own=None):
    """The thin SVD: Townsend, Differentiating the singular value decomposition (2016). Here the
    symmetric and the antisymmetric part are separate, since only the former is divided by
    differences of singular values."""
    m, n = a.shape[-2:]
    k = min(m, n)

    def none(s):
        return repeated.equal(s[..., None], s)[..., 0]

    def inverse(s):
        return repeated.safe_inverse(s, none(s))[..., None, :]

    def missing(s):
        """Which columns of u and of v are not functions of a, each of shape (..., 1, k)."""
        many = repeated.repeated(s)
        zero = many | none(s)
        return (zero if m > k else many)[..., None, :], (zero if n > k else many)[..., None, :]

    def jvp(x, y, t):
        (u, s, vt), da = y, t[0]
        v = transposed(vt)
        right, left = da @ v, transposed(da) @ u
        inner = transposed(u) @ right
        even = 0.5 * repeated.inverse_gaps(s) * (inner + transposed(inner))
        odd = 0.5 * _over_sums(s) * (inner - transposed(inner))
        du, dv = u @ (even + odd), v @ (even - odd)
        if m > k:
            du = du + (right - u @ inner) * inverse(s)
        if n > k:
            dv = dv + (left - v @ transposed(inner)) * inverse(s)
        lost, (no_u, no_v) = repeated.nan_where_missing(True, da), missing(s)
        dv = dv + np.where(no_v, lost, 0.0)
        return du + np.where(no_u, lost, 0.0), _diagonal(inner), transposed(dv)

    def vjp(x, y, w):
        u, s, vt = y
        if repeated.absent(w[0]) and repeated.absent(w[2]):
            return ((u * w[1][..., None, :]) @ vt,)
        wv = transposed(w[2])
        across_u, across_v = transposed(u) @ w[0], vt @ wv
        even = repeated.inverse_gaps(s) * (across_u + across_v)
        odd = _over_sums(s) * (across_u - across_v)
        inner = 0.5 * (even + transposed(even) + odd - transposed(odd))
        left = u @ inner + u * w[1][..., None, :]
        if m > k:
            left = left + (w[0] - u @ across_u) * inverse(s)
        found = left @ vt
        if n > k:
            found = found + u @ transposed((wv - transposed(vt) @ across_v) * inverse(s))
        no_u, no_v = missing(s)
        return (
            found + repeated.nan_where_missing(no_u, w[0]) + repeated.nan_where_missing(no_v, wv),
        )

    value = own or (lambda a: np.linalg.svd(a, full_matrices=False))

    def undetermined(x, y):
        no_u, no_v = missing(y[1])
        return no_u, None, transposed(no_v)

    return call(
        "np.linalg.svd", value, (a,), jvp, vjp, undetermined=undetermined, stack=a.shape[:-2]
    )


def _over_sums(s):
    sums = s[..., None, :] + s[..., :, None]
    return repeated.safe_inverse(sums, sums == 0.0)
