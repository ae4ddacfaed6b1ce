# SPDX-License-Identifier: Apache-2.0
"""Functions of shapes, joining and indexing: NumPy's own functions, applied to the index array.

No node is recorded. A result shares memory with its argument exactly where NumPy's result would,
so that writes through it have the same effect.
"""

import numpy as np

from ad_core import _core
from ad_core.errors import NoDerivativeError
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

# Functions of one array that only move its elements.
MOVERS = [
    np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.squeeze,
    np.expand_dims, np.broadcast_to, np.flip, np.fliplr, np.flipud, np.rot90, np.roll, np.repeat,
    np.tile, np.resize, np.diagonal, np.delete, np.split, np.array_split, np.hsplit, np.vsplit,
    np.dsplit, np.matrix_transpose, np.lib.stride_tricks.sliding_window_view,
]  # fmt: skip
if hasattr(np, "unstack"):  # NumPy 2.1
    MOVERS.append(np.unstack)
# Functions that join a sequence of arrays.
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
in_order.update(
    (np.copy, np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.real, np.imag)
)


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


def _at_least(function):
    def widen(*arrays):
        wide = []
        for x in map(as_array, arrays):
            moved = function(_core.index_array(x) if _core.traced(x) else x)
            wide.append(_core.from_index(x, moved) if _core.traced(x) else moved)
        return wide[0] if len(wide) == 1 else tuple(wide)

    return widen


for _function in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    keeps_types(_function)(_at_least(_function))


@keeps_types(np.broadcast_arrays)
def broadcast_arrays(*args, subok=False):
    arrays = [as_array(x) for x in args]
    shape = np.broadcast_shapes(*(x.shape for x in arrays))
    return tuple(x if x.shape == shape else _spread(x, shape) for x in arrays)


def _spread(x, shape):
    """A broadcast view that may be written to, like those of np.broadcast_arrays."""
    if not _core.traced(x):
        return np.broadcast_arrays(x, np.empty(shape, dtype=bool))[0]
    index = _core.index_array(x)
    strides = np.broadcast_to(index, shape).strides
    return _core.from_index(x, np.lib.stride_tricks.as_strided(index, shape, strides))


@keeps_types(np.meshgrid)
def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    if indexing not in ("xy", "ij"):
        raise ValueError("Valid values for `indexing` are 'xy' and 'ij'.")
    n = len(xi)
    grids = [
        np.reshape(as_array(x), (1,) * k + (-1,) + (1,) * (n - 1 - k)) for k, x in enumerate(xi)
    ]
    if indexing == "xy" and n > 1:
        grids[0] = np.reshape(grids[0], (1, -1) + (1,) * (n - 2))
        grids[1] = np.reshape(grids[1], (-1, 1) + (1,) * (n - 2))
    if not sparse:
        grids = np.broadcast_arrays(*grids)
    return tuple(np.copy(grid, order="C") for grid in grids) if copy else tuple(grids)


@keeps_types(np.block)
def block(arrays):
    def nested(part, function):
        return [nested(p, function) for p in part] if isinstance(part, list) else function(part)

    leaves = []
    nested(arrays, leaves.append)
    nodes, model = joined(leaves)
    remaining = iter(nodes)
    return _core.from_nodes(model, np.block(nested(arrays, lambda _: next(remaining))))


@keeps_types(np.append)
def append(arr, values, axis=None):
    if axis is None:
        return np.concatenate([np.ravel(as_array(arr)), np.ravel(as_array(values))])
    return np.concatenate([as_array(arr), as_array(values)], axis=axis)


@keeps_types(np.insert)
def insert(arr, obj, values, axis=None):
    obj = only_plain(np.insert, obj)
    arr = as_array(arr)
    if not any_traced((arr, values)):
        return np.insert(arr, obj, values, axis=axis)
    (nodes, added), model = joined([arr, _core.cast_to(arr.dtype, values)])
    return _core.from_nodes(model, np.insert(nodes, obj, added, axis=axis))


@keeps_types(np.pad)
def pad(array, pad_width, mode="constant", **kwargs):
    pad_width = only_plain(np.pad, pad_width)
    if not any_traced((array, *kwargs.values())):
        return np.pad(array, pad_width, mode, **kwargs)
    if mode == "constant":
        fill = _core.cast_to(as_array(array).dtype, kwargs.pop("constant_values", 0))
        (nodes, fill), model = joined([array, fill])
        return _core.from_nodes(model, np.pad(nodes, pad_width, constant_values=fill, **kwargs))
    if mode not in ("edge", "reflect", "symmetric", "wrap") or "odd" in kwargs.values():
        raise NoDerivativeError(
            f"np.pad with mode={mode!r} {kwargs or ''} has no derivative in ad_core"
            f"{_core.user_line()}; use one of the modes constant, edge, reflect, symmetric and "
            f"wrap, which only repeat elements"
        )
    x = as_array(array)
    return _core.from_nodes(x, np.pad(_core.index_array(x), pad_width, mode=mode, **kwargs))


def _masked(x, keep):
    """x where keep is true, and zero elsewhere; no node is recorded."""
    zero = np.asarray([_core.constant_index(x, 0.0)])
    return _core.from_nodes(x, np.where(keep, _core.index_array(x), zero))


@keeps_types(np.tril)
def tril(m, k=0):
    x = as_array(m)
    return _masked(x, np.tril(np.ones(x.shape[-2:], dtype=bool), k))


@keeps_types(np.triu)
def triu(m, k=0):
    x = as_array(m)
    return _masked(x, np.triu(np.ones(x.shape[-2:], dtype=bool), k))


@keeps_types(np.diag)
def diag(v, k=0):
    k = int(only_plain(np.diag, k))
    if v.ndim not in (1, 2):
        raise ValueError("Input must be 1- or 2-d.")
    if v.ndim != 1:
        return np.diagonal(v, k)  # a view, as in NumPy
    n = v.size + abs(k)
    nodes = np.full((n, n), _core.constant_index(v, 0.0))
    rows = np.arange(v.size) + max(-k, 0)
    nodes[rows, rows + k] = _core.index_array(v)
    return _core.from_nodes(v, nodes)


@keeps_types(np.diagflat)
def diagflat(v, k=0):
    return diag(np.ravel(as_array(v)), k)


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


@keeps_types(np.take_along_axis)
def take_along_axis(arr, indices, axis=-1):
    indices = only_plain(np.take_along_axis, indices)
    x = as_array(arr)
    if not _core.traced(x):
        return np.take_along_axis(x, indices, axis)
    return _core.from_nodes(x, np.take_along_axis(_core.index_array(x), indices, axis))


@keeps_types(np.compress)
def compress(condition, a, axis=None):
    x = as_array(a)
    keep = decided(condition)
    if not _core.traced(x):
        return np.compress(keep, x, axis=axis)
    return _core.from_nodes(x, np.compress(keep, _core.index_array(x), axis=axis))


@keeps_types(np.extract)
def extract(condition, arr):
    return compress(np.ravel(as_array(condition)), np.ravel(as_array(arr)))


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


@keeps_types(np.fill_diagonal)
def fill_diagonal(a, val, wrap=False):
    places = np.zeros(np.shape(a), dtype=bool)
    np.fill_diagonal(places, True, wrap)
    set_flat(a, np.flatnonzero(places), val, "fill_diagonal")


@keeps_types(np.put)
def put(a, ind, v, mode="raise"):
    ind = only_plain(np.put, ind)
    set_flat(a, np.take(_places(a).ravel(), np.ravel(ind), mode=mode), v, "put")


@keeps_types(np.put_along_axis)
def put_along_axis(arr, indices, values, axis):
    indices = only_plain(np.put_along_axis, indices)
    flat = np.take_along_axis(_places(arr), indices, axis)
    set_flat(arr, flat.ravel(), np.broadcast_to(as_array(values), flat.shape), "put_along_axis")


@keeps_types(np.place)
def place(arr, mask, vals):
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


@keeps_types(np.full_like)
def full_like(a, fill_value, dtype=None, order="K", subok=True, shape=None, *, device=None):
    result = np.zeros_like(a, dtype, order, shape=shape)
    result[...] = fill_value
    return result


if hasattr(np, "astype"):  # NumPy 2.1

    @keeps_types(np.astype)
    def astype(x, dtype, /, *, copy=True, device=None):
        return x.astype(dtype, copy=copy)
