# SPDX-License-Identifier: Apache-2.0
"""Whole numbers that users pass: counts and positions checked in one place, and what is said of
those that NumPy or Python refuse in words of their own."""

import operator
import os
import re
import sys
from functools import wraps

import numpy as np

from ad_core.errors import NotDifferentiable

__all__ = ["check_parameters", "index_error", "integer", "real", "shown", "tells_integers"]

LIBRARIES = (
    os.path.dirname(os.path.dirname(__file__)) + os.sep,
    os.path.dirname(np.__file__) + os.sep,
)
LONGEST = 60  # characters of a value in a message
# What CPython and NumPy say of numbers that are no integers, or too large for C.
RAW = re.compile(
    r"too large to convert(?! to float)|cannot fit|signed integer is|infinity to integer"
    r"|NaN to integer|an integer is required|interpreted as an integer"
)


def shown(value, depth=2):
    """A value as messages show it: short, in one line, whatever it is; depth: of tuples and lists
    in each other that are shown.

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


def integer(value, name, expected, least=None, most=sys.maxsize, whole=None):
    """A parameter as an int; of Python, of NumPy or of a class that is one (``__index__``).

    expected: what the parameter must be, as a sentence goes on; "a positive int or None".
    whole: what the user passed, if the value is a part of it.
    Raises TypeError for what is no integer (truth values are none), ValueError outside
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
            f"{name} must be {expected}, got {shown(value if whole is None else whole)}"
        )
    if least is not None and number < least:
        raise ValueError(f"{name} must be {expected}, got {shown(value)}")
    if number > most:
        raise ValueError(f"{name} must be {expected}, and at most {most}, got {shown(value)}")
    return number


def real(value, name, expected, most=sys.float_info.max):
    """A parameter as a float from 0 to most; TypeError for what is no number, else ValueError.

    >>> real(10**400, "atol", "a number >= 0 or None")
    Traceback (most recent call last):
        ...
    ValueError: atol must be a number >= 0 or None, got an int of 1329 bits
    """
    told = f"{name} must be {expected}, got {shown(value)}"
    if isinstance(value, (str, bytes, bytearray)):
        raise TypeError(told)
    try:
        number = float(value)
    except OverflowError:
        raise ValueError(told) from None
    except NotDifferentiable:  # a traced value, which says itself what to do
        raise
    except (TypeError, ValueError):
        raise TypeError(told) from None
    if not 0.0 <= number <= most:
        raise ValueError(told)
    return number


def _index_of(value):
    """A value as an int, None for what is no integer."""
    if isinstance(value, (bool, np.bool_)) or not hasattr(type(value), "__index__"):
        return None
    try:
        return operator.index(value)
    except NotDifferentiable:  # a traced value, which says itself what to do
        raise
    except TypeError:  # arrays have the method whatever they hold
        return None


def index_error(error, key, shape):
    """What to raise for an index that NumPy refused: the error itself, or what it means where it
    speaks of C."""
    if not RAW.search(str(error)):
        return error
    large = [part for part in _parts(key) if _is_large(part, 63)]
    told = shown(large[0] if large else key)
    return IndexError(f"index {told} is out of bounds for an array of shape {shape}")


def tells_integers(call):
    """Let a hook for NumPy's functions, called with (function, ..., args, kwargs), name the
    argument that is no integer, or too large a one, where NumPy or Python speak of C."""

    @wraps(call)
    def told(function, *middle):
        try:
            return call(function, *middle)
        except (OverflowError, TypeError, IndexError) as error:
            if isinstance(error, NotDifferentiable) or not RAW.search(str(error)):
                raise
            if _left_others_code(error.__traceback__):
                raise
            found = _meant(function, error, *middle[-2:])
            if found is None:
                raise
        raise found from None

    return told


def _left_others_code(traceback):
    """Whether an exception came out of a function that is neither ours nor NumPy's."""
    while traceback is not None:
        file = traceback.tb_frame.f_code.co_filename
        if not file.startswith(LIBRARIES) and not file.endswith((".pxi", ".pyx")):
            return True
        traceback = traceback.tb_next
    return False


def check_parameters(function, args, kwargs):
    """Refuse complex numbers as axes, which would else be taken for operands."""
    for name, value in _parameters(function, args, kwargs):
        if _is_axis(name) and any(isinstance(part, complex) for part in _parts(value)):
            raise TypeError(_no_integer(function, name, value))


def _meant(function, error, args, kwargs):
    """The error that says which argument NumPy meant, None where that can not be told."""
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
                told = f"{name}={shown(value)} of {_name(function)}"
                if _is_axis(name):
                    return np.exceptions.AxisError(f"{told} is out of bounds: no array has it")
                kind = IndexError if name == "indices" else ValueError
                return kind(f"{told} is too large: no array has as many elements")
    return None


def _is_axis(name):
    return name.startswith("ax") or name in ("source", "destination")


def _no_integer(function, name, value):
    told = f"{name} of {_name(function)} must be an integer, or several where NumPy takes them"
    return f"{told}, got {shown(value)}"


def _name(function):
    module = getattr(function, "__module__", None) or "numpy"  # ufuncs have none before NumPy 2.1
    return f"{module.replace('numpy', 'np', 1)}.{function.__name__}"


def _parameters(function, args, kwargs):
    """(name, value) of each argument; those whose names can not be told are numbered."""
    code = getattr(getattr(function, "_implementation", None), "__code__", None)
    names = code.co_varnames[: code.co_argcount] if code is not None else ()
    named = [
        (names[k] if k < len(names) else f"argument {k}", value) for k, value in enumerate(args)
    ]
    return named + list(kwargs.items())


def _parts(value, depth=8):
    """A value and all that stands in its tuples, lists and slices, which may hold each other."""
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
