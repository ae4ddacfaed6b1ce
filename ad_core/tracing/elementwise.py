# SPDX-License-Identifier: Apache-2.0
"""Functions that act element by element and are no ufuncs."""

import numpy as np

from ad_core import _core
from ad_core.tracing.dispatch import implements

__all__ = ["as_array", "round_"]


def as_array(x):
    """x as an array: traced scalars become 0-d traced arrays, lists plain or traced ones."""
    if _core.traced(x):
        return _core.as_array(x)
    array = _core.plain_function("asarray")(x)
    return _core.object_array(array) if array.dtype == object else array


@implements(np.where)
def where(condition, *choices):
    """Where condition holds the first choice, else the second; nodes are chosen, not computed,
    when the condition does not depend on an input."""
    if not choices:
        return np.nonzero(condition)
    if len(choices) != 2:
        raise ValueError("either both or neither of x and y should be given")
    if _core.traced(condition):
        if condition.dtype != bool:
            condition = condition != 0
        return _core.record_op("SELECT", condition, *choices)
    a, b = _core.nodes_on_trace_of(choices)
    model = choices[0] if _core.traced(choices[0]) else choices[1]
    return _core.from_nodes(model, np.where(condition, a, b))[()]


@implements(np.clip)
def clip(a, a_min=None, a_max=None, *, min=None, max=None):
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    if low is not None:
        a = np.maximum(a, low)
    return a if high is None else np.minimum(a, high)


@implements(np.sinc)
def sinc(x):
    return _core.record_op("SINC", x)


@implements(np.select)
def select(condlist, choicelist, default=0.0):
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = np.where(condition, choice, result)
    return result


@implements(np.nan_to_num)
def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    largest = np.finfo(np.float64).max
    x = np.where(np.isnan(x), nan, x)
    x = np.where(x == np.inf, largest if posinf is None else posinf, x)
    return np.where(x == -np.inf, -largest if neginf is None else neginf, x)


@implements(np.round)
def round_(a, decimals=0):
    if not decimals:
        return np.rint(a)
    scale = 10.0**decimals
    return np.rint(a * scale) / scale


@implements(np.fix)
def fix(x):
    return np.trunc(x)


@implements(np.real, np.real_if_close)
def real(val, tol=100):
    return +val


@implements(np.imag)
def imag(val):
    return val * 0.0


@implements(np.unwrap)
def unwrap(p, discont=None, axis=-1, *, period=2 * np.pi):
    """Adds multiples of the period, which are constants where the derivative exists."""
    plain = _core.current_values(p)
    return p + (np.unwrap(plain, discont, axis, period=period) - plain)


@implements(np.isclose)
def isclose(a, b, rtol=1e-05, atol=1e-08, equal_nan=False):
    near = (abs(a - b) <= atol + rtol * abs(b)) | (a == b)
    return near | (np.isnan(a) & np.isnan(b)) if equal_nan else near
