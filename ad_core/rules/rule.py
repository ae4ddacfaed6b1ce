# SPDX-License-Identifier: Apache-2.0
"""A call of a function that is not traced: one block on the tape, with its own derivative rules."""

import math

import numpy as np

from ad_core import _core, transforms

__all__ = ["Rule", "call"]


class Rule:
    """One call of a function of arrays, as the tape keeps it.

    value(*arrays) gives the results, a tuple of arrays.  jvp(arrays, results, tangents) gives the
    results' tangents, vjp(arrays, results, cotangents) the arrays' cotangents, both tuples (None
    for zeros).  They are written in NumPy and given plain arrays in a sweep, traced ones where
    their own derivative is wanted; one of the two may be None, being the other's transpose.
    """

    __slots__ = ("_jvp", "_value", "_vjp", "inputs", "name", "outputs")

    def __init__(self, name, inputs, outputs, value, jvp, vjp):
        self.name = name
        self.inputs = inputs  # shapes
        self.outputs = outputs
        self._value = value
        self._jvp = jvp
        self._vjp = vjp

    def jvp(self, arrays, results, tangents):
        """Tangents of the results, one array each."""
        if self._jvp is not None:
            return self._checked(self._jvp(arrays, results, tangents), self.outputs, "jvp")
        zeros = [np.zeros(shape) for shape in self.outputs]
        pull = transforms.vjp(lambda w: self.vjp(arrays, results, w), zeros)[1]
        return pull(list(tangents))[0]

    def vjp(self, arrays, results, cotangents):
        """Cotangents of the arrays, one each."""
        if self._vjp is not None:
            return self._checked(self._vjp(arrays, results, cotangents), self.inputs, "vjp")
        zeros = [np.zeros(shape) for shape in self.inputs]
        pull = transforms.vjp(lambda t: self.jvp(arrays, results, t), zeros)[1]
        return pull(list(cotangents))[0]

    def _checked(self, found, shapes, what):
        found = list(found) if isinstance(found, (tuple, list)) else [found]
        if len(found) != len(shapes):
            raise ValueError(
                f"the {what} rule of {self.name} must return {len(shapes)} arrays, got {len(found)}"
            )
        for k, (x, shape) in enumerate(zip(found, shapes, strict=True)):
            if x is None:
                found[k] = np.zeros(shape)
            elif np.shape(x) != shape:
                raise ValueError(
                    f"the {what} rule of {self.name} must return shape {shape} as array {k}, got "
                    f"{np.shape(x)}"
                )
        return found

    # What the core asks, on flat arrays; matrices have a column a seed.

    def value(self, x):
        return _flat(results_of(self.name, self._value, split(x, self.inputs), self.outputs))

    def push(self, x, y, tangents):
        x, y = split(x, self.inputs), split(y, self.outputs)
        return _columns([_flat(self.jvp(x, y, split(t, self.inputs))) for t in tangents.T])

    def pull(self, x, y, adjoints):
        x, y = split(x, self.inputs), split(y, self.outputs)
        return _columns([_flat(self.vjp(x, y, split(w, self.outputs))) for w in adjoints.T])

    def record(self, x, y, seeds, backward):
        x, y = split(x, self.inputs), split(y, self.outputs)
        if backward:
            return _flat(self.vjp(x, y, split(seeds, self.outputs)))
        return _flat(self.jvp(x, y, split(seeds, self.inputs)))


def call(name, value, arrays, jvp=None, vjp=None):
    """value(*arrays), a tuple of results, by rules where an array is traced.

    Raises TypeError for results that are no real float64 arrays.
    """
    if not any(map(_core.traced, arrays)):
        return value(*arrays)
    plain = [
        _core.current_values(x) if _core.traced(x) else _core.plain_function("asarray")(x, float)
        for x in arrays
    ]
    results = _core.untraced(results_of, name, value, plain, None)
    shapes = [np.shape(y) for y in results]
    rule = Rule(name, [np.shape(x) for x in plain], shapes, value, jvp, vjp)
    flat = _core.untraced(_flat, results)
    if flat.size == 0 or all(x.size == 0 for x in plain):
        return tuple(results)
    return tuple(split(_core.record_call(rule, tuple(arrays), flat), shapes))


def results_of(name, value, arrays, shapes):
    """The results of a function as float64 arrays; of these shapes, unless None."""
    found = value(*arrays)
    results = [_real(name, y) for y in (found if isinstance(found, (tuple, list)) else (found,))]
    if shapes is not None and [np.shape(y) for y in results] != shapes:
        raise ValueError(
            f"{name} returned shapes {[np.shape(y) for y in results]}, but {shapes} where it was "
            f"recorded; the shapes must not depend on the values"
        )
    return results


def _real(name, y):
    y = np.asarray(y)
    if y.dtype.kind not in "fiub" or y.dtype.itemsize > 8:
        raise TypeError(f"{name} must return real float64 numbers, got {y.dtype}")
    return y.astype(np.float64)


def split(flat, shapes):
    """The arrays of these shapes that lie one behind the other."""
    parts, start = [], 0
    for shape in shapes:
        stop = start + math.prod(shape)
        parts.append(flat[start:stop].reshape(shape))
        start = stop
    return parts


def _flat(arrays):
    parts = [np.ravel(x) for x in arrays]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _columns(columns):
    return np.stack(columns, axis=1)
