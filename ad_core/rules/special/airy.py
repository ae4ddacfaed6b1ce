# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Airy functions of scipy.special and their integrals."""

import numpy as np

from ad_core.rules.special.table import POSITIVE, outputs

__all__ = []

FAR, TERMS = 40.0, 8  # where and with how many terms the asymptotic series are used


def _coefficients(factor):
    """Those of the series in 1 / zeta; `factor` distinguishes the function from its derivative."""
    found, u = [], 1.0
    for k in range(TERMS):
        found.append(u * factor(k))
        u *= (6 * k + 5) * (6 * k + 3) * (6 * k + 1) / (216.0 * (k + 1) * (2 * k + 1))
    return found


VALUES = _coefficients(lambda k: 1.0)
SLOPES = _coefficients(lambda k: (6 * k + 1) / (1.0 - 6 * k))


def _scaled_slope(x, y, near, coefficients, power, sign):
    """The derivative of y, which for large x is x^power times a series in sign / zeta with zeta =
    2/3 x^(3/2). Elsewhere it is `near`, which cancels for large x."""
    far = np.greater(x, FAR)
    t = 1.0 / np.where(far, x, 1.0)
    ratio = sign * 1.5 * t * np.sqrt(t)
    total, moment, term = 0.0, 0.0, 1.0
    for k, u in enumerate(coefficients):
        total = total + u * term
        moment = moment + (power - 1.5 * k) * u * term
        term = term * ratio
    return np.where(far, y * t * (moment / total), near)[()]


def _root(x):
    """The square root of x, and 0 below 0."""
    return np.sqrt(np.maximum(x, 0.0))


_ai, _aip, _bi, _bip = outputs(
    "airy",
    [(-6.0, 4.0)],
    [lambda x, y: _aip(x)],
    [lambda x, y: x * _ai(x)],
    [lambda x, y: _bip(x)],
    [lambda x, y: x * _bi(x)],
)
# Ai exp(zeta) and Bi exp(-zeta) with zeta = 2/3 x^(3/2); below 0 the latter is not scaled
_aie, _aipe, _bie, _bipe = outputs(
    "airye",
    [POSITIVE],
    [lambda x, y: _scaled_slope(x, y, _aipe(x) + np.sqrt(x) * y, VALUES, -0.25, -1.0)],
    [lambda x, y: _scaled_slope(x, y, x * _aie(x) + np.sqrt(x) * y, SLOPES, 0.25, -1.0)],
    [lambda x, y: _scaled_slope(x, y, _bipe(x) - _root(x) * y, VALUES, -0.25, 1.0)],
    [lambda x, y: _scaled_slope(x, y, x * _bie(x) - _root(x) * y, SLOPES, 0.25, 1.0)],
)
outputs(
    "itairy",
    [(0.2, 2.0)],
    [lambda x, y: _ai(x)],
    [lambda x, y: _bi(x)],
    [lambda x, y: _ai(-x)],
    [lambda x, y: _bi(-x)],
)
