# SPDX-License-Identifier: Apache-2.0
"""np.einsum: two operands at a time are contracted by a matrix product.

A label is a letter or, in the form with sublists, an integer. Axes under an ellipsis have labels
too: (k,) is the k-th axis from the right.
"""

import math
from functools import lru_cache

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy import products
from ad_core.overrides.numpy.dispatch import implements, refuse_dtype
from ad_core.recording.arrays import as_array

__all__ = ["einsum"]


def _labels(text):
    """The labels of one operand in a subscripts string, with Ellipsis for `...`."""
    before, dots, after = text.partition("...")
    labels = (*before, *([Ellipsis] if dots else []), *after)
    if not all(label is Ellipsis or label.isalpha() for label in labels):
        raise ValueError(f"einsum: the subscripts {text!r} must be letters and at most one '...'")
    return labels


def _parsed(operands):
    """The labels of each operand, the labels of the output or None, and the operands."""
    if isinstance(operands[0], str):
        inputs, arrow, output = operands[0].replace(" ", "").partition("->")
        terms = tuple(_labels(term) for term in inputs.split(","))
        return terms, _labels(output) if arrow else None, [as_array(x) for x in operands[1:]]
    pairs, rest = divmod(len(operands), 2)
    terms = tuple(tuple(operands[2 * k + 1]) for k in range(pairs))
    arrays = [as_array(operands[2 * k]) for k in range(pairs)]
    return terms, tuple(operands[-1]) if rest else None, arrays


def _spelled(term, ndim):
    """The labels of an operand or output with `ndim` axes, its ellipsis written out."""
    if Ellipsis not in term:
        return list(term)
    place, hidden = term.index(Ellipsis), ndim - len(term) + 1
    return [*term[:place], *((k,) for k in range(hidden - 1, -1, -1)), *term[place + 1 :]]


def _spelled_output(output, terms):
    """The output's labels, from those of the operands if it is not given."""
    hidden = max(
        [label[0] + 1 for term in terms for label in term if isinstance(label, tuple)] + [0]
    )
    if output is None:
        every = [label for term in terms for label in term if not isinstance(label, tuple)]
        return _spelled(
            [Ellipsis, *sorted(x for x in set(every) if every.count(x) == 1)],
            hidden + sum(every.count(x) == 1 for x in set(every)),
        )
    if hidden and Ellipsis not in output:
        raise ValueError(
            "einsum: the operands have axes under '...', so the output must have '...' too"
        )
    labels = _spelled(output, len(output) - 1 + hidden)
    known = {label for term in terms for label in term}
    if len(set(labels)) != len(labels) or not known.issuperset(labels):
        raise ValueError("einsum: each label of the output must be a label of an operand, once")
    return labels


def _lengths(terms, shapes):
    """Label -> length. Axes of length 1 broadcast against the others."""
    lengths = {}
    for term, shape in zip(terms, shapes, strict=True):
        if len(term) != len(shape):
            raise ValueError(
                f"einsum: {len(term)} labels for an operand of {len(shape)} dimensions"
            )
        for label, n in zip(term, shape, strict=True):
            if lengths.setdefault(label, n) != n and n != 1:
                if lengths[label] != 1:
                    raise ValueError(
                        f"einsum: label {label!r} has lengths {lengths[label]} and {n}"
                    )
                lengths[label] = n
    return lengths


def _distinct(term, x, lengths):
    """An operand without repeated labels (diagonals) and without axes that only broadcast."""
    for label in dict.fromkeys(term):
        while term.count(label) > 1:
            first = term.index(label)
            second = term.index(label, first + 1)
            x = np.diagonal(x, 0, first, second)  # the diagonal is the last axis
            term = [*(other for d, other in enumerate(term) if d not in (first, second)), label]
    wide = [n == lengths[label] for label, n in zip(term, x.shape, strict=True)]
    if not all(wide):
        x = x[tuple(slice(None) if full else 0 for full in wide)]
        term = [label for label, full in zip(term, wide, strict=True) if full]
    return term, x


def _summed(term, x, wanted):
    """An operand, summed over the labels that are not wanted."""
    alone = tuple(d for d, label in enumerate(term) if label not in wanted)
    if not alone:
        return term, x
    return [label for label in term if label in wanted], as_array(np.sum(x, axis=alone))


def _ordered(x, term, *groups):
    """x with its axes in the order of the groups of labels."""
    order = [term.index(label) for group in groups for label in group]
    return x if order == list(range(len(order))) else np.transpose(x, order)


def _contracted(left, right, wanted):
    """The contraction of two operands, summed over labels that are not wanted later."""
    (a, x), (b, y) = (
        _summed(*side, wanted | set(other[0])) for side, other in ((left, right), (right, left))
    )
    both = [label for label in a if label in b]
    batch = [label for label in both if label in wanted]
    inner = [label for label in both if label not in wanted]
    rows, columns = [c for c in a if c not in both], [c for c in b if c not in both]
    x, y = _ordered(x, a, batch, rows, inner), _ordered(y, b, batch, inner, columns)
    cut, end = len(batch), len(batch) + len(rows)
    shape = (*x.shape[:end], *y.shape[cut + len(inner) :])
    if not inner:
        x = x.reshape(*x.shape, *[1] * len(columns)) if columns else x
        y = y.reshape(*y.shape[:cut], *[1] * len(rows), *y.shape[cut:]) if rows else y
        return [*batch, *rows, *columns], as_array(x * y)
    if batch and not rows and not columns:  # many short dot products are faster as a sum
        return batch, as_array(np.sum(x * y, axis=tuple(range(cut, x.ndim))))
    if len(rows) != 1 or len(columns) != 1 or len(inner) != 1:
        n = math.prod(x.shape[end:])
        x = x.reshape(*x.shape[:cut], math.prod(x.shape[cut:end]), n)
        y = y.reshape(*y.shape[:cut], n, math.prod(shape[end:]))
    product = as_array(products.matmul(x, y))
    return [*batch, *rows, *columns], product if product.shape == shape else product.reshape(shape)


@lru_cache(maxsize=256)
def _planned(terms, output, shapes, optimize):
    """The spelled labels of the operands and of the output, the lengths of the labels, and the
    order in which operands are contracted: positions, as those of np.einsum_path."""
    terms = [_spelled(term, len(shape)) for term, shape in zip(terms, shapes, strict=True)]
    output = _spelled_output(output, terms)
    lengths = _lengths(terms, shapes)
    if len(terms) < 3:
        return terms, output, lengths, [tuple(range(len(terms)))]
    numbers = {label: k for k, label in enumerate(lengths)}
    operands = []
    for term, shape in zip(terms, shapes, strict=True):
        operands += [np.broadcast_to(0.0, shape), [numbers[label] for label in term]]
    operands.append([numbers[label] for label in output])
    return terms, output, lengths, np.einsum_path(*operands, optimize=optimize or "greedy")[0][1:]


def _shapes(operands):
    """The arguments of einsum, with plain arrays of the same shapes for the traced ones."""
    return [np.broadcast_to(0.0, x.shape) if _core.traced(x) else x for x in operands]


def _moved(operands, x):
    """einsum of one array that only moves axes or takes a diagonal: a view that may be written to,
    made by NumPy's function on the index array."""
    index = _core.index_array(x)
    place = 1 if isinstance(operands[0], str) else 0
    items = [index if k == place else item for k, item in enumerate(operands)]
    return _core.from_index(x, np.einsum(*items))


@implements(np.einsum)
def einsum(*operands, optimize=False, dtype=None, order="K", casting="safe"):
    if dtype not in (None, float, np.float64, np.dtype(np.float64)):
        refuse_dtype(dtype, "einsum")
    terms, output, arrays = _parsed(operands)
    if len(terms) != len(arrays):
        raise ValueError(f"einsum: subscripts for {len(terms)} operands, but {len(arrays)} given")
    path = None
    if isinstance(optimize, (list, tuple)) and optimize and optimize[0] == "einsum_path":
        path, optimize = optimize[1:], False
    if isinstance(optimize, list):
        optimize = tuple(optimize)
    shapes = tuple(x.shape for x in arrays)
    terms, output, lengths, found = _planned(terms, output, shapes, optimize)
    if len(arrays) == 1 and set(output) == set(terms[0]):
        return _moved(operands, arrays[0])
    parts = [_distinct(term, x, lengths) for term, x in zip(terms, arrays, strict=True)]
    for places in found if path is None or len(arrays) < 3 else path:
        chosen = [parts[k] for k in places]
        parts = [part for k, part in enumerate(parts) if k not in places]
        result = chosen[0]
        for k, other in enumerate(chosen[1:], 2):
            others = [label for term, _ in (*parts, *chosen[k:]) for label in term]
            result = _contracted(result, other, {*output, *others})
        parts.append(result)
    term, x = _summed(*parts[0], set(output))
    return _ordered(x, term, output)[()]


@implements(np.einsum_path)
def einsum_path(*operands, optimize="greedy", einsum_call=False):
    return np.einsum_path(*_shapes(operands), optimize=optimize, einsum_call=einsum_call)
