# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""The functions of the module math on traced numbers.

Where math raises an error (the logarithm of a negative number), the functions raise it too, and
that it was not raised is a guard. Values come from NumPy's functions, which may differ from those
of math in the last bit.
"""

import functools
import math
import operator

import numpy as np

from ad_core import _core
from ad_core.adapting.stand_ins import enter, module_stand_in
from ad_core.overrides.python.numbers import number

__all__ = []

_stand_ins = {}


def _plain(x):
    """The value of a number at this point."""
    return float(_core.current_values(x)) if _core.traced(x) else x


def _enter(name, numbers=True):
    """Decorate a function of traced numbers that is called in place of a function of math."""

    def decorate(function):
        original = getattr(math, name, None)
        if original is not None:  # some are new in later versions of Python
            _stand_ins[name] = enter(original, function, numbers)
        return function

    return decorate


def _function(name, function, outside=None):
    """Enter a function of one number. outside(x): whether math raises an error there."""
    original = getattr(math, name, None)

    @_enter(name)
    def traced(x, /):
        x = number(x)
        if outside is not None and outside(x):
            return original(_plain(x))  # raises
        return function(x)


def _special(name):
    """A function of scipy.special, which is imported when it is needed."""

    def function(x):
        try:
            import scipy.special
        except ImportError as error:
            raise ImportError(
                f"math.{name} of a traced value needs SciPy{_core.user_line()}; install it by pip "
                f"install ad-core[scipy]"
            ) from error
        return getattr(scipy.special, {"lgamma": "gammaln"}.get(name, name))(x)

    return function


for _name, _ufunc in {
    "sin": np.sin, "cos": np.cos, "tan": np.tan, "atan": np.arctan, "sinh": np.sinh,
    "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh, "exp": np.exp, "exp2": np.exp2,
    "expm1": np.expm1, "cbrt": np.cbrt, "fabs": np.absolute, "degrees": np.degrees,
    "radians": np.radians,
}.items():  # fmt: skip
    _function(_name, _ufunc)

_function("sqrt", np.sqrt, lambda x: x < 0)
_function("log2", np.log2, lambda x: x <= 0)
_function("log10", np.log10, lambda x: x <= 0)
_function("log1p", np.log1p, lambda x: x <= -1)
_function("acos", np.arccos, lambda x: x < -1 or x > 1)
_function("asin", np.arcsin, lambda x: x < -1 or x > 1)
_function("acosh", np.arccosh, lambda x: x < 1)
_function("atanh", np.arctanh, lambda x: x <= -1 or x >= 1)
for _name in ("erf", "erfc"):
    _function(_name, _special(_name))
for _name in ("gamma", "lgamma"):
    _function(_name, _special(_name), lambda x: x <= 0 and x == np.floor(x))


@_enter("log")
def log(x, base=None, /):
    x = number(x)
    if x <= 0:
        return math.log(_plain(x))  # raises
    if base is None:
        return np.log(x)
    if not _core.traced(base):
        return np.log(x) / math.log(base)
    return np.log(x) / log(base)


@_enter("pow")
def pow(x, y, /):
    x, y = number(x), number(y)
    if x <= 0 and ((x < 0 and y != np.floor(y)) or (x == 0 and y < 0)):
        return math.pow(_plain(x), _plain(y))  # raises
    return np.power(x, y)


@_enter("atan2")
def atan2(y, x, /):
    return np.arctan2(number(y), number(x))


@_enter("copysign")
def copysign(x, y, /):
    return np.copysign(number(x), number(y))


@_enter("fmod")
def fmod(x, y, /):
    x, y = number(x), number(y)
    if y == 0:
        return math.fmod(_plain(x), 0.0)  # raises
    return np.fmod(x, y)


@_enter("remainder")
def remainder(x, y, /):
    x, y = number(x), number(y)
    if y == 0:
        return math.remainder(_plain(x), 0.0)  # raises
    return x - y * np.rint(x / y)


@_enter("hypot", numbers=False)
def hypot(*coordinates):
    found = [number(x) for x in coordinates]
    if len(found) < 2:
        return np.absolute(found[0]) if found else 0.0
    return functools.reduce(np.hypot, found)


@_enter("dist", numbers=False)
def dist(p, q, /):
    p, q = list(p), list(q)
    if not _core.any_traced((*p, *q)):
        return math.dist(p, q)
    if len(p) != len(q):
        raise ValueError("both points must have the same number of dimensions")
    return hypot(*map(operator.sub, p, q))


@_enter("fsum", numbers=False)
def fsum(numbers, /):
    numbers = list(numbers)
    return np.sum(np.array(numbers)) if _core.any_traced(numbers) else math.fsum(numbers)


@_enter("sumprod", numbers=False)
def sumprod(p, q, /):
    p, q = list(p), list(q)
    if not _core.any_traced((*p, *q)):
        return math.sumprod(p, q)
    if len(p) != len(q):
        raise ValueError("Inputs are not the same length")
    return sum(map(operator.mul, p, q))


@_enter("prod", numbers=False)
def prod(numbers, /, *, start=1):
    return functools.reduce(operator.mul, numbers, start)


@_enter("fma")
def fma(x, y, z, /):
    return number(x) * number(y) + number(z)


@_enter("modf")
def modf(x, /):
    return np.modf(number(x))


@_enter("frexp")
def frexp(x, /):
    fraction, exponent = np.frexp(number(x))
    return fraction, int(exponent)


@_enter("ldexp")
def ldexp(x, i, /):
    return np.ldexp(number(x), i)


@_enter("nextafter")
def nextafter(x, y, /, **steps):
    return number(x) + (math.nextafter(_plain(x), _plain(y), **steps) - _plain(x))


@_enter("ulp")
def ulp(x, /):
    return _core.current_values(np.spacing(np.absolute(number(x))))


for _name, _test in {"isnan": np.isnan, "isinf": np.isinf, "isfinite": np.isfinite}.items():
    _enter(_name)(lambda x, /, _test=_test: bool(_test(number(x))))


@_enter("isclose")
def isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0):
    a, b = number(a), number(b)
    if rel_tol < 0 or abs_tol < 0:
        raise ValueError("tolerances must be non-negative")
    if a == b:
        return True
    if np.isinf(a) or np.isinf(b):
        return False
    size = np.absolute(a - b)
    return bool(
        size <= np.absolute(rel_tol * b) or size <= np.absolute(rel_tol * a) or size <= abs_tol
    )


module_stand_in(math, _stand_ins)
