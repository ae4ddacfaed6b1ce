# SPDX-License-Identifier: Apache-2.0
"""Elementwise functions that are not ufuncs."""

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.dispatch import implements, keeps_types, store
from ad_core.recording.arrays import as_array

__all__ = ["round_"]


@keeps_types(np.where)
def where(condition, *choices):
    """np.where. If the condition does not depend on an input, nodes are selected and no operation
    is recorded."""
    if not choices:
        return np.nonzero(condition)
    if len(choices) != 2:
        raise ValueError("either both or neither of x and y should be given")
    a, b = (x if isinstance(x, float | int) else as_array(x) for x in choices)
    dtype = _core.common_type((a, b))
    if _core.traced(condition):
        if condition.dtype != np.bool_:
            condition = condition != 0
        if dtype is None:
            return np.where(_core.discrete_values(condition), *_core.plain_values((a, b)))
        result = _core.record_op("SELECT", condition, a, b)
        # an array also for scalars, as in NumPy: it may be written to
        return as_array(result if dtype == np.float64 else _core.marked(result, dtype))
    condition = as_array(condition)
    if _core.traced(condition):  # a list of traced truth values
        return where(condition, *choices)
    if not _core.traced(a) and not _core.traced(b):
        return np.where(condition, a, b)
    model = _core.marked(next(x for x in (a, b) if _core.traced(x)), dtype or np.float64)
    nodes = _core.nodes_on_trace_of((a, b))
    return _core.from_nodes(model, np.where(condition, *nodes))


@implements(np.clip)
def clip(a, a_min=None, a_max=None, *, min=None, max=None):
    low, high = (a_min if min is None else min), (a_max if max is None else max)
    if low is not None:
        a = np.maximum(a, low)
    elif high is None:
        np.clip(0.0, None, None)  # NumPy 2.0 raises an error here
        return +a
    return a if high is None else np.minimum(a, high)


@implements(np.sinc)
def sinc(x):
    """np.sinc. NumPy's own code has the value 1 at 0, but no second derivative there."""
    return _core.record_op("SINC", x)


@keeps_types(np.select)
def select(condlist, choicelist, default=0):
    """np.select. NumPy's own code writes integers to plain arrays, where conditions are guards."""
    if len(condlist) != len(choicelist):
        raise ValueError("list of cases must be same length as list of conditions")
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = where(condition, choice, result)
    return result


@implements(np.nan_to_num)
def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    """np.nan_to_num, in half as many nodes as by NumPy's own code."""
    largest = np.finfo(np.float64).max
    finite = np.where(np.isnan(x), nan, x)
    finite = np.where(finite == np.inf, largest if posinf is None else posinf, finite)
    finite = np.where(finite == -np.inf, -largest if neginf is None else neginf, finite)
    if copy or np.ndim(x) == 0:
        return finite
    x[...] = finite
    return x


@implements(np.round, np.around)
def round_(a, decimals=0):
    if not decimals:
        return np.rint(a)
    scale = 10.0 ** abs(decimals)  # as NumPy: never multiply by an inexact power
    return np.rint(a * scale) / scale if decimals > 0 else np.rint(a / scale) * scale


@implements(np.fix)  # NumPy's own code up to 2.3 writes to a plain out=
def fix(x, out=None):
    found = np.trunc(x)
    return found if out is None else store(out, found, "fix")
