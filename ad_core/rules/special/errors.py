# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Error functions, the normal distribution, Voigt's profile and Fresnel integrals."""

import math

import numpy as np
import scipy.special as sp

from ad_core.rules.special.faddeeva import (
    dawsn_derivative,
    erfcx_derivative,
    gauss_im,
    gauss_re,
    w_im,
    w_re,
)
from ad_core.rules.special.table import (
    HOLOMORPHIC,
    INNER,
    POSITIVE,
    REAL,
    UNIT,
    Holomorphic,
    outputs,
    row,
)

__all__ = ["erf"]

TWO_OVER_ROOT_PI = 2.0 / math.sqrt(math.pi)
ROOT_TWO, ROOT_TWO_PI = math.sqrt(2.0), math.sqrt(2.0 * math.pi)

erf = row("erf", [REAL], lambda x, y: TWO_OVER_ROOT_PI * np.exp(-x * x), holomorphic=True)
row("erfc", [REAL], lambda x, y: -TWO_OVER_ROOT_PI * np.exp(-x * x), holomorphic=True)
row("erfi", [REAL], lambda x, y: TWO_OVER_ROOT_PI * np.exp(x * x), holomorphic=True)
erfcx = row(
    "erfcx",
    [REAL],
    lambda x, y: erfcx_derivative(1, x),
)
row(
    "dawsn",
    [REAL],
    lambda x, y: dawsn_derivative(1, x),
)
# The complex functions erfcx(a + i b) = w(-b + i a), w and dawsn(z) = i sqrt(pi) / 2 (exp(-z^2) -
# w(z)), by derivatives that do not cancel far out
HOLOMORPHIC[sp.erfcx] = Holomorphic(lambda a, b: (-w_im(1, -b, a), w_re(1, -b, a)), 0, True)
HOLOMORPHIC[sp.wofz] = Holomorphic(lambda a, b: (w_re(1, a, b), w_im(1, a, b)), 0, True)
HOLOMORPHIC[sp.dawsn] = Holomorphic(
    lambda a, b: (
        (w_im(1, a, b) - gauss_im(1, a, b)) / TWO_OVER_ROOT_PI,
        (gauss_re(1, a, b) - w_re(1, a, b)) / TWO_OVER_ROOT_PI,
    ),
    0,
    True,
)
row("erfinv", [INNER], lambda x, y: np.exp(y * y) / TWO_OVER_ROOT_PI)
row("erfcinv", [UNIT], lambda x, y: -np.exp(y * y) / TWO_OVER_ROOT_PI)

row("ndtr", [REAL], lambda x, y: np.exp(-0.5 * x * x) / ROOT_TWO_PI, holomorphic=True)
# not exp(-x^2 / 2 - y), whose exponent cancels far out
row("log_ndtr", [REAL], lambda x, y: 2.0 / ROOT_TWO_PI / erfcx(-x / ROOT_TWO))
ndtri = row("ndtri", [UNIT], lambda x, y: ROOT_TWO_PI * np.exp(0.5 * y * y))
row("ndtri_exp", [(-20.0, -0.05)], lambda x, y: 0.5 * ROOT_TWO_PI * erfcx(-y / ROOT_TWO))
row(
    "owens_t",
    [REAL, REAL],
    lambda h, a, y: -0.5 / ROOT_TWO_PI * np.exp(-0.5 * h * h) * erf(a * h / ROOT_TWO),
    lambda h, a, y: np.exp(-0.5 * h * h * (1.0 + a * a)) / (2.0 * math.pi * (1.0 + a * a)),
)
# The mean and the deviation of a normal distribution that is below x with probability p
row(
    "nrdtrimn",
    [UNIT, POSITIVE, REAL],
    lambda p, d, x, y: -d * ROOT_TWO_PI * np.exp(0.5 * ndtri(p) ** 2),
    lambda p, d, x, y: -ndtri(p),
    lambda p, d, x, y: 1.0,
)
row(
    "nrdtrisd",
    [(-1.0, 1.0), (0.6, 0.95), (2.0, 4.0)],
    lambda m, p, x, y: -1.0 / ndtri(p),
    lambda m, p, x, y: (m - x) * ROOT_TWO_PI * np.exp(0.5 * ndtri(p) ** 2) / ndtri(p) ** 2,
    lambda m, p, x, y: 1.0 / ndtri(p),
)


def _of_profile(function, order, x, d, g):
    """A part of the derivative of Faddeeva's function, of which Voigt's profile is a multiple."""
    scale = 1.0 / (ROOT_TWO * d)
    return scale**order / (d * ROOT_TWO_PI) * function(order, x * scale, g * scale)


row(
    "voigt_profile",
    [REAL, POSITIVE, POSITIVE],
    lambda x, d, g, y: _of_profile(w_re, 1, x, d, g),
    # the profile solves the heat equation in the time d^2 / 2
    lambda x, d, g, y: d * _of_profile(w_re, 2, x, d, g),
    lambda x, d, g, y: -_of_profile(w_im, 1, x, d, g),
)

# Fresnel integrals
outputs(
    "fresnel",
    [REAL],
    [lambda x, y: np.sin(0.5 * math.pi * x * x)],
    [lambda x, y: np.cos(0.5 * math.pi * x * x)],
)
