# SPDX-License-Identifier: Apache-2.0
"""Differences of neighbouring elements, and trapezoid sums."""

import numpy as np

from ad_core.overrides.numpy.dispatch import implements
from ad_core.recording.arrays import as_array

__all__ = ["diff"]

NO_VALUE = np._NoValue


@implements(np.diff)
def diff(a, n=1, axis=-1, prepend=NO_VALUE, append=NO_VALUE):
    x = as_array(a)
    if n < 0:
        raise ValueError(f"order must be non-negative but got {n}")
    ends = [end for end in (prepend, append) if end is not NO_VALUE]
    if ends:
        single = [1 if d == axis % x.ndim else m for d, m in enumerate(x.shape)]
        parts = []
        for part in (prepend, x, append):
            if part is not NO_VALUE:
                part = as_array(part)
                parts.append(np.broadcast_to(part, single) if part.ndim == 0 else part)
        x = np.concatenate(parts, axis=axis)
    for _ in range(n):
        moved = np.moveaxis(x, axis, -1)
        x = np.moveaxis(moved[..., 1:] - moved[..., :-1], -1, axis)
    return x


@implements(np.ediff1d)
def ediff1d(ary, to_end=None, to_begin=None):
    parts = [to_begin, diff(np.ravel(as_array(ary))), to_end]
    return np.concatenate([np.ravel(as_array(part)) for part in parts if part is not None])


@implements(np.trapezoid)
def trapezoid(y, x=None, dx=1.0, axis=-1):
    moved = np.moveaxis(as_array(y), axis, -1)
    if x is None:
        steps = dx
    else:
        points = as_array(x)
        steps = np.diff(points if points.ndim == 1 else np.moveaxis(points, axis, -1))
    return np.sum(steps * (moved[..., 1:] + moved[..., :-1]) / 2.0, axis=-1)
