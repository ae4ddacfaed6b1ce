# SPDX-License-Identifier: Apache-2.0
"""The gamma function and its relatives, beta functions and zeta functions of scipy.special."""

import math

import numpy as np
import scipy.special as sp

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.rules.elementwise import elementwise
from ad_core.rules.special.table import POSITIVE, REAL, inner, row

__all__ = [
    "betaln",
    "gammaln",
    "polygamma",
    "polygamma_difference",
    "polygamma_difference_value",
    "psi",
    "zeta",
]


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
    if np.ndim(n) == 0 and n > 0:
        return (-1.0) ** (n + 1) * sp.gamma(n + 1.0) * sp.zeta(n + 1, x)
    return sp.polygamma(n, x)


_polygamma = elementwise(
    "scipy.special.polygamma", _polygamma_value, None, lambda n, x, y: polygamma(n + 1, x)
)


FAR = 10.0  # from here on the asymptotic series is used where a difference would cancel
# B(2 j) for the Bernoulli numbers B
NUMBERS = [float(number) for number in sp.bernoulli(24)[2::2]]


def polygamma_difference_value(n, a, b):
    """polygamma(n, a + b) - polygamma(n, a), also where b is much smaller than a."""
    n = int(n)
    near = _polygamma_value(n, a + b) - _polygamma_value(n, a)
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


def _rgamma_slope_value(x):
    """-psi(x) / gamma(x), which is finite at the poles of both."""
    pole = np.logical_and(np.less_equal(x, 0.0), np.equal(x, np.floor(x)))
    n = np.where(pole, -x, 0.0)
    return np.where(pole, np.cos(np.pi * n) * sp.gamma(n + 1.0), -sp.psi(x) * sp.rgamma(x))[()]


# The gamma function
psi = row("psi", [POSITIVE], lambda x, y: polygamma(1, x))
row("gamma", [POSITIVE], lambda x, y: y * psi(x))
gammaln = row("gammaln", [POSITIVE], lambda x, y: psi(x))
row("loggamma", [POSITIVE], lambda x, y: psi(x))
rgamma = row("rgamma", [POSITIVE], lambda x, y: _rgamma_slope(x))
_rgamma_slope = inner(
    "derivative of rgamma",
    _rgamma_slope_value,
    lambda x, y: (psi(x) ** 2 - polygamma(1, x)) * rgamma(x),
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
