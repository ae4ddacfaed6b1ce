# SPDX-License-Identifier: Apache-2.0
"""Functions of compiled modules that Python code of other packages calls: they take plain numbers,
so they are refused by name if an argument depends on an input."""

import importlib.machinery
import sys
import types

import numpy as np

from ad_core import _core
from ad_core.adapting.stand_ins import by_kind, module_stand_in, stand_in_of
from ad_core.errors import NoDerivativeError, callers, remedies

__all__ = ["called", "depends_on_input", "on_constants"]

SUFFIXES = tuple(importlib.machinery.EXTENSION_SUFFIXES)
UNTOUCHED = {"ad_core", "numpy", "builtins", "", *sys.stdlib_module_names}


def is_compiled_function(x):
    """Whether x is a function of another library's compiled module."""
    kind = type(x)
    if isinstance(x, type | np.ufunc) or kind.__module__.startswith("numba."):
        return False  # functions of numba: ad_core/overrides/numba.py
    if kind.__name__ == "fortran":  # of f2py
        return True
    if not remedies.is_compiled(x):
        return False
    if kind.__module__ in ("_ctypes", "ctypes"):
        return True
    owner = getattr(x, "__self__", None)
    if owner is not None and not isinstance(owner, types.ModuleType):
        return False  # a bound method
    return _library(x) not in UNTOUCHED


def _library(x):
    module = getattr(x, "__module__", None) or type(x).__module__ or ""
    return module.partition(".")[0]


@by_kind
def of_function(x):
    """The stand-in for a compiled function."""
    return (
        _core.StandIn(x, lambda *args, **kwargs: called(x, args, kwargs))
        if (is_compiled_function(x))
        else None
    )


@by_kind
def of_module(x):
    """The stand-in for a compiled module, in which its functions have stand-ins."""
    if type(x) is not types.ModuleType or not (getattr(x, "__file__", None) or "").endswith(
        SUFFIXES
    ):
        return None
    if x.__name__.partition(".")[0] in UNTOUCHED:
        return None
    functions = {name: stand_in_of(part) for name, part in vars(x).items()
                 if is_compiled_function(part)}  # fmt: skip
    return module_stand_in(x, functions) if functions else None


def called(function, args, kwargs):
    """Call a compiled function while a trace runs. Traced arrays of constants, such as an array
    that Python code has made for its results, are passed as plain ones, and get what the function
    stores in them."""
    if not depends_on_input(args, kwargs):
        return on_constants(function, args, kwargs)
    name = callers.name_of_function(function)
    raise NoDerivativeError(
        f"{name} is compiled code, which takes plain numbers; a traced value reached it"
        f"{_core.user_line()}. {remedies.OF_OTHERS.format(name)}"
    )


def depends_on_input(args, kwargs):
    """Whether a real or complex value that depends on an input is among the arguments of a call."""
    return _core.holds_variable((args, kwargs)) or _complex_variable((args, kwargs))


def _complex_variable(item):
    """Whether a complex value that depends on an input is among nested items."""
    if type(item) is dict:
        item = list(item.values())
    if type(item) in (list, tuple):
        return any(map(_complex_variable, item))
    return _core.is_complex_value(item) and _core.holds_variable((item.re, item.im))


def _joined(re, im):
    values = np.empty(np.shape(re), complex)
    values.real, values.imag = re, im
    return values


def on_constants(function, args, kwargs):
    """Call a function of plain numbers with arguments that depend on no input. Traced arrays among
    them get what the function stores in them."""
    arrays = []

    def plain(x):
        if type(x) in (list, tuple):
            return type(x)([plain(part) for part in x])
        if type(x) is dict:
            return {key: plain(part) for key, part in x.items()}
        if _core.is_complex_value(x):
            parts = [_core.current_values(part) if _core.traced(part) else part
                     for part in (x.re, x.im)]  # fmt: skip
            values = _core.untraced(_joined, *parts)
            if x.ndim:
                arrays.append((x, values, values.copy()))
            return values
        if not _core.traced(x):
            return x
        values = _core.current_values(x)
        if type(x) is _core.TracedArray:
            values = values.copy()
            arrays.append((x, values, values.copy()))
        return values

    args, kwargs = plain(args), plain(kwargs)
    if not arrays:
        return function(*args, **kwargs)
    result = _core.untraced(lambda: function(*args, **kwargs))
    for x, values, before in arrays:
        if not np.array_equal(values, before, equal_nan=True):
            x[...] = values
    for x, values, _ in arrays:
        if result is values:
            return x
    return result
