# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Results with the memory layout (order of the axes in memory) that NumPy gives them.

Elementwise operations and functions that move elements produce this layout directly. For any other
function, NumPy's own function is called on the values of the arguments, once for each layout of
arguments, and the strides of its result are kept.
"""

import numpy as np

from ad_core import _core

__all__ = [
    "in_axis_order", "in_elementwise_layout", "in_layout", "in_named_order", "in_numpy_layout",
    "order_of", "strides",
]  # fmt: skip

MOST = 4096  # layouts that are kept
LONG = 32  # of longer lists only the length is part of a key
known = {}  # (function, arguments without their values): strides of the result, or of its parts

# Functions whose result is in C order if all arguments are: NumPy is called only for others.
PLAIN = {
    np.sum, np.mean, np.var, np.std, np.max, np.min, np.amax, np.amin, np.prod, np.cumsum, np.ptp,
    np.cumprod, np.sort, np.clip, np.where, np.dot, np.matmul, np.tensordot, np.outer, np.round,
    np.linalg.solve, np.linalg.inv, np.linalg.cholesky, np.nansum, np.nanmean, np.nan_to_num,
}  # fmt: skip


class _NoKey(Exception):
    """Arguments that can not be a key of `known`, such as functions and unhashable objects."""


def in_numpy_layout(function, args, kwargs, result, name=None):
    """The result with the memory layout of NumPy's result of the same call."""
    if function in PLAIN and _core.all_in_c_order((result, args, kwargs)):
        return result
    if function in PLAIN and _core.all_in_c_order((args, kwargs)):
        return in_layout(result, range(np.ndim(result), 0, -1))
    try:
        key = (name or function, _described(args), _described(kwargs))
    except _NoKey:
        return result
    found = known.get(key, key)
    if found is key:
        if len(known) >= MOST:
            known.clear()
        found = known[key] = _strides_by_numpy(function, args, kwargs)
    return in_layout(result, found)


def _described(item):
    """An argument without the values of its arrays; other objects stand for themselves."""
    kind = type(item)
    if _core.traced_complex(item):
        return kind, item.shape, strides(item)
    if kind is _core.TracedArray or isinstance(item, np.ndarray):
        return kind, item.shape, strides(item), item.dtype
    if kind is _core.TracedScalar:
        return kind
    if kind is list or kind is tuple:
        if len(item) > LONG:  # a list of numbers, whose values do not change the layout
            return kind, len(item)
        return kind, *map(_described, item)
    if kind is dict:
        return tuple((k, _described(x)) for k, x in item.items())
    if callable(item) and kind is not type:
        raise _NoKey
    try:
        hash(item)
    except TypeError:
        raise _NoKey from None
    return kind, item


def _strides_by_numpy(function, args, kwargs):
    """The strides of NumPy's result for the arguments' values; None if NumPy raises."""
    return _core.untraced(_strides_made, function, _plain(list(args)), _plain(kwargs))


def _strides_made(function, args, kwargs):
    try:
        with _core.float_errors(all="ignore"), _core.no_warnings():
            return _strides_of(function(*args, **kwargs))
    except Exception:
        return None


def _plain(item):
    if _core.traced_complex(item):
        values = _plain(item.re) + 1j * _plain(item.im)
        return _with_strides(values, strides(item)) if np.ndim(values) else values
    if _core.traced(item):
        if type(item) is _core.TracedScalar:
            return _core.current_values(item)[()]
        return _with_strides(_core.current_values(item), strides(item))
    if type(item) is np.ndarray and item.dtype == object:
        values = item.copy()
        values.flat = [_plain(x) for x in item.flat]
        return values
    if type(item) is dict:
        return {k: _plain(x) for k, x in item.items()}
    return type(item)(map(_plain, item)) if type(item) in (list, tuple) else item


def _with_strides(values, strides):
    """A plain array of these values with these strides, on which NumPy's layout may depend."""
    if not values.size:
        return values
    ends = [step * (n - 1) for step, n in zip(strides, values.shape, strict=True)]
    low, high = (sum(end for end in ends if (end > 0) is up) for up in (False, True))
    memory = _core.plain_function("zeros")((high - low) // values.itemsize + 1, values.dtype)
    start = memory[-low // values.itemsize :]
    found = np.lib.stride_tricks.as_strided(start, values.shape, strides)
    found[...] = values
    return found


def _strides_of(made):
    if isinstance(made, list | tuple):
        return [_strides_of(part) for part in made]
    return made.strides if isinstance(made, np.ndarray) else None


def in_elementwise_layout(operands, result):
    """The result of an elementwise operation on these operands in NumPy's memory layout."""
    asarray = _core.plain_function("asarray")
    arrays = [_core.as_array(x) if _core.traced(x) else asarray(x) for x in operands]
    return in_layout(result, _core.elementwise_strides(arrays) or range(np.ndim(result), 0, -1))


def in_named_order(order, operands, result):
    """The result in the memory order that order= names: "C", "F" or "A". "A" means "F" if all
    operands are Fortran-contiguous and not C-contiguous, else "C"."""
    arrays = [x for x in operands if np.ndim(x)]
    fortran = order.upper() == "F" or (
        order.upper() == "A" and all(x.flags.fnc for x in arrays if hasattr(x, "flags"))
    )
    ndim = np.ndim(result[0] if isinstance(result, tuple) else result)
    return in_layout(result, range(1, ndim + 1) if fortran else range(ndim, 0, -1))


def in_layout(result, found):
    """The result, or a tuple of results, with the memory layout of these strides."""
    if isinstance(found, list):
        if not isinstance(result, list | tuple) or len(result) != len(found):
            return result
        parts = [in_layout(*pair) for pair in zip(result, found, strict=True)]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    if found is None or not _core.has_axes(result):
        return result
    if isinstance(result, list | tuple):
        return type(result)(in_layout(part, found) for part in result)
    if len(found) != result.ndim:
        return result
    if _core.traced_complex(result):
        return type(result)(*(_core.in_order_of(x, found, 16) for x in (result.re, result.im)))
    return _core.in_order_of(result, found)


def order_of(x):
    """Strides that describe an array's memory layout; None if it is in C order."""
    if _core.all_in_c_order(x):
        return None
    return _core.elementwise_strides([x])


def in_axis_order(x, order):
    """An array with the memory layout of these strides; x itself if order is None."""
    if order is None:
        return x
    if _core.traced(x):
        return _core.in_order_of(x, order)
    axes = sorted(range(x.ndim), key=lambda d: -order[d])
    return np.ascontiguousarray(np.transpose(x, axes)).transpose(np.argsort(axes))


def strides(x):
    """Strides in bytes, as those of NumPy's array of the same numbers."""
    if _core.traced_complex(x):
        return tuple(2 * step for step in strides(x.re))
    if not _core.traced(x):
        return x.strides
    size = x.dtype.itemsize
    index = _core.index_array(x)
    size *= 1 + _core.is_spaced(x)
    return tuple(step // index.itemsize * size for step in index.strides)
