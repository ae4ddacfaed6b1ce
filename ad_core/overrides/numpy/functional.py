# SPDX-License-Identifier: Apache-2.0
"""Functions that take functions: piecewise, apply_along_axis, apply_over_axes."""

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.dispatch import any_traced, keeps_types
from ad_core.overrides.numpy.guards import decided
from ad_core.recording.arrays import as_array

__all__ = ["apply_along_axis", "apply_over_axes", "piecewise"]


@keeps_types(np.piecewise)
def piecewise(x, condlist, funclist, *args, **kw):
    """np.piecewise. The piece of each element is kept as a guard, and the function of a piece is
    called with the elements of that piece only."""
    x = as_array(x)
    several = isinstance(condlist, (list, tuple)) or np.ndim(condlist) > 0
    if not several or (not isinstance(condlist[0], (list, np.ndarray)) and x.ndim):
        condlist = [condlist]
    pieces = [decided(condition).astype(bool) for condition in condlist]
    if len(pieces) == len(funclist) - 1:
        pieces.append(~np.any(np.broadcast_arrays(*pieces), axis=0))
    elif len(pieces) != len(funclist):
        raise ValueError(
            f"with {len(pieces)} condition(s), either {len(pieces)} or {len(pieces) + 1} functions "
            f"are expected"
        )
    result = np.zeros_like(x, dtype=np.float64)
    if x.dtype.kind in "biu":
        result = _core.marked(result, x.dtype)
    for piece, function in zip(pieces, funclist, strict=True):
        if not callable(function):
            result[piece] = function
        elif piece.any():
            result[piece] = function(x[piece], *args, **kw)
    return result


@keeps_types(np.apply_along_axis)
def apply_along_axis(func1d, axis, arr, *args, **kwargs):
    x = as_array(arr)
    (axis,) = np.lib.array_utils.normalize_axis_tuple(axis, x.ndim)
    rows = np.moveaxis(x, axis, -1)
    outside = rows.shape[:-1]
    if 0 in outside:
        raise ValueError("Cannot apply_along_axis when any iteration dimensions are 0")
    results = [func1d(rows[place], *args, **kwargs) for place in np.ndindex(*outside)]
    if any_traced(results):
        stacked = np.stack([as_array(result) for result in results])
    else:
        stacked = _core.plain_function("asarray")(results)
    inside = stacked.shape[1:]
    stacked = stacked.reshape((*outside, *inside))
    last = range(len(outside), stacked.ndim)
    return np.moveaxis(stacked, last, range(axis, axis + len(inside)))


@keeps_types(np.apply_over_axes)
def apply_over_axes(func, a, axes):
    x = as_array(a)
    for axis in np.ravel(axes):
        axis = int(axis) + (x.ndim if axis < 0 else 0)
        result = func(x, axis)
        x = result if np.ndim(result) == x.ndim else np.expand_dims(result, axis)
        if np.ndim(x) != np.ndim(a):
            raise ValueError("function is not returning an array of the correct shape")
    return x
