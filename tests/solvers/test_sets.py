# SPDX-License-Identifier: Apache-2.0
"""Published test problems: the solvers find the published solutions."""

import numpy as np
import pytest

import ad_core
from ad_core import solvers
from checkout import ROOT

pytest.importorskip("scipy.optimize")
if not (ROOT / "benchmarks").is_dir():
    pytest.skip("the benchmarks are not beside the tests", allow_module_level=True)

from benchmarks.sets import nonlinear_programs, residuals, scalable, stiff

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def named(problems):
    return pytest.mark.parametrize("problem", problems, ids=lambda p: p.name.replace(" ", "-"))


@named([p for p in residuals.PROBLEMS if p.system])
def test_root(problem):
    found = solvers.root(problem.fun, np.array(problem.x0))
    assert np.abs(found.fun).max() < (1e-2 if problem.name == "trigonometric" else 1e-6)


@named([p for p in nonlinear_programs.PROBLEMS if p.number != 20])  # SLSQP finds 40.2 from there
def test_programs(problem):
    found = solvers.minimize(
        problem.fun, np.array(problem.x0), method="SLSQP", bounds=problem.bounds,
        constraints=problem.constraints, tol=1e-9, options={"maxiter": 1000},
    )  # fmt: skip
    assert abs(found.fun - problem.minimum) < 1e-5 * (1.0 + abs(problem.minimum))


@named([p for p in nonlinear_programs.PROBLEMS if p.number in (10, 14, 24, 34, 35, 43, 71, 76, 78)])
def test_programs_by_trust_constr(problem):
    found = solvers.minimize(
        problem.fun, np.array(problem.x0), method="trust-constr", bounds=problem.bounds,
        constraints=problem.constraints,
    )  # fmt: skip
    assert found.success
    assert found.get("barrier_parameter", 0.0) <= 1e-8
    assert abs(found.fun - problem.minimum) < 1e-6 * (1.0 + abs(problem.minimum))


@named(stiff.PROBLEMS)
def test_stiff_equations(problem):
    span = 0.0, problem.tf
    found = solvers.solve_ivp(
        problem.fun, span, np.array(problem.y0), "BDF" if problem.tf < 1e4 else "Radau",
        rtol=1e-6, atol=problem.atol,
    )  # fmt: skip
    assert found.success
    error = np.abs(found.y[:, -1] - problem.y)
    assert np.all(error <= 2e-3 * np.abs(problem.y) + 1e3 * problem.atol)


def test_functions_of_any_size():
    found = solvers.root(scalable.chandrasekhar, np.ones(100))
    np.testing.assert_allclose(scalable.chandrasekhar(found.x), 0.0, atol=1e-8)
    loss = scalable.logistic(3000, 20)
    for method in ("trust-exact", "trust-ncg", "Newton-CG", "L-BFGS-B"):
        found = solvers.minimize(loss, np.zeros(20), method=method)
        assert np.abs(ad_core.grad(loss)(found.x)).max() < 1e-2
