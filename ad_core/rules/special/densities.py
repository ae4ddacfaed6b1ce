# SPDX-License-Identifier: Apache-2.0
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
MOST = 1 << 16  # numbers of a block of the quadrature

# The double exponential rule for integrals over (0, inf): u = exp(t - exp(-t)), with weights du/dt.
_t = np.arange(-4.1, 5.6, 0.09)
NODES = np.exp(_t - np.exp(-_t))
WEIGHTS = 0.09 * NODES * (1.0 + np.exp(-_t))


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
    b = np.where(large, a, 1.0)
    with np.errstate(all="ignore"):
        powers = np.where(large, 1.0, x) ** (a - 1.0)
        near = sp.rgamma(np.where(large, 1.0, a)) * powers * np.exp(-x)
        # (x / a)^a exp(a - x) sqrt(a / (2 pi)) / x
        exponent = b * _log_less(x / b, (x - b) / b) - _stirling_error(b)
        far = np.exp(exponent) * np.sqrt(b / (2.0 * math.pi)) / np.where(x == 0.0, np.inf, x)
    found = np.where(large, far, near)
    outside = np.logical_or(np.less(x, 0.0), np.equal(x, np.inf))
    return np.where(_is_pole(a) | outside, 0.0, found)[()]


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
        sign = sp.gammasgn(a) * sp.gammasgn(b) * sp.gammasgn(a + b)
        near = np.exp(powers - sp.betaln(a, b)) * sign
        # by the deviance from the mode, so that the exponent is a sum of small numbers
        p, q = np.where(large, a, 1.0), np.where(large, b, 1.0)
        d, n = q * x - p * y, p + q
        exponent = p * _log_less(n * x / p, d / p) + q * _log_less(n * y / q, -d / q)
        errors = _stirling_error(p) + _stirling_error(q) - _stirling_error(p + q)
        far = np.exp(exponent - errors) * np.sqrt(p * q / (2.0 * math.pi * (p + q))) / (x * y)
        far = np.where(np.equal(x * y, 0.0), 0.0, far)
    pole = _is_pole(a) | _is_pole(b)
    outside = np.less(x, 0.0) | np.less(y, 0.0)
    return np.where(pole | outside, 0.0, np.where(large, far, near))[()]


def _times(factor, log):
    """The product, which is 0 where the factor is."""
    return np.where(np.equal(factor, 0.0), 0.0, factor * log)


def _is_pole(a):
    return np.logical_and(np.less_equal(a, 0.0), np.equal(a, np.floor(a)))


def _in_blocks(function, *operands):
    """function of flat columns of the operands, a block at a time; its rows are summed."""
    arrays = np.broadcast_arrays(*(np.asarray(x, dtype=float) for x in operands))
    shape, arrays = arrays[0].shape, [x.ravel() for x in arrays]
    found = np.empty(arrays[0].size)
    step = max(MOST // NODES.size, 1)
    with np.errstate(all="ignore"):
        for start in range(0, found.size, step):
            part = slice(start, start + step)
            found[part] = function(*(x[part] for x in arrays))
    return found.reshape(shape)[()]


def _gamma_by_shape_value(order, a, x):
    """The derivative of gammainc(a, x) by a of this order."""
    order = int(order)
    return _in_blocks(lambda a, x: _gamma_block(order, a, x), a, x)


def _gamma_block(order, a, x):
    log, found = np.log(x), np.zeros(x.size)
    # gammainc(a, x) is gammainc(a + 1, x) and the density of a + 1. Small shapes are raised, since
    # the integral from x on would begin on the scale of x and end on that of 1.
    raised = (a < 1.0) & (log < sp.psi(a + 1.0))
    small = np.flatnonzero(raised & (x > 0.0) & (a >= 0.0))
    a = np.where(raised, a + 1.0, a)
    constants = [-_polygamma(k, a)[:, None] for k in range(order)]
    lower = np.less(log, -constants[0][:, 0])

    def moment_of(logs, k):
        return moment((order, 0), lambda i, j: (logs if i == 1 else 0.0) + constants[i - 1][k])

    for side in (True, False):
        k = np.flatnonzero((lower == side) & (x > 0.0) & (x < np.inf) & (a > 0.0))
        if not k.size:
            continue
        p, z = a[k], x[k]
        if side:  # t = x exp(-u)
            c, d = p - z, z
            scale = 2.0 / (c + np.sqrt(c * c + 2.0 * d))
            u = scale[:, None] * NODES
            moved = -u
            weight = np.exp(-p[:, None] * u - z[:, None] * np.expm1(-u))
            factor = z * _gamma_density_value(p, z) * scale
        else:  # t = x + u
            c, d = (z - p + 1.0) / z, (p - 1.0) / z / z
            scale = np.where(p > 1.0, 2.0 / (c + np.sqrt(c * c + 2.0 * np.maximum(d, 0.0))), 1.0)
            u = scale[:, None] * NODES
            moved = np.log1p(u / z[:, None])
            weight = np.exp((p[:, None] - 1.0) * moved - u)
            factor = -_gamma_density_value(p, z) * scale
        found[k] = factor * ((weight * moment_of(moved + log[k, None], k)) @ WEIGHTS)
    if small.size:
        density = _gamma_density_value(a[small], x[small])
        found[small] += density * moment_of(log[small, None], small)[:, 0]
    return np.where(np.isnan(a + x) | (a < 0.0) | (x < 0.0), np.nan, found)


def _polygamma(n, x):
    return sp.psi(x) if n == 0 else sp.polygamma(n, x)


def _beta_by_shapes_value(i, j, a, b, x, y):
    """The derivative of betainc(a, b, x) i times by a and j times by b, for y = 1 - x."""
    i, j = int(i), int(j)
    return _in_blocks(lambda *operands: _beta_block(i, j, *operands), a, b, x, y)


def _beta_block(i, j, a, b, x, y):
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
    c, d = p - (b - 1.0) * x / y, (b - 1.0) * x / y / y
    scale = np.where(b > 1.0, 2.0 / (c + np.sqrt(c * c + 2.0 * np.maximum(d, 0.0))), 1.0 / p)
    u = scale[:, None] * NODES
    # log(1 - t) without the constant log(y)
    moved = np.log1p(-(x / y)[:, None] * np.expm1(-u))
    weight = np.exp(-p[:, None] * u + (b[:, None] - 1.0) * moved)
    factor = _beta_moment(i, j, p, b, p + b, log_x[:, None] - u, log_y[:, None] + moved)
    found = x * _beta_density_value(p, b, x, y) * scale * ((weight * factor) @ WEIGHTS)
    if np.any(small):
        n = a + b
        first = _beta_density_value(p, b + 1.0, x, y) * b / n / np.where(small, n + 1.0, 1.0)
        factor = _beta_moment(i, j, p, b, n, log_x[:, None], log_y[:, None])[:, 0]
        found = np.where(small, found + first * factor, found)
    return found


def _beta_moment(i, j, a, b, n, log_x, log_y):
    """The derivative of x^a y^b gamma(n) / (gamma(a) gamma(b)), divided by it. n is a + b
    or differs from it by a constant."""

    def cumulant(k, m):
        if k and m:
            return _polygamma(k + m - 1, n)[:, None]
        shape, log = (a, log_x) if k else (b, log_y)
        own = polygamma_difference_value(k + m - 1, shape, n - shape)[:, None]
        return own + log if k + m == 1 else own

    return moment((i, j), cumulant)


# Functions for traced values. Orders are plain.
gamma_density = inner(
    "gamma density",
    _gamma_density_value,
    lambda a, x, y: xlogy(y, x) - y * psi(a),
    lambda a, x, y: gamma_density(a - 1.0, x) - y,
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
    lambda a, b, x, y, v: (a + b - 1.0) * beta_density(a - 1.0, b, x, y),
    lambda a, b, x, y, v: (a + b - 1.0) * beta_density(a, b - 1.0, x, y),
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
