# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Derivatives of any order of Faddeeva's function w(z) = exp(-z^2) erfc(-i z), of erfcx and of
Dawson's integral.

By their differential equations, each derivative is computed from the two before it. For large
arguments these cancel, and the asymptotic series is differentiated instead.
"""

import math

import numpy as np
import scipy.special as sp

from ad_core.rules.special.table import inner, joined

__all__ = ["dawsn_derivative", "erfcx_derivative", "gauss_im", "gauss_re", "w_im", "w_re"]

ROOT_PI = math.sqrt(math.pi)
FAR, TERMS = 6.5, 36  # the series is used beyond FAR


def _asymptotic(order, x, sign):
    """The derivative of the sum of (2 k - 1)!! / (2 sign)^k / x^(2 k + 1) over k >= 0."""
    factors, factor = [], 1.0
    for k in range(TERMS):
        # derivatives of 1 / x^(2 k + 1) bring down 2 k + 1, 2 k + 2, ...
        power = 2 * k + 1
        factors.append(factor * math.prod(range(power, power + order)))
        factor *= power / (2.0 * sign)
    t, total = 1.0 / x, 0.0
    s = t * t
    for factor in reversed(factors):
        total = total * s + factor
    return (-t) ** order * t * total


def _near(order, x, values, first, sign):
    """By recurrence: y' = sign 2 x y + first, y'' = sign (2 x y' + 2 y), ..."""
    before, now = values, sign * 2.0 * x * values + first
    for n in range(1, order):
        before, now = now, sign * (2.0 * x * now + 2.0 * n * before)
    return now


def _erfcx_value(order, x):
    order = int(order)
    far = np.greater(x, FAR)
    return joined(
        x,
        far,
        lambda x: _near(order, x, sp.erfcx(x), -2.0 / ROOT_PI, 1.0),
        lambda x: _asymptotic(order, x, -1.0) / ROOT_PI,
    )


def _dawsn_value(order, x):
    order = int(order)
    far = np.greater(np.absolute(x), FAR)
    return joined(
        x,
        far,
        lambda x: _near(order, x, sp.dawsn(x), 1.0, -1.0),
        lambda x: 0.5 * _asymptotic(order, x, 1.0),
    )


def _gauss(order, z):
    """The derivative of exp(-z^2)."""
    before, now = 0.0, np.exp(-z * z)
    for n in range(order):
        before, now = now, -2.0 * z * now - 2.0 * n * before
    return now


def _w_value(order, x, y):
    """The derivative of w at x + i y."""
    order, z = int(order), np.asarray(x) + 1j * np.asarray(y)
    if order == 0:
        return sp.wofz(z)
    # below the real axis by w(z) = 2 exp(-z^2) - w(-z)
    below = np.logical_and(np.less(np.imag(z), 0.0), np.greater(np.absolute(z), FAR))
    found = joined(
        np.where(below, -z, z),
        np.greater(np.absolute(z), FAR),
        lambda z: _near(order, z, sp.wofz(z), 2j / ROOT_PI, -1.0),
        lambda z: 1j / ROOT_PI * _asymptotic(order, z, 1.0),
    )
    if np.any(below):
        found = np.where(below, 2.0 * _gauss(order, z) - (-1.0) ** order * found, found)
    return found


# Each takes the order of the derivative first, which is a plain integer.
erfcx_derivative = inner(
    "derivative of erfcx", _erfcx_value, None, lambda n, x, v: erfcx_derivative(n + 1, x)
)
dawsn_derivative = inner(
    "derivative of dawsn", _dawsn_value, None, lambda n, x, v: dawsn_derivative(n + 1, x)
)


def _of_two(name, value):
    """Real and imaginary part of a derivative of a holomorphic function of x + i y."""
    re = inner(
        f"derivative of {name}",
        lambda n, x, y: np.real(value(n, x, y)),
        None,
        lambda n, x, y, v: re(n + 1, x, y),
        lambda n, x, y, v: -im(n + 1, x, y),
    )
    im = inner(
        f"derivative of {name}",
        lambda n, x, y: np.imag(value(n, x, y)),
        None,
        lambda n, x, y, v: im(n + 1, x, y),
        lambda n, x, y, v: re(n + 1, x, y),
    )
    return re, im


w_re, w_im = _of_two("wofz", _w_value)
gauss_re, gauss_im = _of_two(
    "exp", lambda n, x, y: _gauss(int(n), np.asarray(x) + 1j * np.asarray(y))
)
