# SPDX-License-Identifier: Apache-2.0
"""Derivatives through undetermined results: results that are not functions of their arguments at
a point.

Eigenvectors of equal eigenvalues are an example: they are a basis of their space that jumps when
the matrix changes. The rule of the call gives NaN for their derivatives, but a sweep drops a NaN
that is multiplied by a factor of exactly zero (log(1) times an eigenvector of the identity), and
the number that remains is finite and is not the derivative. Therefore the outputs that depend on
such a result are found from the structure of the recording, and their derivatives with respect to
the inputs that the call depends on are set to NaN.
"""

import math
from typing import NamedTuple

import numpy as np

from ad_core import _core

__all__ = ["Dependence", "dependences", "depends", "guarded", "marked", "marked_matrix"]


class Dependence(NamedTuple):
    """For one call: which outputs depend on its undetermined results and which inputs it depends
    on (both as truth values), and the weight that is added to the derivatives of these outputs by
    these inputs. The weight is NaN, or a traced number that is NaN at the points where a result is
    undetermined and 0 at other points."""

    rows: object
    columns: object
    weight: object


def dependences(recording):
    """The dependences of a recording at its point; empty if no result is undetermined there."""
    found = []
    if not _core.has_calls(recording.trace):
        return found
    for rule, operands, results in _core.undetermined_calls(recording.trace):
        if rule.may_keep and recording.nested:
            continue  # the rank is assumed to be the same at all points
        places, missing = _missing(recording, rule, operands, results)
        if places.size == 0 or (rule.may_keep and _keeps(recording, rule, operands)):
            continue
        rows, used = _dependent(recording, results[places], recording.outputs.nodes)
        read = operands if rule.reads is None else operands[np.ravel(rule.reads)]
        columns = _dependent(recording, recording.inputs.nodes, read)[1]
        if rows.any() and columns.any():
            found.append(Dependence(rows, columns, _weight(missing, used)))
    return found


def depends(recording):
    """Whether outputs may depend on undetermined results, at this point or at others."""
    for rule, operands, results in _core.undetermined_calls(recording.trace):
        may = _masks(rule, *_values(recording, operands, results))[0]
        start, _ = _core.jacobian_pattern(recording.trace, results[may], recording.outputs.nodes)
        if start[-1] > 0:
            return True
    return False


def _keeps(recording, rule, operands):
    """Whether the results are functions of the inputs after all, in every direction of the inputs.
    One direction in general position is tested."""
    inputs, shape = recording.inputs.nodes, operands.shape
    direction = np.cos(np.arange(1.0, inputs.size + 1.0))[:, None]
    tangents = _core.push_forward(recording.trace, inputs, operands, direction)[:, 0]
    return _core.untraced(rule.keeps, _core.values_at(recording.trace, operands, shape), tangents)


def _values(recording, operands, results):
    read = _core.traced_again if recording.nested else _core.values_at
    return (read(recording.trace, nodes, nodes.shape) for nodes in (operands, results))


def _masks(rule, x, y):
    """Which results can be undetermined at all, and which are at these values."""
    masks = rule.masks(x, y)
    may = [np.full(math.prod(s), m is not None) for m, s in zip(masks, rule.outputs, strict=True)]
    return np.concatenate(may), [mask for mask in masks if mask is not None]


def _missing(recording, rule, operands, results):
    """The positions of undetermined results, and None. For a recording within an outer trace, which
    may be evaluated at other points: the positions of results that can be undetermined, and traced
    truth values that say whether they are."""
    x, y = _values(recording, operands, results)
    if not recording.nested:
        missing = _core.untraced(rule.missing, x, y)
        return np.flatnonzero(missing), None
    may, masks = _masks(rule, x, y)
    return np.flatnonzero(may), np.concatenate([np.ravel(mask) for mask in masks])


def _weight(missing, used):
    if missing is None:
        return np.nan
    met = np.sum(np.where(missing[used], 1.0, 0.0))
    return np.where(met > 0.0, np.nan, 0.0)


def _dependent(recording, nodes, on):
    """Which of the nodes `on` depend on some of `nodes`, and which of `nodes` they depend on."""
    if nodes.size == 0 or on.size == 0:
        return np.zeros(on.size, bool), np.zeros(nodes.size, bool)
    inputs = recording.inputs.nodes  # nodes that depend on no input are constants
    others = inputs[~np.isin(inputs, nodes)]
    start, index = _core.jacobian_pattern(
        recording.trace, np.concatenate([nodes, others]), on, here=True
    )
    known = index < nodes.size
    used = np.bincount(index[known], minlength=nodes.size) > 0
    rows = np.repeat(np.arange(on.size), np.diff(start))[known]
    return np.bincount(rows, minlength=on.size) > 0, used


def guarded(weights, seeds):
    """weights * seeds, where a seed of exactly zero gives 0 even if the weight is NaN.

    The derivative by a traced seed is the weight, so a seed that is zero at this point only is
    distinguished from one that is zero everywhere."""
    if not (_core.traced(seeds) or _core.traced(weights)):
        return np.where(seeds == 0.0, 0.0, weights * seeds)
    shape = np.broadcast_shapes(np.shape(weights), np.shape(seeds))
    weights, seeds = (np.broadcast_to(x, shape) for x in (weights, seeds))
    return _core.record_op("GUARDED", weights, seeds)


def marked(found, pairs, seeds, forward):
    """A product of the Jacobian with a list of seeds, with NaN where the dependences say so."""
    if not pairs:
        return found
    seeds = np.concatenate([np.ravel(seed) for seed in seeds])
    for rows, columns, weight in pairs:
        seeded, changed = (columns, rows) if forward else (rows, columns)
        added = np.sum(guarded(np.where(seeded, weight, 0.0), seeds))
        found = found + np.where(changed, added, 0.0)
    return found


def marked_matrix(found, pairs):
    """The Jacobian with NaN where the dependences say so."""
    for rows, columns, weight in pairs:
        found = found + np.where(rows[:, None] & columns, weight, 0.0)
    return found
