# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""The gamma function and its relatives, beta functions and zeta functions of scipy.special."""

import math

import numpy as np
import scipy.special as sp

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.rules.elementwise import elementwise
from ad_core.rules.special.moments import moment
from ad_core.rules.special.table import POSITIVE, REAL, by_size, inner, row

__all__ = [
    "betaln",
    "gammaln",
    "polygamma",
    "polygamma_difference",
    "polygamma_difference_value",
    "psi",
    "zeta",
]

# B(2 j) for the Bernoulli numbers B
NUMBERS = [float(number) for number in sp.bernoulli(24)[2::2]]
MOST_STEPS = 180  # down to where rgamma overflows
STEPS = np.arange(10.0)[:, None]
IN_CACHE = 2048  # elements that are computed together
FAR = 10.0  # from here on the asymptotic series is used where a difference would cancel


def _plain_order(n, name):
    """The order n as a plain number; NoDerivativeError if it depends on an input."""
    if _core.traced(n) and not _core.is_constant(n):
        raise NoDerivativeError(
            f"scipy.special.{name} has no derivative with respect to its order{_core.user_line()}; "
            f"pass a plain number as the order"
        )
    return _core.current_values(n) if _core.traced(n) else n


def polygamma(n, x):
    """The nth derivative of the digamma function; n is plain, x may be traced."""
    return _polygamma(_plain_order(n, "polygamma"), x)


def _polygamma_value(n, x):
    """sp.polygamma(n, x), which for any order also computes the digamma function."""
    if np.ndim(n) == 0 and n == 0:
        return sp.psi(x)
    if np.ndim(n) == 0 and n > 0:
        return (-1.0) ** (n + 1) * sp.gamma(n + 1.0) * sp.zeta(n + 1, x)
    return sp.polygamma(n, x)


_polygamma = elementwise(
    "scipy.special.polygamma", _polygamma_value, None, lambda n, x, y: polygamma(n + 1, x)
)


def _trigamma_value(x):
    """polygamma(1, x) by the asymptotic series, from x + 10 on. SciPy's takes ten times as long as
    psi, whose derivative this is."""
    x = np.asarray(x, dtype=float)
    usual = np.logical_and(np.greater(x, 0.0), np.less(x, np.inf))
    if not np.all(usual):
        found = np.asarray(sp.zeta(2.0, x))
        found[usual] = _trigamma_value(x[usual])
        return found[()]
    return _trigamma_series(x)[()]


def _trigamma_series(x):
    """polygamma(1, x) for a positive real part, by the asymptotic series at x + 10."""
    flat, found = x.reshape(-1), np.empty(x.size, x.dtype)
    for start in range(0, flat.size, IN_CACHE):
        part = slice(start, start + IN_CACHE)
        steps = STEPS + flat[part]
        np.multiply(steps, steps, out=steps)
        np.divide(1.0, steps, out=steps)
        total = np.add.reduce(steps, axis=0, out=found[part])
        t = 1.0 / (flat[part] + 10.0)
        s = t * t
        series = NUMBERS[7] * s
        for number in NUMBERS[6::-1]:
            series += number
            series *= s
        series += 1.0
        series *= t
        total += series
        total += 0.5 * s
    return found.reshape(x.shape)


_trigamma = inner(
    "derivative of psi",
    by_size(128, lambda x: sp.zeta(2.0, x), _trigamma_value),
    lambda x, y: polygamma(2, x),
)


def polygamma_difference_value(n, a, b):
    """polygamma(n, a + b) - polygamma(n, a), also where b is much smaller than a."""
    n = int(n)
    function = _trigamma if n == 1 else lambda x: _polygamma_value(n, x)
    near = function(a + b) - function(a)
    far = np.logical_and(np.greater(a, FAR), np.less(np.absolute(b), 0.2 * a))
    if not np.any(far):
        return near
    a, b = np.where(far, a, FAR), np.where(far, b, 1.0)
    grown = np.log1p(b / a)

    def powers(p):
        """(a + b) ** -p - a ** -p"""
        return a**-p * np.expm1(-p * grown)

    sign = -((-1.0) ** n)
    total = sign * math.factorial(n - 1) * powers(float(n)) if n else grown
    total = total + 0.5 * sign * math.factorial(n) * powers(n + 1.0)
    for k, number in enumerate(NUMBERS[:8], 1):
        factor = number * math.factorial(2 * k + n - 1) / math.factorial(2 * k)
        total = total + sign * factor * powers(2.0 * k + n)
    return np.where(far, total, near)[()]


polygamma_difference = inner(
    "difference of polygamma",
    polygamma_difference_value,
    None,
    lambda n, a, b, y: polygamma_difference(n + 1, a, b),
    lambda n, a, b, y: polygamma(n + 1, a + b),
)


def _rgamma_derivative_value(n, x):
    """From 1/2 on by the polygamma functions, whose poles would cancel below; there by rgamma(x) =
    x rgamma(x + 1)."""
    n, x = int(n), np.asarray(x, dtype=float)
    steps = np.clip(np.ceil(0.5 - x), 0.0, MOST_STEPS)
    moved = x + np.where(np.isnan(steps), 0.0, steps)
    # derivatives of the orders up to n
    found = [
        sp.rgamma(moved) * moment((k, 0), lambda i, j: -_polygamma_value(i - 1, moved))
        for k in range(n + 1)
    ]
    for step in range(int(np.nanmax(steps, initial=0.0)), 0, -1):
        now = np.greater_equal(steps, step)
        factor = np.where(now, x + (step - 1.0), 1.0)
        for k in range(n, -1, -1):
            lower = k * found[k - 1] if k else 0.0
            found[k] = factor * found[k] + np.where(now, lower, 0.0)
    return found[n][()]


def _trigamma_of_complex(z):
    """polygamma(1, z) by the asymptotic series, of 1 - z where the real part is below 1/2."""
    low = np.real(z) < 0.5
    found = _trigamma_series(np.where(low, 1.0 - z, z))
    turned = np.pi / np.sin(np.pi * np.where(low, z, 0.5))
    return np.where(low, turned * turned - found, found)[()]


def _slope_of_psi(x, y):
    return _trigamma_of_complex(x) if np.iscomplexobj(x) else _trigamma(x)


# The gamma function
psi = row("psi", [POSITIVE], _slope_of_psi, holomorphic=True)
row("gamma", [POSITIVE], lambda x, y: y * psi(x), holomorphic=True)
gammaln = row("gammaln", [POSITIVE], lambda x, y: psi(x))
row("loggamma", [POSITIVE], lambda x, y: psi(x), holomorphic=True)
rgamma = row("rgamma", [POSITIVE], lambda x, y: _rgamma_derivative(1, x))
_rgamma_derivative = inner(
    "derivative of rgamma",
    _rgamma_derivative_value,
    None,
    lambda n, x, y: _rgamma_derivative(n + 1, x),
)
row("gammasgn", [REAL], lambda x, y: 0.0)
row(
    "poch",
    [POSITIVE, POSITIVE],
    lambda a, m, y: y * polygamma_difference(0, a, m),
    lambda a, m, y: y * psi(a + m),
)
row(
    "binom",
    [(3.2, 7.5), (0.3, 2.8)],
    lambda n, k, y: y * polygamma_difference(0, n - k + 1.0, k),
    lambda n, k, y: y * (psi(n - k + 1.0) - psi(k + 1.0)),
)

# The beta function
row(
    "beta",
    [POSITIVE, POSITIVE],
    lambda a, b, y: -y * polygamma_difference(0, a, b),
    lambda a, b, y: -y * polygamma_difference(0, b, a),
)
betaln = row(
    "betaln",
    [POSITIVE, POSITIVE],
    lambda a, b, y: -polygamma_difference(0, a, b),
    lambda a, b, y: -polygamma_difference(0, b, a),
)


# The zeta functions
TERMS = 10  # of the sum that are added one by one


def _zeta_by_order(s, q):
    """The derivative by s of the sum of (q + k) ** -s over k >= 0, by the formula of Euler and
    Maclaurin."""
    found = 0.0
    for k in range(TERMS):
        found = found - np.log(q + k) * (q + k) ** -s
    w = q + TERMS
    log, power = np.log(w), w**-s
    found = found - power * w * (log / (s - 1.0) + 1.0 / (s - 1.0) ** 2) - 0.5 * log * power
    # rising = s (s + 1) ... (s + 2 j - 2) and its derivative by s
    rising, slope, power = s, 1.0, power / w
    for j, number in enumerate(NUMBERS, 1):
        found = found + number / math.factorial(2 * j) * power * (slope - rising * log)
        power = power / (w * w)
        for i in (2 * j - 1, 2 * j):
            rising, slope = rising * (s + i), slope * (s + i) + rising
    return found


_hurwitz = row(
    "zeta",
    [(1.2, 8.0), (0.3, 5.0)],
    lambda s, q, y: _zeta_by_order(s, q),
    lambda s, q, y: -s * _hurwitz(s + 1.0, q),
    ufunc="_zeta",
)
_riemann = row(
    "riemann_zeta",
    [(1.2, 8.0)],
    lambda s, y: _zeta_by_order(s, 1.0),
    ufunc="_riemann_zeta",
    value=sp.zeta,
)
row("zetac", [(1.2, 8.0)], lambda s, y: _zeta_by_order(s, 1.0))


def zeta(x, q=None):
    """The zeta function of Riemann, or of Hurwitz for two arguments."""
    return _riemann(x) if q is None else _hurwitz(x, q)
