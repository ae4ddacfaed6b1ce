# SPDX-License-Identifier: Apache-2.0
"""Conversion of numbers, lists and arrays to plain arrays, or to traced ones if they hold traced
values."""

import numpy as np

from ad_core import _core

__all__ = ["as_array", "as_floats", "as_traced"]


def as_array(x):
    """x as an array. Traced scalars become 0-d traced arrays, lists plain or traced arrays."""
    known = _core.known_array(x)
    if known is not None:
        return known
    array = x if type(x) is np.ndarray else _core.numbers_in(x)
    if _core.traced(array):
        return array
    if _core.is_masked(x) and np.any(x.mask):
        _core.refuse_foreign(x, "an argument")
    array = _core.plain_function("asarray")(x if array is None else array)
    return _core.object_array(array) if array.dtype == object else array


def as_floats(x):
    """x as an array. Truth values and integers are converted to floats, since their arithmetic
    differs from that of floats."""
    known = _core.float_array(x)
    if known is not None:
        return known
    array = _core.numbers_of(as_array(x))
    return array * 1.0 if array.dtype.kind in "biu" else array


def as_traced(x):
    """x as a traced array. Plain numbers become constants of the innermost trace; complex arrays
    are returned unchanged."""
    array = as_array(x)
    if _core.traced(array) or array.dtype.kind == "c":
        return array
    return np.array(array, dtype=np.float64)
