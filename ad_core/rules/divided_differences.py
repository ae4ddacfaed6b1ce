# SPDX-License-Identifier: Apache-2.0
"""Divided differences of a function, without cancellation at points that are equal or close.

For points x0 <= ... <= xk the divided difference is the mean of the k-th derivative over the
simplex that they span, divided by k! (Hermite and Genocchi; de Boor, Divided differences, Surveys
in Approximation Theory 1, 2005). For close points this mean is computed by a Gauss-Legendre rule,
and for other points the quotient of differences is used.
"""

import math
import sys
from functools import cache

import numpy as np

from ad_core import _core
from ad_core.transforms import first_order

__all__ = ["InverseRoot", "Logarithm", "Root", "Traced", "divided", "divided_tensor"]

# Nodes of two rules along an edge. If they agree to AGREE, the rule of MANY nodes has converged to
# rounding: its error is about AGREE to the power 10/6.
FEW, MANY = 6, 10
AGREE = 1e-9
LOST = 64 * sys.float_info.epsilon  # largest error of a quotient, relative to its two terms
AT_ONCE = 1 << 15  # differences that are computed at once: each takes 10**k derivatives


def _simplex(k, m):
    """Nodes (points, k + 1) in barycentric coordinates, and weights, of a rule on the simplex of k
    dimensions. The weights sum to 1 / k!."""
    t, weight = np.polynomial.legendre.leggauss(m)
    t, weight = 0.5 * (t + 1.0), 0.5 * weight
    nodes, weights = np.ones((1, 1)), np.ones(1)
    for d in range(1, k + 1):  # a simplex is a cone over the simplex before it
        shrunk = nodes[:, None, :] * t[:, None]
        apex = np.broadcast_to((1.0 - t)[:, None], (len(nodes), m, 1))
        nodes = np.concatenate([shrunk, apex], axis=-1).reshape(-1, d + 1)
        weights = (weights[:, None] * (weight * t ** (d - 1))).ravel()
    return nodes, weights


_simplex = cache(_simplex)


def _mean(f, x, m):
    """The mean by the rule of m nodes along an edge; x (k + 1, N) is ascending."""
    k = len(x) - 1
    nodes, weights = _simplex(k, m)
    # as offsets from the first point, so that equal points stay equal
    at = x[0] + nodes @ (x - x[0])
    return weights @ f.derivative(k, at)


def divided(f, x):
    """f[x0, ..., xk] for each column of x (k + 1, N); the columns are ascending.

    f is a Root, InverseRoot, Logarithm or Traced. The error of the first three is some units in
    the last place. That of a general f is 1e-14 of the largest of its differences, wherever f is
    analytic in the disc around two close points whose radius is twice their distance.
    """
    if len(x) == 1:
        return f.derivative(0, x[0])
    known = f.known(x)
    if known is not None:
        return known
    found = [_divided(f, x[:, k : k + AT_ONCE]) for k in range(0, x.shape[1], AT_ONCE)]
    return np.concatenate(found) if found else np.empty(0)


def _divided(f, x):
    span = x[-1] - x[0]
    upper, lower = divided(f, x[1:]), divided(f, x[:-1])
    with _core.float_errors(all="ignore"):
        quotient = (upper - lower) / span
        few, many = _mean(f, x, FEW), _mean(f, x, MANY)
        rounding = LOST * (np.abs(upper) + np.abs(lower)) / span
        converged = np.abs(many - few) <= AGREE * np.abs(many)
        near = (span == 0.0) | (converged & (np.abs(many - quotient) <= rounding))
    return np.where(near, many, quotient)


def divided_tensor(f, w, k):
    """The tensor [..., i0, ..., ik] of f[w_i0, ..., w_ik], for ascending w (..., n)."""
    n = w.shape[-1]
    places = np.sort(np.indices((n,) * (k + 1)).reshape(k + 1, -1), axis=0)
    codes = np.ravel_multi_index(tuple(places), (n,) * (k + 1))
    _, first, back = np.unique(codes, return_index=True, return_inverse=True)
    chosen = np.moveaxis(w[..., places[:, first]], -2, 0)
    values = divided(f, chosen.reshape(k + 1, -1)).reshape(chosen.shape[1:])
    return values[..., back].reshape(w.shape[:-1] + (n,) * (k + 1))


class _MatrixFunction:
    """A function with derivative(k, x), element by element, and known(x): the divided difference
    by a formula, or None if there is no formula."""

    spectrum = None  # of the last matrix, kept by matrix_functions.py

    def known(self, x):
        return None


class Root(_MatrixFunction):
    """The square root."""

    def derivative(self, k, x):
        return math.prod(0.5 - j for j in range(k)) * np.maximum(x, 0.0) ** (0.5 - k)

    def known(self, x):
        """1 / (sqrt a + sqrt b), and the corresponding formula for three points."""
        if len(x) > 3:
            return None
        roots = np.sqrt(np.maximum(x, 0.0))  # a zero may be negative by a rounding error
        with _core.float_errors(divide="ignore"):
            if len(x) == 2:
                return 1.0 / (roots[0] + roots[1])
            a, b, c = roots
            return -1.0 / ((a + b) * (b + c) * (a + c))


class InverseRoot(_MatrixFunction):
    """The reciprocal of the square root."""

    def derivative(self, k, x):
        return math.prod(-0.5 - j for j in range(k)) * x ** (-0.5 - k)

    def known(self, x):
        if len(x) > 2:
            return None
        a, b = np.sqrt(x)
        return -1.0 / (a * b * (a + b))


class Logarithm(_MatrixFunction):
    """The natural logarithm."""

    def derivative(self, k, x):
        return np.log(x) if k == 0 else -math.factorial(k - 1) * (-x) ** -float(k)

    def known(self, x):
        """log(b / a) / (b - a), by the inverse hyperbolic tangent of half the relative gap."""
        if len(x) > 2:
            return None
        a, b = x
        gap, total = b - a, a + b
        z = gap / total
        small = np.where(z > 0.5, 0.0, z)
        ratio = np.where(small == 0.0, 1.0, np.arctanh(small) / np.where(small == 0.0, 1.0, small))
        apart = np.log(b / a) / np.where(gap == 0.0, 1.0, gap)
        return np.where(z > 0.5, apart, 2.0 * ratio / total)


class Traced(_MatrixFunction):
    """An elementwise function of arrays, whose derivatives are computed by tracing it. The caller
    may give the first derivative."""

    def __init__(self, function, slope=None):
        self.orders = [function] if slope is None else [function, slope]

    def derivative(self, k, x):
        while len(self.orders) <= k:
            last = self.orders[-1]
            self.orders.append(
                lambda x, last=last: first_order.jvp(last, (x,), (np.ones_like(x),))[1]
            )
        found = np.asarray(self.orders[k](x))
        if found.shape != x.shape:
            what = "derivative" if k == 1 and len(self.orders) == 2 else "function"
            raise ValueError(
                f"the {what} of a matrix must act on an array element by element, but it returned "
                f"shape {found.shape} for eigenvalues of shape {x.shape}; write it with NumPy "
                f"functions"
            )
        return found
