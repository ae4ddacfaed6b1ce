# SPDX-License-Identifier: Apache-2.0
"""Convolutions and correlations: products of the shorter operand with windows of the longer one,
which overlap in memory."""

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy import products
from ad_core.overrides.numpy.dispatch import implements
from ad_core.recording.arrays import as_array

__all__ = ["convolve", "correlate"]

LAID_OUT = 1 << 21  # largest number of elements of the windows of one product
DIRECT = 32  # largest length of ends that are computed element by element


def _windows(x, length):
    """All windows of a vector, as rows."""
    if not _core.traced(x):
        return np.lib.stride_tricks.sliding_window_view(x, length)
    x = +x  # consecutive nodes, so that a window is a view
    nodes = _core.index_array(x)
    shape, strides = (nodes.size - length + 1, length), nodes.strides * 2
    view = np.lib.stride_tricks.as_strided(nodes, shape, strides, writeable=False)
    return _core.from_index(x, view)


def _sliding(x, kernel):
    """The products of the kernel with each window of x."""
    windows = _windows(x, kernel.size)
    rows = max(LAID_OUT // kernel.size, 1)
    parts = [products.matmul(windows[k : k + rows], kernel) for k in range(0, len(windows), rows)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _beginning(x, kernel, count):
    """For k < count, the product of the first k + 1 elements of x and the last k + 1 of the kernel.

    x is not padded with zeros, since the product of zero and infinity would be NaN.
    """
    if count <= DIRECT:
        row, column = np.arange(count)[:, None], np.arange(count)
        inside = column <= row
        places = np.where(inside, kernel.size - 1 - row + column, 0)
        return np.sum(np.where(inside, x[:count] * kernel[places], 0.0), axis=-1)
    half = count // 2  # later elements: windows of this length, and a shorter beginning
    later = _sliding(x[1:count], kernel[-half:]) + _beginning(x, kernel[:-half], count - half)
    return np.concatenate([_beginning(x, kernel, half), later])


@implements(np.correlate)
def correlate(a, v, mode="valid"):
    a, v = as_array(a), as_array(v)
    if a.ndim != 1 or v.ndim != 1:
        raise ValueError(f"np.correlate takes vectors, not arrays of shapes {a.shape}, {v.shape}")
    if not a.size or not v.size:
        raise ValueError("first and second argument of a correlation cannot be empty")
    if a.size < v.size:
        return correlate(v, a, mode)[::-1]
    most = v.size - 1
    ends = {"valid": (0, 0), "same": (v.size // 2, most - v.size // 2), "full": (most, most)}
    if mode not in ends:
        raise ValueError(f"mode must be one of 'valid', 'same', or 'full' (got {mode!r})")
    before, after = ends[mode]
    parts = [_sliding(a, v)]
    if before:
        parts.insert(0, _beginning(a, v, most)[most - before :])
    if after:
        parts.append(_beginning(a[::-1], v[::-1], most)[most - after :][::-1])
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


@implements(np.convolve)
def convolve(a, v, mode="full"):
    a, v = np.atleast_1d(as_array(a), as_array(v))
    for name, x in (("a", a), ("v", v)):
        if not x.size:
            raise ValueError(f"{name} cannot be empty")
    if v.size > a.size:
        a, v = v, a
    return correlate(a, v[::-1], mode)
