# SPDX-License-Identifier: Apache-2.0
"""Incomplete gamma and beta functions of scipy.special by all their operands, and their inverses.

By shapes there is a derivative of each order, computed by quadrature (``densities``).
"""

from ad_core.rules.special.densities import (
    beta_by_shapes,
    beta_density,
    gamma_by_shape,
    gamma_density,
)
from ad_core.rules.special.table import POSITIVE, UNIT, row

__all__ = ["SHAPE", "beta_x", "betainc_a", "betainc_b", "gammainc_a"]

SHAPE = (0.3, 6.0)


def gammainc_a(a, x):
    """The derivative of gammainc by its shape."""
    return gamma_by_shape(1, a, x)


def betainc_a(a, b, x):
    """The derivative of betainc by its first shape."""
    return beta_by_shapes(1, 0, a, b, x, 1.0 - x)


def betainc_b(a, b, x):
    """The derivative of betainc by its second shape."""
    return beta_by_shapes(0, 1, a, b, x, 1.0 - x)


def beta_x(a, b, x):
    """The derivative of betainc by its bound."""
    return beta_density(a, b, x, 1.0 - x)


row(
    "gammainc",
    [SHAPE, POSITIVE],
    lambda a, x, y: gammainc_a(a, x),
    lambda a, x, y: gamma_density(a, x),
)
row(
    "gammaincc",
    [SHAPE, POSITIVE],
    lambda a, x, y: -gammainc_a(a, x),
    lambda a, x, y: -gamma_density(a, x),
)
row(
    "betainc",
    [SHAPE, SHAPE, UNIT],
    lambda a, b, x, y: betainc_a(a, b, x),
    lambda a, b, x, y: betainc_b(a, b, x),
    lambda a, b, x, y: beta_x(a, b, x),
)
row(
    "betaincc",
    [SHAPE, SHAPE, UNIT],
    lambda a, b, x, y: -betainc_a(a, b, x),
    lambda a, b, x, y: -betainc_b(a, b, x),
    lambda a, b, x, y: -beta_x(a, b, x),
)

# Inverses: y solves F(y) = p, so that its derivative by p is 1 / F' and by a shape minus the
# derivative of F by that over F'
row(
    "gammaincinv",
    [SHAPE, UNIT],
    lambda a, p, y: -gammainc_a(a, y) / gamma_density(a, y),
    lambda a, p, y: 1.0 / gamma_density(a, y),
)
row(
    "gammainccinv",
    [SHAPE, UNIT],
    lambda a, p, y: -gammainc_a(a, y) / gamma_density(a, y),
    lambda a, p, y: -1.0 / gamma_density(a, y),
)
row(
    "betaincinv",
    [SHAPE, SHAPE, UNIT],
    lambda a, b, p, y: -betainc_a(a, b, y) / beta_x(a, b, y),
    lambda a, b, p, y: -betainc_b(a, b, y) / beta_x(a, b, y),
    lambda a, b, p, y: 1.0 / beta_x(a, b, y),
)
row(
    "betainccinv",
    [SHAPE, SHAPE, UNIT],
    lambda a, b, p, y: -betainc_a(a, b, y) / beta_x(a, b, y),
    lambda a, b, p, y: -betainc_b(a, b, y) / beta_x(a, b, y),
    lambda a, b, p, y: -1.0 / beta_x(a, b, y),
)
row(
    "btdtria",
    [UNIT, SHAPE, UNIT],
    lambda p, b, x, y: 1.0 / betainc_a(y, b, x),
    lambda p, b, x, y: -betainc_b(y, b, x) / betainc_a(y, b, x),
    lambda p, b, x, y: -beta_x(y, b, x) / betainc_a(y, b, x),
)
row(
    "btdtrib",
    [SHAPE, UNIT, UNIT],
    lambda a, p, x, y: -betainc_a(a, y, x) / betainc_b(a, y, x),
    lambda a, p, x, y: 1.0 / betainc_b(a, y, x),
    lambda a, p, x, y: -beta_x(a, y, x) / betainc_b(a, y, x),
)
