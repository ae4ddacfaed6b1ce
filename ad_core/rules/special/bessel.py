# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Bessel functions of scipy.special and related ones, by their argument: the order is plain."""

import math

import numpy as np
import scipy.special as sp

from ad_core.rules.special.table import (
    ANY,
    HOLOMORPHIC,
    POSITIVE,
    REAL,
    WHOLE,
    Holomorphic,
    inner,
    outputs,
    row,
)

__all__ = ["i0", "ive", "j0", "k0", "modstruve", "spherical_in", "struve", "y0"]

ORDER = (0.2, 3.5)
TERMS = 10  # of an asymptotic series, which is used where x is beyond FAR (1 + v^2)
FAR = 50.0


def _scaled_slope(v, x, y, near, sign):
    """The derivative of y = exp(-|x|) I(v, x), sign = -1, or exp(x) K(v, x), sign = 1.

    near: the derivative by a difference, which cancels for large x; there y is a power of x times
    a series, of which the logarithmic derivative is taken.
    """
    size = np.absolute(x)
    far = np.greater(size, FAR * (1.0 + v * v))
    t = 1.0 / np.where(far, x, 1.0)
    ratio, term, total, moment = np.absolute(t), 1.0, 0.0, 0.0
    for k in range(TERMS):
        total = total + term
        moment = moment + (k + 0.5) * term
        term = sign * term * ratio * ((4.0 * v * v - (2 * k + 1) ** 2) / (8.0 * (k + 1)))
    return np.where(far, -y * t * (moment / total), near)[()]


# Cylinder functions of real order
jv = row(
    "jv",
    [ORDER, POSITIVE],
    None,
    lambda v, x, y: 0.5 * (jv(v - 1.0, x) - jv(v + 1.0, x)),
    holomorphic=True,
)
yv = row(
    "yv",
    [ORDER, POSITIVE],
    None,
    lambda v, x, y: 0.5 * (yv(v - 1.0, x) - yv(v + 1.0, x)),
    holomorphic=True,
)
iv = row(
    "iv",
    [ORDER, POSITIVE],
    None,
    lambda v, x, y: 0.5 * (iv(v - 1.0, x) + iv(v + 1.0, x)),
    holomorphic=True,
)
# K is even in its order, and one term of this sum suffices since both have one sign
kv = row(
    "kv",
    [ORDER, POSITIVE],
    None,
    lambda v, x, y: -kv(np.absolute(v) - 1.0, x) - np.absolute(v) / x * y,
    holomorphic=True,
)
jve = row("jve", [ORDER, POSITIVE], None, lambda v, x, y: 0.5 * (jve(v - 1.0, x) - jve(v + 1.0, x)))
yve = row("yve", [ORDER, POSITIVE], None, lambda v, x, y: 0.5 * (yve(v - 1.0, x) - yve(v + 1.0, x)))
ive = row(
    "ive",
    [ORDER, POSITIVE],
    None,
    lambda v, x, y: _scaled_slope(
        v, x, y, 0.5 * (ive(v - 1.0, x) + ive(v + 1.0, x)) - np.sign(x) * y, -1.0
    ),
)
kve = row(
    "kve",
    [ORDER, POSITIVE],
    None,
    lambda v, x, y: _scaled_slope(
        v, x, y, y - kve(np.absolute(v) - 1.0, x) - np.absolute(v) / x * y, 1.0
    ),
)


for _h in (sp.hankel1, sp.hankel2):
    HOLOMORPHIC[_h] = Holomorphic(lambda v, z, y, h=_h: 0.5 * (h(v - 1.0, z) - h(v + 1.0, z)), 1)


# Of whole order. Functions of the order 0 and 1 are much faster than those of any order. The
# quotients below are smooth at 0, where the functions of any order have the further derivatives.
def _quotient(y, x):
    """y / x, which is 1 / 2 at 0."""
    zero = np.equal(x, 0.0)
    return np.where(zero, 0.5, y / np.where(zero, 1.0, x))


_j1_slope = inner(
    "derivative of j1",
    lambda x: sp.j0(x) - _quotient(sp.j1(x), x),
    lambda x, y: 0.25 * (jv(3.0, x) - 3.0 * j1(x)),
)
_i1_slope = inner(
    "derivative of i1",
    lambda x: sp.i0(x) - _quotient(sp.i1(x), x),
    lambda x, y: 0.25 * (iv(3.0, x) + 3.0 * i1(x)),
)
# exp(-|x|) times the derivative of I(1, x)
_i1e_slope = inner(
    "derivative of i1e",
    lambda x: sp.i0e(x) - _quotient(sp.i1e(x), x),
    lambda x, y: 0.25 * (ive(3.0, x) + 3.0 * i1e(x)) - np.sign(x) * y,
)
yn = row("yn", [WHOLE, POSITIVE], None, lambda n, x, y: 0.5 * (yv(n - 1.0, x) - yv(n + 1.0, x)))
kn = row("kn", [WHOLE, POSITIVE], None, lambda n, x, y: -kv(n - 1.0, x) - n / x * y)
j0 = row("j0", [ANY], lambda x, y: -j1(x))
j1 = row("j1", [ANY], lambda x, y: _j1_slope(x))
y0 = row("y0", [POSITIVE], lambda x, y: -y1(x))
y1 = row("y1", [POSITIVE], lambda x, y: y0(x) - y / x)
i0 = row("i0", [REAL], lambda x, y: i1(x))
i1 = row("i1", [REAL], lambda x, y: _i1_slope(x))
k0 = row("k0", [POSITIVE], lambda x, y: -k1(x))
k1 = row("k1", [POSITIVE], lambda x, y: -k0(x) - y / x)
i0e = row("i0e", [REAL], lambda x, y: _scaled_slope(0.0, x, y, i1e(x) - np.sign(x) * y, -1.0))
i1e = row(
    "i1e",
    [REAL],
    lambda x, y: _scaled_slope(1.0, x, y, _i1e_slope(x) - np.sign(x) * y, -1.0),
)
k0e = row("k0e", [POSITIVE], lambda x, y: _scaled_slope(0.0, x, y, y - k1e(x), 1.0))
k1e = row(
    "k1e",
    [POSITIVE],
    lambda x, y: _scaled_slope(1.0, x, y, y - k0e(x) - y / x, 1.0),
)


# Spherical functions. At the order 0 the function of the order -1 has the factor 0.
def _below(n):
    return np.maximum(n - 1, 0)


spherical_jn = row(
    "spherical_jn",
    [WHOLE, POSITIVE],
    None,
    lambda n, x, y: (
        (n * spherical_jn(_below(n), x) - (n + 1) * spherical_jn(n + 1, x)) / (2 * n + 1)
    ),
    ufunc="_spherical_jn",
)
spherical_yn = row(
    "spherical_yn",
    [WHOLE, POSITIVE],
    None,
    lambda n, x, y: (
        (n * spherical_yn(_below(n), x) - (n + 1) * spherical_yn(n + 1, x)) / (2 * n + 1)
    ),
    ufunc="_spherical_yn",
)
spherical_in = row(
    "spherical_in",
    [WHOLE, POSITIVE],
    None,
    lambda n, x, y: (
        (n * spherical_in(_below(n), x) + (n + 1) * spherical_in(n + 1, x)) / (2 * n + 1)
    ),
    ufunc="_spherical_in",
)
spherical_kn = row(
    "spherical_kn",
    [WHOLE, POSITIVE],
    None,
    lambda n, x, y: (
        -(n * spherical_kn(_below(n), x) + (n + 1) * spherical_kn(n + 1, x)) / (2 * n + 1)
    ),
    ufunc="_spherical_kn",
)


# Struve functions
def _struve_term(v, x):
    return (0.5 * x) ** v / math.sqrt(math.pi) * sp.rgamma(v + 1.5)


struve = row(
    "struve",
    [ORDER, POSITIVE],
    None,
    lambda v, x, y: 0.5 * (struve(v - 1.0, x) - struve(v + 1.0, x) + _struve_term(v, x)),
)
modstruve = row(
    "modstruve",
    [ORDER, POSITIVE],
    None,
    lambda v, x, y: 0.5 * (modstruve(v - 1.0, x) + modstruve(v + 1.0, x) + _struve_term(v, x)),
)

# Kelvin functions
ber = row("ber", [POSITIVE], lambda x, y: berp(x))
bei = row("bei", [POSITIVE], lambda x, y: beip(x))
ker = row("ker", [POSITIVE], lambda x, y: kerp(x))
kei = row("kei", [POSITIVE], lambda x, y: keip(x))
berp = row("berp", [POSITIVE], lambda x, y: -bei(x) - y / x)
beip = row("beip", [POSITIVE], lambda x, y: ber(x) - y / x)
kerp = row("kerp", [POSITIVE], lambda x, y: -kei(x) - y / x)
keip = row("keip", [POSITIVE], lambda x, y: ker(x) - y / x)

# Parabolic cylinder functions: the function and its derivative
_d, _dp = outputs(
    "pbdv",
    [ORDER, REAL],
    [None, lambda v, x, y: _dp(v, x)],
    [None, lambda v, x, y: (0.25 * x * x - v - 0.5) * _d(v, x)],
)
_v, _vp = outputs(
    "pbvv",
    [ORDER, POSITIVE],
    [None, lambda v, x, y: _vp(v, x)],
    [None, lambda v, x, y: (0.25 * x * x - v - 0.5) * _v(v, x)],
)
_w, _wp = outputs(
    "pbwa",
    [(-2.0, 2.0), REAL],
    [None, lambda a, x, y: _wp(a, x)],
    [None, lambda a, x, y: (a - 0.25 * x * x) * _w(a, x)],
)

# An integral of a Bessel function
besselpoly = row(
    "besselpoly",
    [(0.2, 2.0), (0.5, 2.0), (1.0, 2.5)],
    lambda a, m, v, y: besselpoly(a, m + 1.0, v - 1.0) - besselpoly(a, m + 1.0, v + 1.0),
    None,
    None,
)
