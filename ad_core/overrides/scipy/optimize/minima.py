# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Minima: the conditions for a minimum at the x that SciPy found, with the bounds and constraints
that are active there."""

from typing import Any

import numpy as np
import scipy.optimize as so

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.implicit.equations import refuse_unsolved, solved
from ad_core.overrides.scipy.calls import ResultFields, function_of, named, tupled
from ad_core.overrides.scipy.optimize.conditions import Conditions

__all__ = ["at_minimum", "sides"]

OF_MINIMA = ("jac", "hess", "hess_inv", "grad", "lagrangian_grad", "v", "constr", "multipliers",
             "lowest_optimization_result", "final_simplex", "direc", "xl", "funl", "population",
             "population_energies", "optimality", "tr_radius", "kkt")  # fmt: skip

# Elements of the gradient that count as zero, relative to that at the start if this is more than 1:
LOOSE = 1e-2  # if SciPy reports a minimum,
UNSOLVED = 1e-4  # and if it does not


def at_minimum(name, given, find, conditions, near=1e-6):
    """The x that find(given) returns, at which conditions(given) hold. find returns (x, message);
    message: None if SciPy reports success."""

    def found(given):
        x, message = find(given)
        ends, multipliers, rest = conditions(given).multipliers(x, near)
        most = LOOSE if message is None else UNSOLVED
        if not rest <= most and not rest <= most * _start_size(conditions(given), given, x):
            refuse_unsolved(name, message or f"the gradient there is {rest:.1e}")
        return x, ends, multipliers

    return solved(name, given, found, lambda x, given: conditions(given).residual(*x), local=True)[
        0
    ]


def _start_size(conditions, given, x):
    """The size of the gradient at the start."""
    start = given.get("x0")
    if start is None:
        return 1.0
    g = conditions.gradient(np.asarray(start, dtype=np.float64).reshape(np.shape(x)))
    size = np.max(np.abs(g), initial=0.0)
    return size if np.isfinite(size) else 1.0


def sides(bounds):
    """bounds= of SciPy as two arrays: Bounds, or pairs in which None is no bound."""
    if bounds is None:
        return -np.inf, np.inf
    if isinstance(bounds, so.Bounds):
        return bounds.lb, bounds.ub
    pairs = [tuple(pair) for pair in bounds]
    lower = [-np.inf if low is None else low for low, _ in pairs]
    upper = [np.inf if high is None else high for _, high in pairs]
    return _together(lower), _together(upper)


def _together(numbers):
    return np.stack([np.asarray(x) if not _core.traced(x) else x for x in numbers])


def _constraints(given):
    """constraints= of minimize as a list of (function of x, lower, upper)."""
    found = given.get("constraints", ())
    if isinstance(found, dict | so.NonlinearConstraint | so.LinearConstraint):
        found = (found,)
    return [_constraint(one) for one in found]


def _constraint(one):
    if isinstance(one, dict):
        args = tupled(one.get("args", ()))
        upper = 0.0 if one["type"].lower() == "eq" else np.inf
        return (lambda x: one["fun"](x, *args)), 0.0, upper
    if isinstance(one, so.LinearConstraint):
        matrix = one.A.toarray() if hasattr(one.A, "toarray") else one.A
        return (lambda x: matrix @ x), one.lb, one.ub
    return one.fun, one.lb, one.ub


def _has_gradient(given):
    jac = given.get("jac")
    return not callable(jac) and not isinstance(jac, str) and bool(jac)


@named(so.minimize)
def minimize(name, original, given):
    kept = []
    more = _has_gradient(given)

    def find(given):
        report = original(**given)
        kept[:] = [report]
        return report.x, None if report.success else report.message

    def conditions(given):
        return Conditions(
            function_of(given, has_more=more), *sides(given.get("bounds")), _constraints(given)
        )

    x = at_minimum(name, given, find, conditions)
    fields = {"x": x, "fun": lambda: function_of(given, has_more=more)(x)}
    return ResultFields(kept[0], fields, OF_MINIMA)


@named(so.minimize_scalar)
def minimize_scalar(name, original, given):
    kept = []

    def find(given):
        report = original(**given)
        kept[:] = [report]
        return np.asarray(report.x), None if report.success else report.message

    x = at_minimum(name, given, find, _scalar_conditions(given), _bounded_near(given))
    fields = {"x": x, "fun": lambda: function_of(given)(x)}
    return ResultFields(kept[0], fields, OF_MINIMA)


def _bounded_near(given):
    """How near to a bound the bounded method ends if the minimum is there."""
    options = given.get("options") or {}
    return near_bound(given.get("tol") or options.get("xatol", 1e-5))


def near_bound(tolerance):
    """How near to a bound Brent's method ends if the minimum is there."""
    return 4.0 * (float(tolerance) + 1.5e-8)


def _scalar_conditions(given):
    bounded = given.get("bounds") is not None

    def conditions(given):
        low, high = given["bounds"] if bounded else (-np.inf, np.inf)
        return Conditions(lambda x: function_of(given)(x[()]), low, high)

    return conditions


def _of_number(name, original, given):
    """brent, golden: the minimum of a function of one number."""
    full = given.pop("full_output", False)
    given["full_output"] = True
    kept = []

    def find(given):
        x, *more = original(**given)
        kept[:] = more
        return np.asarray(x), None

    x = at_minimum(name, given, find, lambda given: Conditions(function_of(given, "func")))
    return (x, function_of(given, "func")(x), *kept[1:]) if full else x


_solver: Any
for _solver in (so.brent, so.golden):
    named(_solver)(_of_number)


@named(so.fminbound)
def fminbound(name, original, given):
    full = given.pop("full_output", False)
    given["full_output"] = True
    kept = []

    def find(given):
        x, _, flag, count = original(**given)
        kept[:] = [flag, count]
        return np.asarray(x), "too many evaluations" if flag else None

    def conditions(given):
        return Conditions(function_of(given, "func"), given["x1"], given["x2"])

    x = at_minimum(name, given, find, conditions, near_bound(given.get("xtol", 1e-5)))
    return (x, function_of(given, "func")(x), *kept) if full else x


# Functions of vectors -> (name of the function's parameter, where its result tells of a failure)
OLDER = {
    so.fmin: ("func", 4), so.fmin_powell: ("func", 5), so.fmin_bfgs: ("f", 6),
    so.fmin_cg: ("f", 4), so.fmin_ncg: ("f", 5),
}  # fmt: skip


def _older(name, original, given):
    parameter, place = OLDER[original]
    if given.pop("full_output", False) or given.pop("retall", False):
        raise NoDerivativeError(
            f"{name} with full_output or retall has no derivative in ad_core{_core.user_line()}; "
            f"call scipy.optimize.minimize, whose result has all fields"
        )
    given["full_output"] = True

    def find(given):
        found = original(**given)
        return found[0], "too many iterations" if found[place] else None

    return at_minimum(name, given, find, lambda given: Conditions(function_of(given, parameter)))


for _solver in OLDER:
    named(_solver)(_older)


@named(so.fmin_l_bfgs_b)
def fmin_l_bfgs_b(name, original, given):
    kept = []
    more = given.get("fprime") is None and not given.get("approx_grad", 0)

    def find(given):
        x, _, report = original(**given)
        kept[:] = [report]
        return x, report["task"] if report["warnflag"] else None

    def conditions(given):
        return Conditions(function_of(given, "func", more), *sides(given.get("bounds")))

    x = at_minimum(name, given, find, conditions)
    return x, function_of(given, "func", more)(x), ResultFields(kept[0], {}, ("grad",))


def _everywhere(name, original, given):
    """The global methods: the conditions for a minimum hold at the best x."""
    kept = []

    def find(given):
        report = original(**given)
        kept[:] = [report]
        return report.x, None if report.success else report.message

    def objective(given):
        options = given.get("minimizer_kwargs") or {}
        args = given.get("args", options.get("args", ()))
        return function_of({"func": given["func"], "args": args}, "func")

    if given.get("constraints") or given.get("integrality") is not None:
        raise NoDerivativeError(
            f"{name} with constraints= or integrality= has no derivative in ad_core"
            f"{_core.user_line()}; call scipy.optimize.minimize from the minimum that it found"
        )

    def conditions(given):
        return Conditions(objective(given), *sides(given.get("bounds")))

    x = at_minimum(name, given, find, conditions)
    fields = {"x": x, "fun": lambda: objective(given)(x)}
    return ResultFields(kept[0], fields, OF_MINIMA)


for _solver in (so.differential_evolution, so.shgo, so.dual_annealing, so.basinhopping):
    named(_solver)(_everywhere)
