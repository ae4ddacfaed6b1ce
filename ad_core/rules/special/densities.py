# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""The densities of the gamma and the beta distribution, by which the incomplete functions are
differentiated, and the derivatives of these functions by their shapes.

The latter have no closed form. They are integrals of the density times the logarithm of its
variable, less the logarithm's mean: that factor changes its sign where the logarithm is the mean.
The integral is taken over the side of the bound on which the sign does not change, so nothing
cancels; the integral over both sides is 0.
"""

import math

import numpy as np
import scipy.special as sp

from ad_core.rules.special.elementary import xlogy
from ad_core.rules.special.gamma import (
    polygamma,
    polygamma_difference,
    polygamma_difference_value,
    psi,
)
from ad_core.rules.special.moments import moment
from ad_core.rules.special.table import inner

__all__ = ["beta_by_shapes", "beta_density", "gamma_by_shape", "gamma_density"]

LARGE = 15.0  # from this shape on Stirling's series is used
MOST = 1 << 13  # numbers of a block of the quadrature, which stays in the cache

# The double exponential rule for integrals over (0, inf): u = exp(t - exp(-t)), with weights du/dt.
STEP = 0.12
_t = np.arange(-3.7, 5.0, STEP)
NODES = np.exp(_t - np.exp(-_t))
WEIGHTS = STEP * NODES * (1.0 + np.exp(-_t))


def _stirling_error(a):
    """log(gamma(a)) without sqrt(2 pi / a) (a / e)^a."""
    far = np.greater(a, LARGE)
    t = 1.0 / np.where(far, a, LARGE)
    s = t * t
    series = t * (
        1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s * (1 / 1188 - s * 691 / 360360))))
    )
    a = np.where(far, 1.0, a)
    exact = sp.gammaln(a) - (a - 0.5) * np.log(a) + a - 0.5 * math.log(2.0 * math.pi)
    return np.where(far, series, exact)


def _log_less(ratio, x):
    """log(ratio) - x without cancellation, where ratio is 1 + x."""
    near = np.less(np.absolute(x), 0.1)
    small = np.where(near, x, 0.0)
    # with w = x / (2 + x): log(ratio) = 2 (w + w^3 / 3 + w^5 / 5 ...) and x - 2 w = x w
    w = small / (2.0 + small)
    s = w * w
    tail = s * (
        1 / 3 + s * (1 / 5 + s * (1 / 7 + s * (1 / 9 + s * (1 / 11 + s * (1 / 13 + s / 15)))))
    )
    return np.where(near, 2.0 * w * tail - small * w, np.log(np.where(near, 1.0, ratio)) - x)


def _gamma_density_value(a, x):
    """x^(a - 1) exp(-x) / gamma(a)."""
    a, x = np.asarray(a, dtype=float), np.asarray(x, dtype=float)
    large = np.greater(a, LARGE)
    some = large.any()
    with np.errstate(all="ignore"):
        p = np.where(large, 1.0, a) if some else a
        found = sp.rgamma(p) * x ** (p - 1.0) * np.exp(-x)
        if some:
            # (x / a)^a exp(a - x) sqrt(a / (2 pi)) / x
            p = np.where(large, a, 1.0)
            exponent = p * _log_less(x / p, (x - p) / p) - _stirling_error(p)
            far = np.exp(exponent) * np.sqrt(p / (2.0 * math.pi)) / np.where(x == 0.0, np.inf, x)
            found = np.where(large, far, found)
    if not np.isfinite(found).all():
        found = np.where(_is_pole(a) | np.equal(x, np.inf), 0.0, found)
    return np.where(np.less(x, 0.0), np.nan, found)[()]


def _logarithms(x, y):
    """log(x) and log(y) for y = 1 - x, of which the smaller one is exact."""
    small = np.less(x, y)
    with np.errstate(all="ignore"):
        return (
            np.where(small, np.log(x), np.log1p(-y)),
            np.where(small, np.log1p(-x), np.log(y)),
        )


def _beta_density_value(a, b, x, y):
    """x^(a - 1) y^(b - 1) / beta(a, b) for y = 1 - x."""
    a, b, x, y = (np.asarray(part, dtype=float) for part in (a, b, x, y))
    large = np.logical_and(np.greater(a, LARGE), np.greater(b, LARGE))
    with np.errstate(all="ignore"):
        log_x, log_y = _logarithms(x, y)
        powers = _times(a - 1.0, log_x) + _times(b - 1.0, log_y)
        found = np.exp(powers - sp.betaln(a, b))
        negative = np.logical_or(np.less_equal(a, 0.0), np.less_equal(b, 0.0))
        if negative.any():
            sign = sp.gammasgn(a) * sp.gammasgn(b) * sp.gammasgn(a + b)
            found = np.where(_is_pole(a) | _is_pole(b), 0.0, found * sign)
        if large.any():
            # by the deviance from the mode, so that the exponent is a sum of small numbers
            p, q = np.where(large, a, 1.0), np.where(large, b, 1.0)
            d, n = q * x - p * y, p + q
            exponent = p * _log_less(n * x / p, d / p) + q * _log_less(n * y / q, -d / q)
            errors = _stirling_error(p) + _stirling_error(q) - _stirling_error(n)
            far = np.exp(exponent - errors) * np.sqrt(p * q / (2.0 * math.pi * n)) / (x * y)
            found = np.where(large, np.where(np.equal(x * y, 0.0), 0.0, far), found)
    return np.where(np.less(x, 0.0) | np.less(y, 0.0), np.nan, found)[()]


def _times(factor, log):
    """The product, which is 0 where the factor is."""
    return np.where(np.equal(factor, 0.0), 0.0, factor * log)


def _is_pole(a):
    return np.logical_and(np.less_equal(a, 0.0), np.equal(a, np.floor(a)))


def _quadrature(integrand, scale, *columns):
    """The integrals of integrand(u, *columns) over u from 0 to infinity, one for each row. The
    integrand decays on the scale that is given."""
    found = np.empty(scale.size)
    step = max(MOST // NODES.size, 1)
    for start in range(0, scale.size, step):
        part = slice(start, start + step)
        u = scale[part, None] * NODES
        found[part] = integrand(u, *(x[part, None] for x in columns)) @ WEIGHTS
    return scale * found


def _flat(function, *operands):
    """function of flat arrays of the operands, and its result in their shape."""
    arrays = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in operands))
    with np.errstate(all="ignore"):
        return function(*(x.ravel() for x in arrays)).reshape(arrays[0].shape)[()]


def _gamma_by_shape_value(order, a, x):
    """The derivative of gammainc(a, x) by a of this order."""
    return _flat(lambda a, x: _gamma_by_shape(int(order), a, x), a, x)


def _gamma_by_shape(order, a, x):
    log, found = np.log(x), np.zeros(x.size)
    # gammainc(a, x) is gammainc(a + 1, x) and the density of a + 1. Small shapes are raised, since
    # the integral from x on would begin on the scale of x and end on that of 1.
    raised = (a < 1.0) & (log < sp.psi(a + 1.0))
    small = np.flatnonzero(raised & (x > 0.0) & (a >= 0.0))
    a = np.where(raised, a + 1.0, a)
    mean = sp.psi(a)  # of the logarithm
    higher = [-sp.polygamma(k, a) for k in range(1, order)]
    density = _gamma_density_value(a, x)
    good = (x > 0.0) & (x < np.inf) & (a > 0.0)
    lower = log < mean
    for side, integrand in ((good & lower, _gamma_below), (good & ~lower, _gamma_above)):
        k = np.flatnonzero(side)
        if k.size:
            columns = a[k], x[k], (log - mean)[k], *(c[k] for c in higher)
            found[k] = density[k] * integrand(order, *columns)
    if small.size:
        k = small
        found[k] += density[k] * _of_logarithm(order, (log - mean)[k], [c[k] for c in higher])
    return np.where(np.isnan(a + x) | (a < 0.0) | (x < 0.0), np.nan, found)


def _of_logarithm(order, log, higher):
    """The factor of the density in its derivative by the shape."""
    return moment((order, 0), lambda i, j: log if i == 1 else higher[i - 2])


def _gamma_below(order, a, x, log, *higher):
    """The integral from 0 to x, by t = x exp(-u), without the density at x."""

    def integrand(u, a, x, log, *higher):
        weight = np.exp(-a * u - x * np.expm1(-u))
        return weight * _of_logarithm(order, log - u, higher)

    c = a - x
    scale = 2.0 / (c + np.sqrt(c * c + 2.0 * x))
    return x * _quadrature(integrand, scale, a, x, log, *higher)


def _gamma_above(order, a, x, log, *higher):
    """Minus the integral from x on, by t = x + u."""

    def integrand(u, a, x, log, *higher):
        moved = np.log1p(u / x)
        return np.exp((a - 1.0) * moved - u) * _of_logarithm(order, log + moved, higher)

    c, d = (x - a + 1.0) / x, np.maximum(a - 1.0, 0.0) / x / x
    scale = np.where(a > 1.0, 2.0 / (c + np.sqrt(c * c + 2.0 * d)), 1.0)
    return -_quadrature(integrand, scale, a, x, log, *higher)


def _beta_by_shapes_value(i, j, a, b, x, y):
    """The derivative of betainc(a, b, x) i times by a and j times by b, for y = 1 - x."""
    return _flat(lambda *operands: _beta_by_shapes(int(i), int(j), *operands), a, b, x, y)


def _beta_by_shapes(i, j, a, b, x, y):
    log_x, log_y = _logarithms(x, y)
    if i:
        lower = log_x < -polygamma_difference_value(0, np.where(a < 1.0, a + 1.0, a), b)
    else:
        lower = log_y > -polygamma_difference_value(0, np.where(b < 1.0, b + 1.0, b), a)
    found = np.zeros(x.size)
    good = (x > 0.0) & (y > 0.0) & (a > 0.0) & (b > 0.0)
    k = np.flatnonzero(good & lower)
    if k.size:
        found[k] = _beta_lower(i, j, a[k], b[k], x[k], y[k], log_x[k], log_y[k])
    k = np.flatnonzero(good & ~lower)
    if k.size:
        found[k] = -_beta_lower(j, i, b[k], a[k], y[k], x[k], log_y[k], log_x[k])
    bad = np.isnan(a + b + x) | (a < 0.0) | (b < 0.0) | (x < 0.0) | (y < 0.0)
    return np.where(bad, np.nan, found)


def _beta_lower(i, j, a, b, x, y, log_x, log_y):
    """The integral from 0 to x, by t = x exp(-u).

    betainc(a, b, x) is betainc(a + 1, b, x) and x^a y^b / (a beta(a, b)). Small shapes are raised,
    since the integral would extend over the scale of 1 / a and change on that of 1.
    """
    small = a < 1.0
    p = np.where(small, a + 1.0, a)
    orders = [(k, m) for k in range(i + 1) for m in range(j + 1) if k + m]
    ratio = x / y

    def integrand(u, p, b, ratio, *cumulants):
        # log(1 - t) without the constant log(y)
        moved = np.log1p(-ratio * np.expm1(-u))
        known = dict(zip(orders, cumulants, strict=True))
        if i:
            known[1, 0] = known[1, 0] - u
        if j:
            known[0, 1] = known[0, 1] + moved
        weight = np.exp((b - 1.0) * moved - p * u)
        return weight * moment((i, j), lambda k, m: known[k, m])

    c, d = p - (b - 1.0) * ratio, np.maximum(b - 1.0, 0.0) * ratio / y
    scale = np.where(b > 1.0, 2.0 / (c + np.sqrt(c * c + 2.0 * d)), 1.0 / p)
    known = _beta_cumulants(orders, p, b, p + b, log_x, log_y)
    found = x * _beta_density_value(p, b, x, y)
    found = found * _quadrature(integrand, scale, p, b, ratio, *known.values())
    k = np.flatnonzero(small)
    if k.size:
        a, b, x, y = a[k], b[k], x[k], y[k]
        known = _beta_cumulants(orders, p[k], b, a + b, log_x[k], log_y[k])
        first = _beta_density_value(p[k], b + 1.0, x, y) * b / ((a + b) * (a + b + 1.0))
        found[k] += first * moment((i, j), lambda i, j: known[i, j])
    return found


def _beta_cumulants(orders, a, b, n, log_x, log_y):
    """The derivatives by a and b of the logarithm of x^a y^b gamma(n) / (gamma(a) gamma(b)), where
    n is a + b or differs from it by a constant."""
    found = {}
    for k, m in orders:
        if k and m:
            found[k, m] = sp.polygamma(k + m - 1, n)
            continue
        shape, log = (a, log_x) if k else (b, log_y)
        found[k, m] = polygamma_difference_value(k + m - 1, shape, n - shape)
        if k + m == 1:
            found[k, m] = found[k, m] + log
    return found


def _lowered(a, x, v, density):
    """(a - 1) v / x for a density v with the factor x^(a - 1): by the density of the shape a - 1,
    which is finite at x = 0; but not for small shapes, where a - 1 rounds to a pole."""
    return np.where(np.less(a, 1.0), (a - 1.0) * v / x, density)


# Functions for traced values. Orders are plain.
gamma_density = inner(
    "gamma density",
    _gamma_density_value,
    lambda a, x, y: xlogy(y, x) - y * psi(a),
    lambda a, x, y: _lowered(a, x, y, gamma_density(a - 1.0, x)) - y,
)


def _gamma_by_shape_slope(n, a, x, y):
    n = int(n)
    log = np.log(x) - psi(a)
    return gamma_density(a, x) * moment(
        (n, 0), lambda i, j: log if i == 1 else -polygamma(i - 1, a)
    )


gamma_by_shape = inner(
    "derivative of gammainc",
    _gamma_by_shape_value,
    None,
    lambda n, a, x, y: gamma_by_shape(n + 1, a, x),
    _gamma_by_shape_slope,
)

# x and y = 1 - x count as two operands, so that neither is computed from the other
beta_density = inner(
    "beta density",
    _beta_density_value,
    lambda a, b, x, y, v: xlogy(v, x) + v * polygamma_difference(0, a, b),
    lambda a, b, x, y, v: xlogy(v, y) + v * polygamma_difference(0, b, a),
    lambda a, b, x, y, v: _lowered(a, x, v, (a + b - 1.0) * beta_density(a - 1.0, b, x, y)),
    lambda a, b, x, y, v: _lowered(b, y, v, (a + b - 1.0) * beta_density(a, b - 1.0, x, y)),
)


def _beta_by_shapes_slope(i, j, a, b, x, y):
    i, j = int(i), int(j)

    def cumulant(k, m):
        if k and m:
            return polygamma(k + m - 1, a + b)
        if k:
            own = polygamma_difference(k - 1, a, b)
            return own + np.log(x) if k == 1 else own
        own = polygamma_difference(m - 1, b, a)
        return own + np.log(y) if m == 1 else own

    return beta_density(a, b, x, y) * moment((i, j), cumulant)


# The derivative of betainc i times by a and j times by b, whose own derivative by x is the whole
# one, so that the operand y = 1 - x has none
beta_by_shapes = inner(
    "derivative of betainc",
    _beta_by_shapes_value,
    None,
    None,
    lambda i, j, a, b, x, y, v: beta_by_shapes(i + 1, j, a, b, x, y),
    lambda i, j, a, b, x, y, v: beta_by_shapes(i, j + 1, a, b, x, y),
    lambda i, j, a, b, x, y, v: _beta_by_shapes_slope(i, j, a, b, x, y),
    lambda i, j, a, b, x, y, v: 0.0,
)
