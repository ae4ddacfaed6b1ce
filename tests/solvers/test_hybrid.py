# SPDX-License-Identifier: Apache-2.0
"""root by the hybrid method: SciPy's result and options, and recordings of small functions."""

import numpy as np
import pytest

import ad_core
from ad_core import solvers
from agreement import refused

optimize = pytest.importorskip("scipy.optimize")

RNG = np.random.default_rng(5)


def system(n, form):
    """(fun, x0) of a random system of n equations with a root near x0, in one of several forms."""
    A = RNG.normal(size=(n, n)) + 3.0 * np.eye(n)
    root = RNG.normal(size=n)
    shift = A @ root + np.sin(root) + 0.1 * root**2

    def of_array(x):
        return A @ x + np.sin(x) + 0.1 * x**2 - shift

    def of_numbers(x):
        rows = [sum(a * v for a, v in zip(row, x, strict=True)) for row in A.tolist()]
        return [r + np.sin(v) + 0.1 * v * v - s for r, v, s in zip(rows, x, shift, strict=True)]

    def filled(x):
        y = np.zeros(n)
        for k in range(n):
            y[k] = A[k] @ x + np.sin(x[k]) + 0.1 * x[k] ** 2 - shift[k]
        return y

    def branching(x):  # the same function on either side, by different operations
        square = x * x if x[0] > root[0] else x**2
        return A @ x + np.sin(x) + 0.1 * square - shift

    def solved(x):  # a call of a rule
        return x - np.linalg.solve(A, shift - np.sin(x) - 0.1 * x**2)

    functions = {
        "array": of_array, "list": of_numbers, "tuple": lambda x: tuple(of_numbers(x)),
        "filled": filled, "branching": branching, "rule": solved,
    }  # fmt: skip
    return functions[form], root + 0.3 * RNG.normal(size=n)


@pytest.mark.parametrize("form", ["array", "list", "tuple", "filled", "branching", "rule"])
@pytest.mark.parametrize("n", [1, 2, 3, 5, 10])
def test_results_are_those_of_scipy(n, form):
    fun, x0 = system(n, form)
    found, own = solvers.root(fun, x0), optimize.root(fun, x0)
    assert found.success
    np.testing.assert_allclose(found.x, own.x, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(found.fun, fun(found.x), rtol=1e-12, atol=1e-13)
    assert own.keys() <= found.keys()
    assert (found.status, found.method, found.message) == (1, "hybr", own.message)
    for name in ("x", "fun", "fjac", "r", "qtf"):
        assert (found[name].shape, found[name].dtype) == (own[name].shape, own[name].dtype)


@pytest.mark.parametrize("n", [1, 2, 4, 40])
def test_the_factors_are_those_of_the_last_model(n):
    A = RNG.normal(size=(n, n)) + 2.0 * np.eye(n)
    found = solvers.root(lambda x: A @ x - 1.0, np.zeros(n), options={"maxfev": 2})
    R = np.zeros((n, n))
    R[np.triu_indices(n)] = found.r
    np.testing.assert_allclose(found.fjac.T @ R, A, atol=1e-6)
    np.testing.assert_allclose(found.fjac @ found.fjac.T, np.eye(n), atol=1e-13)
    np.testing.assert_allclose(found.qtf, found.fjac @ found.fun, atol=1e-12)


def test_a_function_of_many_unknowns_and_a_kept_one():
    A = RNG.normal(size=(120, 120)) + 20.0 * np.eye(120)
    fun = lambda x: A @ x + np.tanh(x) - 1.0  # noqa: E731
    expected = optimize.root(fun, np.zeros(120)).x
    np.testing.assert_allclose(solvers.root(fun, np.zeros(120)).x, expected, rtol=1e-6)
    kept = ad_core.compile(lambda x: np.array([x[0] ** 2 - 2.0, x[1] - x[0]]))
    np.testing.assert_allclose(solvers.root(kept, [1.0, 1.0]).x, np.sqrt(2.0))
    assert kept.paths == 1


def test_a_small_function_is_recorded_once():
    calls = []

    def fun(x):
        calls.append(type(x))
        return [10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]]

    found = solvers.root(fun, [-1.2, 1.0])
    assert found.success
    assert found.nfev > 10
    assert len(calls) == 1


def test_other_paths_are_the_functions_own():
    sides = []

    def fun(x):
        side = bool(x[0] > 1.0)
        sides.append(side)
        return x**2 - 4.0 if side else x**2 - 4.0 + 1e-3 * (x - 1.0) ** 2

    found = solvers.root(fun, [0.2])
    np.testing.assert_allclose(found.x, 2.0)
    assert set(sides) == {False, True}


def test_a_step_back_to_where_it_was_recorded():
    fun = lambda x: np.where(x > 0.5, x - 1.0, np.sign(x - 0.3))  # noqa: E731
    assert np.isfinite(solvers.root(fun, [0.2, 0.2]).fun).all()


class TestOptions:
    @staticmethod
    def fun(x):
        return [10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]]

    def test_those_of_scipy(self):
        start = [-1.2, 1.0]
        few = solvers.root(self.fun, start, options={"maxfev": 5})
        assert (few.success, few.status, few.nfev) == (False, 2, 5)
        assert "maxfev = 5" in few.message
        for options in ({"factor": 0.5}, {"diag": [1.0, 2.0]}, {"xtol": 1e-3}):
            found = solvers.root(self.fun, start, options=options)
            own = optimize.root(self.fun, start, options=options)
            assert found.success == own.success
            np.testing.assert_allclose(found.x, own.x, atol=1e-3)
        assert solvers.root(self.fun, start, tol=1e-2).success
        none = solvers.root(lambda x: x * x + 1.0, [3.0])
        assert none.status in (4, 5)
        assert "not making good progress" in none.message

    @pytest.mark.parametrize(
        "option", [{"xtol": -1.0}, {"factor": 0.0}, {"diag": [1.0, -1.0]}, {"maxfev": -2},
                   {"diag": [1.0]}, {"xtol": np.nan}],
    )  # fmt: skip
    def test_wrong_values(self, option):
        with refused(ValueError, next(iter(option))):
            solvers.root(self.fun, [1.0, 2.0], options=option)

    def test_others(self):
        with pytest.warns(optimize.OptimizeWarning, match="nothing"):
            solvers.root(self.fun, [1.0, 2.0], options={"nothing": 1})
        with pytest.warns(RuntimeWarning, match="callback"):
            solvers.root(self.fun, [1.0, 2.0], callback=print)
        with refused(TypeError, "unknown"):
            solvers.root(self.fun, [1.0, 2.0], unknown=1)


class TestErrors:
    def test_those_of_the_function_pass_unchanged(self):
        class Own(Exception):
            pass

        def fun(x):
            if x[0] < 1.5:
                raise Own("too small")
            return x**3 - 1.0

        for start in (1.0, 3.0):
            with pytest.raises(Own, match="too small"):
                solvers.root(fun, [start])

    @pytest.mark.parametrize(
        ("fun", "kind", "word"),
        [
            (lambda x: None, TypeError, "return"),
            (lambda x: x[:1], ValueError, "2 numbers"),
            (lambda x: [x, x], ValueError, "vector"),
            (lambda x: [[x[0]], [x[1]]], ValueError, "vector"),
            (lambda x: "text", TypeError, "real numbers"),
            (lambda x: [{x[0]: 1.0}[x[0]], x[1]], ad_core.NotDifferentiable, "hashed"),
            (3, TypeError, "callable"),
        ],
    )
    def test_wrong_functions(self, fun, kind, word):
        with refused(kind, word):
            solvers.root(fun, [1.0, 2.0])

    def test_results_of_another_length_later(self):
        fun = lambda x: x - 5.0 if x[0] < 2.0 else np.append(x, 1.0)  # noqa: E731
        with refused(ValueError, "2 numbers", "got 3"):
            solvers.root(fun, [1.0, 1.0])

    def test_nothing_finite(self):
        with np.errstate(all="ignore"):
            start = solvers.root(lambda x: np.log(x), [-1.0])
            later = solvers.root(lambda x: 1.0 + np.log(1.0 - np.abs(x - 3.0) * 1e20), [3.0])
            slope = solvers.root(lambda x: np.sqrt(x) + 1.0, [0.0])
        for found in (start, later, slope):
            assert (found.success, found.status) == (False, 6)
            assert "NaN or infinite" in found.message
        assert "x0" in start.message

    def test_a_step_to_where_there_is_no_value(self):
        with np.errstate(invalid="ignore"):
            found = solvers.root(np.log, [50.0])
        np.testing.assert_allclose(found.x, 1.0)


@pytest.mark.parametrize("start", [[1.0], np.ones(1)], ids=["list", "array"])
def test_within_another_derivative(start):
    with refused(ad_core.NotDifferentiable, "implicit.root"):
        ad_core.grad(lambda p: solvers.root(lambda x: x - p, start).x[0])(np.ones(1))


def test_texts_of_traced_values_are_printed_at_each_point(capsys):
    def fun(x):
        print(x[0])
        return x**2 - 2.0

    found = solvers.root(fun, [1.0])
    assert found.success
    assert len(capsys.readouterr().out.splitlines()) >= found.nfev


def test_nan_checks_of_debug():
    with ad_core.debug(nans=True):
        assert solvers.root(lambda x: x**2 - 2.0, [1.0]).success
