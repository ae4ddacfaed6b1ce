# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Functions of scipy.special with elementary derivatives: powers and exponentials, logistic
functions, entropies, losses, Box-Cox transforms, and angles in degrees."""

import math

import numpy as np
import scipy.special as sp

from ad_core.rules.special.hypergeometric import hyp1f1
from ad_core.rules.special.table import (
    ANY,
    HOLOMORPHIC,
    POSITIVE,
    REAL,
    UNIT,
    Holomorphic,
    by_size,
    inner,
    joined,
    row,
)

__all__ = ["exprel", "exprel_slope", "xlog1py", "xlogy"]

LOG_2, LOG_10 = math.log(2.0), math.log(10.0)
DEGREE = math.pi / 180.0

# Powers, exponentials and logarithms
row("cbrt", [ANY], lambda x, y: 1.0 / (3.0 * y * y))
row("exp2", [REAL], lambda x, y: LOG_2 * y)
row("exp10", [REAL], lambda x, y: LOG_10 * y)
row("expm1", [REAL], lambda x, y: np.exp(x), holomorphic=True)
row("log1p", [(-0.9, 9.0)], lambda x, y: 1.0 / (1.0 + x), holomorphic=True)
row("cosm1", [REAL], lambda x, y: -np.sin(x))


def _exprel_slope_value(x):
    """By the definition, (exp(x) - 1) / x, and by the power series near 0, where that cancels."""
    return joined(x, np.less(np.absolute(x), 1.0), _exprel_slope_far, _exprel_slope_series)


def _exprel_slope_far(x):
    """(exp(x) - y) / x with y = exprel(x), where exp(x) = x y + 1 does not overflow before y."""
    y = sp.exprel(x)
    return np.where(np.less(x, 0.0), np.exp(np.minimum(x, 0.0)) - y, y * (x - 1.0) + 1.0) / x


def _exprel_slope_series(x):
    total = 0.0
    for k in range(18, -1, -1):
        total = total * x + (k + 1) / math.factorial(k + 2)
    return total


exprel_slope = inner(
    "derivative of exprel",
    by_size(32, lambda x: 0.5 * sp.hyp1f1(2.0, 3.0, x), _exprel_slope_value),
    lambda x, y: hyp1f1(3.0, 4.0, x) / 3.0,
)
exprel = row("exprel", [ANY], lambda x, y: exprel_slope(x))
row(
    "powm1",
    [POSITIVE, REAL],
    lambda x, p, y: p * x ** (p - 1.0),
    lambda x, p, y: np.log(x) * x**p,
)
# of a complex operand, a branch and a tolerance; 1 / (exp(y) (1 + y)) is finite at 0
HOLOMORPHIC[sp._ufuncs._lambertw] = Holomorphic(lambda z, k, tol, y: np.exp(-y) / (1.0 + y), 0)
row("wrightomega", [ANY], lambda x, y: y / (1.0 + y), holomorphic=True)

# Logistic functions
expit = row("expit", [ANY], lambda x, y: y * expit(-x))
row("log_expit", [ANY], lambda x, y: expit(-x))
row("logit", [UNIT], lambda x, y: 1.0 / (x * (1.0 - x)))


# x log y, with 0 log 0 = 0, and related functions
def _ratio(x, y):
    """x / y, and 0 where both are zero, as x log y is there for all y."""
    both = np.equal(x, 0.0) & np.equal(y, 0.0)
    return np.where(both, 0.0, x / np.where(both, 1.0, y))[()]


xlogy = row("xlogy", [REAL, POSITIVE], lambda x, y, v: np.log(y), lambda x, y, v: _ratio(x, y))
xlog1py = row(
    "xlog1py",
    [REAL, (-0.9, 5.0)],
    lambda x, y, v: np.log1p(y),
    lambda x, y, v: _ratio(x, 1.0 + y),
)
row("entr", [POSITIVE], lambda x, y: -np.log(x) - 1.0)
row(
    "rel_entr",
    [POSITIVE, POSITIVE],
    lambda x, y, v: np.log(x / y) + 1.0,
    lambda x, y, v: -_ratio(x, y),
)
row(
    "kl_div",
    [POSITIVE, POSITIVE],
    lambda x, y, v: np.log(x / y),
    lambda x, y, v: 1.0 - _ratio(x, y),
)

# Losses
row(
    "huber",
    [POSITIVE, ANY],
    lambda d, r, y: np.maximum(np.absolute(r) - d, 0.0),
    lambda d, r, y: np.clip(r, -d, d),
)


def _pseudo_huber_by_delta(d, r, y):
    q = (r / d) ** 2
    root = np.sqrt(1.0 + q)
    return d * (q / (root + 1.0)) ** 2 / root


row(
    "pseudo_huber",
    [POSITIVE, ANY],
    _pseudo_huber_by_delta,
    lambda d, r, y: r / np.sqrt(1.0 + (r / d) ** 2),
)


# Box-Cox transforms. All are written with exprel, which is smooth at an exponent of 0.
def _inverse_by_exponent(y, lmbda, z):
    """The derivative by lmbda of log1p(lmbda y) / lmbda = y / exprel(log1p(lmbda y)) is this."""
    w = np.log1p(lmbda * y)
    return -y * y * exprel_slope(w) / (exprel(w) ** 2 * (1.0 + lmbda * y))


row(
    "boxcox",
    [POSITIVE, REAL],
    lambda x, p, y: x ** (p - 1.0),
    lambda x, p, y: np.log(x) ** 2 * exprel_slope(p * np.log(x)),
)
row(
    "boxcox1p",
    [(-0.8, 5.0), REAL],
    lambda x, p, y: (1.0 + x) ** (p - 1.0),
    lambda x, p, y: np.log1p(x) ** 2 * exprel_slope(p * np.log1p(x)),
)
row(
    "inv_boxcox",
    [(0.1, 2.0), (-0.4, 1.0)],
    lambda y, p, z: z / (1.0 + p * y),
    lambda y, p, z: z * _inverse_by_exponent(y, p, z),
)
row(
    "inv_boxcox1p",
    [(0.1, 2.0), (-0.4, 1.0)],
    lambda y, p, z: (z + 1.0) / (1.0 + p * y),
    lambda y, p, z: (z + 1.0) * _inverse_by_exponent(y, p, z),
)

# Angles in degrees
cosdg = row("cosdg", [ANY], lambda x, y: -DEGREE * sindg(x))
sindg = row("sindg", [ANY], lambda x, y: DEGREE * cosdg(x))
row("tandg", [ANY], lambda x, y: DEGREE * (1.0 + y * y))
row("cotdg", [(5.0, 80.0)], lambda x, y: -DEGREE * (1.0 + y * y))
row(
    "radian",
    [ANY, ANY, ANY],
    lambda d, m, s, y: DEGREE,
    lambda d, m, s, y: DEGREE / 60.0,
    lambda d, m, s, y: DEGREE / 3600.0,
)
