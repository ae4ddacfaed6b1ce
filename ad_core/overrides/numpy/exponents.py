# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""np.modf, np.frexp and np.ldexp: parts of floating-point numbers, and powers of two.

Products with powers of two and the remainder of a division by 1 are exact, so that these functions
are products and remainders with the bits of NumPy's values.
"""

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.dispatch import only_plain
from ad_core.overrides.numpy.guards import decided

__all__ = ["frexp", "ldexp", "modf"]


def modf(a):
    """The fractional part, whose derivative is 1, and the integral part; both have a's sign."""
    finite = np.where(np.isinf(a), np.copysign(0.0, a), a)
    return np.fmod(finite, 1.0), np.trunc(a)


def frexp(a):
    """The numbers in [0.5, 1) or (-1, -0.5], and the exponents, which are kept as a guard."""
    _, exponents = np.frexp(_core.current_values(a))
    mantissas = ldexp(a, -exponents)
    size = np.absolute(mantissas)
    special = (a == 0) | ~np.isfinite(a)
    without_exponent = _core.plain_values(special)
    decided(np.where(without_exponent, special, (size >= 0.5) & (size < 1.0)))
    return mantissas, exponents


def ldexp(a, b):
    """a * 2**b, rounded once: a power beyond the range of floats is three factors, of which at most
    the last one rounds."""
    b = np.asarray(only_plain(np.ldexp, b))
    if not b.size or np.absolute(b).max() <= LARGEST_EXPONENT:
        return a * 2.0**b
    b = np.clip(b, -MOST, MOST)  # beyond, the result is 0 or infinite
    third = b // 3
    return a * 2.0 ** (b - 2 * third) * 2.0**third * 2.0**third


LARGEST_EXPONENT = 1022
MOST = 2200
