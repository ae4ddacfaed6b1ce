# SPDX-License-Identifier: Apache-2.0
"""Evenly spaced numbers, on a linear or a logarithmic scale."""

import operator

import numpy as np

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy.dispatch import implements, refuse_dtype
from ad_core.overrides.numpy.guards import decided
from ad_core.recording.arrays import as_array, as_floats

__all__ = ["geomspace", "linspace", "logspace"]


@implements(np.linspace)
def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    if dtype not in (None, float, np.float64, np.dtype(np.float64)):
        refuse_dtype(dtype, "linspace")
    num = operator.index(num)
    steps = num - 1 if endpoint else num
    start, stop = np.broadcast_arrays(as_array(start), as_array(stop))
    step = (stop - start) / steps if steps > 0 else np.float64(np.nan)
    grid = np.arange(num, dtype=float).reshape((-1,) + (1,) * start.ndim)
    points = start + grid * (step if steps > 0 else stop - start)
    if endpoint and num > 1:  # the last point is exactly stop
        points = np.concatenate([points[:-1], stop[None]])
    points = np.moveaxis(points, 0, axis) if axis else points
    return (points, step) if retstep else points


@implements(np.logspace)
def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    if np.ndim(base):
        raise NoDerivativeError(
            f"np.logspace of traced values takes a number as its base{_core.user_line()}, not an "
            f"array; pass a number"
        )
    return np.power(base, linspace(start, stop, num, endpoint, dtype=dtype, axis=axis))


@implements(np.geomspace)
def geomspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    start, stop = np.broadcast_arrays(as_floats(start), as_floats(stop))
    if decided((start == 0) | (stop == 0)).any():
        raise ValueError("Geometric sequence cannot include zero")
    sign = np.sign(start)
    powers = linspace(np.log10(start * sign), np.log10(stop * sign), num, endpoint, dtype=dtype)
    points = np.power(10.0, powers) * sign
    if num > 0:  # the ends are exact
        ends = [(stop * sign * sign)[None]] if num > 1 and endpoint else []
        points = np.concatenate([start[None], points[1 : num - len(ends)], *ends])
    return np.moveaxis(points, 0, axis) if axis else points
