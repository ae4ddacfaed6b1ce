# SPDX-License-Identifier: Apache-2.0
"""The orthogonal polar factor of a matrix and the sum of its singular values. Both are smooth where
singular values are equal, since their derivatives divide only by sums of singular values.

Higham, Functions of Matrices (2008), ch. 8. The derivative is that of Kenney and Laub, Polar
decomposition and matrix sign function condition estimates (1991).
"""

import numpy as np

from ad_core import _core
from ad_core.rules import repeated_eigenvalues as repeated
from ad_core.rules.divided_differences import InverseRoot
from ad_core.rules.factorizations import svd
from ad_core.rules.linalg import transposed
from ad_core.rules.matrix_functions import symmetric_function
from ad_core.rules.rule import call
from ad_core.rules.singular_values import singular_values, thin_svd
from ad_core.transforms import first_order

__all__ = ["nuclear", "orthogonal"]


def _kept(s, shape):
    """Which singular values are not zero up to rounding."""
    return s > max(shape[-2:]) * np.finfo(float).eps * s[..., :1]


def orthogonal(a, partial=False):
    """U V^T for the singular vectors U and V of a. If a does not have full rank this is not a
    function of a, and the derivative is NaN. With partial=True only the vectors of nonzero singular
    values are used, as if the other singular values stayed zero."""

    def value(a):
        u, s, vt = thin_svd(a)
        return ((u * _kept(s, a.shape)[..., None, :] if partial else u) @ vt,)

    def derivative(x, y, seeds):
        """The derivative is a symmetric map, its own transpose."""
        t = seeds[0]
        if not partial and (_core.traced(x[0]) or _core.traced(t)):
            lost = repeated.nan_where_missing(undetermined(x, y)[0], t)
            return (first_order.jvp(_by_root, (x[0],), (t,))[1] + lost,)
        u, s, vt = svd(x[0]) if _core.traced(x[0]) else thin_svd(x[0])
        kept = _kept(s, x[0].shape)
        lost = 0.0 if partial else repeated.nan_where_missing(_some(~kept), t)
        inverse = repeated.safe_inverse(s, ~kept)[..., None, :]
        u, v = np.where(kept[..., None, :], u, 0.0), transposed(np.where(kept[..., None], vt, 0.0))
        sums = s[..., None, :] + s[..., :, None]
        right, left = t @ v, transposed(u) @ t
        inner = transposed(u) @ right
        rotation = (inner - transposed(inner)) * repeated.safe_inverse(sums, sums == 0.0)
        across = (right - u @ inner) * inverse
        along = (left - inner @ transposed(v)) * transposed(inverse)
        return (u @ (rotation @ transposed(v) + along) + across @ transposed(v) + lost,)

    def undetermined(x, y):
        s = singular_values(x[0])
        return (_some(~_kept(s, x[0].shape)),)

    return call(
        "the orthogonal factor", value, (a,), derivative, derivative,
        undetermined=None if partial else undetermined, stack=a.shape[:-2],
    )[0]  # fmt: skip


def _by_root(a):
    """a (a^T a)^(-1/2), which has derivatives of any order where singular values are equal. It
    loses twice the digits of the condition number, so first derivatives do not use it."""
    tall = a.shape[-2] >= a.shape[-1]
    square = transposed(a) @ a if tall else a @ transposed(a)
    root = symmetric_function("the orthogonal factor", InverseRoot(), square)
    return a @ root if tall else root @ a


def _some(truths):
    """Whether any element along the last axis is true, with the shape (..., 1, 1)."""
    return (np.sum(np.where(truths, 1.0, 0.0), axis=-1) > 0.0)[..., None, None]


def nuclear(a):
    """The sum of the singular values; a zero singular value is a kink, as that of `abs` at 0."""

    def linear(x, y, backward):
        slopes = orthogonal(x[0], partial=True)
        if backward:
            return lambda w: (w[0][..., None, None] * slopes,)
        return lambda t: (np.sum(slopes * t[0], axis=(-2, -1)),)

    value = lambda a: (np.linalg.norm(a, "nuc", axis=(-2, -1)),)  # noqa: E731
    return call("np.linalg.norm", value, (a,), linear=linear, stack=a.shape[:-2])[0]
