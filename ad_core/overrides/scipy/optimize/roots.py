# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Roots and fixed points: f(x) = 0 at the x that SciPy found."""

from typing import Any

import numpy as np
import scipy.optimize as so

from ad_core.implicit.equations import refuse_unsolved, solved
from ad_core.overrides.scipy.calls import ResultFields, function_of, named, tupled
from ad_core.recording.arrays import as_array

__all__ = []

NEAR = 1e-6  # of the residual at the start: what counts as a root though SciPy reports a failure
OF_VECTORS = ("fjac", "r", "qtf", "jac")  # fields of results that depend on the parameters


def _bracketed(name, original, given):
    full = given.pop("full_output", False)
    given["full_output"] = True
    kept = []

    def find(given):
        x, report = original(**given)
        if not report.converged:
            refuse_unsolved(name, report.flag)
        kept[:] = [report]
        return (np.asarray(x),)

    (x,) = solved(name, given, find, lambda x, given: function_of(given, "f")(x[0][()]))
    return (x, ResultFields(kept[0], {"root": x})) if full else x


_solver: Any
for _solver in (so.brentq, so.brenth, so.bisect, so.ridder, so.toms748):
    named(_solver)(_bracketed)


@named(so.newton)
def newton(name, original, given):
    full = given.pop("full_output", False)
    given["full_output"] = True
    kept = []

    def find(given):
        x, report, *more = original(**given)
        many = bool(more)
        if not np.all(report if many else report.converged):
            refuse_unsolved(name, "no convergence" if many else report.flag)
        kept[:] = [report, *more]
        return (np.asarray(x),)

    def residual(x, given):
        return function_of(given, "func")(x[0][()])

    many = np.size(given["x0"]) > 1
    (x,) = solved(name, given, find, residual, elementwise=many)
    if not full:
        return x
    return type(kept)((x, *kept)) if many else (x, ResultFields(kept[0], {"root": x}))


@named(so.root_scalar)
def root_scalar(name, original, given):
    kept = []

    def find(given):
        report = original(**given)
        if not report.converged:
            refuse_unsolved(name, report.flag)
        kept[:] = [report]
        return (np.asarray(report.root),)

    def residual(x, given):
        # fprime=True: the function returns its derivative too
        more = any(given.get(key) is True for key in ("fprime", "fprime2"))
        return function_of(given, "f", more)(x[0][()])

    (x,) = solved(name, given, find, residual)
    return ResultFields(kept[0], {"root": x})


def _near(f, x, start):
    """Whether the residual at x is small, compared with that at the start."""
    first = np.max(np.abs(f(start)), initial=0.0)
    return np.max(np.abs(f(x)), initial=0.0) <= NEAR * (first if np.isfinite(first) else 1.0)


@named(so.fsolve)
def fsolve(name, original, given):
    full = given.pop("full_output", False)
    given["full_output"] = True
    kept = []

    def find(given):
        x, report, ier, message = original(**given)
        start = np.ravel(np.asarray(given["x0"], dtype=np.float64))
        if ier != 1 and not _near(function_of(given, "func"), x, start):
            refuse_unsolved(name, message)
        kept[:] = [report, ier, message]
        return (x,)

    (x,) = solved(name, given, find, lambda x, given: function_of(given, "func")(x[0]))
    if not full:
        return x
    later = {"fvec": lambda: as_array(function_of(given, "func")(x))}
    return x, ResultFields(kept[0], later, OF_VECTORS), *kept[1:]


@named(so.root)
def root(name, original, given):
    more = _is_true(given.get("jac"))
    kept = []

    def find(given):
        report = original(**given)
        if not report.success:
            start = np.asarray(given["x0"], dtype=np.float64).reshape(np.shape(report.x))
            if not _near(function_of(given, has_more=more), report.x, start):
                refuse_unsolved(name, report.message)
        kept[:] = [report]
        return (report.x,)

    def residual(x, given):
        return function_of(given, has_more=more)(x[0])

    (x,) = solved(name, given, find, residual)
    later = {"x": x, "fun": lambda: as_array(residual((x,), given))}
    return ResultFields(kept[0], later, OF_VECTORS)


def _is_true(jac):
    """Whether jac= says that the function returns its derivative too."""
    return not callable(jac) and not isinstance(jac, str) and bool(jac)


def _iterated(name, original, given):
    def find(given):
        return (np.asarray(original(**given)),)  # raises NoConvergence

    return solved(name, given, find, lambda x, given: given["F"](x[0][()]))[0]


for _solver in (
    so.anderson, so.broyden1, so.broyden2, so.diagbroyden, so.excitingmixing, so.linearmixing,
    so.newton_krylov,
):  # fmt: skip
    named(_solver)(_iterated)


@named(so.fixed_point)
def fixed_point(name, original, given):
    def find(given):
        return (np.asarray(original(**given)),)  # raises RuntimeError

    def residual(x, given):
        x = x[0][()]
        return given["func"](x, *tupled(given.get("args", ()))) - x

    return solved(name, given, find, residual)[0]
