# SPDX-License-Identifier: Apache-2.0
"""np.gradient: differences of three neighbours, or of two at the ends. NumPy's own code would keep
as a guard whether traced coordinates are evenly spaced."""

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.dispatch import implements
from ad_core.recording.arrays import as_array

__all__ = ["gradient"]


def _spacings(f, varargs, axes):
    """For each axis the step, or all steps between coordinates."""
    if not varargs:
        return [1.0] * len(axes)
    if len(varargs) == 1 and np.ndim(varargs[0]) == 0:
        return list(varargs) * len(axes)
    if len(varargs) != len(axes):
        raise TypeError("invalid number of arguments")
    spacings = [as_array(x) for x in varargs]
    for x, axis in zip(spacings, axes, strict=True):
        if x.ndim > 1:
            raise ValueError("distances must be either scalars or 1d")
        if x.ndim and len(x) != f.shape[axis]:
            raise ValueError("when 1d, distances must match the length of the dimension")
    return [_steps(x) if x.ndim else x[()] for x in spacings]


def _steps(x):
    """The steps between coordinates; one number if plain coordinates are evenly spaced."""
    if _core.traced(x):
        return np.diff(x)
    steps = np.diff(x) * 1.0 if x.dtype == np.bool_ else np.diff(x * 1.0)
    return steps[0] if (steps == steps[0]).all() else steps


def _end_slope(f, first, second):
    """The slope at f[0] of the parabola through f[0], f[1], f[2], with steps first and second."""
    far = first + second
    return (
        -(first + far) / (first * far) * f[..., 0]
        + far / (first * second) * f[..., 1]
        - first / (second * far) * f[..., 2]
    )


def _slopes(f, h, edge_order):
    """The slopes along the last axis; h is one step or all steps."""
    if np.ndim(h) == 0:
        inner = (f[..., 2:] - f[..., :-2]) / (2.0 * h)
        ends = [h, h, h, h]
    else:
        before, after = h[:-1], h[1:]
        inner = (
            -after / (before * (before + after)) * f[..., :-2]
            + (after - before) / (before * after) * f[..., 1:-1]
            + before / (after * (before + after)) * f[..., 2:]
        )
        ends = [h[0], h[1 % len(h)], h[-1], h[-2 % len(h)]]
    if edge_order == 1:
        low = (f[..., 1] - f[..., 0]) / ends[0]
        high = (f[..., -1] - f[..., -2]) / ends[2]
    else:
        low = _end_slope(f, ends[0], ends[1])
        high = -_end_slope(f[..., ::-1], ends[2], ends[3])
    low, high = as_array(low), as_array(high)
    return np.concatenate([low[..., None], inner, high[..., None]], axis=-1)


@implements(np.gradient, lists=True)
def gradient(f, *varargs, axis=None, edge_order=1):
    f = as_array(f)
    axes = range(f.ndim) if axis is None else axis
    axes = np.lib.array_utils.normalize_axis_tuple(tuple(axes) if axis is None else axes, f.ndim)
    if edge_order > 2:
        raise ValueError("'edge_order' greater than 2 not supported")
    if any(f.shape[d] < edge_order + 1 for d in axes):
        raise ValueError(
            "Shape of array too small to calculate a numerical gradient, at least "
            "(edge_order + 1) elements are required."
        )
    slopes = tuple(
        np.moveaxis(_slopes(np.moveaxis(f, d, -1), h, edge_order), -1, d)
        for d, h in zip(axes, _spacings(f, varargs, axes), strict=True)
    )
    return slopes[0] if len(slopes) == 1 else slopes
