# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""NumPy functions with traced truth values and counts among their arguments.

Their sums and products, and functions that compute floats from them, are recorded like those of
floats. All other functions are called on plain values, which become guards.
"""

import numpy as np

from ad_core import _core

__all__ = ["AS_THEY_ARE", "convert_discrete", "function_on", "sum_on", "ufunc_on"]

TRUTH, COUNT = np.dtype(bool), np.dtype(np.int64)

# Functions that handle truth values and counts themselves, as dispatch.keeps_types enters them.
AS_THEY_ARE = set()

# Functions that return floats also for truth values and integers -> number of positional arguments
# with which they are recorded.
TO_FLOATS = {
    np.mean: 2, np.var: 2, np.std: 2, np.nanmean: 2, np.nanvar: 2, np.nanstd: 2, np.cov: 2,
    np.sinc: 1,
}  # fmt: skip

# Functions whose results are integers also for truth values, likewise.
TO_COUNTS = {
    np.sum: 2, np.cumsum: 2, np.prod: 2, np.cumprod: 2, np.trace: 4, np.nansum: 2,
}  # fmt: skip

# Functions whose results have the common type of that many first arguments. A sum of products of
# truth values is true if one of the products is.
TO_COMMON = {
    np.dot: 2, np.inner: 2, np.vdot: 2, np.kron: 2, np.correlate: 2,
    np.max: 1, np.amax: 1, np.min: 1, np.amin: 1, np.einsum: None,
}  # fmt: skip
PRODUCTS = {np.matmul} | {
    getattr(np, name) for name in ("vecdot", "matvec", "vecmat") if hasattr(np, name)
}

# Options of reductions that may be numbers instead of truth values and integers.
OPTIONS = {"axis", "keepdims", "where", "ddof", "weights", "rowvar", "optimize"}


def function_on(function, implementation, args, kwargs):
    """A NumPy function of traced arguments that are all truth values or counts."""
    if function in AS_THEY_ARE:
        return implementation(*args, **kwargs)
    floats = kwargs.keys() - OPTIONS == {"dtype"} and kwargs["dtype"] in (float, np.float64)
    if floats and len(args) <= TO_FLOATS.get(function, TO_COUNTS.get(function, 0)):
        return implementation(*_numbers(args), **_options(kwargs))
    if kwargs.keys() <= OPTIONS:
        if len(args) <= TO_FLOATS.get(function, 0):
            return implementation(*_numbers(args), **_options(kwargs))
        if len(args) <= TO_COUNTS.get(function, 0):
            dtype = _core.common_type(args[:1], True)
            if dtype is not None and dtype != np.float64:
                return _core.marked(implementation(*_numbers(args), **_options(kwargs)), COUNT)
        if function in TO_COMMON:
            dtype = _core.common_type(_operands(function, args), True)
            if dtype is not None:
                return _as(dtype, implementation(*_numbers(args), **_options(kwargs)))
    return _core.plain_call(function, "__call__", args, kwargs)


def convert_discrete(function, args, kwargs, place):
    """The arguments of a function that also has traced floats. Truth values and counts become
    numbers if the function multiplies or adds, else plain values.

    place: the position of out= among the positional arguments.
    """
    if function in AS_THEY_ARE:
        return args, kwargs
    counted = function in TO_FLOATS or function in TO_COUNTS or function in TO_COMMON
    if counted or function.__module__ in ("numpy.linalg", "numpy.fft"):
        return _numbers(args), _options(kwargs)
    given = [x if k == place else _core.plain_values(x) for k, x in enumerate(args)]
    return tuple(given), {
        name: x if name == "out" else _core.plain_values(x) for name, x in kwargs.items()
    }


def ufunc_on(ufunc, method, inputs, kwargs, implementation):
    """A call of a ufunc, or of one of its methods, that is not an elementwise operation."""
    if ufunc in PRODUCTS and method == "__call__" and not kwargs:
        dtype = _core.common_type(inputs, True)
        if dtype is not None:
            return _as(dtype, implementation(*_numbers(inputs)))
    return _core.plain_call(ufunc, method, inputs, kwargs)


def sum_on(ufunc, method, implementation, inputs, kwargs):
    """np.add.reduce or np.add.accumulate of an array."""
    if kwargs.keys() <= {"axis", "keepdims"}:
        return _core.marked(implementation(*_numbers(inputs), **kwargs), COUNT)
    return _core.plain_call(ufunc, method, inputs, kwargs)


def _operands(function, args):
    """The arguments whose common type the result has."""
    if function is not np.einsum:
        return args[: TO_COMMON[function]]
    return args[1:] if isinstance(args[0], str) else args[: len(args) // 2 * 2 : 2]


def _as(dtype, result):
    """A result that was computed with numbers (a sum of products, a maximum) in this type."""
    if dtype == TRUTH:
        return result != 0
    return _core.marked(result, dtype) if dtype == COUNT else result


def _numbers(items):
    """Nested arguments with truth values and counts as numbers."""
    if type(items) in (list, tuple):
        return type(items)(map(_numbers, items))
    return _core.numbers_of(items)


def _options(kwargs):
    return {name: x if name in ("where", "out") else _numbers(x) for name, x in kwargs.items()}
