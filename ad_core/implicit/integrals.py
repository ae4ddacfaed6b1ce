# SPDX-License-Identifier: Apache-2.0
"""Integrals by Leibniz's rule: the derivative of an integral is the integral of the derivative, and
what its limits add."""

import numpy as np

from ad_core import _core
from ad_core.implicit.equations import plainly
from ad_core.rules.arguments import RuleArguments
from ad_core.rules.closures import depend, hoisted
from ad_core.rules.rule import call, flat, split
from ad_core.transforms import first_order

__all__ = ["integral"]


def integral(name, given, find, parts, again, vectors=False):
    """The integral that find(given) returns, as a differentiable function of the traced values in
    given (as in equations.solved()).

    parts(given) is (f, a, b): the integrand as a function of the variable alone, and the limits.
    again(given, f, a, b) integrates another function, with the same tolerances; it takes traced
    values. vectors: it takes functions with arrays as results.

    Cost: a tangent takes one integral. A cotangent takes one with vectors, otherwise one for each
    number that the integrand depends on, of the same evaluations.
    """
    values, rebuild = hoisted(given)
    if not depend(values):
        values = [_core.current_values(x)[()] if _core.traced(x) else x for x in values]
        return plainly(name, find, rebuild(values))[()]
    arguments = RuleArguments(name, tuple(values), numbers=False)

    def value(*arrays):
        return (find(rebuild(arguments.primals(arrays))),)

    def linear(arrays, results, backward):
        return _Derivative(lambda arrays: rebuild(arguments.primals(arrays)), parts, again, arrays,
                           vectors).map(backward)  # fmt: skip

    return call(name, value, arguments.take_arrays(), linear=linear)[0][()]


class _Derivative:
    """The derivative of one integral at arrays, plain or traced."""

    def __init__(self, at, parts, again, arrays, vectors):
        self.at = at
        self.parts = parts
        self.arrays = arrays
        self.vectors = vectors
        given = at(arrays)
        self.integrate = lambda f: again(given, f, *parts(given)[1:])

    def map(self, backward):
        return self.pull if backward else self.push

    def limits(self, *arrays):
        return tuple(_limit(x) for x in self.parts(self.at(arrays))[1:])

    def push(self, tangents):
        at, parts, arrays = self.at, self.parts, list(self.arrays)

        def slope(t):
            def by_arrays(*arrays):
                return _whole(parts(at(arrays))[0](t))

            return first_order.jvp(by_arrays, tuple(arrays), tuple(tangents))[1]

        (a, b), (da, db) = first_order.jvp(self.limits, tuple(arrays), tuple(tangents))
        f = parts(at(arrays))[0]
        return [self.integrate(slope) + _at_end(f, b, db) - _at_end(f, a, da)]

    def pull(self, cotangents):
        (w,) = cotangents
        at, parts, arrays = self.at, self.parts, list(self.arrays)
        shapes = [np.shape(x) for x in arrays]

        def slopes(t):
            def by_arrays(*arrays):
                return _whole(parts(at(arrays))[0](t))

            return flat(first_order.vjp(by_arrays, *arrays)[1](w if self.vectors else 1.0))

        if self.vectors:
            found = self.integrate(slopes)
        else:
            known = _Known(slopes)
            count = sum(int(np.prod(shape)) for shape in shapes)
            found = np.stack([self.integrate(known.part(k)) for k in range(count)]) * w
        (a, b), pull = first_order.vjp(self.limits, *arrays)
        f = parts(at(arrays))[0]
        ends = pull((-np.sum(_at_end(f, a, w)), np.sum(_at_end(f, b, w))))
        return [x + y for x, y in zip(split(found, shapes), ends, strict=True)]


class _Known:
    """The elements of a function of t with an array as its result, which is computed once for each
    plain t."""

    def __init__(self, function):
        self.function = function
        self.known = {}

    def part(self, k):
        function, known = self.function, self.known
        if not _is_plain(function):
            return lambda t: function(t)[k]

        def element(t):
            found = known.get(t)
            if found is None:
                found = known[t] = function(t)
            return found[k]

        return element


def _is_plain(function):
    return not hoisted(function)[0] and not _core.is_tracing()


def _whole(value):
    """An integrand's value as an array, or as a number if it is a list of one."""
    return np.asarray(value) if not _core.traced(value) else value


def _limit(x):
    return np.reshape(x, ()) if np.ndim(x) else 1.0 * x


def _at_end(f, end, factor):
    """f(end) * factor; zero at infinity, where the integrand vanishes, and for a fixed limit."""
    if not np.isfinite(_plain(end)) or (not _core.traced(factor) and not np.any(factor)):
        return 0.0
    return f(end) * factor


def _plain(x):
    return _core.current_values(x) if _core.traced(x) else x
