# SPDX-License-Identifier: Apache-2.0
"""Solutions of ordinary differential equations as differentiable functions of what their rates
contain, of the start and of the times."""

import numpy as np

from ad_core import _core
from ad_core.implicit.equations import plainly
from ad_core.implicit.sensitivities import Sensitivities
from ad_core.implicit.tangents import tangents
from ad_core.implicit.unknown import plain
from ad_core.rules.arguments import RuleArguments
from ad_core.rules.closures import depend, hoisted
from ad_core.rules.rule import call, flat, rows_of, split

__all__ = ["trajectory"]


def trajectory(name, items, make, y0, t, find, solve, options=None):
    """The solution (T, n) of dy/dt = rate(y, t), y(t[0]) = y0, at the times t.

    make(items) is the rate, a function of a vector (n) and a time that returns a vector; items are
    searched for traced values (rules/closures.py). find(items, y0, t) solves the equation; it is
    called without a trace. solve(rate, y0, t, *p) is implicit.odeint, with which adjoints and
    second derivatives are computed. options: (method, rtol, atol) of the system of all tangents,
    which is used from the second tangent on; None: there is none.
    """
    values, rebuild = hoisted(items)
    by_y0, by_t = _core.holds_variable(y0), _core.holds_variable(t)
    y0, t = y0 if by_y0 else plain(y0), t if by_t else plain(t)
    if not (by_y0 or by_t or depend(values)):
        values = [plain(x)[()] if _core.traced(x) else x for x in values]
        return plainly(name, find, rebuild(values), y0, t)
    parameters = RuleArguments(name, tuple(values), numbers=False)
    taken = parameters.take_arrays()
    count, wanted = len(taken), [_core.holds_variable(x) for x in taken]
    arrays = [*taken, *([y0] if by_y0 else []), *([t] if by_t else [])]
    # the functions below, which the recording keeps, must not refer to its values
    fixed_y0, fixed_t = None if by_y0 else y0, None if by_t else t
    known = {}  # the tangents at the last point

    def parts(arrays):
        rest = list(arrays[count:])
        start = rest.pop(0) if by_y0 else fixed_y0
        return list(arrays[:count]), start, rest[0] if by_t else fixed_t

    def value(*arrays):
        p, y0, t = parts(arrays)
        return (find(rebuild(parameters.primals(p)), y0, t),)

    def rate(y, t, *p):
        return make(rebuild(parameters.primals(p)))(y, t)

    def linear(arrays, results, backward):
        p, y0, t = parts(arrays)
        problem = Sensitivities(solve, rate, y0, t, results[0], p)
        of_numbers = options is not None and not any(map(_core.traced, arrays))
        all_of = _AllTangents(problem, by_y0, by_t, wanted, options, known) if of_numbers else None
        if not backward:
            return _Pushes(problem, parts, by_t, all_of)
        numbers = sum(np.size(x) for x, w in zip(arrays, wanted + [True] * 2, strict=False) if w)
        if not problem.better_forward(numbers, together=of_numbers):
            return _Pull(problem, by_y0, by_t)
        if all_of is not None:
            return lambda w: all_of.pull(w[0])
        push, shapes = _Pushes(problem, parts, by_t, None), [np.shape(x) for x in arrays]
        matrix = rows_of(push, arrays)
        return lambda w: split(matrix @ flat(w), shapes)

    # The parts of a backward integration and its scale are found from plain values.
    return call(name, value, arrays, linear=linear, local=True)[0]


class _Pushes:
    """The map of tangents to tangents: the first one alone, further ones from those of all
    directions."""

    def __init__(self, problem, parts, by_t, all_of):
        self.problem = problem
        self.parts = parts
        self.by_t = by_t
        self.all_of = all_of
        self.calls = 0

    def __call__(self, seeds):
        dp, dy0, dt = self.parts(seeds)
        if len(seeds) == len(dp) + self.by_t:  # the start is fixed
            dy0 = np.zeros(np.shape(self.problem.y0))
        dt = dt if self.by_t else None
        self.calls += 1
        if self.all_of is not None and (self.calls > 1 or self.all_of.known):
            return [self.all_of.push(dy0, dt, dp)]
        return [self.problem.push(dy0, dt, dp)]


class _Pull:
    """The map of cotangents to cotangents by the adjoint equation."""

    def __init__(self, problem, by_y0, by_t):
        self.problem = problem
        self.by_y0 = by_y0
        self.by_t = by_t

    def __call__(self, cotangents):
        dy0, dt, dp = self.problem.pull(cotangents[0], self.by_t)
        return [*dp, *([dy0] if self.by_y0 else []), *([dt] if self.by_t else [])]


class _AllTangents:
    """The derivatives of the solution at one point by all numbers, computed when they are first
    needed and kept for the next sweeps at this point."""

    def __init__(self, problem, by_y0, by_t, wanted, options, kept):
        self.problem = problem
        self.by_y0 = by_y0
        self.by_t = by_t
        self.wanted = wanted
        self.options = options
        self.kept = kept
        self.key = b"".join(np.asarray(x).tobytes() for x in (problem.y0, problem.t, *problem.p))

    @property
    def known(self):
        return self.kept.get("key") == self.key

    @property
    def matrix(self):
        """(T, n, q): by the start if that or the times have tangents, and by the wanted arrays."""
        if not self.known:
            problem = self.problem
            found = tangents(
                problem.rate, problem.y0, problem.t, problem.p, self.by_y0 or self.by_t,
                self.wanted, self.options, problem.fastest,
            )  # fmt: skip
            self.kept.update(key=self.key, matrix=found)
        return self.kept["matrix"]

    def push(self, dy0, dt, dp):
        problem = self.problem
        parts = [np.ravel(x) for x, w in zip(dp, self.wanted, strict=True) if w]
        if self.by_y0 or self.by_t:
            if dt is not None:
                dy0 = dy0 - problem.rate_at(0) * dt[0]
            parts.insert(0, dy0)
        found = self.matrix @ np.concatenate([np.zeros(0), *parts])
        if dt is None:
            return found
        return found + np.stack([problem.rate_at(i) * dt[i] for i in range(len(problem.t))])

    def pull(self, w):
        problem = self.problem
        found = np.tensordot(w, self.matrix, 2)
        first = np.size(problem.y0) if self.by_y0 or self.by_t else 0
        dy0, rest = found[:first], found[first:]
        cotangents = []
        for x, wanted in zip(problem.p, self.wanted, strict=True):
            size = np.size(x) if wanted else 0
            part, rest = rest[:size], rest[size:]
            cotangents.append(part.reshape(np.shape(x)) if wanted else np.zeros(np.shape(x)))
        if self.by_y0:
            cotangents.append(dy0)
        if self.by_t:
            dt = np.array([np.sum(w[i] * problem.rate_at(i)) for i in range(len(problem.t))])
            dt[0] -= np.sum(dy0 * problem.rate_at(0))
            cotangents.append(dt)
        return cotangents
