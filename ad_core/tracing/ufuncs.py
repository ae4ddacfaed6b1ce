# SPDX-License-Identifier: Apache-2.0
"""Ufunc calls with out= and where=, ufunc methods, and ufuncs beyond the op table."""

import numpy as np

from ad_core import _core
from ad_core.tracing import elementwise, products, reductions
from ad_core.tracing.dispatch import store

__all__ = ["call_ufunc"]

# Ufuncs that are no rows: written with rows, or block operations.
COMPOSED = {
    np.matmul: lambda a, b: products.matmul(a, b),
    np.divmod: lambda a, b: (np.floor_divide(a, b), np.remainder(a, b)),
    np.modf: lambda a: (a - np.trunc(a), np.trunc(a)),
    np.conjugate: lambda a: +a,
    np.bitwise_and: lambda a, b: a & b,
    np.bitwise_or: lambda a, b: a | b,
    np.bitwise_xor: lambda a, b: a ^ b,
    np.invert: lambda a: ~a,
    np._core.umath.clip: lambda a, low, high: np.minimum(np.maximum(a, low), high),
}
for _name, _sums in (("vecdot", "...n,...n"), ("matvec", "...mn,...n"), ("vecmat", "...n,...nm")):
    if hasattr(np, _name):
        COMPOSED[getattr(np, _name)] = getattr(products, _name)

REDUCTIONS = {
    np.add: reductions.sum_,
    np.multiply: reductions.prod,
    np.maximum: reductions.max_,
    np.minimum: reductions.min_,
    np.logical_and: reductions.all_,
    np.logical_or: reductions.any_,
}
ACCUMULATIONS = {np.add: reductions.cumsum, np.multiply: reductions.cumprod}


def call_ufunc(ufunc, method, inputs, kwargs):
    """What ``__array_ufunc__`` of a traced value does with all but the plainest calls."""
    out = kwargs.pop("out", None)
    if isinstance(out, tuple) and all(part is None for part in out):
        out = None
    if method == "at":
        return _at(ufunc, *inputs)
    where = kwargs.pop("where", True)
    dtype = kwargs.pop("dtype", None)
    if dtype is not None and np.dtype(dtype) != np.float64:
        raise TypeError(f"dtype={dtype} of {ufunc.__name__}: traced values are float64")
    for ignored in ("casting", "order", "subok"):
        kwargs.pop(ignored, None)
    result = _compute(ufunc, method, inputs, kwargs, where)
    if result is NotImplemented:
        return result
    if where is not True and method == "__call__":
        base = out[0] if out is not None else np.zeros(np.shape(result))
        result = np.where(where, result, base)
    if out is None:
        return result
    if isinstance(result, tuple):
        return tuple(store(part, value, ufunc.__name__) for part, value in zip(out, result, strict=True))
    return store(out, result, ufunc.__name__)


def _compute(ufunc, method, inputs, kwargs, where):
    if method == "__call__":
        composed = COMPOSED.get(ufunc)
        if composed is None and _core.has_row(ufunc):
            return _core.ufunc_on(ufunc, inputs)
        if composed is not None and not kwargs:
            return composed(*inputs)
    elif method == "reduce" and ufunc in REDUCTIONS:
        array, *rest = inputs
        axis = rest[0] if rest else kwargs.pop("axis", 0)
        if where is not True:
            kwargs["where"] = where
        return REDUCTIONS[ufunc](array, axis=axis, **kwargs)
    elif method == "accumulate" and ufunc in ACCUMULATIONS:
        array, *rest = inputs
        return ACCUMULATIONS[ufunc](array, axis=rest[0] if rest else kwargs.pop("axis", 0))
    elif method == "outer":
        a, b = (np.asarray(x) for x in inputs)
        return ufunc(elementwise.as_array(a)[(...,) + (None,) * b.ndim], b, **kwargs)
    refuse(ufunc, method, kwargs)


def refuse(ufunc, method, kwargs):
    """Say which call has no derivative, and what to do."""
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    extra = f" with {', '.join(kwargs)}" if kwargs else ""
    raise NotImplementedError(
        f"the ufunc {name}{extra} has no derivative in ad_core{_core.user_line()}; write it with "
        f"the functions listed in docs/numpy.md, or apply it to plain numbers outside the "
        f"derivative"
    )


def _at(ufunc, array, indices, values=None):
    """ufunc.at: repeated indices count once each, in order."""
    if not _core.traced(array):
        store(array, None, f"{ufunc.__name__}.at")
    places = np.arange(array.size).reshape(array.shape)[indices].ravel()
    shape = np.broadcast_to(0, array.shape)[indices].shape
    operands = None if values is None else elementwise.as_array(np.broadcast_to(values, shape)).ravel()
    flat = array.reshape(-1).copy()
    for k, place in enumerate(places):
        flat[place] = ufunc(flat[place]) if operands is None else ufunc(flat[place], operands[k])
    _core.set_items(array, Ellipsis, flat.reshape(array.shape))
