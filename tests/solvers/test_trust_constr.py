# SPDX-License-Identifier: Apache-2.0
"""trust-constr: constraints of mixed kinds, and an end at a small barrier parameter."""

import numpy as np
import pytest

from ad_core import solvers
from solver_problems import HS71, HS71_START, hs71, hs71_constraints

optimize = pytest.importorskip("scipy.optimize")
matrices = pytest.importorskip("scipy.sparse")

N = 150


def distance(x):
    return np.sum((x - 1.0) ** 2)


def chain(kind=optimize.NonlinearConstraint):
    return kind(lambda x: x[1:] * x[:-1], 1.0, 1.0)


def total(kind=optimize.NonlinearConstraint):
    return kind(lambda x: np.sum(x), 0.0, 1e3)


OWN = optimize.NonlinearConstraint(
    lambda x: x[:1] ** 2, 0.0, 9.0, jac=lambda x: np.eye(1, N) * 2.0 * x[0], hess=optimize.BFGS()
)
SPARSE = optimize.LinearConstraint(matrices.eye_array(N), -10.0, 10.0)
DENSE = optimize.LinearConstraint(np.ones((1, N)), 0.0, 1e3)
DICT = {"type": "ineq", "fun": lambda x: x[0]}


@pytest.mark.filterwarnings("ignore:delta_grad == 0.0")
@pytest.mark.parametrize(
    "constraints",
    [
        [chain(), total()],
        [chain(solvers.NonlinearConstraint), total(solvers.NonlinearConstraint)],
        [chain(), DENSE],
        [total(), SPARSE],
        [chain(), DICT],
        [chain(), OWN],
        [DENSE, SPARSE, DICT, OWN, total()],
        [total()],
    ],
)
@pytest.mark.parametrize("given", [{}, {"sparse_jacobian": True}, {"sparse_jacobian": False}])
@pytest.mark.parametrize("bounds", [None, [(0.0, 5.0)] * N])
def test_constraints_of_different_kinds(constraints, given, bounds):
    start = np.linspace(0.5, 1.5, N)
    found = solvers.minimize(
        distance, start, method="trust-constr", constraints=constraints, options=given,
        bounds=bounds,
    )  # fmt: skip
    assert found.success
    np.testing.assert_allclose(found.x, 1.0, atol=1e-5)
    kinds = {hasattr(J, "nnz") for J in found.jac}
    assert len(kinds) == 1
    if given:
        assert kinds == {given["sparse_jacobian"]}


def test_the_kind_follows_all_entries_together():
    start = np.linspace(0.5, 1.5, N)
    for constraints, sparse in (([chain(), total()], True), ([DENSE, total()], False)):
        found = solvers.minimize(
            distance, start, method="trust-constr", constraints=constraints, options={"maxiter": 2}
        )
        assert {hasattr(J, "nnz") for J in found.jac} == {sparse}


@pytest.mark.parametrize("tol", [None, 1e-10])
def test_the_end_is_at_a_small_barrier(tol):
    constraint = optimize.NonlinearConstraint(hs71_constraints, [25.0, 40.0], [np.inf, 40.0])
    found = solvers.minimize(
        hs71, HS71_START, method="trust-constr", bounds=[(1, 5)] * 4, constraints=constraint,
        tol=tol,
    )  # fmt: skip
    assert (found.success, found.status) == (True, 1)
    assert "gtol" in found.message
    assert found.barrier_parameter <= (tol or 1e-8)
    np.testing.assert_allclose(found.x, HS71, atol=1e-7)


@pytest.mark.parametrize("form", ["new", "old", "stop"])
def test_callbacks_in_both_forms(form):
    seen = []

    def new(intermediate_result):
        seen.append(intermediate_result.nit)

    def old(x, state):
        assert x.shape == (2,)
        seen.append(state.nit)
        return len(seen) == 4

    def stop(x, state):
        seen.append(state.nit)
        raise StopIteration

    found = solvers.minimize(
        lambda x: np.sum((x - 1.0) ** 2), [0.1, 0.1], method="trust-constr",
        bounds=[(0.0, 0.5)] * 2, callback={"new": new, "old": old, "stop": stop}[form],
    )  # fmt: skip
    assert found.success == (form == "new")
    assert found.status == (1 if form == "new" else 3)
    assert len(seen) == {"new": found.nit, "old": 4, "stop": 1}[form]


def test_too_few_iterations():
    found = solvers.minimize(
        hs71, HS71_START, method="trust-constr", bounds=[(1, 5)] * 4, options={"maxiter": 3}
    )
    assert (found.success, found.status) == (False, 0)
