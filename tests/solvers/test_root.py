# SPDX-License-Identifier: Apache-2.0
"""The sparse Newton method of root, starts of several axes, options."""

import numpy as np
import pytest

from ad_core import solvers
from ad_core.solvers.sparse_newton import sparse_newton
from agreement import refused
from solver_problems import broyden

optimize = pytest.importorskip("scipy.optimize")
matrices = pytest.importorskip("scipy.sparse")


class TestNewton:
    def test_it_is_the_default_for_sparse_jacobians(self):
        found = solvers.root(broyden, -np.ones(1000))
        assert found.success
        assert (found.method, found.njev) == ("newton", 5)
        np.testing.assert_allclose(broyden(found.x), 0.0, atol=1e-12)
        assert solvers.root(broyden, -np.ones(50)).method == "hybr"
        assert solvers.root(broyden, -np.ones(120), sparse=False).method == "hybr"
        assert solvers.root(broyden, -np.ones(120), options={"maxfev": 9000}).method == "hybr"
        assert solvers.root(broyden, -np.ones(20), sparse=True).method == "newton"

    @pytest.mark.parametrize("n", [5, 150])
    def test_dense_and_sparse_jacobians(self, n):
        found = solvers.root(broyden, -np.ones(n), method="newton")
        own = optimize.root(broyden, -np.ones(n))
        np.testing.assert_allclose(found.x, own.x, atol=1e-7)

    def test_a_line_search_where_full_steps_diverge(self):
        found = solvers.root(np.arctan, np.linspace(-3.0, 3.0, 120))
        assert (found.success, found.method) == (True, "newton")
        np.testing.assert_allclose(found.x, 0.0, atol=1e-12)

    def test_a_step_to_where_there_is_no_value(self):
        with np.errstate(invalid="ignore"):
            found = solvers.root(lambda x: np.log(x), np.full(100, 8.0), method="newton")
        assert found.success
        np.testing.assert_allclose(found.x, 1.0)

    def test_another_method_follows_where_it_fails(self):
        def fun(x):  # Newton's derivative vanishes at the start, but not near it
            return (x - 1.0) * (x + 1.0) * (x - 3.0) + 3.0 * 0.0

        x0 = np.full(120, (3.0 - np.sqrt(12.0)) / 3.0 + 0.3)
        found = solvers.root(fun, x0)
        assert found.success
        np.testing.assert_allclose(fun(found.x), 0.0, atol=1e-6)
        never = solvers.root(lambda x: x * x + 1.0, np.ones(120))
        assert (never.success, never.method) == (False, "hybr")
        alone = solvers.root(lambda x: x * x + 1.0, np.ones(120), method="newton")
        assert (alone.success, alone.method) == (False, "newton")

    def test_singular_jacobians(self):
        found = sparse_newton(
            lambda x: x**2 + 1.0, lambda x: matrices.diags_array(2.0 * x).tocsc(), np.zeros(3)
        )
        assert not found.success
        assert "singular" in found.message

    def test_limits_and_unknown_options(self):
        found = solvers.root(broyden, -np.ones(9), method="newton", options={"maxiter": 1})
        assert not found.success
        assert "1 steps" in found.message
        loose = solvers.root(broyden, -np.ones(9), method="newton", tol=1e-2)
        assert loose.success
        with refused(TypeError, "maxfev", "maxiter"):
            solvers.root(broyden, -np.ones(9), method="newton", options={"maxfev": 1})


class TestStarts:
    TARGET = np.array([[4.0, 1.0], [0.0, 9.0]])
    START = np.array([[1.0, 0.1], [0.1, 2.0]])

    def square(self, X):
        return X @ X - self.TARGET

    @pytest.mark.parametrize("method", ["newton", "krylov", "df-sane", "broyden1"])
    def test_shapes_that_the_method_keeps(self, method):
        found = solvers.root(self.square, self.START, method=method)
        assert found.x.shape == (2, 2)
        np.testing.assert_allclose(self.square(found.x), 0.0, atol=1e-4)

    @pytest.mark.parametrize("method", [None, "hybr", "lm"])
    def test_shapes_that_it_flattens_as_scipy_does(self, method):
        def flat(v):
            assert v.shape == (4,)
            return self.square(v.reshape(2, 2)).ravel()

        found = solvers.root(flat, self.START, method=method)
        own = optimize.root(flat, self.START)
        np.testing.assert_allclose(found.x, own.x, atol=1e-7)

    @pytest.mark.parametrize("name", ["eps", "band", "col_deriv"])
    def test_options_of_differences(self, name):
        with refused(TypeError, name):
            solvers.root(broyden, -np.ones(5), options={name: 1})
