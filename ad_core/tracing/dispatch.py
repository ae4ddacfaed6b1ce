# SPDX-License-Identifier: Apache-2.0
"""The table from NumPy functions to what they do with traced values."""

import numpy as np

from ad_core import _core
from ad_core.errors import TracedValueError

__all__ = ["call_function", "implements", "store", "table"]

table = {}


def implements(*functions):
    """Enter a function as the traced meaning of these NumPy functions."""

    def enter(implementation):
        for function in functions:
            table[function] = implementation
        return implementation

    return enter


def call_function(function, types, args, kwargs):
    """What ``__array_function__`` of a traced value does."""
    implementation = table.get(function)
    if implementation is None:
        name = f"{function.__module__}.{function.__name__}"
        raise NotImplementedError(
            f"{name} has no derivative in ad_core{_core.user_line()}; write it with the functions "
            f"listed in docs/numpy.md, or apply it to plain numbers outside the derivative"
        )
    out = kwargs.pop("out", None) if "out" in kwargs else None
    result = implementation(*args, **kwargs)
    return result if out is None else store(out, result, function.__name__)


def store(out, result, name):
    """Write a result into the array given as out=, which must be able to hold it."""
    if isinstance(out, tuple):
        (out,) = out
    if not _core.traced(out):
        raise TracedValueError(
            f"out= of {name} is a plain array, which can not hold traced values"
            f"{_core.user_line()}; make it inside the traced function (np.zeros, np.empty, ...)"
        )
    _core.set_items(out, Ellipsis, result)
    return out


def plain(x):
    """The present value of an argument that needs no derivative (an axis, a count)."""
    return np.asarray(x)
