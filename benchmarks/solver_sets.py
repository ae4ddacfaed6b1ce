# SPDX-License-Identifier: Apache-2.0
"""The solvers on published test problems, from start to end, against SciPy with its differences."""

import warnings
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import numpy as np

from benchmarks.sets import nonlinear_programs, residuals, scalable, stiff
from benchmarks.targets import judged
from benchmarks.workload import Workload

ROUNDS = 5
SLOW = 0.5  # seconds of a solution from which it is timed once
BOUND = 0.9  # of SciPy's speed, on each problem


@dataclass(frozen=True)
class Run:
    """A problem as a solve with either library: solve(module) returns the result."""

    name: str
    solve: object
    solved: object
    """``solved(result)`` compares with the published solution."""


def near(value, minima):
    """Whether a value is one of the published minima, to the digits that are published."""
    return any(abs(value - known) <= 1e-4 * abs(known) + 1e-8 for known in minima)


def fits():
    """Least squares by the trust-region method of SciPy."""
    for p in residuals.PROBLEMS:
        yield Run(
            p.name,
            partial(_fit, p),
            lambda found, p=p: near(2.0 * found.cost, p.minima),
        )


def _fit(p, module):
    return module.least_squares(lambda x: np.asarray(p.fun(x)), np.array(p.x0), max_nfev=2000)


def roots():
    """Systems of equations by Powell's hybrid method."""
    for p in residuals.PROBLEMS:
        if p.system:
            solve = lambda module, p=p: module.root(p.fun, np.array(p.x0))  # noqa: E731
            yield Run(p.name, solve, lambda found: np.abs(found.fun).max() < 1e-6)


def programs():
    """Nonlinear programs by SLSQP."""
    for p in nonlinear_programs.PROBLEMS:
        yield Run(
            p.name,
            partial(_program, p),
            lambda found, p=p: found.success and abs(found.fun - p.minimum) < 1e-4 * (
                1.0 + abs(p.minimum)
            ),
        )  # fmt: skip


def _program(p, module):
    return module.minimize(
        p.fun, np.array(p.x0), method="SLSQP", bounds=p.bounds, constraints=p.constraints,
        options={"maxiter": 1000},
    )  # fmt: skip


def equations():
    """Stiff differential equations by Radau's method."""
    for p in stiff.PROBLEMS:
        yield Run(
            p.name,
            partial(_equation, p),
            lambda found, p=p: found.success and _close(found.y[:, -1], p),
        )


def _equation(p, module):
    return module.solve_ivp(
        p.fun, (0.0, p.tf), np.array(p.y0), method="Radau", rtol=1e-6, atol=p.atol
    )


def _close(y, p):
    """Whether the global error is at most a thousand tolerances."""
    return bool(np.all(np.abs(y - p.y) <= 1e-3 * np.abs(p.y) + 1e3 * p.atol))


def large():
    """Functions of any size."""
    small = lambda found: np.abs(found.fun).max() < 1e-6  # noqa: E731
    ones, minus = np.ones(100), -np.ones(1000)
    yield Run("Chandrasekhar, n = 100", lambda m: m.root(scalable.chandrasekhar, ones), small)
    yield Run("Broyden, n = 1000", lambda m: m.root(scalable.broyden_tridiagonal, minus), small)
    layer, loss = scalable.layer(2000, 200), scalable.logistic(20_000, 50)
    yield Run("tanh(A x) - y, 2000 x 200", lambda m: m.least_squares(layer, np.zeros(200)), small)
    yield Run(
        "logistic, 20000 x 50", lambda m: m.minimize(loss, np.zeros(50), method="L-BFGS-B"),
        lambda found: found.success,
    )  # fmt: skip


SETS = {
    "More, Garbow and Hillstrom, least_squares": fits,
    "More, Garbow and Hillstrom, root": roots,
    "Hock and Schittkowski, minimize": programs,
    "stiff equations, solve_ivp": equations,
    "large functions": large,
}


class SciPy:
    """The functions of SciPy under the names of ad_core.solvers."""

    def __init__(self):
        from scipy import integrate, optimize

        self.least_squares, self.root = optimize.least_squares, optimize.root
        self.minimize, self.solve_ivp = optimize.minimize, integrate.solve_ivp


def compared(run, modules):
    """((own seconds, own solved), (SciPy's)): the least of some interleaved solutions."""
    best, solved = [np.inf, np.inf], [False, False]
    for number in range(ROUNDS):
        for k, module in enumerate(modules):
            start = perf_counter()
            try:
                found = run.solve(module)
            except Exception as failure:  # any failure is a problem that is not solved
                found = failure
            best[k] = min(best[k], perf_counter() - start)
            if number == 0:
                solved[k] = not isinstance(found, Exception) and bool(run.solved(found))
        if max(best) > SLOW:
            break
    return tuple(zip(best, solved, strict=True))


def measure(progress, sets=SETS):
    """Rows of the target table: of each set the problems solved, and those below the bound."""
    from ad_core import solvers

    modules, rows = (solvers, SciPy()), []
    for title, runs in sets.items():
        runs = list(runs())
        task = progress.add_task(title, total=len(runs))
        speeds, counts = {}, np.zeros(2, dtype=int)
        for run in runs:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                (own, ours), (other, theirs) = compared(run, modules)
            speeds[run.name] = other / own
            counts += ours, theirs
            progress.advance(task)
        rows.append(
            judged(f"{title}: problems solved, at least SciPy's", counts[0].item(),
                   counts[1].item(), f"of {len(runs)}", at_least=True)
        )  # fmt: skip
        mean = float(np.exp(np.mean(np.log(list(speeds.values())))))
        rows.append(judged(f"{title}: SciPy's time over ours (geometric mean)", mean, BOUND, "x",
                           at_least=True))  # fmt: skip
        slowest = min(speeds, key=speeds.get)
        below = {name: speed for name, speed in speeds.items() if speed < BOUND}
        for name in below or [slowest]:
            text = f"{title}: {name}"
            rows.append(judged(text, speeds[name], BOUND, "x", at_least=True))
    return rows


WORKLOAD = Workload(
    name="solver_sets",
    title="published test problems by ad_core.solvers and by SciPy with its own differences, "
    "set-up included",
    scenarios=(),
    notes="Of each set: the problems solved, the mean, and each problem below the bound (or the "
    "slowest one). Least of five interleaved solutions.",
    peers=(),
    further=measure,
)
