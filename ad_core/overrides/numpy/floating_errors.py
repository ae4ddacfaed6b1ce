# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Floating-point errors (np.errstate): whether NumPy raises one is kept as a guard."""

import operator
import sys
from typing import NamedTuple

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.complex.array import TracedComplex
from ad_core.rules.rule import Rule, flat

__all__ = ["keep_error", "raised_by"]

NOTICED = ("raise", "call", "log")  # modes in which the user's code notices an error


class _Place(NamedTuple):
    """The place of a traced argument: `count` arrays of a list, from number `first`."""

    first: int
    count: int  # 2 for real and imaginary part
    number: bool  # a number, not a 0-d array
    truth: bool  # truth values


def _without(item, found):
    """The item with a _Place for each of its traced values, which are appended to found."""
    if type(item) in (list, tuple):
        return type(item)([_without(part, found) for part in item])
    if type(item) is TracedComplex:
        found += [item.re, item.im]
        return _Place(len(found) - 2, 2, not item.ndim, False)
    if type(item) is np.ndarray and _core.any_traced((item,)):
        item = _core.object_array(item)
    if _core.traced(item):
        found.append(item)
        number = type(item) is _core.TracedScalar
        return _Place(len(found) - 1, 1, number, item.dtype == np.bool_)
    return item


def _with(item, arrays):
    """The item with arrays in place of each _Place."""
    if type(item) in (list, tuple):
        return type(item)([_with(part, arrays) for part in item])
    if type(item) is not _Place:
        return item
    x = arrays[item.first]
    if item.count == 2:
        x = x.astype(complex)
        x.imag = arrays[item.first + 1]
    x = x != 0 if item.truth else x
    return x[()] if item.number else x


def _name(function):
    """The name of an operator, a method of a ufunc or a NumPy function in messages."""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        return f"np.{owner.__name__}.{function.__name__}"
    if isinstance(function, np.ufunc):
        return f"np.{function.__name__}"
    return f"{(function.__module__ or '').lstrip('_')}.{function.__name__}"


def _rule(function, args, kwargs, modes):
    """A rule without results that calls the function on plain values, and the traced arrays that
    it takes."""
    found = []
    keys = list(kwargs)
    items = _without((args, [None if key == "out" else kwargs[key] for key in keys]), found)

    def value(*arrays):
        args, options = _with(items, arrays)
        with _core.float_errors(**modes):
            function(*args, **dict(zip(keys, options, strict=True)))
        return ()

    arrays = [x if _core.traced(x) else np.asarray(x, dtype=np.float64) for x in found]
    shapes = [np.shape(x) for x in arrays]
    return Rule(_name(function), shapes, None, value, None, None), tuple(arrays)


def _outcome(rule, arrays, kinds):
    """The exception that a rule raises at this point, or None. The outcome is kept as a guard."""
    plain = [_core.current_values(x) if _core.traced(x) else x for x in arrays]
    try:
        _core.untraced(rule.value, flat(plain))
    except kinds as error:
        _core.record_outcome(rule, arrays, error)
        return error
    _core.record_outcome(rule, arrays, None)
    return None


# Functions whose results are infinite or NaN after an error.
SHOWN = {operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.neg,
           operator.pos, operator.abs, np.sum, np.cumsum}  # fmt: skip
# Functions that never underflow.
EXACT = {operator.add, operator.sub, operator.neg, operator.pos, operator.abs, np.sum, np.cumsum,
         np.add, np.subtract, np.negative, np.positive, np.absolute, np.sqrt, np.sign, np.floor,
         np.ceil, np.trunc, np.rint, np.maximum, np.minimum, np.fmax, np.fmin}  # fmt: skip
SMALL = 4.0 * sys.float_info.min  # a result of this size has not underflowed


def _keep_result(function, result, underflow):
    """Keep as a guard that a result shows no error; return False if it does not show that."""
    shown = (isinstance(function, np.ufunc) and _core.has_row(function)) or function in SHOWN
    if not shown or not _core.traced(result):
        return False
    size = np.absolute(_core.current_values(result) * 1.0)
    underflow = underflow and function not in EXACT
    if not np.all(np.isfinite(size)) or (underflow and not np.all(size >= SMALL)):
        return False
    _core.outcome_of(np.isfinite, (result,))
    if underflow:
        _core.outcome_of(np.greater_equal, (np.absolute(result), SMALL))
    return True


def keep_error(function, args, kwargs, result, warnings_raise):
    """Keep as a guard which floating-point error function(*args, **kwargs) raises in NumPy's
    current error state, or that it raises none and returns the result.

    warnings_raise: whether a filter turns warnings into errors.
    """
    modes = {
        kind: "raise" if mode in NOTICED or (mode == "warn" and warnings_raise) else "ignore"
        for kind, mode in np.geterr().items()
    }
    if "raise" not in modes.values():
        return
    if _keep_result(function, result, modes["under"] == "raise"):
        return
    rule, arrays = _rule(function, args, kwargs, modes)
    if arrays:
        _outcome(rule, arrays, FloatingPointError)


def raised_by(function, args, kwargs):
    """The exception that a function raises on the plain values, or None; kept as a guard."""
    rule, arrays = _rule(function, args, kwargs, np.geterr())
    return _outcome(rule, arrays, Exception)
