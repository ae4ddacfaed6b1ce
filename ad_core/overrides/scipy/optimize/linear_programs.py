# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Linear programs and assignments."""

import numpy as np
import scipy.optimize as so

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.implicit.equations import refuse_unsolved
from ad_core.overrides.numpy.guards import decided
from ad_core.overrides.scipy.calls import ResultFields, named
from ad_core.overrides.scipy.dispatch import implements
from ad_core.overrides.scipy.optimize.conditions import Conditions
from ad_core.overrides.scipy.optimize.minima import at_minimum, sides
from ad_core.recording.arrays import as_array
from ad_core.rules.arguments import RuleArguments
from ad_core.rules.closures import hoisted
from ad_core.rules.rule import call
from ad_core.transforms import first_order

__all__ = []


@named(so.linprog, calls_back=False)
def linprog(name, original, given):
    """The value has the derivative of the Lagrangian at SciPy's multipliers; the solution x is a
    vertex, at which the constraints that are active determine it."""
    if given.get("integrality") is not None:
        raise NoDerivativeError(
            f"{name} with integrality= has no derivative in ad_core{_core.user_line()}; call it on "
            f"plain numbers"
        )
    kept = []

    def find(given):
        report = original(**given)
        if report.x is None or not report.success:
            refuse_unsolved(name, report.message)
        kept[:] = [report]
        return report

    def solution():
        def conditions(given):
            parts = [(given.get("A_ub"), given.get("b_ub"), True),
                     (given.get("A_eq"), given.get("b_eq"), False)]  # fmt: skip
            return Conditions(
                lambda x: as_array(given["c"]) @ x, *_bounds(given),
                [_constraint(*part) for part in parts if part[0] is not None],
            )  # fmt: skip

        return at_minimum(name, given, lambda given: (find(given).x, None), conditions)

    fields = {
        "fun": _value(name, given, find),
        "x": solution,
        "slack": _slack(given, "ub", solution),
        "con": _slack(given, "eq", solution),
    }
    return ResultFields(kept[0], fields, ("ineqlin", "eqlin", "lower", "upper"))


def _constraint(A, b, below):
    A, b = as_array(A), as_array(b)
    return (lambda x: A @ x), (-np.inf if below else b), b


def _slack(given, which, solution):
    A, b = given.get(f"A_{which}"), given.get(f"b_{which}")
    if A is None:
        return np.zeros(0)
    return lambda: as_array(b) - as_array(A) @ solution()


def _bounds(given):
    """Lower and upper bounds of all variables."""
    bounds, n = given.get("bounds", (0, None)), np.size(given["c"])
    if bounds is None:
        bounds = (0, None)
    if isinstance(bounds, so.Bounds):
        return bounds.lb, bounds.ub
    pairs = list(bounds)
    if len(pairs) == 2 and not any(isinstance(x, list | tuple | np.ndarray) for x in pairs):
        pairs = [tuple(pairs)]
    return sides(pairs * n if len(pairs) == 1 else pairs)


def _value(name, given, find):
    values, rebuild = hoisted(given)
    arguments = RuleArguments(name, tuple(values), numbers=False)

    def value(*arrays):
        return (np.asarray(find(rebuild(arguments.primals(arrays))).fun),)

    def linear(arrays, results, backward):
        if any(map(_core.traced, arrays)):
            raise NoDerivativeError(
                f"the value of {name} has no second derivative in ad_core{_core.user_line()}; "
                f"compute c @ result.x, which has one where the solution is a single vertex"
            )
        report = find(rebuild(arguments.primals(arrays)))

        def lagrangian(*arrays):
            given = rebuild(arguments.primals(arrays))
            x = report.x
            total = as_array(given["c"]) @ x
            for which, part in (("ub", report.ineqlin), ("eq", report.eqlin)):
                A, b = given.get(f"A_{which}"), given.get(f"b_{which}")
                if A is not None:
                    total = total + part.marginals @ (as_array(b) - as_array(A) @ x)
            for bound, part in zip(_bounds(given), (report.lower, report.upper), strict=True):
                finite = np.isfinite(part.residual) & (part.marginals != 0.0)
                bound = np.broadcast_to(as_array(bound), x.shape)
                total = total + np.sum(part.marginals[finite] * bound[finite])
            return (total + 0.0,)

        if backward:
            pull = first_order.vjp(lagrangian, *arrays)[1]
            return lambda w: pull((w[0][()],))
        return lambda t: first_order.jvp(lagrangian, tuple(arrays), tuple(t))[1]

    return call(name, value, arguments.take_arrays(), linear=linear)[0][()]


@implements(so.linear_sum_assignment)
def linear_sum_assignment(cost_matrix, maximize=False):
    """The assignment is made of whole numbers; a guard keeps that it is still the best one."""
    name = "scipy.optimize.linear_sum_assignment"

    def best(cost):
        return np.stack(so.linear_sum_assignment(cost, maximize))

    cost = as_array(cost_matrix)
    found = _core.untraced(best, _core.current_values(cost))
    same = call(
        name, lambda cost: (np.float64(np.array_equal(best(cost), found)),), [cost],
        jvp=lambda arrays, results, tangents: (None,),
    )[0]  # fmt: skip
    decided(same > 0.5)
    return found[0], found[1]
