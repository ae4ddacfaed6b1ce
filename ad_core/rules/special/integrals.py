# SPDX-License-Identifier: Apache-2.0
"""Integrals of elementary and of Bessel functions in scipy.special."""

import math

import numpy as np

from ad_core.rules.special.bessel import i0, j0, k0, modstruve, spherical_in, struve, y0
from ad_core.rules.special.elementary import exprel
from ad_core.rules.special.table import POSITIVE, WHOLE, outputs, row

__all__ = []

# Exponential and logarithmic integrals
row("exp1", [POSITIVE], lambda x, y: -np.exp(-x) / x, holomorphic=True)
row("expi", [POSITIVE], lambda x, y: np.exp(x) / x, holomorphic=True)


def _expn_slope(n, x, y):
    """-expn(n - 1, x), where the order 0 is exp(-x) / x, and -1 not in SciPy."""
    lowest = -np.exp(-x) * (1.0 + x) / (x * x)
    return np.where(np.equal(n, 0), lowest, -expn(np.maximum(n - 1, 0), x))[()]


expn = row("expn", [WHOLE, POSITIVE], None, _expn_slope)
# -log(x) / (x - 1), also at 1
row("spence", [POSITIVE], lambda x, y: -1.0 / exprel(np.log(x)))


# Sine and cosine integrals

outputs(
    "sici",
    [POSITIVE],
    [lambda x, y: np.sinc(x / math.pi)],
    [lambda x, y: np.cos(x) / x],
)
outputs(
    "shichi",
    [POSITIVE],
    [lambda x, y: spherical_in(0, x)],
    [lambda x, y: np.cosh(x) / x],
)

# Integrals of Bessel and Struve functions
outputs("itj0y0", [POSITIVE], [lambda x, y: j0(x)], [lambda x, y: y0(x)])
outputs("iti0k0", [POSITIVE], [lambda x, y: i0(x)], [lambda x, y: k0(x)])
outputs("it2j0y0", [POSITIVE], [lambda x, y: (1.0 - j0(x)) / x], [lambda x, y: -y0(x) / x])
outputs("it2i0k0", [POSITIVE], [lambda x, y: (i0(x) - 1.0) / x], [lambda x, y: -k0(x) / x])
row("itstruve0", [POSITIVE], lambda x, y: struve(0.0, x))
row("it2struve0", [POSITIVE], lambda x, y: -struve(0.0, x) / x)
row("itmodstruve0", [POSITIVE], lambda x, y: modstruve(0.0, x))
