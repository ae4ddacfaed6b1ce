# SPDX-License-Identifier: Apache-2.0
"""Polynomials as arrays of coefficients, with the highest power first."""

import warnings

import numpy as np
from numpy.exceptions import RankWarning

from ad_core.overrides.numpy.convolution import convolve
from ad_core.overrides.numpy.dispatch import implements, only_plain
from ad_core.overrides.numpy.linalg import linalg
from ad_core.overrides.numpy.sets import trim_zeros
from ad_core.recording.arrays import as_array
from ad_core.rules import linalg as rules

__all__ = ["polyadd", "polyder", "polydiv", "polyint", "polymul", "polysub", "polyval", "vander"]


@implements(np.polyval)
def polyval(p, x):
    x = as_array(x)
    value = np.zeros(x.shape)[()]
    for coefficient in as_array(p):
        value = value * x + coefficient
    return value


@implements(np.vander)
def vander(x, N=None, increasing=False):
    x = as_array(x)
    if x.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    powers = np.arange(x.size if N is None else N)
    return x[:, None] ** (powers if increasing else powers[::-1])


def _coefficients(p):
    return np.atleast_1d(as_array(p))


def _aligned(a1, a2):
    """Both polynomials with the same number of coefficients."""
    a1, a2 = _coefficients(a1), _coefficients(a2)
    short = len(a1) - len(a2)
    if not short:
        return a1, a2
    return np.pad(a1, (max(-short, 0), 0)), np.pad(a2, (max(short, 0), 0))


@implements(np.polyadd)
def polyadd(a1, a2):
    a1, a2 = _aligned(a1, a2)
    return a1 + a2


@implements(np.polysub)
def polysub(a1, a2):
    a1, a2 = _aligned(a1, a2)
    return a1 - a2


def _leading(p):
    """The coefficients without leading zeros, as those of np.poly1d."""
    p = trim_zeros(_coefficients(p), "f")
    return p if len(p) else np.zeros(1)


@implements(np.polymul)
def polymul(a1, a2):
    return convolve(_leading(a1), _leading(a2))


@implements(np.polydiv)
def polydiv(u, v):
    """Long division of polynomials."""
    rest, v = _coefficients(u) + 0.0, _coefficients(v) + 0.0
    scale, n = 1.0 / v[0], len(v)
    quotient = []
    for k in range(len(rest) - n + 1):
        digit = scale * rest[k]
        quotient.append(digit)
        parts = [rest[:k], rest[k : k + n] - digit * v, rest[k + n :]]
        rest = np.concatenate(parts)
    while len(rest) > 1 and np.allclose(rest[0], 0.0, rtol=1e-14):
        rest = rest[1:]
    return np.stack(quotient) if quotient else np.zeros(1), +rest


@implements(np.polyder)
def polyder(p, m=1):
    m = int(m)
    if m < 0:
        raise ValueError("Order of derivative must be positive (see polyint)")
    p = as_array(p)
    for _ in range(m):
        p = p[:-1] * np.arange(len(p) - 1.0, 0.0, -1.0)
    return p


@implements(np.polyint)
def polyint(p, m=1, k=None):
    m = int(m)
    if m < 0:
        raise ValueError("Order of integral must be positive (see polyder)")
    k = np.zeros(m) if k is None else _coefficients(k)
    if len(k) == 1 and m > 1:
        k = np.broadcast_to(k, (m,))
    if len(k) < m:
        raise ValueError("k must be a scalar or a rank-1 array of length 1 or >m.")
    p = as_array(p)
    for constant in k[:m]:
        p = np.append(p / np.arange(len(p), 0.0, -1.0), constant)
    return p


@linalg(np.poly)
def poly(seq_of_zeros):
    zeros = _coefficients(seq_of_zeros)
    if zeros.ndim == 2 and zeros.shape[0] == zeros.shape[1] != 0:
        return rules.characteristic(zeros)
    if zeros.ndim != 1:
        raise ValueError("input must be 1d or non-empty square 2d array.")
    if not len(zeros):
        return 1.0
    coefficients = np.ones(1)
    for zero in zeros:  # times (x - zero)
        longer = np.append(coefficients, 0.0)
        coefficients = longer - zero * np.pad(coefficients, (1, 0))
    return coefficients


@linalg(np.roots)
def roots(p):
    """np.roots. Which coefficients at the ends are zero is kept as guards."""
    p = _coefficients(p)
    if p.ndim != 1:
        raise ValueError("Input must be a rank-1 array.")
    places = np.flatnonzero(p)
    if not len(places):
        return np.zeros(0)
    return rules.roots(p[places[0] :])


@linalg(np.polyfit)
def polyfit(x, y, deg, rcond=None, full=False, w=None, cov=False):
    deg, rcond = only_plain(np.polyfit, deg, rcond)
    x, y, n = as_array(x) + 0.0, as_array(y) + 0.0, int(deg) + 1
    if deg < 0:
        raise ValueError("expected deg >= 0")
    if x.ndim != 1:
        raise TypeError("expected 1D vector for x")
    if x.size == 0:
        raise TypeError("expected non-empty vector for x")
    if y.ndim not in (1, 2):
        raise TypeError("expected 1D or 2D array for y")
    if len(x) != len(y):
        raise TypeError("expected x and y to have same length")
    rcond = len(x) * np.finfo(np.float64).eps if rcond is None else rcond
    left, right = vander(x, n), y
    if w is not None:
        w = as_array(w) + 0.0
        if w.ndim != 1:
            raise TypeError("expected a 1-d array for weights")
        if len(w) != len(y):
            raise TypeError("expected w and y to have the same length")
        left = left * w[:, None]
        right = right * (w[:, None] if y.ndim == 2 else w)
    scale = np.sqrt(np.sum(left * left, axis=0))
    left = left / scale
    c, residuals, rank, s = np.linalg.lstsq(left, right, rcond)
    c = (c.T / scale).T
    if full:
        return c, residuals, rank, s, rcond
    if rank != n:
        warnings.warn("Polyfit may be poorly conditioned", RankWarning, stacklevel=5)
    if not cov:
        return c
    base = np.linalg.inv(left.T @ left) / np.outer(scale, scale)
    if cov != "unscaled":
        if len(x) <= n:
            raise ValueError(
                "the number of data points must exceed order to scale the covariance matrix"
            )
        factor = residuals / (len(x) - n)
    else:
        factor = 1.0
    return c, (base if y.ndim == 1 else base[:, :, None]) * factor
