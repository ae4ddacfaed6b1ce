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


def _split(operands):
    """The subscripts, in a form that can be a key, and the arrays."""
    if isinstance(operands[0], str):
        return operands[0], [as_array(x) for x in operands[1:]]
    pairs, rest = divmod(len(operands), 2)
    terms = tuple([tuple(operands[2 * k + 1]) for k in range(pairs)])
    arrays = [as_array(operands[2 * k]) for k in range(pairs)]
    return (terms, tuple(operands[-1]) if rest else None), arrays


def _parsed(subscripts):
    """The labels of each operand, and the labels of the output or None."""
    if not isinstance(subscripts, str):
        return subscripts
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    return tuple(_labels(term) for term in inputs.split(",")), _labels(output) if arrow else None


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


class _Array:
    """An array that a plan computes: its number in the plan, and its shape."""

    def __init__(self, plan, shape):
        self.plan, self.shape, self.number = plan, tuple(shape), plan.count
        plan.count += 1

    def made(self, operation, argument, shape, *others):
        """The result of operation(argument, *arrays), which becomes a step of the plan."""
        second = others[0].number if others else None
        self.plan.steps.append((operation, argument, self.number, second))
        return _Array(self.plan, shape)

    def transposed(self, order):
        if list(order) == list(range(len(order))):
            return self
        return self.made(_transposed, tuple(order), [self.shape[d] for d in order])

    def reshaped(self, *shape):
        return self if shape == self.shape else self.made(_reshaped, shape, shape)

    def summed(self, axes):
        shape = [n for d, n in enumerate(self.shape) if d not in axes]
        return self.made(_summed_over, tuple(axes), shape)

    def diagonal(self, *axes):
        shape = [n for d, n in enumerate(self.shape) if d not in axes]
        return self.made(_diagonal, axes, [*shape, min(self.shape[d] for d in axes)])

    def first_of(self, axes):
        key = tuple(0 if d in axes else slice(None) for d in range(len(self.shape)))
        return self.made(_taken, key, [n for d, n in enumerate(self.shape) if d not in axes])

    def times(self, other):
        return self.made(_times, None, np.broadcast_shapes(self.shape, other.shape), other)

    def matmul(self, other, shape):
        return self.made(_product, None, shape, other)


def _transposed(order, x):
    return x.transpose(order)


def _reshaped(shape, x):
    return x.reshape(shape)


def _summed_over(axes, x):
    return as_array(np.sum(x, axis=axes))


def _diagonal(axes, x):
    return np.diagonal(x, 0, *axes)


def _taken(key, x):
    return x[key]


def _times(_, x, y):
    return as_array(x * y)


def _product(_, x, y):
    found = _core.vector_product(x, y)
    if found is None:
        both = products.matmul if _core.traced(x) or _core.traced(y) else np.matmul
        found = both(x, y)
    return found


class _Plan:
    """Operations on arrays: those with the first numbers are the operands of einsum. `moves` says
    that it has one operand, of which it only moves axes."""

    def __init__(self, terms, output, shapes, optimize, path):
        self.steps, self.count = [], 0
        arrays = [_Array(self, shape) for shape in shapes]
        terms = [_spelled(term, len(shape)) for term, shape in zip(terms, shapes, strict=True)]
        output = _spelled_output(output, terms)
        lengths = _lengths(terms, shapes)
        self.moves = len(arrays) == 1 and set(output) == set(terms[0])
        parts = [_distinct(term, x, lengths) for term, x in zip(terms, arrays, strict=True)]
        if path is None or len(arrays) < 3:
            path = _order(terms, output, lengths, shapes, optimize)
        for places in path:
            chosen = [parts[k] for k in places]
            parts = [part for k, part in enumerate(parts) if k not in places]
            result = chosen[0]
            for k, other in enumerate(chosen[1:], 2):
                others = [label for term, _ in (*parts, *chosen[k:]) for label in term]
                result = _contracted(result, other, {*output, *others})
            parts.append(result)
        term, x = _summed(*parts[0], set(output))
        self.result = _ordered(x, term, output).number

    def run(self, arrays):
        """The result for these operands."""
        for operation, argument, first, second in self.steps:
            if second is None:
                arrays.append(operation(argument, arrays[first]))
            else:
                arrays.append(operation(argument, arrays[first], arrays[second]))
        return arrays[self.result][()]


def _distinct(term, x, lengths):
    """An operand without repeated labels (diagonals) and without axes that only broadcast."""
    for label in dict.fromkeys(term):
        while term.count(label) > 1:
            first = term.index(label)
            second = term.index(label, first + 1)
            x = x.diagonal(first, second)  # the diagonal is the last axis
            term = [*(other for d, other in enumerate(term) if d not in (first, second)), label]
    narrow = [d for d, label in enumerate(term) if x.shape[d] != lengths[label]]
    if narrow:
        x = x.first_of(narrow)
        term = [label for d, label in enumerate(term) if d not in narrow]
    return term, x


def _summed(term, x, wanted):
    """An operand, summed over the labels that are not wanted."""
    alone = tuple(d for d, label in enumerate(term) if label not in wanted)
    if not alone:
        return term, x
    return [label for label in term if label in wanted], x.summed(alone)


def _ordered(x, term, *groups):
    """x with its axes in the order of the groups of labels."""
    return x.transposed([term.index(label) for group in groups for label in group])


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
    lead, high, wide = x.shape[:cut], x.shape[cut:end], y.shape[cut + len(inner) :]
    if not inner:
        x = x.reshaped(*x.shape, *[1] * len(columns))
        y = y.reshaped(*lead, *[1] * len(rows), *wide)
        return [*batch, *rows, *columns], x.times(y)
    if batch and not rows and not columns:  # many short dot products are faster as a sum
        return batch, x.times(y).summed(range(cut, len(x.shape)))
    n = math.prod(x.shape[end:])
    # without a batch, an operand without rows or columns is a vector
    high_once = (math.prod(high),) if rows or batch else ()
    wide_once = (math.prod(wide),) if columns or batch else ()
    x, y = x.reshaped(*lead, *high_once, n), y.reshaped(*lead, n, *wide_once)
    product = x.matmul(y, (*lead, *high_once, *wide_once))
    return [*batch, *rows, *columns], product.reshaped(*lead, *high, *wide)


def _order(terms, output, lengths, shapes, optimize):
    """The order in which operands are contracted: positions, as those of np.einsum_path."""
    if len(terms) < 3:
        return [tuple(range(len(terms)))]
    numbers = {label: k for k, label in enumerate(lengths)}
    operands = []
    for term, shape in zip(terms, shapes, strict=True):
        operands += [np.broadcast_to(0.0, shape), [numbers[label] for label in term]]
    operands.append([numbers[label] for label in output])
    return np.einsum_path(*operands, optimize=optimize or "greedy")[0][1:]


def _planned(subscripts, shapes, optimize, path):
    """The plan for subscripts, a text or the labels in the form with sublists."""
    terms, output = _parsed(subscripts)
    if len(terms) != len(shapes):
        raise ValueError(f"einsum: subscripts for {len(terms)} operands, but {len(shapes)} given")
    return _Plan(terms, output, shapes, optimize, path)


_planned = lru_cache(maxsize=256)(_planned)


def _moved(operands, x):
    """einsum of one array that only moves axes or takes a diagonal: a view that may be written to,
    made by NumPy's function on the index array."""
    index = _core.index_array(x)
    place = 1 if isinstance(operands[0], str) else 0
    items = [index if k == place else item for k, item in enumerate(operands)]
    return _core.from_index(x, np.einsum(*items))


@implements(np.einsum)
def einsum(*operands, optimize=False, dtype=None, order="K", casting="safe"):
    """np.einsum, which is compiled unless optimize= is given."""
    if dtype not in (None, float, np.float64, np.dtype(np.float64)):
        refuse_dtype(dtype, "einsum")
    subscripts, arrays = _split(operands)
    path = None
    if isinstance(optimize, (list, tuple)):
        if optimize and optimize[0] == "einsum_path":
            path, optimize = tuple(map(tuple, optimize[1:])), False
        else:
            optimize = tuple(optimize)
    plan = _planned(subscripts, tuple([x.shape for x in arrays]), optimize, path)
    return _moved(operands, arrays[0]) if plan.moves else plan.run(arrays)
