# SPDX-License-Identifier: Apache-2.0
"""Ipopt's callbacks alone, and solutions by cyipopt if it is installed."""

import numpy as np
import pytest

from ad_core import solvers
from agreement import refused
from solver_problems import HS71, HS71_START, Counting, hs71, hs71_constraints, rosenbrock

pytest.importorskip("scipy.sparse")


class TestIpoptProblem:
    def test_hs71_is_described(self):
        problem = solvers.IpoptProblem(hs71, HS71_START, hs71_constraints)
        x, v = np.array([1.0, 4.5, 4.0, 1.5]), np.array([0.3, -0.7])
        assert (problem.n, problem.m) == (4, 2)
        h = 1e-6 * np.eye(4)
        slope = [(problem.objective(x + e) - problem.objective(x - e)) / 2e-6 for e in h]
        np.testing.assert_allclose(problem.gradient(x), slope, rtol=1e-7)
        J = np.zeros((2, 4))
        J[problem.jacobianstructure()] = problem.jacobian(x)
        slopes = [(problem.constraints(x + e) - problem.constraints(x - e)) / 2e-6 for e in h]
        np.testing.assert_allclose(J, np.transpose(slopes), rtol=1e-7)
        rows, columns = problem.hessianstructure()
        assert (rows >= columns).all()
        H = np.zeros((4, 4))
        H[rows, columns] = H[columns, rows] = problem.hessian(x, v, 0.5)

        def gradient(x):
            J = np.zeros((2, 4))
            J[problem.jacobianstructure()] = problem.jacobian(x)
            return 0.5 * problem.gradient(x) + v @ J

        slopes = [(gradient(x + e) - gradient(x - e)) / 2e-6 for e in h]
        np.testing.assert_allclose(H, slopes, rtol=1e-6, atol=1e-8)

    def test_objective_and_gradient_share(self):
        fun = Counting(rosenbrock)
        problem = solvers.IpoptProblem(fun, [-1, 1])
        x = np.array([0.5, 2.0])
        problem.objective(x), problem.gradient(x), problem.objective(x)
        assert fun.counts == {"value_and_grad": 1}

    def test_structures(self):
        n = 40
        problem = solvers.IpoptProblem(rosenbrock, np.ones(n), lambda x: x[1:] * x[:-1])
        assert len(problem.jacobianstructure()[0]) == 2 * (n - 1)
        assert len(problem.hessianstructure()[0]) == 2 * n - 1
        full = solvers.IpoptProblem(rosenbrock, np.ones(n), lambda x: x[1:] * x[:-1], sparse=False)
        assert len(full.jacobianstructure()[0]) == n * (n - 1)
        assert len(full.hessianstructure()[0]) == n * (n + 1) // 2
        x, v = np.linspace(-1.0, 1.0, n), np.linspace(1.0, 2.0, n - 1)
        made = []
        for p in (problem, full):
            H = np.zeros((n, n))
            H[p.hessianstructure()] = p.hessian(x, v, 2.0)
            made.append(H)
        np.testing.assert_allclose(*made, atol=1e-10)

    @pytest.mark.parametrize("constraints", [None, lambda x: x[:0]], ids=["none", "empty"])
    def test_without_constraints(self, constraints):
        problem = solvers.IpoptProblem(lambda x: x[0] ** 2, [3], constraints)
        x = np.array([3.0])
        assert (problem.n, problem.m) == (1, 0)
        assert problem.constraints(x).shape == problem.jacobian(x).shape == (0,)
        assert len(problem.jacobianstructure()[0]) == 0
        np.testing.assert_array_equal(problem.hessian(x, [], 2.0), [4.0])

    def test_linear_programs_have_no_hessian(self):
        problem = solvers.IpoptProblem(lambda x: x[0], [1, 2], lambda x: 3.0 * x[1])
        np.testing.assert_array_equal(problem.jacobianstructure(), [[0], [1]])
        assert problem.hessian(np.ones(2), [1.0], 1.0).shape == (0,)

    def test_branches_of_another_structure(self):
        def constraints(x):
            return x[:2] ** 2 if x[0] > 0 else x[:2] * x[2]

        far = np.array([-1.0, 2.0, 3.0])
        problem = solvers.IpoptProblem(rosenbrock, [1, 1, 1], constraints)
        with refused(ValueError, "branch", "sparse=False"):
            problem.jacobian(far)
        problem = solvers.IpoptProblem(rosenbrock, [1, 1, 1], constraints, sparse=False)
        J = problem.jacobian(far).reshape(2, 3)
        np.testing.assert_array_equal(J, [[3.0, 0.0, -1.0], [0.0, 3.0, 2.0]])
        # Where there are fewer, they have their places.
        problem = solvers.IpoptProblem(rosenbrock, far, constraints)
        J = np.zeros((2, 3))
        J[problem.jacobianstructure()] = problem.jacobian(np.array([1.0, 2.0, 3.0]))
        np.testing.assert_array_equal(J, [[2.0, 0.0, 0.0], [0.0, 4.0, 0.0]])

    def test_bad_input(self):
        problem = solvers.IpoptProblem(hs71, HS71_START, hs71_constraints)
        for v in (np.ones(3), 1.0, np.ones((2, 2))):
            with refused(ValueError, "lagrange", "(2,)"):
                problem.hessian(np.ones(4), v, 1.0)
        for call in (problem.objective, problem.gradient, problem.constraints, problem.jacobian):
            with refused(ValueError, "x", "(4,)"):
                call(np.ones(3))
        with refused(ValueError, "one number", "(4,)"):
            solvers.IpoptProblem(lambda x: x, HS71_START)
        with refused(ValueError, "vector", "(4, 4)"):
            solvers.IpoptProblem(hs71, HS71_START, lambda x: np.outer(x, x))


class TestIpopt:
    @pytest.fixture(autouse=True)
    def _cyipopt(self):
        pytest.importorskip("cyipopt")

    quiet = {"print_level": 0, "sb": "yes", "tol": 1e-10}  # noqa: RUF012

    @pytest.mark.parametrize("sparse", [None, True, False])
    def test_hs71(self, sparse):
        x, info = solvers.solve_ipopt(
            hs71, HS71_START, hs71_constraints, lb=1.0, ub=5.0, cl=[25.0, 40.0], cu=[np.inf, 40.0],
            options=self.quiet | {"derivative_test": "second-order"}, sparse=sparse,
        )  # fmt: skip
        assert info["status"] == 0
        np.testing.assert_allclose(x, HS71, atol=1e-6)

    def test_without_constraints(self):
        x, info = solvers.solve_ipopt(rosenbrock, np.zeros(50), options=self.quiet)
        assert info["status"] == 0
        np.testing.assert_allclose(x, 1.0, atol=1e-8)

    def test_linear(self):
        x, info = solvers.solve_ipopt(
            lambda x: x[0] + 2.0 * x[1], [1, 1], lambda x: x[0] + x[1], lb=0.0, cl=1.0,
            options=self.quiet,
        )  # fmt: skip
        assert info["status"] == 0
        np.testing.assert_allclose(x, [1.0, 0.0], atol=1e-7)

    def test_a_chain_of_equations(self):
        n = 300
        x, info = solvers.solve_ipopt(
            lambda x: np.sum((x - 2.0) ** 2), np.full(n, 1.5), lambda x: x[1:] * x[:-1],
            cl=1.0, cu=1.0, options=self.quiet,
        )  # fmt: skip
        assert info["status"] == 0
        np.testing.assert_allclose(x[1:] * x[:-1], 1.0)

    def test_bad_bounds(self):
        with refused(ValueError, "lb", "(4,)"):
            solvers.solve_ipopt(hs71, HS71_START, lb=[1.0, 2.0])
        with refused(ValueError, "cl, cu"):
            solvers.solve_ipopt(hs71, HS71_START, hs71_constraints)
