# SPDX-License-Identifier: Apache-2.0
"""A batch whose integers or truth values differ from point to point, divided into parts.

Arguments that are not inputs are part of the recording, so points that differ in them have
recordings of their own.
"""

from itertools import groupby
from operator import itemgetter

import numpy as np

from ad_core.programs.arguments import CallArguments
from ad_core.programs.cache_keys import BITS, NoKey, key_of
from ad_core.programs.evaluation import Evaluation
from ad_core.programs.fallback import into
from ad_core.recording.trees import flatten

__all__ = ["evaluated", "parts_of"]


def evaluated(function, given, name, argnums, seeds, out, workers, progress):
    """A method's results at all points of a call, as the caller gets them."""
    parts = parts_of(given)
    if parts[0][0] is None:
        one = Evaluation(function, parts[0][1], name, argnums, seeds)
        if given.bulk and not seeds and out is None:
            result = one.at_numbers()
            if result is not NotImplemented:
                return result
        pack, results = one.run(out, workers, progress)
        return results[0] if pack is None else pack(results)
    results, first = None, None
    for places, part in parts:
        one = Evaluation(function, part, name, argnums, seeds, given, places)
        pack, found = one.run(None, workers, progress)
        if first is None:
            first, first_pack = one, pack
            results = [np.empty((given.points(), *np.shape(y)[1:])) for y in found]
        first.check_like(one.path)
        for y, values in zip(results, found, strict=True):
            first.put(y, 1, places, values)
    results = [y.reshape(given.batch + y.shape[1:]) for y in results]
    outs = first.outs(first.path, first_pack, out)
    results = into(results, outs, f"{name} of {function._label}", given.leaves)
    return results[0] if first_pack is None else first_pack(results)


def parts_of(given):
    """A list of pairs: places in the flat batch, and the CallArguments of those points.

    If all arguments that are not inputs are the same at all points, there is one pair
    (None, CallArguments).
    """
    if not given.fixed:
        return [(None, given)]
    points = given.points()
    shapes = [x.shape[: given.batch_dims] for x in given.leaves]
    labels, firsts = _labels(given) if points else (None, [0])
    if len(firsts) == 1 and np.broadcast_shapes(*shapes) == given.batch:
        args = _with_rows(given, given.args, 0)
        whole = CallArguments(
            given.function, args, given.batch_dims, given.kwargs, of_one_point=True
        )
        return [(None, whole)]
    parts = []
    for label, first in enumerate(firsts):
        places = np.flatnonzero(labels == label) if points else np.arange(0)
        args = _with_rows(given, _with_points(given, places), first)
        parts.append(
            (places, CallArguments(given.function, args, 1, given.kwargs, of_one_point=True))
        )
    return parts


def _labels(given):
    """A label for each point, equal if the arguments that are not inputs are equal, and the first
    point with each label."""
    points, columns = given.points(), []
    for k, _, x in given.fixed:
        core = x.shape[given.batch_dims :]
        rows = np.broadcast_to(x, given.batch + core).reshape(points, *core)
        if x.dtype.kind in BITS and x.dtype.char not in "gG" and x.dtype.names is None:
            rows = np.ascontiguousarray(rows).reshape(points, -1)
            columns.append(rows.view(np.uint8).reshape(points, -1))
        else:
            columns.append(_numbered(given, k, rows).view(np.uint8).reshape(points, -1))
    seen = np.ascontiguousarray(np.concatenate(columns, axis=1))
    if seen.shape[1] == 0:
        return np.zeros(points, np.intp), [0]
    whole = seen.view(np.dtype((np.void, seen.shape[1]))).ravel()
    _, firsts, labels = np.unique(whole, return_index=True, return_inverse=True)
    return labels.ravel(), firsts.tolist()


def _numbered(given, k, rows):
    """A label for each row of an array that cannot be compared by its bytes."""
    known = {}
    try:
        return np.array([known.setdefault(key_of(row), len(known)) for row in rows])
    except NoKey as error:
        raise TypeError(
            f"argument {k} of {given.function._label} is an array of objects with batch axes, and "
            f"{error} cannot be compared from point to point; call it for one point after the "
            f"other"
        ) from None


def _with_rows(given, args, number):
    """args, in which arrays that are not inputs have the values of one point (zeros if the batch is
    empty)."""
    args = list(args)
    at = np.unravel_index(number, given.batch) if given.points() else None
    for k, fixed in groupby(given.fixed, key=itemgetter(0)):
        leaves, tree = flatten(args[k])
        for _, j, x in fixed:
            core = x.shape[given.batch_dims :]
            if at is None:
                leaves[j] = np.zeros(core, x.dtype)[()]
            else:
                leaves[j] = np.broadcast_to(x, given.batch + core)[at]
        args[k] = tree.build(leaves)
    return args


def _with_points(given, places):
    """The arguments with these points of the inputs, along one batch axis."""
    args, leaves = list(given.args), iter(given.leaves)
    for k, tree in zip(given.inputs, given.trees, strict=True):
        args[k] = tree.fill([_points(next(leaves), given, places) for _ in range(tree.leaves)])
    return args


def _points(x, given, places):
    """Some points of an input, each with its memory order."""
    x, dims = np.asarray(x), given.batch_dims
    strides = x.strides[dims:]
    inward = sorted(range(len(strides)), key=lambda axis: -abs(strides[axis]))
    core = x.shape[dims:]
    x = np.broadcast_to(x, given.batch + core)
    x = x.transpose(*range(dims), *(dims + axis for axis in inward))
    x = x.reshape(given.points(), *x.shape[dims:])[places]
    return x.transpose(0, *(1 + inward.index(axis) for axis in range(len(core))))
