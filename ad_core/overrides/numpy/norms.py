# SPDX-License-Identifier: Apache-2.0
"""numpy.linalg: norms, and functions that NumPy also has outside numpy.linalg."""

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy import products, reductions
from ad_core.overrides.numpy.dispatch import implements
from ad_core.recording.arrays import as_array
from ad_core.rules.polar import nuclear

__all__ = ["norm"]

SINGULAR = {2: np.max, -2: np.min}  # order of a norm that is a singular value -> which one


@implements(np.linalg.norm)
def norm(x, ord=None, axis=None, keepdims=False):
    x = as_array(x)
    if axis is None and (ord is None or (ord == 2 and x.ndim == 1)):
        return _root_of_squares(x, tuple(range(x.ndim)), keepdims)
    axes = tuple(range(x.ndim)) if axis is None else reductions.axes_last(x, axis)[2]
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if len(axes) == 2:
        return _matrix_norm(x, ord, axes, keepdims)
    raise ValueError("Improper number of dimensions to norm.")


def _root_of_squares(x, axes, keepdims):
    return np.sqrt(np.sum(np.square(x), axis=axes, keepdims=keepdims))


def _vector_norm(x, ord, axis, keepdims):
    if ord is None or ord == 2:
        return _root_of_squares(x, axis, keepdims)
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order {ord!r} for vectors")
    if ord == 0:
        return np.sum(np.where(x != 0, 1.0, 0.0), axis=axis, keepdims=keepdims)
    size = np.absolute(x)
    if ord in (np.inf, -np.inf):
        return (np.max if ord > 0 else np.min)(size, axis=axis, keepdims=keepdims)
    if ord == 1:
        return np.sum(size, axis=axis, keepdims=keepdims)
    return np.sum(size**ord, axis=axis, keepdims=keepdims) ** (1.0 / ord)


def _matrix_norm(x, ord, axes, keepdims):
    if ord in (None, "fro", "f"):
        return _root_of_squares(x, axes, keepdims)
    if ord in SINGULAR or ord == "nuc":
        result = _singular_norm(np.moveaxis(x, axes, (-2, -1)), ord)
        return reductions.kept(result, x.shape, axes, keepdims)
    if ord not in (1, -1, np.inf, -np.inf):
        raise ValueError("Invalid norm order for matrices.")
    rows, columns = axes
    summed, other = (rows, columns) if abs(ord) == 1 else (columns, rows)
    sums = np.sum(np.absolute(x), axis=summed, keepdims=True)
    result = (np.max if ord > 0 else np.min)(sums, axis=other, keepdims=True)
    return result if keepdims else np.squeeze(result, axes)[()]


def _singular_norm(x, ord):
    """Norms of singular values. A value that is zero up to rounding is a kink, as that of `abs` at
    0."""
    if x.size == 0:
        plain = _core.plain_function("zeros")(x.shape)
        # NumPy raises an error for some orders, before 2.3 for more
        np.linalg.norm(plain, ord, (-2, -1))
        return np.zeros(x.shape[:-2])[()]
    if ord == "nuc":
        return nuclear(x)[()]
    s = np.linalg.svdvals(x)
    cut = max(x.shape[-2:]) * np.finfo(np.float64).eps * s[..., :1]
    s = np.where(s > cut, s, 0.0)
    return SINGULAR[ord](s, axis=-1)


@implements(np.linalg.vector_norm)
def vector_norm(x, /, *, axis=None, keepdims=False, ord=2):
    x = as_array(x)
    moved, n, axes = reductions.axes_last(x, axis)
    result = _vector_norm(reductions.last_in_one(moved, n), ord, -1, False)
    return reductions.kept(result, x.shape, axes, keepdims)


@implements(np.linalg.matrix_norm)
def matrix_norm(x, /, *, keepdims=False, ord="fro"):
    x = as_array(x)
    return _matrix_norm(x, ord, (x.ndim - 2, x.ndim - 1), keepdims)


@implements(np.linalg.matmul)
def matmul(x1, x2, /):
    return products.matmul(x1, x2)


@implements(np.linalg.vecdot)
def vecdot(x1, x2, /, *, axis=-1):
    return products.vecdot(x1, x2, axis)


@implements(np.linalg.outer)
def outer(x1, x2, /):
    return products.outer(x1, x2)


@implements(np.linalg.cross)
def cross(x1, x2, /, *, axis=-1):
    return products.cross(x1, x2, axis=axis)


@implements(np.linalg.tensordot)
def tensordot(x1, x2, /, *, axes=2):
    return products.tensordot(x1, x2, axes)


@implements(np.linalg.diagonal)
def diagonal(x, /, *, offset=0):
    return np.diagonal(x, offset, -2, -1)


@implements(np.linalg.matrix_transpose)
def matrix_transpose(x, /):
    return np.swapaxes(x, -1, -2)


@implements(np.linalg.trace)
def trace(x, /, *, offset=0, dtype=None):
    return reductions.trace(x, offset, -2, -1, dtype)
