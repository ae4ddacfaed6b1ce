# SPDX-License-Identifier: Apache-2.0
"""Checks integers that users pass, such as counts and positions, and explains errors that NumPy or
Python raise for integers in terms of C."""

import operator
import os
import re
import sys
from functools import wraps

import numpy as np

from ad_core.errors import NotDifferentiable

__all__ = [
    "check_parameters", "explain_integers", "explained_error", "index_error", "integer", "real",
    "shown",
]  # fmt: skip

LIBRARIES = (
    os.path.dirname(os.path.dirname(__file__)) + os.sep,
    os.path.dirname(np.__file__) + os.sep,
)
LONGEST = 60  # characters of a value in a message
# Messages of CPython and NumPy for numbers that are not integers, or too large for C.
RAW = (
    r"too large to convert(?! to float)|cannot fit|signed integer is|infinity to integer"
    r"|NaN to integer|an integer is required|interpreted as an integer"
)


def shown(value, depth=2):
    """Any value as a short text in one line, for messages.

    depth: how many levels of nested tuples and lists are shown.

    >>> shown(2**20000), shown("text"), shown(np.zeros((2, 9)))
    ('an int of 20001 bits', "'text'", 'array([[0., 0., 0., 0., 0., 0., 0., 0., 0.], [0., 0., 0...')
    """
    if isinstance(value, int) and value.bit_length() > 4 * LONGEST:
        return f"{'a negative' if value < 0 else 'an'} int of {value.bit_length()} bits"
    if type(value) not in (tuple, list):
        return _cut(" ".join(repr(value).split()), LONGEST)
    inside = "..."
    if depth > 0:
        inside = ", ".join(shown(part, depth - 1) for part in value[:9])
        inside += ", ..." if len(value) > 9 else ""
    if type(value) is tuple:
        return _cut(f"({inside}{',' * (len(value) == 1)})", 4 * LONGEST)
    return _cut(f"[{inside}]", 4 * LONGEST)


def _cut(text, most):
    return text if len(text) <= most else f"{text[: most - 3]}..."


def integer(value, name, expected, least=None, most=sys.maxsize, given=None):
    """A parameter as an int.  It may be an integer of Python, NumPy or a class with ``__index__``.

    expected: what the parameter must be, as a part of the error message ("a positive int or None").
    given: the argument that the user passed, if the value is a part of it.
    Raises TypeError for values that are not integers (truth values are not), ValueError outside of
    [least, most].

    >>> integer(np.int64(3), "order", "an int >= 0", least=0)
    3
    >>> integer(-1, "order", "an int >= 0", least=0)
    Traceback (most recent call last):
        ...
    ValueError: order must be an int >= 0, got -1
    """
    number = _index_of(value)
    if number is None:
        raise TypeError(
            f"{name} must be {expected}, got {shown(value if given is None else given)}"
        )
    if least is not None and number < least:
        raise ValueError(f"{name} must be {expected}, got {shown(value)}")
    if number > most:
        raise ValueError(f"{name} must be {expected}, and at most {most}, got {shown(value)}")
    return number


def real(value, name, expected, most=sys.float_info.max):
    """A parameter as a float from 0 to most.

    Raises TypeError for values that are not numbers, ValueError outside of [0, most].

    >>> real(10**400, "atol", "a number >= 0 or None")
    Traceback (most recent call last):
        ...
    ValueError: atol must be a number >= 0 or None, got an int of 1329 bits
    """
    message = f"{name} must be {expected}, got {shown(value)}"
    if isinstance(value, (str, bytes, bytearray)):
        raise TypeError(message)
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(message) from None
    except NotDifferentiable:  # of a traced value, whose message says what to do
        raise
    except (TypeError, ValueError):
        raise TypeError(message) from None
    if not 0.0 <= number <= most:
        raise ValueError(message)
    return number


def _index_of(value):
    """A value as an int; None if it is not an integer."""
    if isinstance(value, (bool, np.bool_)) or not hasattr(type(value), "__index__"):
        return None
    try:
        return operator.index(value)
    except NotDifferentiable:  # of a traced value, whose message says what to do
        raise
    except TypeError:  # arrays have the method for all dtypes
        return None


def index_error(error, key, shape):
    """The error to raise for an index that NumPy rejected with `error`: this one, or an
    understandable one if its message is about types of C."""
    if not re.search(RAW, str(error)):
        return error
    large = [part for part in _parts(key) if _is_large(part, 63)]
    index = shown(large[0] if large else key)
    return IndexError(f"index {index} is out of bounds for an array of shape {shape}")


def explain_integers(call):
    """Decorate a hook for NumPy's functions, which is called with (function, ..., args, kwargs).

    If NumPy or Python raise an error about types of C, the decorated hook raises one that names the
    argument that is not an integer or too large."""

    @wraps(call)
    def explained(function, *middle):
        try:
            return call(function, *middle)
        except (OverflowError, TypeError, IndexError) as error:
            found = explained_error(error, function, *middle[-2:])
            if found is None:
                raise
        raise found from None

    return explained


def explained_error(error, function, args, kwargs):
    """The error to raise instead of one that NumPy or Python raised in a call of a NumPy function;
    None for errors that are understandable as they are."""
    if isinstance(error, NotDifferentiable) or not re.search(RAW, str(error)):
        return None
    if _passed_other_code(error.__traceback__):
        return None
    return _explanation(function, error, args, kwargs)


def _passed_other_code(traceback):
    """Whether an exception passed through a function outside of ad_core and NumPy."""
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if not file.startswith(LIBRARIES) and not file.endswith((".pxi", ".pyx")):
            return True
        traceback = traceback.tb_next
    return False


def check_parameters(function, args, kwargs):
    """Raise TypeError for complex numbers as axes, which would otherwise be taken as operands."""
    for name, value in _parameters(function, args, kwargs):
        if _is_axis(name) and any(isinstance(part, complex) for part in _parts(value)):
            raise TypeError(_no_integer(function, name, value))


def _explanation(function, error, args, kwargs):
    """An error that names the argument which caused `error`; None if it can not be identified."""
    parameters = _parameters(function, args, kwargs)
    text = str(error)
    if isinstance(error, TypeError):
        kind = re.match(r"'(.+)' object", text)
        for name, value in parameters:
            for part in _parts(value):
                full = f"{type(part).__module__}.{type(part).__name__}"
                names = (type(part).__name__, full)
                if kind[1] in names if kind else isinstance(part, (bool, np.bool_)):
                    return TypeError(_no_integer(function, name, value))
        return None
    for bits in (63, 31):
        for name, value in parameters:
            if any(_is_large(part, bits) for part in _parts(value)):
                argument = f"{name}={shown(value)} of {_name(function)}"
                if _is_axis(name):
                    return np.exceptions.AxisError(
                        f"{argument} is out of bounds: no array has so many axes"
                    )
                kind = IndexError if name == "indices" else ValueError
                return kind(f"{argument} is too large: no array can have that many elements")
    return None


def _is_axis(name):
    return name.startswith("ax") or name in ("source", "destination")


def _no_integer(function, name, value):
    return (
        f"{name} of {_name(function)} must be an integer, or several where NumPy takes them, got "
        f"{shown(value)}"
    )


def _name(function):
    module = getattr(function, "__module__", None) or "numpy"  # ufuncs have none before NumPy 2.1
    return f"{module.replace('numpy', 'np', 1)}.{function.__name__}"


def _parameters(function, args, kwargs):
    """(name, value) of each argument; arguments whose names are not known are numbered."""
    code = getattr(getattr(function, "_implementation", None), "__code__", None)
    names = code.co_varnames[: code.co_argcount] if code is not None else ()
    named = [
        (names[k] if k < len(names) else f"argument {k}", value) for k, value in enumerate(args)
    ]
    return named + list(kwargs.items())


def _parts(value, depth=8):
    """A value and all elements of its tuples, lists and slices, which may be nested."""
    if isinstance(value, (tuple, list)):
        inner = value if depth > 0 else ()
        return [value, *(part for x in inner for part in _parts(x, depth - 1))]
    if isinstance(value, slice):
        return [value, value.start, value.stop, value.step]
    return [value]


def _is_large(value, bits):
    if isinstance(value, float):
        return not np.isfinite(value)
    number = _index_of(value) if isinstance(value, (int, np.integer)) else None
    return number is not None and not -(2**bits) <= number < 2**bits
