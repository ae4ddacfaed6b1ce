# SPDX-License-Identifier: Apache-2.0
"""The classes float, complex, np.float64 and np.complex128, called with traced values, and the
methods of float."""

import math
import numbers
import operator

import numpy as np

from ad_core import _core
from ad_core.adapting.stand_ins import enter, entered, stand_in_of
from ad_core.overrides.numpy.complex.array import TracedComplex, made
from ad_core.recording.arrays import as_array, as_floats

__all__ = ["number"]

# issubclass(type(x), numbers.Real) is true for a float; isinstance(x, numbers.Real) is anyway.
numbers.Real.register(_core.TracedScalar)


def number(x):
    """A traced value of one element as a number, as float(x) takes it."""
    if isinstance(x, TracedComplex):
        return float(x)  # raises
    x = as_array(x)
    if x.size != 1:
        raise TypeError("only 0-dimensional arrays can be converted to Python scalars")
    return _core.numbers_of(x.reshape(()))[()]


def _float(x):
    if isinstance(x, list | tuple):
        raise TypeError(
            f"float() argument must be a string or a real number, not {type(x).__name__!r}"
        )
    return number(x)


def _complex(real, imag=0.0):
    if isinstance(imag, TracedComplex) or isinstance(real, TracedComplex):
        return _one(made(real)) + 1j * _one(made(imag))
    return _one(made(number(real))) + 1j * number(imag)


def _one(z):
    if z.size != 1:
        raise TypeError("only length-1 arrays can be converted to Python scalars")
    return z.reshape(())[()]


def _float64(x):
    return float(x) if isinstance(x, TracedComplex) else np.array(as_floats(x))[()]


def _complex128(x):
    return made(x)[()]


for _original, _traced in (
    (float, _float),
    (complex, _complex),
    (np.float64, _float64),
    (np.complex128, _complex128),
):
    entered(_original, _core.number_stand_in(_original, _traced))


def _is_number(x):
    return isinstance(x, int | float)


def _enter_method(name, function):
    """Enter the method of float of this name, as other code calls it: float.__add__(x, y)."""

    def traced(*numbers):
        return function(*numbers) if all(map(_is_number, numbers)) else NotImplemented

    setattr(stand_in_of(float), name, enter(getattr(float, name), traced, numbers=True))


def _reflected(function):
    return lambda y, x: function(x, y)


for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow"):
    _enter_method(f"__{_name}__", getattr(operator, _name))
    _enter_method(f"__r{_name}__", _reflected(getattr(operator, _name)))
_enter_method("__divmod__", divmod)
_enter_method("__rdivmod__", _reflected(divmod))
for _name in ("neg", "pos", "abs", "lt", "le", "gt", "ge", "eq", "ne"):
    _enter_method(f"__{_name}__", getattr(operator, _name))
_enter_method("__trunc__", math.trunc)
_enter_method("__round__", round)
