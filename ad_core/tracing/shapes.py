# SPDX-License-Identifier: Apache-2.0
"""Shape, joining and indexing functions: NumPy's own, applied to the index array.

No node is recorded.  Results share memory with their argument exactly where
NumPy's would, so writing through them is seen alike.
"""

import numpy as np

from ad_core import _core
from ad_core.tracing.dispatch import implements
from ad_core.tracing.elementwise import as_array

__all__ = ["joined"]

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
        x = as_array(a)
        moved = function(_core.index_array(x), *args, **kwargs)
        if isinstance(moved, (list, tuple)):
            return type(moved)(_core.from_index(x, part) for part in moved)
        return _core.from_index(x, moved)

    return move


for _function in MOVERS:
    implements(_function)(_mover(_function))


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
            if kwargs.pop(refused, None) not in (None, "same_kind", np.float64, float):
                raise TypeError(f"{refused}= of {function.__name__}: traced values are float64")
        nodes, model = joined(list(arrays))
        return _core.from_nodes(model, function(nodes, *args, **kwargs))

    return join


for _function in JOINERS:
    implements(_function)(_joiner(_function))




def _at_least(function):
    def widen(*arrays):
        wide = []
        for x in map(as_array, arrays):
            wide.append(
                _core.from_index(x, function(_core.index_array(x))) if _core.traced(x) else function(x)
            )
        return wide[0] if len(wide) == 1 else tuple(wide)

    return widen


for _function in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    implements(_function)(_at_least(_function))


@implements(np.broadcast_arrays)
def broadcast_arrays(*args, subok=False):
    shape = np.broadcast_shapes(*(np.shape(x) for x in args))
    return tuple(np.broadcast_to(as_array(x), shape) for x in args)


@implements(np.meshgrid)
def meshgrid(*xi, copy=True, sparse=False, indexing="xy"):
    nodes, model = joined([np.ravel(x) for x in xi])
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
    (nodes, added), model = joined([arr, values])
    return _core.from_nodes(model, np.insert(nodes, obj, added, axis=axis))


@implements(np.pad)
def pad(array, pad_width, mode="constant", **kwargs):
    nodes = _core.index_array(array)
    if mode == "constant":
        fill = kwargs.pop("constant_values", 0.0)
        if np.ndim(fill) != 0:
            raise NotImplementedError("np.pad of a traced array takes one constant_values for all")
        (node,), _ = _core.nodes_on_trace_of((array, fill))[1:], None
        return _core.from_nodes(array, np.pad(nodes, pad_width, constant_values=int(node)))
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise NotImplementedError(
            f"np.pad with mode={mode!r} of a traced array; use constant, edge, reflect, symmetric "
            f"or wrap"
        )
    return _core.from_nodes(array, np.pad(nodes, pad_width, mode=mode, **kwargs))


def _masked(x, keep):
    """x where keep holds, zero elsewhere, without recording."""
    return _core.from_nodes(x, np.where(keep, _core.index_array(x), _core.constant_index(x, 0.0)))


@implements(np.tril)
def tril(m, k=0):
    return _masked(m, np.tril(np.ones(m.shape[-2:], dtype=bool), k))


@implements(np.triu)
def triu(m, k=0):
    return _masked(m, np.triu(np.ones(m.shape[-2:], dtype=bool), k))


@implements(np.diag)
def diag(v, k=0):
    if v.ndim != 1:
        return _core.from_index(v, np.diagonal(_core.index_array(v), k).copy())
    n = v.size + abs(k)
    nodes = np.full((n, n), _core.constant_index(v, 0.0))
    rows = np.arange(v.size) + max(-k, 0)
    nodes[rows, rows + k] = _core.index_array(v)
    return _core.from_nodes(v, nodes)


@implements(np.diagflat)
def diagflat(v, k=0):
    return diag(np.ravel(v), k)


@implements(np.copy)
def copy(a, order="K", subok=False):
    return _core.copy_of(as_array(a))


@implements(np.take)
def take(a, indices, axis=None, mode="raise"):
    x = as_array(a)
    return _core.from_nodes(x, np.take(_core.index_array(x), indices, axis=axis, mode=mode))[()]


@implements(np.take_along_axis)
def take_along_axis(arr, indices, axis=-1):
    return _core.from_nodes(arr, np.take_along_axis(_core.index_array(arr), indices, axis))


@implements(np.compress)
def compress(condition, a, axis=None):
    keep = _core.truth_of(condition) if _core.traced(condition) else condition
    return _core.from_nodes(a, np.compress(keep, _core.index_array(a), axis=axis))


@implements(np.extract)
def extract(condition, arr):
    return compress(np.ravel(condition), np.ravel(as_array(arr)))


@implements(np.copyto)
def copyto(dst, src, casting="same_kind", where=True):
    if not _core.traced(dst):
        from ad_core.tracing.dispatch import store

        store(dst, src, "copyto")
    _core.set_items(dst, Ellipsis, np.where(where, src, dst) if where is not True else src)


@implements(np.fill_diagonal)
def fill_diagonal(a, val, wrap=False):
    places = np.zeros(a.shape, dtype=bool)
    np.fill_diagonal(places, True, wrap)
    _core.set_items(a, places, val)


@implements(np.put)
def put(a, ind, v, mode="raise"):
    places = np.arange(a.size)[np.ravel(ind)]
    at = np.unravel_index(places, a.shape)
    values = as_array(v)
    _core.set_items(a, at, values if values.size in (1, places.size) else np.resize(values, places.size))


def _like(value):
    def like(a, *args, dtype=None, shape=None, **kwargs):
        made = np.full(a.shape if shape is None else shape, args[0] if args else value)
        return made if dtype in (None, float, np.float64) else made.astype(dtype)

    return like


implements(np.zeros_like, np.empty_like)(_like(0.0))
implements(np.ones_like)(_like(1.0))
implements(np.full_like)(_like(None))
