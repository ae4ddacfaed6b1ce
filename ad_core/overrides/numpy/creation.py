# SPDX-License-Identifier: Apache-2.0
"""Evenly spaced numbers."""

import operator

import numpy as np

from ad_core.overrides.numpy.dispatch import implements, is_float64, refuse_dtype
from ad_core.recording.arrays import as_array

__all__ = ["linspace"]


@implements(np.linspace)
def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    """np.linspace without a guard: NumPy's own code asks whether the step is zero."""
    if not is_float64(dtype):
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
