# SPDX-License-Identifier: Apache-2.0
"""Matrix functions with their rules: solutions, inverses, determinants, least squares.

The formulas are from Giles, Collected matrix derivative results for forward and reverse mode AD
(2008), unless another source is named. All functions take stacks of matrices.
"""

import numpy as np

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.rules.repeated_eigenvalues import absent, guarded
from ad_core.rules.rule import Matrices, call
from ad_core.rules.singular_values import singular_values, thin_svd

__all__ = [
    "characteristic", "cofactors", "det", "inv", "inverses", "lstsq", "pinv", "roots", "slogdet",
    "solve", "transposed",
]  # fmt: skip

# Largest singular value that pinv and lstsq leave out, relative to those that they keep: a larger
# one is not a rounding error.
NEGLIGIBLE = 1e-8
# Above this condition number the inverse has lost too many digits for second derivatives of det.
CONDITION = 1e5
MANY = 4  # solutions, with a factorisation for each, that take as long as the inverse


def transposed(x):
    return np.swapaxes(x, -1, -2)


def _spread(w):
    """One number for each matrix, shaped so that it multiplies the matrices."""
    return np.reshape(w, (*np.shape(w), 1, 1))


def _trace(x):
    return _spread(np.trace(x, axis1=-2, axis2=-1))


def solve(a, b):
    """The solution x of a x = b, for stacks of one shape."""
    if _core.traced(b) and not _core.traced(a):
        return _solve_plain(a.astype(float), b)

    def linear(x, y, backward):
        solved = _solver(transposed(x[0]) if backward else x[0])

        def pull(w):
            back = solved(w[0])
            return -back @ transposed(y[0]), back

        return pull if backward else lambda t: (solved(t[1] - t[0] @ y[0]),)

    matrices = _square("solve", a, [b.shape], b.shape[-1])
    value = lambda a, b: (np.linalg.solve(a, b),)  # noqa: E731
    return call(
        "np.linalg.solve", value, (a, b), linear=linear, matrices=matrices, stack=a.shape[:-2]
    )[0]


def _square(kind, a, results, k=0):
    return Matrices(kind, a.shape[:-2], a.shape[-1], k, 0, results)


def _solver(a):
    """A function of b that solves a x = b; after many calls it uses the inverse."""
    calls, inverse = 0, None

    def solved(b):
        nonlocal calls, inverse
        calls += 1
        if calls <= MANY:
            return solve(a, b)
        inverse = inv(a) if inverse is None else inverse
        return inverse @ b

    return solved


def _solve_plain(a, b):
    """The solution for a matrix of plain numbers, which needs no nodes."""

    def linear(x, y, backward):
        solved = _solver(transposed(a) if backward else a)
        return lambda seeds: (solved(seeds[0]),)

    value = lambda b: (np.linalg.solve(a, b),)  # noqa: E731
    matrices = Matrices("solve", a.shape[:-2], a.shape[-1], b.shape[-1], 0, [b.shape], a)
    return call(
        "np.linalg.solve", value, (b,), linear=linear, matrices=matrices, stack=a.shape[:-2]
    )[0]


def inv(a):
    return _inverted(a, lambda a: (np.linalg.inv(a),), raises=True)


def inverses(a):
    """The inverses; NaN for singular matrices."""
    return _inverted(a, lambda a: (_inverses(a),), raises=False)


def _inverted(a, value, raises):
    def jvp(x, y, t):
        return (-y[0] @ t[0] @ y[0],)

    def vjp(x, y, w):
        back = transposed(y[0])
        return (-back @ w[0] @ back,)

    matrices = _square("inv", a, [a.shape])
    return call(
        "np.linalg.inv", value, (a,), jvp, vjp, matrices=matrices, raises=raises,
        stack=a.shape[:-2],
    )[0]  # fmt: skip


def _inverses(a):
    try:
        return np.linalg.inv(a)
    except np.linalg.LinAlgError:
        if a.ndim == 2:
            return np.full(a.shape, np.nan)
        return np.stack([_inverses(x) for x in a])


def det(a):
    def linear(x, y, backward):
        slopes = cofactors(x[0], None if _core.traced(y[0]) else y[0])
        if backward:
            return lambda w: (_spread(w[0]) * slopes,)
        return lambda t: (np.sum(slopes * t[0], axis=(-2, -1)),)

    matrices = _square("det", a, [a.shape[:-2]])
    value = lambda a: (np.linalg.det(a),)  # noqa: E731
    return call(
        "np.linalg.det", value, (a,), linear=linear, matrices=matrices, raises=False,
        stack=a.shape[:-2],
    )[0]  # fmt: skip


def cofactors(a, d=None):
    """The derivative of det, also at singular matrices; d is the determinant if it is known."""

    def derivative(x, y, t):
        return (_minors(x[0], t[0]),)

    # the second derivative of det is symmetric, so the rule is its own transpose
    value = lambda a: (_cofactors(a, d),)  # noqa: E731
    stack = a.shape[:-2] if d is None else None  # d is known at one point
    return call("cofactors", value, (a,), derivative, derivative, raises=False, stack=stack)[0]


def _cofactors(a, d):
    """det(a) inv(a)^T, which is accurate near singular matrices (Stewart, On the adjugate matrix,
    1998). For singular matrices it is computed from the singular values."""
    d = np.linalg.det(a) if d is None else d
    found = _spread(d) * transposed(_inverses(a))
    singular = (d == 0.0) & np.isfinite(a).all(axis=(-2, -1))
    if singular.any():
        u, s, vt = np.linalg.svd(a[singular])
        sign = _spread(np.linalg.det(u) * np.linalg.det(vt))
        found[singular] = sign * (u * _products_but_one(s)[..., None, :]) @ vt
    return found


def _products_but_one(s):
    """For each number, the product of all others."""
    ones = np.ones((*s.shape[:-1], 1))
    before = np.cumprod(np.concatenate([ones, s[..., :-1]], axis=-1), axis=-1)
    after = np.cumprod(np.concatenate([ones, s[..., :0:-1]], axis=-1), axis=-1)[..., ::-1]
    return before * after


def _minors(a, e):
    """The derivative of the cofactors in the direction e."""

    def along(x, h):
        return _second_minors(x[0], x[1], h)

    def jvp(x, y, t):
        return (_minors(x[0], t[1]) + along(x, t[0]),)

    def vjp(x, y, w):
        return along(x, w[0]), _minors(x[0], w[0])

    value = lambda a, e: (_minors_of(a, e),)  # noqa: E731
    return call("minors", value, (a, e), jvp, vjp, stack=a.shape[:-2])[0]


def _minors_of(a, e):
    y = _inverses(a)
    ye = y @ e
    found = _spread(np.linalg.det(a)) * transposed(_trace(ye) * y - ye @ y)
    size = np.linalg.norm(a, axis=(-2, -1)) * np.linalg.norm(y, axis=(-2, -1))
    bad = ~(size <= CONDITION) & np.isfinite(a).all(axis=(-2, -1))
    if bad.any():
        found[bad] = _minors_by_singular_values(a[bad], e[bad])
    return found


def _minors_by_singular_values(a, e):
    """From the minors of a diagonal matrix, since the cofactors of a product are the product of
    cofactors."""
    u, s, vt = np.linalg.svd(a)
    sign = _spread(np.linalg.det(u) * np.linalg.det(vt))
    f = transposed(u) @ e @ transposed(vt)
    n = s.shape[-1]
    same = np.eye(n, dtype=bool)
    products = _products_but_one(np.where(same, 1.0, s[..., None, :]))  # [i, j]: without both
    products = np.where(same, 0.0, products)
    inner = -products * transposed(f)
    diagonal = np.diagonal(f, axis1=-2, axis2=-1)
    inner += np.where(same, (products @ diagonal[..., None]), 0.0)
    return sign * u @ inner @ vt


def _second_minors(a, e, h):
    """The third derivative of det in the directions e and h; a must have an inverse."""
    y = np.linalg.inv(a)
    ye, yh = y @ e, y @ h
    te, th = _trace(ye), _trace(yh)
    both = yh @ ye
    inner = (te * th - _trace(both)) * y + (both + ye @ yh - te * yh - th * ye) @ y
    return _spread(np.linalg.det(a)) * transposed(inner)


def slogdet(a):
    """The sign has no derivative; the derivative of the logarithm is NaN at singular matrices."""

    def linear(x, y, backward):
        slopes = transposed(inverses(x[0]))

        def pull(w):
            weight = _spread(w[1])
            return (np.where(weight == 0.0, 0.0, weight * slopes),)

        return pull if backward else lambda t: (None, np.sum(slopes * t[0], axis=(-2, -1)))

    matrices = _square("slogdet", a, [a.shape[:-2], a.shape[:-2]])
    return call(
        "np.linalg.slogdet", np.linalg.slogdet, (a,), linear=linear, matrices=matrices,
        raises=False, stack=a.shape[:-2],
    )  # fmt: skip


def pinv(a, rcond):
    """Golub and Pereyra, The differentiation of pseudo-inverses (1973), at constant rank."""

    def jvp(x, y, t):
        a, p, da = x[0], y[0], t[0]
        pt, dat = transposed(p), transposed(da)
        left = dat - (dat @ a) @ p
        right = dat - p @ (a @ dat)
        return (-p @ da @ p + p @ (pt @ left) + right @ pt @ p,)

    def vjp(x, y, w):
        a, p, wt = x[0], y[0], transposed(w[0])
        pt = transposed(p)
        left = wt - a @ (p @ wt)
        right = wt - (wt @ p) @ a
        return (-pt @ w[0] @ pt + (left @ p) @ pt + pt @ (p @ right),)

    def undetermined(x, y):
        return (_deficient(x[0], rcond)[..., None, None],)

    return call(
        "np.linalg.pinv", lambda a: (_pinv(a, rcond),), (a,), jvp, vjp, undetermined=undetermined,
        keeps=lambda x, t: _keeps_rank(x[0], rcond, t[0]), stack=a.shape[:-2],
    )[0]  # fmt: skip


def _kept(s, rcond):
    return s > np.asarray(rcond)[..., None] * np.max(s, axis=-1, keepdims=True, initial=0.0)


def _deficient(a, rcond):
    """Which matrices do not have full rank. With rcond >= 1 no singular value is kept at all, so
    that every matrix counts as constant."""
    return ~_full_rank(singular_values(a), rcond)


def _full_rank(s, rcond):
    return np.all(_kept(s, rcond), axis=-1) | (np.asarray(rcond) >= 1.0)


def _keeps_rank(a, rcond, t):
    """Whether the matrices keep their ranks in the direction t: no part of t lies outside both the
    column space and the row space."""
    u, s, vt = thin_svd(a)
    kept = _kept(s, rcond)
    u, vt = u * kept[..., None, :], vt * kept[..., None]
    outside = t - u @ (transposed(u) @ t)
    outside = outside - (outside @ transposed(vt)) @ vt
    return bool(np.max(np.abs(outside), initial=0.0) <= NEGLIGIBLE * np.max(np.abs(t), initial=0.0))


def _pinv(a, rcond):
    u, s, vt = thin_svd(a)
    kept = _kept(s, rcond)
    _only_rounding("np.linalg.pinv", s, kept)
    inverse = np.divide(1.0, s, where=kept, out=np.zeros_like(s))
    return transposed(vt) @ (inverse[..., None] * transposed(u))


def _only_rounding(name, s, kept):
    """Raise NoDerivativeError if a singular value is left out that is not zero up to rounding."""
    smallest = np.min(s, axis=-1, keepdims=True, where=kept, initial=np.inf)
    if np.any(s * ~kept > NEGLIGIBLE * smallest):
        raise NoDerivativeError(
            f"{name} leaves out singular values that are not rounding errors of zeros, and the "
            f"rule for its derivative holds only at constant rank; use np.linalg.svd and leave "
            f"them out there{_core.user_line()}"
        )


def lstsq(a, b, rcond):
    """The least-squares solution of minimal norm, by the rule of pinv times b, and the singular
    values."""

    def linear(x, y, backward):
        (a, b), (found, _) = x, y
        p = pinv(a, rcond)
        pt, left = transposed(p), b - a @ found
        through = pt @ found

        def push(t):
            da, db = t
            dat = transposed(da)
            moved = p @ (db - da @ found) + p @ (pt @ (dat @ left))
            back = dat @ through
            u, _, vt = thin_svd(a)
            return moved + back - p @ (a @ back), np.sum(u * (da @ transposed(vt)), axis=-2)

        def pull(w):
            bb = pt @ w[0]
            ba = left @ transposed(p @ bb) - bb @ transposed(found)
            ba = ba + through @ transposed(w[0] - p @ (a @ w[0]))
            if not absent(w[1]):
                u, _, vt = thin_svd(a)
                ba = ba + (u * w[1][..., None, :]) @ vt
            return ba, bb

        return pull if backward else push

    cut = rcond if rcond >= 0.0 else np.finfo(float).eps

    def value(a, b):
        if a.ndim > 2:
            return _least_squares(a, b, cut)
        found, _, rank, s = np.linalg.lstsq(a, b, rcond)
        _only_rounding("np.linalg.lstsq", s, np.arange(s.size) < rank)
        return found, s

    def undetermined(x, y):
        return ~_full_rank(y[1], cut)[..., None, None], None

    return call(
        "np.linalg.lstsq", value, (a, b), linear=linear, undetermined=undetermined,
        keeps=lambda x, t: _keeps_rank(x[0], cut, t[0]), stack=(),
    )  # fmt: skip


def _least_squares(a, b, rcond):
    """The same as np.linalg.lstsq for stacks of matrices, which it does not take."""
    u, s, vt = thin_svd(a)
    kept = _kept(s, rcond)
    _only_rounding("np.linalg.lstsq", s, kept)
    inverse = np.divide(1.0, s, where=kept, out=np.zeros_like(s))
    return transposed(vt) @ (inverse[..., None] * (transposed(u) @ b)), s


def roots(p):
    """The roots of a polynomial as implicit functions of its coefficients, if all are real. The
    derivatives of equal roots are NaN, since such roots become complex."""
    count = p.shape[0]
    powers = np.arange(count - 1, -1, -1)

    def slopes(x, y):
        return np.polyval(x[0][:-1] * powers[:-1], y[0])

    def repeated(x, y):
        """Which roots differ from another one by no more than their estimated rounding error."""
        size = np.polyval(np.absolute(x[0]), np.absolute(y[0]))
        known = 4.0 * count * np.finfo(float).eps * size
        gaps = np.absolute(y[0] - y[0][:, None]) + np.diag(np.full(y[0].shape, np.inf))
        return ~(np.min(gaps, axis=-1) * np.absolute(slopes(x, y)) > known)

    def inverse(x, y):
        none = repeated(x, y)
        return np.where(none, np.nan, 1.0) / np.where(none, 1.0, slopes(x, y))

    def jvp(x, y, t):
        return (-np.polyval(t[0], y[0]) * inverse(x, y),)

    def vjp(x, y, w):
        return (-guarded(inverse(x, y), w[0]) @ y[0][:, None] ** powers,)

    def undetermined(x, y):
        return (repeated(x, y),)

    return call("np.roots", _real_roots, (p,), jvp, vjp, undetermined=undetermined)[0]


def _real_roots(p):
    found = np.roots(p)
    if np.iscomplexobj(found):
        raise NoDerivativeError(
            f"np.roots has a derivative in ad_core only where all roots are real, but some are "
            f"complex numbers here{_core.user_line()}"
        )
    return (found,)


def characteristic(a):
    """The coefficients of det(x - a). Their derivative is made of the adjugate of x - a, by the
    algorithm of Faddeev and LeVerrier."""
    n = a.shape[-1]

    def adjugates(x, y):
        parts = [np.eye(n)]
        for k in range(1, n):
            parts.append(x[0] @ parts[-1] + y[0][k] * np.eye(n))
        return parts

    def jvp(x, y, t):
        slopes = [-np.sum(transposed(m) * t[0]) for m in adjugates(x, y)]
        return (np.concatenate([np.zeros(1), np.stack(slopes)]),)

    def vjp(x, y, w):
        return (-sum(w[0][k + 1] * transposed(m) for k, m in enumerate(adjugates(x, y))),)

    return call("np.poly", lambda a: (np.poly(a),), (a,), jvp, vjp)[0]
