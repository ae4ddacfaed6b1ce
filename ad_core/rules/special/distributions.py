# SPDX-License-Identifier: Apache-2.0
"""Distribution functions of scipy.special by their continuous parameters, and their inverses.

An inverse y solves F(y, others) = p: its derivative by p is 1 / F_y, and by another operand minus
the derivative of F by that over F_y. Numbers of successes and trials are plain.
"""

import math

import numpy as np

from ad_core.rules.special.bessel import ive
from ad_core.rules.special.densities import (
    beta_by_shapes,
    beta_density,
    gamma_density,
)
from ad_core.rules.special.elementary import exprel_slope
from ad_core.rules.special.gamma import betaln, polygamma_difference
from ad_core.rules.special.incomplete import SHAPE, gammainc_a
from ad_core.rules.special.table import POSITIVE, REAL, UNIT, inner, row

__all__ = []

COUNT, TRIALS = range(4), range(5, 8)
TINY = 1e-290

# The chi-square distribution with v degrees of freedom
row(
    "chdtr",
    [SHAPE, POSITIVE],
    lambda v, x, y: 0.5 * gammainc_a(0.5 * v, 0.5 * x),
    lambda v, x, y: 0.5 * gamma_density(0.5 * v, 0.5 * x),
)
row(
    "chdtrc",
    [SHAPE, POSITIVE],
    # 1 for negative x, where SciPy's chdtr is NaN
    lambda v, x, y: np.where(np.less(x, 0.0), 0.0, -0.5 * gammainc_a(0.5 * v, 0.5 * x)),
    lambda v, x, y: np.where(np.less(x, 0.0), 0.0, -0.5 * gamma_density(0.5 * v, 0.5 * x)),
)
row(
    "chdtri",
    [SHAPE, UNIT],
    lambda v, p, x: -gammainc_a(0.5 * v, 0.5 * x) / gamma_density(0.5 * v, 0.5 * x),
    lambda v, p, x: -2.0 / gamma_density(0.5 * v, 0.5 * x),
)
row(
    "chdtriv",
    [UNIT, POSITIVE],
    lambda p, x, v: 2.0 / gammainc_a(0.5 * v, 0.5 * x),
    lambda p, x, v: -gamma_density(0.5 * v, 0.5 * x) / gammainc_a(0.5 * v, 0.5 * x),
)

# The gamma distribution with the rate a and the shape b
row(
    "gdtr",
    [POSITIVE, SHAPE, UNIT],
    lambda a, b, x, y: x * gamma_density(b, a * x),
    lambda a, b, x, y: gammainc_a(b, a * x),
    lambda a, b, x, y: a * gamma_density(b, a * x),
)
row(
    "gdtrc",
    [POSITIVE, SHAPE, UNIT],
    lambda a, b, x, y: -x * gamma_density(b, a * x),
    lambda a, b, x, y: -gammainc_a(b, a * x),
    lambda a, b, x, y: -a * gamma_density(b, a * x),
)
row(
    "gdtria",
    [UNIT, SHAPE, POSITIVE],
    lambda p, b, x, a: 1.0 / (x * gamma_density(b, a * x)),
    lambda p, b, x, a: -gammainc_a(b, a * x) / (x * gamma_density(b, a * x)),
    lambda p, b, x, a: -a / x,
)
row(
    "gdtrib",
    [POSITIVE, UNIT, UNIT],
    lambda a, p, x, b: -x * gamma_density(b, a * x) / gammainc_a(b, a * x),
    lambda a, p, x, b: 1.0 / gammainc_a(b, a * x),
    lambda a, p, x, b: -a * gamma_density(b, a * x) / gammainc_a(b, a * x),
)
row(
    "gdtrix",
    [POSITIVE, SHAPE, UNIT],
    lambda a, b, p, x: -x / a,
    lambda a, b, p, x: -gammainc_a(b, a * x) / (a * gamma_density(b, a * x)),
    lambda a, b, p, x: 1.0 / (a * gamma_density(b, a * x)),
)


# Fisher's distribution is a beta distribution of n x / (n x + d)
def _bounds(n, d, x):
    whole = n * x + d
    return n * x / whole, d / whole, whole


def _fisher_n(n, d, x):
    w, r, whole = _bounds(n, d, x)
    moved = beta_density(0.5 * n, 0.5 * d, w, r) * x * d / whole**2
    return 0.5 * beta_by_shapes(1, 0, 0.5 * n, 0.5 * d, w, r) + moved


def _fisher_d(n, d, x):
    w, r, whole = _bounds(n, d, x)
    moved = beta_density(0.5 * n, 0.5 * d, w, r) * x * n / whole**2
    return 0.5 * beta_by_shapes(0, 1, 0.5 * n, 0.5 * d, w, r) - moved


def _fisher_x(n, d, x):
    w, r, whole = _bounds(n, d, x)
    return beta_density(0.5 * n, 0.5 * d, w, r) * n * d / whole**2


row(
    "fdtr",
    [SHAPE, SHAPE, POSITIVE],
    lambda n, d, x, y: _fisher_n(n, d, x),
    lambda n, d, x, y: _fisher_d(n, d, x),
    lambda n, d, x, y: _fisher_x(n, d, x),
)
row(
    "fdtrc",
    [SHAPE, SHAPE, POSITIVE],
    lambda n, d, x, y: -_fisher_n(n, d, x),
    lambda n, d, x, y: -_fisher_d(n, d, x),
    lambda n, d, x, y: -_fisher_x(n, d, x),
)
row(
    "fdtri",
    [SHAPE, SHAPE, UNIT],
    lambda n, d, p, x: -_fisher_n(n, d, x) / _fisher_x(n, d, x),
    lambda n, d, p, x: -_fisher_d(n, d, x) / _fisher_x(n, d, x),
    lambda n, d, p, x: 1.0 / _fisher_x(n, d, x),
)
row(
    "fdtridfd",
    [(2.0, 4.0), (0.55, 0.6), (1.2, 1.6)],
    lambda n, p, x, d: -_fisher_n(n, d, x) / _fisher_d(n, d, x),
    lambda n, p, x, d: 1.0 / _fisher_d(n, d, x),
    lambda n, p, x, d: -_fisher_x(n, d, x) / _fisher_d(n, d, x),
)


# Student's distribution
def _student_t(df, t):
    """The density."""
    power = -0.5 * (df + 1.0) * np.log1p(t * t / df)
    return np.exp(power - betaln(0.5 * df, 0.5)) / np.sqrt(df)


def _student_score(df, t):
    """The derivative of the density's logarithm by df, and a part of it."""
    log = polygamma_difference(0, 0.5 * df, 0.5) - np.log1p(t * t / df)
    return 0.5 * (log + (t * t - 1.0) / (df + t * t)), log


def _student_df_value(df, t):
    """The derivative by df of the distribution function, which for negative t is half of
    betainc(df / 2, 1 / 2, w) with w = df / (df + t^2)."""
    whole = df + t * t
    by_shape = beta_by_shapes(1, 0, 0.5 * df, 0.5, df / whole, t * t / whole)
    # the density of w times its derivative, which is finite at t = 0
    moved = np.absolute(t) / df * _student_t(df, t)
    return -0.5 * np.sign(t) * (0.5 * by_shape + moved)


def _student_df_by_df(df, t, y):
    whole = df + t * t
    by_shape = beta_by_shapes(2, 0, 0.5 * df, 0.5, df / whole, t * t / whole)
    score, log = _student_score(df, t)
    moved = np.absolute(t) / df * _student_t(df, t) * (0.5 * log + score - 1.0 / df)
    return -0.5 * np.sign(t) * (0.25 * by_shape + moved)


_student_df = inner(
    "derivative of stdtr",
    _student_df_value,
    _student_df_by_df,
    lambda df, t, y: _student_t(df, t) * _student_score(df, t)[0],
)
row(
    "stdtr",
    [SHAPE, REAL],
    lambda df, t, y: _student_df(df, t),
    lambda df, t, y: _student_t(df, t),
)
row(
    "stdtrit",
    [SHAPE, UNIT],
    lambda df, p, t: -_student_df(df, t) / _student_t(df, t),
    lambda df, p, t: 1.0 / _student_t(df, t),
)
row(
    "stdtridf",
    [(0.3, 0.32), (-0.65, -0.55)],
    lambda p, t, df: 1.0 / _student_df(df, t),
    lambda p, t, df: -_student_t(df, t) / _student_df(df, t),
)


# Discrete distributions. A number of successes counts as its floor.
def _binomial(k, n, p):
    """The derivative by p of the probability of at most k successes, with the sign changed."""
    return beta_density(n - np.floor(k), np.floor(k) + 1.0, 1.0 - p, p)


def _negative_binomial(k, n, p):
    """The derivative by p of the probability of at most k failures before n successes."""
    return beta_density(np.floor(n), np.floor(k) + 1.0, p, 1.0 - p)


def _poisson(k, m):
    """The derivative by the mean of the probability of at most k events, sign changed."""
    return gamma_density(np.floor(k) + 1.0, m)


row("bdtr", [COUNT, TRIALS, UNIT], None, None, lambda k, n, p, y: -_binomial(k, n, p))
row("bdtrc", [COUNT, TRIALS, UNIT], None, None, lambda k, n, p, y: _binomial(k, n, p))
row("bdtri", [COUNT, TRIALS, UNIT], None, None, lambda k, n, y, p: -1.0 / _binomial(k, n, p))
row("nbdtr", [COUNT, TRIALS, UNIT], None, None, lambda k, n, p, y: _negative_binomial(k, n, p))
row("nbdtrc", [COUNT, TRIALS, UNIT], None, None, lambda k, n, p, y: -_negative_binomial(k, n, p))
row(
    "nbdtri",
    [COUNT, TRIALS, UNIT],
    None,
    None,
    lambda k, n, y, p: 1.0 / _negative_binomial(k, n, p),
)
row("pdtr", [COUNT, POSITIVE], None, lambda k, m, y: -_poisson(k, m))
row("pdtrc", [COUNT, POSITIVE], None, lambda k, m, y: _poisson(k, m))
row("pdtri", [COUNT, UNIT], None, lambda k, y, m: -1.0 / _poisson(k, m))


# Inverses by numbers of successes and trials, which are real there
def _binomial_k(k, n, p):
    by_first = beta_by_shapes(1, 0, n - k, k + 1.0, 1.0 - p, p)
    return beta_by_shapes(0, 1, n - k, k + 1.0, 1.0 - p, p) - by_first


def _binomial_n(k, n, p):
    return beta_by_shapes(1, 0, n - k, k + 1.0, 1.0 - p, p)


def _binomial_p(k, n, p):
    return -beta_density(n - k, k + 1.0, 1.0 - p, p)


def _negative_k(k, n, p):
    return beta_by_shapes(0, 1, n, k + 1.0, p, 1.0 - p)


def _negative_n(k, n, p):
    return beta_by_shapes(1, 0, n, k + 1.0, p, 1.0 - p)


def _negative_p(k, n, p):
    return beta_density(n, k + 1.0, p, 1.0 - p)


row(
    "bdtrik",
    [(0.4, 0.9), (5.0, 8.0), (0.3, 0.6)],
    lambda y, n, p, k: 1.0 / _binomial_k(k, n, p),
    lambda y, n, p, k: -_binomial_n(k, n, p) / _binomial_k(k, n, p),
    lambda y, n, p, k: -_binomial_p(k, n, p) / _binomial_k(k, n, p),
)
row(
    "bdtrin",
    [(1.0, 3.0), (0.3, 0.7), (0.3, 0.6)],
    lambda k, y, p, n: -_binomial_k(k, n, p) / _binomial_n(k, n, p),
    lambda k, y, p, n: 1.0 / _binomial_n(k, n, p),
    lambda k, y, p, n: -_binomial_p(k, n, p) / _binomial_n(k, n, p),
)
row(
    "nbdtrik",
    [(0.4, 0.9), (3.0, 8.0), (0.3, 0.6)],
    lambda y, n, p, k: 1.0 / _negative_k(k, n, p),
    lambda y, n, p, k: -_negative_n(k, n, p) / _negative_k(k, n, p),
    lambda y, n, p, k: -_negative_p(k, n, p) / _negative_k(k, n, p),
)
row(
    "nbdtrin",
    [(1.0, 3.0), (0.3, 0.7), (0.3, 0.6)],
    lambda k, y, p, n: -_negative_k(k, n, p) / _negative_n(k, n, p),
    lambda k, y, p, n: 1.0 / _negative_n(k, n, p),
    lambda k, y, p, n: -_negative_p(k, n, p) / _negative_n(k, n, p),
)
row(
    "pdtrik",
    [(0.4, 0.9), (1.0, 6.0)],
    lambda p, m, k: -1.0 / gammainc_a(k + 1.0, m),
    lambda p, m, k: -gamma_density(k + 1.0, m) / gammainc_a(k + 1.0, m),
)


# The noncentral chi-square distribution
def _noncentral(x, df, nc):
    """The density. Where the Bessel function is too small for a number, by distribution functions,
    whose difference would cancel on the right."""
    gap, order = np.sqrt(x) - np.sqrt(nc), 0.5 * df - 1.0
    bessel = ive(order, np.sqrt(x * nc))
    tiny = np.logical_not(np.greater(bessel, TINY))
    log = np.log(np.where(tiny, 1.0, bessel)) - 0.5 * gap * gap
    ratio = np.where(tiny, 1.0, x) / np.where(tiny, 1.0, nc)
    far = 0.5 * (chndtr(x, df - 2.0, nc) - chndtr(x, df, nc))
    return np.where(tiny, far, 0.5 * np.exp(log + 0.5 * order * np.log(ratio)))


def _noncentral_nc(x, df, nc, value):
    return 0.5 * (chndtr(x, df + 2.0, nc) - value)


chndtr = row(
    "chndtr",
    [POSITIVE, SHAPE, POSITIVE],
    lambda x, df, nc, y: _noncentral(x, df, nc),
    None,
    lambda x, df, nc, y: _noncentral_nc(x, df, nc, y),
)
row(
    "chndtrix",
    [UNIT, SHAPE, POSITIVE],
    lambda p, df, nc, x: 1.0 / _noncentral(x, df, nc),
    None,
    lambda p, df, nc, x: -_noncentral_nc(x, df, nc, p) / _noncentral(x, df, nc),
)
row(
    "chndtrinc",
    [(6.0, 8.0), (2.0, 3.0), (0.4, 0.6)],
    lambda x, df, p, nc: -_noncentral(x, df, nc) / _noncentral_nc(x, df, nc, p),
    None,
    lambda x, df, p, nc: 1.0 / _noncentral_nc(x, df, nc, p),
)


# Tukey's lambda distribution, whose quantile is boxcox(p, l) - boxcox(1 - p, l)
def _tukey_density(x, p, l):
    outside = np.greater(np.absolute(x) * l, 1.0)
    return np.where(outside, 0.0, 1.0 / (p ** (l - 1.0) + (1.0 - p) ** (l - 1.0)))[()]


def _tukey_quantile_l(p, l):
    first, second = np.log(p), np.log1p(-p)
    return first**2 * exprel_slope(l * first) - second**2 * exprel_slope(l * second)


row(
    "tklmbda",
    [REAL, (-1.0, 0.3)],
    lambda x, l, p: _tukey_density(x, p, l),
    lambda x, l, p: -_tukey_quantile_l(p, l) * _tukey_density(x, p, l),
)

# Kolmogorov's distribution, by one series for large and one for small arguments
NEAR, TERMS = 0.82, 6


def _kolmogorov_slope(x):
    small = np.less(x, NEAR)
    large, t = np.where(small, NEAR, x), 1.0 / np.where(small, x, NEAR)
    above, below = 0.0, 0.0
    for k in range(1, TERMS):
        above = above - (-1.0) ** k * k * k * np.exp(-2.0 * k * k * large * large)
        c = (2 * k - 1) ** 2 * math.pi**2 / 8.0
        below = below + (2.0 * c * t * t - 1.0) * np.exp(-c * t * t)
    slope = np.where(small, -math.sqrt(2.0 * math.pi) * t * t * below, -8.0 * large * above)
    return np.where(np.less_equal(x, 0.0), 0.0, slope)[()]


row("kolmogorov", [(0.3, 2.5)], lambda x, y: _kolmogorov_slope(x))
row("kolmogi", [UNIT], lambda p, x: 1.0 / _kolmogorov_slope(x))
