# SPDX-License-Identifier: Apache-2.0
"""Functions of scipy.special of complex traced values, from the rows of the table that are
holomorphic: real and imaginary part are functions of two real operands, whose partials are the
parts of the one complex derivative."""

from functools import cache

import numpy as np

from ad_core.overrides.numpy.complex.array import pair, parts
from ad_core.overrides.numpy.dispatch import any_traced
from ad_core.rules.elementwise import elementwise
from ad_core.rules.special.table import HOLOMORPHIC, Last

__all__ = ["operation"]


def operation(ufunc):
    """The function for complex traced values of a ufunc of scipy.special; None if it has none."""
    return _made(ufunc) if ufunc in HOLOMORPHIC else None


def _made(ufunc):
    slope, place, in_parts = HOLOMORPHIC[ufunc]
    name = f"scipy.special.{ufunc.__name__.lstrip('_')}"

    def with_complex(others, z):
        """The ufunc's operands."""
        return (*others[:place], z, *others[place:])

    def values(*operands):
        *others, a, b = operands
        z = ufunc(*with_complex(others, _complex(a, b)))
        return np.real(z), np.imag(z)

    def derivative(*given):
        *others, a, b, _ = given
        if in_parts:
            return slope(a, b)
        traced = any_traced((a, b))
        z = pair(a, b) if traced else _complex(a, b)
        at = with_complex(others, z)
        return parts(slope(*at, function(*at)))

    last, none = Last(values), [None] * (ufunc.nin - 1)
    # by the equations of Cauchy and Riemann
    re = elementwise(
        name,
        last.output(0),
        *none,
        lambda *given: derivative(*given)[0],
        lambda *given: -derivative(*given)[1],
    )
    im = elementwise(
        name,
        last.output(1),
        *none,
        lambda *given: derivative(*given)[1],
        lambda *given: derivative(*given)[0],
    )

    def function(*operands):
        others = [*operands[:place], *operands[place + 1 :]]
        a, b = parts(operands[place])
        if not any_traced((*others, a, b)):
            return ufunc(*with_complex(others, _complex(a, b)))
        try:
            return pair(re(*others, a, b), im(*others, a, b))
        finally:
            last.forget()

    return function


_made = cache(_made)


def _complex(a, b):
    """The plain complex numbers with these parts, which may be infinite."""
    a, b = np.broadcast_arrays(a, b)
    z = np.empty(a.shape, complex)
    z.real, z.imag = a, b
    return z[()]
