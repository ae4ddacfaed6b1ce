# SPDX-License-Identifier: Apache-2.0
"""Derivatives through results that are no functions of their arguments at a point.

Eigenvectors of equal eigenvalues are such results: a basis of their space that jumps when the
matrix moves.  The rule of the call says NaN for them, but a sweep drops a NaN that meets a factor
of exactly zero (log(1) beside the eigenvectors of the identity), and what is left is a finite
number that is not the derivative.  So the outputs that depend on such a result are found by the
recording's structure, and their derivatives with respect to the inputs that the call depends on are
NaN.
"""

import math
from typing import NamedTuple

import numpy as np

from ad_core import _core

__all__ = ["Dependence", "dependences", "depends", "guarded", "marked", "marked_matrix"]


class Dependence(NamedTuple):
    """Of one call: outputs that depend on undetermined results, inputs that the call depends on
    (both as truth values), and what is added to their derivatives: NaN, or a traced number that is
    NaN at the points where such a result is met and 0 at others."""

    rows: object
    columns: object
    weight: object


def dependences(recording):
    """Those of a recording at its point, a list, empty but for equal eigenvalues and the like."""
    found = []
    if not _core.has_calls(recording.trace):
        return found
    for rule, operands, results in _core.undetermined_calls(recording.trace):
        if rule.may_keep and recording.nested:
            continue  # the rank is taken to stay what it is
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
    """Whether, at this point or another, outputs may depend on undetermined results."""
    for rule, operands, results in _core.undetermined_calls(recording.trace):
        may = _masks(rule, *_values(recording, operands, results))[0]
        start, _ = _core.jacobian_pattern(recording.trace, results[may], recording.outputs.nodes)
        if start[-1] > 0:
            return True
    return False


def _keeps(recording, rule, operands):
    """Whether such results are functions after all whichever way the inputs move: one direction in
    general position tells."""
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
    """The places of undetermined results, and whether each is: of a recording within a trace, which
    may be evaluated elsewhere, all that can be and traced truth values; else those that are."""
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
    """Which of the nodes `on` depend on some of `nodes`, and which of these do so."""
    if nodes.size == 0 or on.size == 0:
        return np.zeros(on.size, bool), np.zeros(nodes.size, bool)
    inputs = recording.inputs.nodes  # beside them, since what none of them moves is fixed
    others = inputs[~np.isin(inputs, nodes)]
    start, index = _core.jacobian_pattern(
        recording.trace, np.concatenate([nodes, others]), on, here=True
    )
    known = index < nodes.size
    used = np.bincount(index[known], minlength=nodes.size) > 0
    rows = np.repeat(np.arange(on.size), np.diff(start))[known]
    return np.bincount(rows, minlength=on.size) > 0, used


def guarded(weights, seeds):
    """Their product, in which a seed that is an exact zero wins over NaN.

    Where seeds vary, it varies with them: a seed that is zero at this point alone is told from one
    that is zero always."""
    if not (_core.traced(seeds) or _core.traced(weights)):
        return np.where(seeds == 0.0, 0.0, weights * seeds)
    shape = np.broadcast_shapes(np.shape(weights), np.shape(seeds))
    weights, seeds = (np.broadcast_to(x, shape) for x in (weights, seeds))
    return _core.record_op("GUARDED", weights, seeds)


def marked(found, pairs, seeds, forward):
    """A product of the Jacobian with seeds, a list of arrays, by these dependences."""
    if not pairs:
        return found
    seeds = np.concatenate([np.ravel(seed) for seed in seeds])
    for rows, columns, weight in pairs:
        asked, hit = (columns, rows) if forward else (rows, columns)
        lost = np.sum(guarded(np.where(asked, weight, 0.0), seeds))
        found = found + np.where(hit, lost, 0.0)
    return found


def marked_matrix(found, pairs):
    """The Jacobian by these dependences."""
    for rows, columns, weight in pairs:
        found = found + np.where(rows[:, None] & columns, weight, 0.0)
    return found
