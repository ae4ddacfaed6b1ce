# SPDX-License-Identifier: Apache-2.0
"""Shape, joining and indexing functions: NumPy's own, applied to the index array.

No node is recorded.  Results share memory with their argument exactly where
NumPy's would, so writing through them is seen alike.
"""

import numpy as np

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.tracing.dispatch import implements, movers, only_plain, refuse_dtype, store
from ad_core.tracing.elementwise import as_array
from ad_core.tracing.guards import decided

__all__ = ["joined", "set_flat"]

# Functions of one array that only move its elements about.
MOVERS = [
    np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.squeeze,
    np.expand_dims, np.broadcast_to, np.flip, np.fliplr, np.flipud, np.rot90, np.roll, np.repeat,
    np.tile, np.resize, np.diagonal, np.delete, np.split, np.array_split, np.hsplit, np.vsplit,
    np.dsplit, np.matrix_transpose, np.unstack,
]  # fmt: skip
# Functions of a sequence of arrays that put them together.
JOINERS = [np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack]


def _mover(function):
    def move(a, *args, **kwargs):
        only_plain(function, *args, *kwargs.values())
        x = as_array(a)
        if x.size == 0 and function is np.resize:
            return np.zeros(args[0] if args else kwargs["new_shape"])
        moved = function(_core.index_array(x), *args, **kwargs)
        if isinstance(moved, (list, tuple)):
            return type(moved)(_core.from_index(x, part) for part in moved)
        return _core.from_index(x, moved)

    return move


for _function in MOVERS:
    implements(_function)(_mover(_function))
movers.update(MOVERS)


def joined(arrays):
    """Index arrays of several values on one trace, and a traced value among them."""
    arrays = [as_array(x) for x in arrays]
    model = next(x for x in arrays if _core.traced(x))
    if any(x.dtype != bool for x in arrays) and model.dtype == bool:
        model = +next((x for x in arrays if _core.traced(x) and x.dtype != bool), model * 1.0)
    return _core.nodes_on_trace_of((model, *arrays))[1:], model


def _joiner(function):
    def join(arrays, *args, **kwargs):
        for refused in ("dtype", "casting"):
            if (given := kwargs.pop(refused, None)) not in (None, "same_kind", np.float64, float):
                refuse_dtype(given, function.__name__, keyword=refused)
        nodes, model = joined(list(arrays))
        return _core.from_nodes(model, function(nodes, *args, **kwargs))

    return join


for _function in JOINERS:
    implements(_function)(_joiner(_function))


def _at_least(function):
    def widen(*arrays):
        wide = []
        for x in map(as_array, arrays):
            moved = function(_core.index_array(x) if _core.traced(x) else x)
            wide.append(_core.from_index(x, moved) if _core.traced(x) else moved)
        return wide[0] if len(wide) == 1 else tuple(wide)

    return widen


for _function in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    implements(_function)(_at_least(_function))


@implements(np.broadcast_arrays)
def broadcast_arrays(*args, subok=False):
    arrays = [as_array(x) for x in args]
    shape = np.broadcast_shapes(*(x.shape for x in arrays))
    return tuple(np.broadcast_to(x, shape) for x in arrays)


@implements(np.meshgrid)
def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    nodes, model = joined([np.ravel(as_array(x)) for x in xi])
    grids = np.meshgrid(*nodes, copy=copy, sparse=sparse, indexing=indexing)
    return tuple(_core.from_nodes(model, grid) for grid in grids)


@implements(np.block)
def block(arrays):
    def nested(part, function):
        return [nested(p, function) for p in part] if isinstance(part, list) else function(part)

    leaves = []
    nested(arrays, leaves.append)
    nodes, model = joined(leaves)
    remaining = iter(nodes)
    return _core.from_nodes(model, np.block(nested(arrays, lambda _: next(remaining))))


@implements(np.append)
def append(arr, values, axis=None):
    if axis is None:
        return np.concatenate([np.ravel(as_array(arr)), np.ravel(as_array(values))])
    return np.concatenate([as_array(arr), as_array(values)], axis=axis)


@implements(np.insert)
def insert(arr, obj, values, axis=None):
    only_plain(np.insert, obj)
    (nodes, added), model = joined([arr, values])
    return _core.from_nodes(model, np.insert(nodes, obj, added, axis=axis))


@implements(np.pad)
def pad(array, pad_width, mode="constant", **kwargs):
    only_plain(np.pad, pad_width)
    if mode == "constant":
        (nodes, fill), model = joined([array, kwargs.pop("constant_values", 0.0)])
        return _core.from_nodes(model, np.pad(nodes, pad_width, constant_values=fill, **kwargs))
    if mode not in ("edge", "reflect", "symmetric", "wrap") or "odd" in kwargs.values():
        raise NoDerivativeError(
            f"np.pad with mode={mode!r} {kwargs or ''} of a traced array{_core.user_line()}; use "
            f"constant, edge, reflect, symmetric or wrap, which only repeat elements"
        )
    x = as_array(array)
    return _core.from_nodes(x, np.pad(_core.index_array(x), pad_width, mode=mode, **kwargs))


def _masked(x, keep):
    """x where keep holds, zero elsewhere, without recording."""
    return _core.from_nodes(x, np.where(keep, _core.index_array(x), _core.constant_index(x, 0.0)))


@implements(np.tril)
def tril(m, k=0):
    x = as_array(m)
    return _masked(x, np.tril(np.ones(x.shape[-2:], dtype=bool), k))


@implements(np.triu)
def triu(m, k=0):
    x = as_array(m)
    return _masked(x, np.triu(np.ones(x.shape[-2:], dtype=bool), k))


@implements(np.diag)
def diag(v, k=0):
    only_plain(np.diag, k)
    if v.ndim not in (1, 2):
        raise ValueError("Input must be 1- or 2-d.")
    if v.ndim != 1:
        return _core.from_index(v, np.diagonal(_core.index_array(v), k))  # a view, as NumPy's
    n = v.size + abs(k)
    nodes = np.full((n, n), _core.constant_index(v, 0.0))
    rows = np.arange(v.size) + max(-k, 0)
    nodes[rows, rows + k] = _core.index_array(v)
    return _core.from_nodes(v, nodes)


@implements(np.diagflat)
def diagflat(v, k=0):
    return diag(np.ravel(as_array(v)), k)


@implements(np.copy)
def copy(a, order="K", subok=False):
    return _core.copy_of(as_array(a))


@implements(np.take)
def take(a, indices, axis=None, mode="raise"):
    only_plain(np.take, indices)
    x = as_array(a)
    return _core.from_nodes(x, np.take(_core.index_array(x), indices, axis=axis, mode=mode))[()]


@implements(np.take_along_axis)
def take_along_axis(arr, indices, axis=-1):
    only_plain(np.take_along_axis, indices)
    x = as_array(arr)
    return _core.from_nodes(x, np.take_along_axis(_core.index_array(x), indices, axis))


@implements(np.compress)
def compress(condition, a, axis=None):
    x = as_array(a)
    keep = decided(condition)
    if not _core.traced(x):
        return np.compress(keep, x, axis=axis)
    return _core.from_nodes(x, np.compress(keep, _core.index_array(x), axis=axis))


@implements(np.extract)
def extract(condition, arr):
    return compress(np.ravel(as_array(condition)), np.ravel(as_array(arr)))


@implements(np.choose)
def choose(a, choices, mode="raise"):
    only_plain(np.choose, a)
    nodes, model = joined(list(choices))
    return _core.from_nodes(model, np.choose(a, nodes, mode=mode))[()]


@implements(np.copyto)
def copyto(dst, src, casting="same_kind", where=True):
    if not _core.traced(dst):
        where = where if where is True else decided(where)
        src = store(dst, src, "copyto") if _core.traced(src) else src
        return np.copyto(dst, src, casting=casting, where=where)
    _core.set_items(dst, Ellipsis, src if where is True else np.where(where, src, dst))


def _places(a):
    """The flat positions of a's elements, in a's shape."""
    return np.arange(a.size).reshape(a.shape)


def set_flat(a, flat, values, name):
    """a.flat[flat] = values, repeated as often as needed."""
    if not _core.traced(a):
        return store(a, values, name)
    values = np.ravel(as_array(values))
    if not values.size:
        return
    values = np.resize(values, len(flat))
    _core.set_items(a, np.unravel_index(flat, a.shape), values)


@implements(np.fill_diagonal)
def fill_diagonal(a, val, wrap=False):
    places = np.zeros(np.shape(a), dtype=bool)
    np.fill_diagonal(places, True, wrap)
    set_flat(a, np.flatnonzero(places), val, "fill_diagonal")


@implements(np.put)
def put(a, ind, v, mode="raise"):
    only_plain(np.put, ind)
    set_flat(a, np.take(_places(a).ravel(), np.ravel(ind), mode=mode), v, "put")


@implements(np.put_along_axis)
def put_along_axis(arr, indices, values, axis):
    only_plain(np.put_along_axis, indices)
    flat = np.take_along_axis(_places(arr), indices, axis)
    set_flat(arr, flat.ravel(), np.broadcast_to(as_array(values), flat.shape), "put_along_axis")


@implements(np.place)
def place(arr, mask, vals):
    flat = np.flatnonzero(decided(mask))
    if flat.size and not np.size(vals):
        raise ValueError("Cannot insert from an empty array!")
    set_flat(arr, flat, vals, "place")


@implements(np.putmask)
def putmask(a, mask, values):
    flat = np.flatnonzero(decided(mask))
    set_flat(a, flat, np.resize(np.ravel(as_array(values)), a.size)[flat], "putmask")


def _like(value):
    def like(a, dtype=None, order="K", subok=True, shape=None, *, device=None):
        return _full(a, value, dtype, shape)

    return like


def _full(a, fill, dtype, shape):
    shape = np.shape(a) if shape is None else shape
    dtype = a.dtype if dtype is None else np.dtype(dtype)
    return np.full(shape, fill, float if dtype == np.float64 else dtype)


implements(np.zeros_like, np.empty_like)(_like(0.0))
implements(np.ones_like)(_like(1.0))


@implements(np.full_like)
def full_like(a, fill_value, dtype=None, order="K", subok=True, shape=None, *, device=None):
    return _full(a, fill_value, dtype, shape)


if hasattr(np, "astype"):  # NumPy 2.1

    @implements(np.astype)
    def astype(x, dtype, /, *, copy=True, device=None):
        return x.astype(dtype, copy=copy)
