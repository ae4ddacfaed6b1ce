# SPDX-License-Identifier: Apache-2.0
"""Ipopt's callbacks alone, and solutions by cyipopt if it is installed."""

import sys
import types

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


class TestConstraintsOfSciPy:
    A = np.array([[1.0, 0.0, 2.0], [0.0, 0.0, 0.0], [0.0, 3.0, 0.0]])

    def test_forms_are_joined_with_their_bounds(self):
        optimize = pytest.importorskip("scipy.optimize")
        sparse = pytest.importorskip("scipy.sparse")
        for A in (self.A, sparse.csr_array(self.A)):
            constraints = [
                {"type": "eq", "fun": lambda x, a: x[0] - a, "args": (2.0,)},
                {"type": "ineq", "fun": lambda x: [x[1] ** 2, x[2]]},
                optimize.LinearConstraint(A, -1.0, [1.0, 2.0, 3.0]),
                optimize.NonlinearConstraint(lambda x: x[0] * x[1], 0.5, np.inf),
                solvers.NonlinearConstraint(lambda x: x[:2] ** 2, 0.0, 1.0),
            ]
            problem = solvers.IpoptProblem(lambda x: x @ x, [1, 2, 3], constraints)
            assert problem.m == 9
            np.testing.assert_array_equal(problem.cl, [0, 0, 0, -1, -1, -1, 0.5, 0, 0])
            inf = np.inf
            np.testing.assert_array_equal(problem.cu, [0, inf, inf, 1, 2, 3, inf, 1, 1])
            x = np.array([1.0, 2.0, 3.0])
            np.testing.assert_allclose(problem.constraints(x), [-1, 4, 3, 7, 0, 6, 2, 1, 4])
            J = np.zeros((9, 3))
            J[problem.jacobianstructure()] = problem.jacobian(x)
            rows = [[1, 0, 0], [0, 4, 0], [0, 0, 1], *self.A, [2, 1, 0], [2, 0, 0], [0, 4, 0]]
            np.testing.assert_allclose(J, rows)
        one = solvers.IpoptProblem(lambda x: x @ x, [1, 2, 3], constraints[0])
        assert (one.m, one.cl[0], one.cu[0]) == (1, 0.0, 0.0)
        assert solvers.IpoptProblem(lambda x: x @ x, [1, 2, 3], []).m == 0

    def test_other_forms_are_refused(self):
        with refused(ValueError, "eq", "ineq"):
            solvers.IpoptProblem(rosenbrock, [1, 2], {"type": "le", "fun": lambda x: x})
        with refused(TypeError, "constraints", "int"):
            solvers.IpoptProblem(rosenbrock, [1, 2], 3)


class Recorded:
    """What solve_ipopt passes to cyipopt."""

    def __init__(self, **given):
        self.given, self.options = given, {}
        Recorded.last = self

    def add_option(self, name, value):
        if name == "no_such_option":
            raise TypeError("Error while assigning an option")
        self.options[name] = value

    def solve(self, x, **multipliers):
        self.multipliers = multipliers
        figures = range(11)
        self.ended = not self.given["problem_obj"].intermediate(*figures)
        return x, {"status": 0}


class TestArguments:
    @pytest.fixture(autouse=True)
    def _recorded(self, monkeypatch):
        module = types.ModuleType("cyipopt")
        module.Problem = Recorded
        monkeypatch.setitem(sys.modules, "cyipopt", module)

    def test_bounds_of_dicts(self):
        constraint = {"type": "ineq", "fun": lambda x: x[0] - 1.0}
        solvers.solve_ipopt(rosenbrock, [1, 2], constraint)
        np.testing.assert_array_equal(Recorded.last.given["cl"], [0.0])
        np.testing.assert_array_equal(Recorded.last.given["cu"], [np.inf])
        with refused(ValueError, "cl, cu"):
            solvers.solve_ipopt(rosenbrock, [1, 2], constraint, cl=1.0)

    def test_wrong_options_are_named(self):
        with refused(ValueError, "no_such_option", "3"):
            solvers.solve_ipopt(rosenbrock, [1, 2], options={"no_such_option": 3})

    def test_warm_starts(self):
        info = {"status": 0, "mult_g": [2.0], "mult_x_L": [0.1, 0.2], "mult_x_U": [0.3, 0.4]}
        given = {"constraints": lambda x: x[0] * x[1], "cl": 0.0}
        solvers.solve_ipopt(rosenbrock, [1, 2], **given, warm_start=info)
        last = Recorded.last
        assert last.options == {"warm_start_init_point": "yes"}
        np.testing.assert_array_equal(last.multipliers["lagrange"], [2.0])
        np.testing.assert_array_equal(last.multipliers["zl"], [0.1, 0.2])
        np.testing.assert_array_equal(last.multipliers["zu"], [0.3, 0.4])
        solvers.solve_ipopt(rosenbrock, [1, 2], **given)
        assert not Recorded.last.options
        assert not Recorded.last.multipliers
        with refused(ValueError, "mult_g", "(1,)"):
            solvers.solve_ipopt(rosenbrock, [1, 2], **given, warm_start={"mult_g": [1.0, 2.0]})
        with refused(ValueError, "mult_x_L"):
            solvers.solve_ipopt(rosenbrock, [1, 2], **given, warm_start={"g": [1.0]})

    def test_callbacks(self):
        seen = []
        solvers.solve_ipopt(rosenbrock, [1, 2], callback=seen.append)
        assert (seen[0]["iter_count"], seen[0]["mu"]) == (1, 5)
        assert not Recorded.last.ended
        solvers.solve_ipopt(rosenbrock, [1, 2], callback=lambda figures: False)
        assert Recorded.last.ended
        with refused(TypeError, "callback"):
            solvers.solve_ipopt(rosenbrock, [1, 2], callback=3)


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
