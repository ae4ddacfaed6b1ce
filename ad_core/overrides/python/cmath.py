# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""The functions of the module cmath on traced numbers, real or complex."""

import cmath

import numpy as np

from ad_core.adapting.stand_ins import enter, module_stand_in
from ad_core.overrides.numpy.complex.array import made

__all__ = []

_stand_ins = {}


def _enter(name, function):
    _stand_ins[name] = enter(getattr(cmath, name), function, numbers=True)


def _number(z):
    return made(z)[()]


for _name, _ufunc in {
    "acos": np.arccos, "acosh": np.arccosh, "asin": np.arcsin, "asinh": np.arcsinh,
    "atan": np.arctan, "atanh": np.arctanh, "cos": np.cos, "cosh": np.cosh, "exp": np.exp,
    "log10": np.log10, "sin": np.sin, "sinh": np.sinh, "sqrt": np.sqrt, "tan": np.tan,
    "tanh": np.tanh,
}.items():  # fmt: skip
    _enter(_name, lambda z, /, _ufunc=_ufunc: _ufunc(_number(z)))

for _name, _test in {"isnan": np.isnan, "isinf": np.isinf, "isfinite": np.isfinite}.items():
    _enter(_name, lambda z, /, _test=_test: bool(_test(_number(z))))


def log(z, base=None, /):
    found = np.log(_number(z))
    return found if base is None else found / np.log(_number(base))


def phase(z, /):
    return np.angle(_number(z))


def polar(z, /):
    z = _number(z)
    return np.absolute(z), np.angle(z)


def rect(r, phi, /):
    return _number(r * np.cos(phi)) + 1j * (r * np.sin(phi))


def isclose(a, b, *, rel_tol=1e-09, abs_tol=0.0):
    a, b = _number(a), _number(b)
    if rel_tol < 0 or abs_tol < 0:
        raise ValueError("tolerances must be non-negative")
    size = np.absolute(a - b)
    return bool(
        size <= rel_tol * np.absolute(b) or size <= rel_tol * np.absolute(a) or size <= abs_tol
    )


for _function in (log, phase, polar, rect, isclose):
    _enter(_function.__name__, _function)

module_stand_in(cmath, _stand_ins)
