# SPDX-License-Identifier: Apache-2.0
"""Differences, trapezoid sums, polynomials: what is made of neighbouring elements."""

import numpy as np

from ad_core.tracing.dispatch import implements
from ad_core.tracing.elementwise import as_array

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
        steps = diff(points if points.ndim == 1 else np.moveaxis(points, axis, -1))
    return np.sum(steps * (moved[..., 1:] + moved[..., :-1]) / 2.0, axis=-1)


@implements(np.polyval)
def polyval(p, x):
    x = as_array(x)
    value = np.zeros(x.shape)[()]
    for coefficient in as_array(p):
        value = value * x + coefficient
    return value


@implements(np.vander)
def vander(x, N=None, increasing=False):
    x = as_array(x)
    if x.ndim != 1:
        raise ValueError("x must be a one-dimensional array or sequence.")
    powers = np.arange(x.size if N is None else N)
    return x[:, None] ** (powers if increasing else powers[::-1])


@implements(np.linspace)
def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    if dtype not in (None, float, np.float64, np.dtype(np.float64)):
        raise TypeError(f"dtype={dtype} of linspace: traced values are float64")
    steps = num - 1 if endpoint else num
    start, stop = np.broadcast_arrays(as_array(start), as_array(stop))
    step = (stop - start) / steps if steps > 0 else np.float64(np.nan)
    grid = np.arange(num, dtype=float).reshape((-1,) + (1,) * start.ndim)
    points = start + grid * (step if steps > 0 else stop - start)
    if endpoint and num > 1:  # the last point is stop, to the last digit
        points = np.concatenate([points[:-1], stop[None]])
    points = np.moveaxis(points, 0, axis) if axis else points
    return (points, step) if retstep else points


@implements(np.logspace)
def logspace(start, stop, num=50, endpoint=True, base=10.0, dtype=None, axis=0):
    if np.ndim(base):
        raise NotImplementedError("np.logspace of traced values takes one base for all")
    return np.power(base, linspace(start, stop, num, endpoint, dtype=dtype, axis=axis))
