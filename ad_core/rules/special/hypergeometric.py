# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Hypergeometric functions and orthogonal polynomials of scipy.special, by their argument."""

import numpy as np

from ad_core.rules.special.table import INNER, POSITIVE, REAL, UNIT, WHOLE, row

__all__ = ["hyp1f1", "hyp2f1"]

PARAMETER = (0.3, 3.0)

hyp0f1 = row(
    "hyp0f1", [PARAMETER, REAL], None, lambda v, z, y: hyp0f1(v + 1.0, z) / v, holomorphic=True
)
hyp1f1 = row(
    "hyp1f1",
    [PARAMETER, PARAMETER, REAL],
    None,
    None,
    lambda a, b, z, y: a / b * hyp1f1(a + 1.0, b + 1.0, z),
    holomorphic=True,
)
hyp2f1 = row(
    "hyp2f1",
    [PARAMETER, PARAMETER, PARAMETER, INNER],
    None,
    None,
    None,
    lambda a, b, c, z, y: a * b / c * hyp2f1(a + 1.0, b + 1.0, c + 1.0, z),
    holomorphic=True,
)
hyperu = row(
    "hyperu",
    [PARAMETER, PARAMETER, POSITIVE],
    None,
    None,
    lambda a, b, x, y: -a * hyperu(a + 1.0, b + 1.0, x),
)
wright_bessel = row(
    "wright_bessel",
    [PARAMETER, PARAMETER, POSITIVE],
    None,
    None,
    lambda a, b, x, y: wright_bessel(a, a + b, x),
)
log_wright_bessel = row(
    "log_wright_bessel",
    [PARAMETER, PARAMETER, POSITIVE],
    None,
    None,
    lambda a, b, x, y: np.exp(log_wright_bessel(a, a + b, x) - y),
)

# Orthogonal polynomials of degree n. The degree of a derivative is n - 1, but not negative, where
# the factor is 0 and SciPy's polynomial may be NaN.
jacobi = row(
    "eval_jacobi",
    [WHOLE, PARAMETER, PARAMETER, INNER],
    None,
    None,
    None,
    lambda n, a, b, x, y: (
        _factor(n, 0.5 * (n + a + b + 1.0)) * jacobi(_below(n), a + 1.0, b + 1.0, x)
    ),
)
gegenbauer = row(
    "eval_gegenbauer",
    [WHOLE, PARAMETER, INNER],
    None,
    None,
    lambda n, a, x, y: _factor(n, 2.0 * a) * gegenbauer(_below(n), a + 1.0, x),
)
genlaguerre = row(
    "eval_genlaguerre",
    [WHOLE, PARAMETER, POSITIVE],
    None,
    None,
    lambda n, a, x, y: _factor(n, -1.0) * genlaguerre(_below(n), a + 1.0, x),
)
row(
    "eval_laguerre",
    [WHOLE, POSITIVE],
    None,
    lambda n, x, y: _factor(n, -1.0) * genlaguerre(_below(n), 1.0, x),
)
row(
    "eval_legendre",
    [WHOLE, INNER],
    None,
    lambda n, x, y: _factor(n, 1.0) * gegenbauer(_below(n), 1.5, x),
)
row("eval_chebyt", [WHOLE, INNER], None, lambda n, x, y: n * chebyu(_below(n), x))
chebyu = row(
    "eval_chebyu",
    [WHOLE, INNER],
    None,
    lambda n, x, y: _factor(n, 2.0) * gegenbauer(_below(n), 2.0, x),
)
row("eval_chebyc", [WHOLE, REAL], None, lambda n, x, y: n * chebyu(_below(n), 0.5 * x))
row(
    "eval_chebys",
    [WHOLE, REAL],
    None,
    lambda n, x, y: _factor(n, 1.0) * gegenbauer(_below(n), 2.0, 0.5 * x),
)
hermite = row("eval_hermite", [WHOLE, REAL], None, lambda n, x, y: 2 * n * hermite(_below(n), x))
hermitenorm = row(
    "eval_hermitenorm", [WHOLE, REAL], None, lambda n, x, y: n * hermitenorm(_below(n), x)
)
row(
    "eval_sh_legendre",
    [WHOLE, UNIT],
    None,
    lambda n, x, y: _factor(n, 2.0) * gegenbauer(_below(n), 1.5, 2.0 * x - 1.0),
)
row(
    "eval_sh_chebyt",
    [WHOLE, UNIT],
    None,
    lambda n, x, y: 2.0 * n * chebyu(_below(n), 2.0 * x - 1.0),
)
row(
    "eval_sh_chebyu",
    [WHOLE, UNIT],
    None,
    lambda n, x, y: _factor(n, 4.0) * gegenbauer(_below(n), 2.0, 2.0 * x - 1.0),
)
sh_jacobi = row(
    "eval_sh_jacobi",
    [WHOLE, (3.0, 5.0), (0.5, 2.5), UNIT],
    None,
    None,
    None,
    lambda n, p, q, x, y: n * sh_jacobi(_below(n), p + 2.0, q + 1.0, x),
)


def _below(n):
    """n - 1, but not from the degree 0 on; other degrees that are not whole count down."""
    return np.where(np.equal(n, 0), n, n - 1)[()]


def _factor(n, c):
    """c, and 0 for the degree 0."""
    return np.where(np.equal(n, 0), 0.0, c)


# Associated Legendre functions of order m and degree v
lpmv = row(
    "lpmv",
    [range(1, 3), range(3, 6), INNER],
    None,
    None,
    lambda m, v, x, y: (v * x * y - (v + m) * lpmv(m, v - 1.0, x)) / (x * x - 1.0),
)

# sin(n x / 2) / (n sin(x / 2)) is a Chebyshev polynomial of cos(x / 2)
row(
    "diric",
    [(-3.0, 3.0), range(1, 6)],
    lambda x, n, y: (
        -np.where(np.less(n, 2), 0.0, np.sin(0.5 * x) / n)
        * gegenbauer(np.maximum(n - 2, 0), 2.0, np.cos(0.5 * x))
    ),
    None,
)
