# SPDX-License-Identifier: Apache-2.0
"""Rules of stacks, called once for many points of a batch: the points are one more leading axis.

Matrices are those of the core: a row holds one number of all points. Arrays have a row for each
point.
"""

import math

import numpy as np

__all__ = ["missing", "product", "value"]


def value(rule, function, x):
    """The matrix of the results of a function of the rule's arrays at all points."""
    results = function(*_stacks(x, rule.inputs))
    results = results if isinstance(results, (tuple, list)) else (results,)
    return _rows(results, rule.outputs, x.shape[1])


def product(rule, x, y, seeds, backward):
    """J times seeds or, backward, its transpose times seeds, at all points. Rows of several seeds
    are consecutive, in seeds and in the result."""
    count = x.shape[1]
    given, shapes = (rule.outputs, rule.inputs) if backward else (rule.inputs, rule.outputs)
    linear = rule.given(_stacks(x, rule.inputs), _stacks(y, rule.outputs), backward)
    seeds = seeds.reshape(sum(map(math.prod, given)), -1, count)
    found = np.empty((sum(map(math.prod, shapes)), seeds.shape[1], count))
    for q in range(seeds.shape[1]):
        found[:, q] = _rows(linear(_stacks(seeds[:, q], given)), shapes, count)
    return found.reshape(-1, count)


def missing(rule, x, y):
    """At which points a result is undetermined."""
    count = x.shape[1]
    found = np.zeros(count, bool)
    masks = rule.undetermined(_stacks(x, rule.inputs), _stacks(y, rule.outputs))
    for mask, shape in zip(masks, rule.outputs, strict=True):
        if mask is not None:
            found |= np.broadcast_to(mask, (count, *shape)).reshape(count, -1).any(axis=1)
    return found


def _stacks(matrix, shapes):
    """The arrays whose numbers are consecutive rows of a matrix."""
    parts, start, across = [], 0, matrix.T
    for shape in shapes:
        stop = start + math.prod(shape)
        part = np.ascontiguousarray(across[:, start:stop])
        parts.append(part.reshape(len(across), *shape))
        start = stop
    return parts


def _rows(arrays, shapes, count):
    """The inverse of _stacks(); None stands for zeros."""
    parts = []
    for x, shape in zip(arrays, shapes, strict=True):
        if x is None:
            parts.append(np.zeros((math.prod(shape), count)))
            continue
        if np.shape(x) != (count, *shape):
            raise ValueError(f"a rule of stacks returned {np.shape(x)}, not {(count, *shape)}")
        parts.append(np.reshape(x, (count, -1)).T)
    return np.concatenate(parts)
