# SPDX-License-Identifier: Apache-2.0
"""IPOPT's callbacks for the swing-up of a pendulum, an optimal-control problem."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter

import numpy as np

from benchmarks.targets import Target, judged
from benchmarks.workload import Workload
from scenarios import Scenario
from scenarios_sparse import defects, effort, swing_args, swing_bounds, swing_start

SOLUTIONS = 5
CALLBACKS = ("objective", "gradient", "constraints", "jacobian", "hessian")
STRUCTURES = ("jacobianstructure", "hessianstructure")
OPTIONS = {"print_level": 0, "sb": "yes"}


@dataclass(frozen=True)
class NonlinearProgram(Scenario):
    """Constraints ``fun``, which must be zero, an objective, and the starting point."""

    objective: Callable
    start: Callable
    bounds: Callable


SWING = NonlinearProgram(
    "swing-up", defects, swing_args, "callbacks", K=7_996, D=10_000,
    objective=effort, start=swing_start, bounds=swing_bounds,
)  # fmt: skip


class Watched:
    """A problem for cyipopt that adds up the time of its callbacks in ``seconds``."""

    def __init__(self, problem):
        self.seconds = 0.0
        for name in STRUCTURES:
            setattr(self, name, getattr(problem, name))
        for name in CALLBACKS:
            setattr(self, name, self._timed(getattr(problem, name)))

    def _timed(self, callback):
        def call(*args):
            start = perf_counter()
            result = callback(*args)
            self.seconds += perf_counter() - start
            return result

        return call


def solve(cyipopt, problem, scenario):
    """The seconds in callbacks, and the objective at the solution."""
    watched = Watched(problem)
    low, high = scenario.bounds()
    zero = np.zeros(scenario.K)
    solver = cyipopt.Problem(
        n=scenario.D, m=scenario.K, problem_obj=watched, lb=low, ub=high, cl=zero, cu=zero
    )
    for name, value in OPTIONS.items():
        solver.add_option(name, value)
    _, found = solver.solve(scenario.start())
    if found["status"] != 0:
        raise ArithmeticError(f"IPOPT: {found['status_msg']}")
    return watched.seconds, found["obj_val"]


def solutions(progress):
    """Solve by IPOPT with each peer in turn; the ratio of the medians of the times in callbacks."""
    text = f"{SWING.name}: IPOPT's solution, time in callbacks over that of CasADi's"
    try:
        import cyipopt

        from benchmarks.peers import casadi_ipopt, own_ipopt
    except ImportError:
        return [judged(text, None, 1.0, "x")]
    problems = own_ipopt.problem(SWING), casadi_ipopt.problem(SWING)
    task = progress.add_task("IPOPT", total=SOLUTIONS)
    taken, values = [], []
    for _ in range(SOLUTIONS):
        pairs = [solve(cyipopt, problem, SWING) for problem in problems]
        taken.append([seconds for seconds, _ in pairs])
        values.append([value for _, value in pairs])
        progress.advance(task)
    if not np.allclose(values, values[0][0], rtol=1e-6):
        raise ArithmeticError(f"IPOPT found different objectives: {values}")
    own, other = (median(column) for column in zip(*taken, strict=True))
    return [judged(text, own / other, 1.0, "x")]


WORKLOAD = Workload(
    name="control",
    title="swing-up of a pendulum on a cart, 2,000 points in time by the trapezoidal rule: what "
    "IPOPT asks for at a point",
    scenarios=(SWING,),
    targets=(
        Target("callbacks at most CasADi's", "ad_core-ipopt", "casadi-ipopt", 1.0, at_least=False),
    ),
    notes="Objective, gradient, constraints, their Jacobian and the Lagrangian's Hessian at one "
    "point, each by the callback that cyipopt calls; CasADi's Functions through raw buffers.",
    peers=("ad_core-ipopt", "casadi-ipopt"),
    own="ad_core-ipopt",
    further=solutions,
)
