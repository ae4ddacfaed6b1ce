# SPDX-License-Identifier: Apache-2.0
"""Functions of shapes, joining and indexing: NumPy's own functions, applied to the index array.

No node is recorded. A result shares memory with its argument exactly where NumPy's result would,
so that writes through it have the same effect.
"""

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.dispatch import (
    any_traced,
    in_order,
    keeps_types,
    movers,
    only_plain,
    read_only,
    refuse_dtype,
    store,
)  # fmt: skip
from ad_core.overrides.numpy.guards import decided
from ad_core.recording.arrays import as_array

__all__ = ["joined", "set_flat"]

# Functions of one array that only move its elements. Some are written in Python: there one view of
# the index array takes the place of several of the traced array, and an operation 1 us.
MOVERS = [
    np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.squeeze,
    np.expand_dims, np.broadcast_to, np.flip, np.fliplr, np.flipud, np.rot90, np.roll, np.repeat,
    np.tile, np.resize, np.diagonal, np.delete, np.split, np.array_split, np.hsplit, np.vsplit,
    np.dsplit, np.matrix_transpose, np.lib.stride_tricks.sliding_window_view,
]  # fmt: skip
if hasattr(np, "unstack"):  # NumPy 2.1
    MOVERS.append(np.unstack)
# Functions that join a sequence of arrays, with one operation on index arrays.
JOINERS = [np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack]


def _mover(function):
    def move(a, *args, **kwargs):
        if args:
            args = [only_plain(function, arg) for arg in args]
        if kwargs:
            kwargs = {name: only_plain(function, arg) for name, arg in kwargs.items()}
        x = as_array(a)
        if not _core.traced(x):
            return function(x, *args, **kwargs)
        if x.size == 0 and function is np.resize:
            return _core.marked(np.zeros(args[0] if args else kwargs["new_shape"]), x.dtype)
        moved = function(_core.index_array(x), *args, **kwargs)
        if isinstance(moved, (list, tuple)):
            return type(moved)(_core.from_index(x, part) for part in moved)
        return _core.from_index(x, moved)

    return move


for _function in MOVERS:
    keeps_types(_function)(_mover(_function))
movers.update(MOVERS)
in_order.update(MOVERS, JOINERS)
in_order.update((np.copy, np.zeros_like, np.ones_like, np.empty_like, np.full_like))


def _read_only(function):
    """A mover whose views are read-only in NumPy, unless writeable=True is given."""
    move = _mover(function)

    def view(a, *args, **kwargs):
        found = move(a, *args, **kwargs)
        return found if kwargs.get("writeable") else _core.locked(found)

    return view


_raveled = _mover(np.ravel)


@keeps_types(np.ravel)
def ravel(a, order="C"):
    flat = _raveled(a, order=order)
    return _core.copy_of(flat) if _core.is_spaced(flat) and flat.size > 1 else flat


for _function in (np.broadcast_to, np.diagonal, np.lib.stride_tricks.sliding_window_view):
    keeps_types(_function)(_read_only(_function))
    read_only.add(_function)


def joined(arrays):
    """The index arrays of several values on one trace, and a traced value of their common type."""
    arrays = [as_array(x) for x in arrays]
    model = next(x for x in arrays if _core.traced(x))
    nodes = _core.nodes_on_trace_of((model, *arrays))[1:]
    return nodes, _core.marked(model, _core.common_type(arrays))


def _joiner(function):
    def join(arrays, *args, **kwargs):
        if _core.only_discrete((arrays,)) and (
            kwargs.get("dtype") is not None or _core.common_type(arrays) is None
        ):
            return _core.plain_call(function, "__call__", (arrays, *args), kwargs)
        for refused in ("dtype", "casting"):
            if (given := kwargs.pop(refused, None)) not in (None, "same_kind", np.float64, float):
                refuse_dtype(given, function.__name__, keyword=refused)
        nodes, model = joined(list(arrays))
        return _core.from_nodes(model, function(nodes, *args, **kwargs))

    return join


for _function in JOINERS:
    keeps_types(_function)(_joiner(_function))


@keeps_types(np.broadcast_arrays)
def broadcast_arrays(*args, subok=False):
    """np.broadcast_arrays, whose views are made by the compiled np.nditer."""
    arrays = [as_array(x) for x in args]
    shape = np.broadcast_shapes(*(x.shape for x in arrays))
    return tuple(x if x.shape == shape else _spread(x, shape) for x in arrays)


_core.take_lists(np.broadcast_arrays)


def _spread(x, shape):
    """A broadcast view that may be written to, like those of np.broadcast_arrays."""
    if not _core.traced(x):
        return np.broadcast_arrays(x, np.empty(shape, dtype=bool))[0]
    index = _core.index_array(x)
    strides = np.broadcast_to(index, shape).strides
    return _core.from_index(x, np.lib.stride_tricks.as_strided(index, shape, strides))


@keeps_types(np.copy)
def copy(a, order="K", subok=False):
    return _core.copy_of(as_array(a), order)


@keeps_types(np.take)
def take(a, indices, axis=None, mode="raise"):
    indices = only_plain(np.take, indices)
    x = as_array(a)
    if not _core.traced(x):
        return np.take(x, indices, axis=axis, mode=mode)
    return _core.from_nodes(x, np.take(_core.index_array(x), indices, axis=axis, mode=mode))[()]


@keeps_types(np.compress)
def compress(condition, a, axis=None):
    x = as_array(a)
    keep = decided(condition)
    if not _core.traced(x):
        return np.compress(keep, x, axis=axis)
    return _core.from_nodes(x, np.compress(keep, _core.index_array(x), axis=axis))


@keeps_types(np.choose)
def choose(a, choices, mode="raise"):
    a = only_plain(np.choose, a)
    if not any_traced(choices):
        return np.choose(a, choices, mode=mode)
    nodes, model = joined(list(choices))
    return _core.from_nodes(model, np.choose(a, nodes, mode=mode))[()]


@keeps_types(np.copyto)
def copyto(dst, src, casting="same_kind", where=True):
    if not _core.traced(dst):
        where = where if where is True else decided(where)
        src = _core.plain_values(src)
        src = store(dst, src, "copyto") if _core.traced(src) else src
        return np.copyto(dst, src, casting=casting, where=where)
    _core.check_cast(dst, src, casting, "array data")
    _core.set_items(dst, Ellipsis, src if where is True else np.where(where, src, dst))


def _places(a):
    """The flat positions of the elements of a, in the shape of a."""
    return np.arange(a.size).reshape(a.shape)


def set_flat(a, flat, values, name):
    """a.flat[flat] = values, with values repeated as often as needed."""
    if not _core.traced(a):
        values = _core.plain_values(values)
        if any_traced((values,)):
            return store(a, values, name)
    values = np.ravel(as_array(values))
    if not values.size:
        return
    values = np.resize(values, len(flat))
    if not _core.traced(a):
        a.flat[flat] = values
        return
    _core.set_items(a, np.unravel_index(flat, a.shape), values)


@keeps_types(np.put)
def put(a, ind, v, mode="raise"):
    ind = only_plain(np.put, ind)
    set_flat(a, np.take(_places(a).ravel(), np.ravel(ind), mode=mode), v, "put")


@keeps_types(np.place)
def place(arr, mask, vals):
    """np.place, of which NumPy's own code is one call of a compiled function."""
    if hasattr(vals, "dtype"):
        _core.check_cast(arr, vals, "safe", "array data")
    if not any_traced((arr, vals)):
        return np.place(arr, decided(mask), vals)
    flat = np.flatnonzero(decided(mask))
    if flat.size and not np.size(vals):
        raise ValueError("Cannot insert from an empty array!")
    if np.ndim(arr):
        set_flat(arr, flat, vals, "place")
    elif flat.size:
        arr[()] = np.ravel(vals)[0]


@keeps_types(np.putmask)
def putmask(a, mask, values):
    if not isinstance(values, (bool, int, float)):
        _core.check_cast(a, values, "safe", "array data")
    if not any_traced((a, values)):
        return np.putmask(a, decided(mask), values)
    flat = np.flatnonzero(decided(mask))
    set_flat(a, flat, np.resize(np.ravel(as_array(values)), a.size)[flat], "putmask")


def _like(value):
    def like(a, dtype=None, order="K", subok=True, shape=None, *, device=None):
        dtype = a.dtype if dtype is None else np.dtype(dtype)
        if dtype == np.float64:
            return _core.uniform_like(as_array(a), value, order, shape)
        model = np.empty_like(_core.index_array(a), dtype, order, shape=shape)
        return np.full_like(model, value)

    return like


keeps_types(np.zeros_like, np.empty_like)(_like(0.0))
keeps_types(np.ones_like)(_like(1.0))
