# SPDX-License-Identifier: Apache-2.0
"""The implicit function theorem: the derivative of a solution from the equation it solves."""

import numpy as np

from ad_core import _core
from ad_core.implicit.linear import solve
from ad_core.implicit.unknown import Unknown
from ad_core.rules.arguments import Result, RuleArguments, any_traced_leaf
from ad_core.rules.closures import hoisted
from ad_core.rules.rule import flat, rows_of, split
from ad_core.transforms import first_order

__all__ = ["Equation", "solution"]


class Equation:
    """The equation residual(x) = 0 at fixed parameters, for a vector x.

    start is x0 as a vector; function is the user's function of x alone, in x0's structure.
    """

    def __init__(self, name, what, unknown, start, function, residual):
        self.name = name
        self.what = what
        self.unknown = unknown
        self.start = start
        self.function = function
        self._residual = residual

    def residual(self, vector):
        """The residual, a vector that is zero at the solution."""
        found = self._residual(self.function, self.unknown.build(vector))
        return self.unknown.vector(found, self.what)

    def by(self, solver):
        """The result of a user's solver as a vector."""
        start = self.unknown.build(self.start)
        return self.unknown.solution(solver(self.function, start), "the solver")

    def refuse(self, vector, tol, remedy):
        """Raise RuntimeError if the largest residual is not near zero."""
        worst = np.max(np.abs(self.residual(vector)))
        first = np.max(np.abs(self.residual(self.start)))
        bound = tol * max(1.0, first if np.isfinite(first) else 1.0)
        if not worst <= bound:
            raise RuntimeError(
                f"{self.name} found no solution: the residual of {self.what} is {worst:.3g}, "
                f"which is not within {bound:.3g} (tol={tol:g}); {remedy}"
            )


def solution(name, function, residual, x0, params, find):
    """The x with residual(f, x) = 0 for f(x) = function(x, *params), found by find(Equation); it is
    a differentiable function of params (and of what function closes over).

    Each derivative costs one Jacobian of the residual, one linear system and one product.
    """
    if not callable(function):
        raise TypeError(f"{name} takes a function, got {type(function).__name__}")
    what = _core.name_of(function)
    closed, rebuild = hoisted(function)
    unknown = Unknown(name, "x0", x0)

    def at(params, closed):
        given = rebuild(closed)
        return lambda x: given(x, *params)

    def found(x0, params, closed):
        start = unknown.vector(x0, what).astype(np.float64)
        equation = Equation(name, what, unknown, start, at(params, closed), residual)
        return unknown.build(find(equation))

    if not closed and not any_traced_leaf((x0, params)):
        return found(x0, params, closed)
    given, result = RuleArguments(name, (x0, tuple(params), closed), numbers=False), Result(name)

    def linear(arrays, results, backward):
        x = flat(results)

        def of(x, *arrays):
            _, params, closed = given.primals(arrays)
            return unknown.vector(residual(at(params, closed), unknown.build(x)), what)

        push = first_order.linearize(lambda x: of(x, *arrays), x)[1]
        matrix = np.transpose(rows_of(lambda t: [push(*t)], [x]))
        by_arrays = lambda *arrays: of(x, *arrays)  # noqa: E731
        if backward:
            pull = first_order.vjp(by_arrays, *arrays)[1]
            return lambda w: pull(-solve(name, np.transpose(matrix), flat(w)))
        push = first_order.linearize(by_arrays, *arrays)[1]
        return lambda t: split(-solve(name, matrix, push(*t)), unknown.shapes)

    return result.call(found, given, linear)
