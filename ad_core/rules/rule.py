# SPDX-License-Identifier: Apache-2.0
"""A call of a function that is not traced: one block on the tape, with its own rules for
derivatives."""

import math
from typing import NamedTuple

import numpy as np

from ad_core import _core
from ad_core.errors import DtypeError, EscapedTraceError, TracedValueError
from ad_core.rules import points
from ad_core.transforms import first_order

__all__ = ["Matrices", "Rule", "call", "closed_over", "flat", "results_of", "rows_of", "split"]


class Matrices(NamedTuple):
    """A function of stacks of matrices that the core computes with LAPACK: src/linalg/linear.h."""

    kind: str
    batch: tuple  # the stack's shape
    n: int
    k: int
    flags: int
    results: list  # their shapes
    fixed: object = None  # the matrices of solve if they are plain numbers

    def called(self):
        """The description that the core takes."""
        return self.kind, math.prod(self.batch), self.n, self.k, self.flags, self.fixed


class Rule:
    """One call of a function of arrays, as the tape keeps it.

    value(*arrays) returns the results, a tuple of arrays. jvp(arrays, results, tangents) returns
    the tangents of the results, and vjp(arrays, results, cotangents) the cotangents of the arrays,
    both as tuples (None for zeros). They are NumPy code and are called with plain arrays in a
    sweep, and with traced arrays to compute their own derivative. One of the two may be None: it is
    then the transpose of the other.

    If seeds share work, linear(arrays, results, backward) replaces both: it returns the map of
    tangents to tangents at a point, and with backward that of cotangents to cotangents. It may
    return None for one of them, which is then the transpose of the other.

    undetermined(arrays, results) is optional. It says which results are not functions of the arrays
    at this point (eigenvectors of equal eigenvalues): for each result a truth value or an array of
    truth values that broadcasts against it, or None if this can not happen. The derivatives of what
    depends on them are set by ad_core/recording/undetermined.py. reads: which elements of its one
    array such a rule reads; None means all. keeps(arrays, tangents) is optional. It says whether
    the results are functions after all if the arrays change in the direction of the tangents.

    stack is the shape of the leading axes of all arrays and results if these are stacks whose items
    do not affect each other. The functions above then also take stacks with one more leading axis,
    that of the points of a batch. None means that neither holds. () means that there is one item;
    with undetermined, stack is taken as ().

    local says that a recording of the derivatives holds at its own point only, because they depend
    on plain values as well (the parts into which an integration is divided).
    """

    __slots__ = (
        "_jvp",
        "_keeps",
        "_linear",
        "_value",
        "_vjp",
        "inputs",
        "local",
        "name",
        "outputs",
        "reads",
        "stack",
        "undetermined",
    )  # fmt: skip
    elementwise = False

    def __init__(self, name, inputs, outputs, value, jvp, vjp, linear=None, undetermined=None,
                 reads=None, keeps=None, stack=None, local=False):  # fmt: skip
        self.name = name
        self.inputs = inputs  # shapes
        self.outputs = outputs  # shapes; None for a call that raised
        self._value = value
        self._jvp = jvp
        self._vjp = vjp
        self._linear = linear
        self.undetermined = undetermined
        self.reads = reads
        self._keeps = keeps
        self.local = local
        # where a result is undetermined, derivatives by all arrays are NaN: they are one item
        self.stack = stack if stack is None or undetermined is None else ()

    @property
    def may_keep(self):
        """Whether undetermined results may be functions along some tangents."""
        return self._keeps is not None

    def keeps(self, x, tangents):
        """Whether they are functions along these tangents; all arrays are flat."""
        return self._keeps(split(x, self.inputs), split(tangents, self.inputs))

    def masks(self, x, y):
        """Which elements of each result are undetermined, for flat arrays; None if none can be.
        For traced arrays the truth values are traced."""
        found = self.undetermined(split(x, self.inputs), split(y, self.outputs))
        return [
            None if mask is None else np.broadcast_to(mask, shape)
            for mask, shape in zip(found, self.outputs, strict=True)
        ]

    def missing(self, x, y):
        """Which elements of all results are undetermined, as one flat array."""
        pairs = zip(self.masks(x, y), self.outputs, strict=True)
        return flat([np.zeros(shape, bool) if mask is None else mask for mask, shape in pairs])

    def at(self, arrays, results, backward):
        """The map of tangents to tangents; with backward, that of cotangents to cotangents."""
        linear = self.given(arrays, results, backward)
        if linear is None:
            return self._transposed(self.at(arrays, results, not backward), backward)
        shapes, what = (self.inputs, "vjp") if backward else (self.outputs, "jvp")
        return lambda seeds: self._checked(linear(seeds), shapes, what)

    def given(self, arrays, results, backward):
        """The map as the rule gives it, without checks; None if it is the transpose of the other
        one."""
        if self._linear is not None:
            return self._linear(arrays, results, backward)
        rule = self._vjp if backward else self._jvp
        return None if rule is None else lambda seeds: rule(arrays, results, seeds)

    def _transposed(self, linear, backward):
        zeros = [np.zeros(shape) for shape in (self.inputs if backward else self.outputs)]
        pull = first_order.vjp(linear, zeros)[1]
        return lambda seeds: pull(list(seeds))[0]

    def _checked(self, found, shapes, what):
        found = list(found) if isinstance(found, (tuple, list)) else [found]
        name = f"the {what} rule of {self.name}"
        if len(found) != len(shapes):
            raise ValueError(f"{name} must return {len(shapes)} arrays, got {len(found)}")
        for k, (x, shape) in enumerate(zip(found, shapes, strict=True)):
            if x is None:
                found[k] = np.zeros(shape)
                continue
            found[k] = x if _core.traced(x) else _real(name, x)
            if np.shape(x) != shape:
                raise ValueError(
                    f"{name} must return shape {shape} as array {k}, got {np.shape(x)}"
                )
        return found

    # Called by the core with flat arrays; matrices have a column for each seed.

    def value(self, x):
        results = results_of(self.name, self._value, split(x, self.inputs), self.outputs)
        return np.empty(0) if self.outputs is None else flat(results)

    def push(self, x, y, tangents):
        return self._columns(x, y, tangents, backward=False)

    def pull(self, x, y, adjoints):
        return self._columns(x, y, adjoints, backward=True)

    def _columns(self, x, y, seeds, backward):
        shapes = self.outputs if backward else self.inputs
        try:
            linear = self.at(split(x, self.inputs), split(y, self.outputs), backward)
            if seeds.shape[1] == 1:
                return flat(linear(split(seeds[:, 0], shapes)))
            return np.stack([flat(linear(split(seed, shapes))) for seed in seeds.T], axis=1)
        except EscapedTraceError as error:
            raise closed_over(f"a derivative rule of {self.name}") from error

    # The same for matrices with a column for each point (rules/points.py).

    def value_at_points(self, x):
        return points.value(self, self._value, x)

    def product_at_points(self, x, y, seeds, backward):
        return points.product(self, x, y, seeds, backward)

    def missing_at_points(self, x, y):
        return points.missing(self, x, y)

    def record(self, x, y, seeds, backward):
        linear = self.at(split(x, self.inputs), split(y, self.outputs), backward)
        return flat(linear(split(seeds, self.outputs if backward else self.inputs)))


def call(name, value, arrays, jvp=None, vjp=None, linear=None, matrices=None, undetermined=None,
         reads=None, keeps=None, raises=True, stack=None, local=False):  # fmt: skip
    """value(*arrays), a tuple of results; if an array is traced, one call with rules is recorded.

    matrices: the same function in the core, if LAPACK is available or the matrices are small.
    raises: whether value may raise at some points; the outcome is then kept as a guard, since the
    user's function may catch the exception and take another branch. The others are described in
    Rule. Raises TypeError for arrays and results that are not real float64 numbers.
    """
    if not any(map(_core.traced, arrays)):
        return value(*arrays)
    arrays = [
        _core.as_array(x) if _core.traced(x) else _core.float_argument(x, name) for x in arrays
    ]
    inputs = [x.shape for x in arrays]
    try:
        rules = jvp, vjp, linear, undetermined, reads, keeps, stack, local
        return _recorded(name, value, arrays, inputs, rules, matrices, raises)
    except (TracedValueError, MemoryError):
        raise
    except Exception as error:
        if raises and any(map(math.prod, inputs)):
            failed = Rule(name, inputs, None, value, None, None)
            _core.record_outcome(failed, tuple(arrays), error)
        raise


def _recorded(name, value, arrays, inputs, rules, matrices, raises):
    """The results of a call, which is recorded."""
    numbers = known = None
    if matrices is not None and math.prod((*matrices.batch, matrices.n)):
        known = matrices.called()
    if known is not None and _core.has_lapack():
        shapes = matrices.results
    else:
        plain = [_core.current_values(x) if _core.traced(x) else x.copy() for x in arrays]
        results = _core.untraced(results_of, name, value, plain, None)
        shapes = [y.shape for y in results]
        numbers = _core.end_to_end(results)
    m = sum(map(math.prod, shapes))
    if m == 0 or not any(map(math.prod, inputs)):
        return tuple(map(np.zeros, shapes)) if numbers is None else tuple(results)
    rule = Rule(name, inputs, shapes, value, *rules)
    called = _core.Called(rule, known, raises)
    row = _core.record_call(called, tuple(arrays), m, numbers)
    return tuple(_core.shaped_parts(row, shapes))


def results_of(name, value, arrays, shapes):
    """The results of a function as float64 arrays; ValueError if their shapes are not `shapes`."""
    try:
        found = value(*arrays)
        results = _core.real_arrays(found)
        if results is None:
            found = found if isinstance(found, (tuple, list)) else (found,)
            results = [_real(name, y) for y in found]
    except EscapedTraceError as error:
        raise closed_over(name) from error
    if shapes is not None and [y.shape for y in results] != shapes:
        raise ValueError(
            f"{name} returned shapes {[y.shape for y in results]}, but {shapes} where it was "
            f"recorded; the shapes must not depend on the values"
        )
    return results


def closed_over(what):
    """The error for a function that closes over a traced value."""
    return TracedValueError(
        f"{what} uses a traced value that is not among its arguments, so its derivative would be "
        f"lost; pass it as an argument"
    )


def _real(name, y):
    if _core.traced(y):
        raise closed_over(name)
    y = np.asarray(y)
    if y.dtype.kind not in "fiub" or y.dtype.itemsize > 8:
        raise DtypeError(f"{name} must return real float64 numbers, got {y.dtype}")
    return y.astype(np.float64, copy=False)


def split(numbers, shapes):
    """The arrays of these shapes that lie end to end in `numbers`."""
    if len(shapes) == 1:
        return [numbers.reshape(shapes[0])]
    parts, start = [], 0
    for shape in shapes:
        stop = start + math.prod(shape)
        parts.append(numbers[start:stop].reshape(shape))
        start = stop
    return parts


def flat(arrays):
    """The arrays end to end, each in C order, as one flat array."""
    parts = [x.reshape(-1) if type(x) is np.ndarray else np.ravel(x) for x in arrays]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def rows_of(linear, like):
    """The matrix whose rows are the flat values of a linear map of arrays at the unit vectors."""
    shapes = [np.shape(x) for x in like]
    n = sum(map(math.prod, shapes))
    return np.stack([flat(linear(split(unit, shapes))) for unit in np.eye(n)])
