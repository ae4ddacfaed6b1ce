# SPDX-License-Identifier: Apache-2.0
"""Solvers of scipy.optimize in traced code: names bound early, functions that hold traced values in
other ways, results, failures, singular equations."""

import subprocess
import sys

import numpy as np
import pytest
import scipy.optimize as so
from scipy.optimize import brentq, elementwise, fmin, minimize_scalar

import ad_core
from ad_core.errors import NoDerivativeError, NotDifferentiable, TracedValueError
from agreement import refused

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

x2 = np.array([0.7, 0.4])
CUBE_ROOT = 1.0 / 12.0  # the derivative of the cube root at 8


def cube_root(a):
    return brentq(lambda r: r**3 - a, 0.0, 9.0, xtol=1e-13)


def test_names_bound_early_are_known_before_the_first_trace():
    """These solvers in Python would differentiate their own iterations without an error."""
    f = lambda a: fmin(lambda u: (u[0] - a) ** 2, [0.0], xtol=1e-10, disp=0)[0]  # noqa: E731
    np.testing.assert_allclose(ad_core.grad(f)(0.7), 1.0, rtol=1e-12)
    g = lambda a: minimize_scalar(lambda u: (u - a) ** 2).x  # noqa: E731
    np.testing.assert_allclose(ad_core.grad(g)(0.7), 1.0, rtol=1e-12)


def test_a_solver_that_the_function_itself_imports(tmp_path):
    code = """
import numpy as np, ad_core
def f(a):
    from scipy.optimize import fmin
    return fmin(lambda u: (u[0] - a) ** 2, [0.0], xtol=1e-10, disp=0)[0]
assert abs(ad_core.grad(f)(0.7) - 1.0) < 1e-12
def g(x):
    from scipy.integrate import quad
    return quad(lambda t: x[0] * t * t, 0.0, x[1])[0]
assert np.allclose(ad_core.jacobian(g)(np.array([0.7, 2.0])), [8.0 / 3.0, 2.8])
before = set(ad_core.adapted())
ad_core.restore()
assert before and not ad_core.adapted()
assert abs(ad_core.grad(f)(0.7) - 1.0) < 1e-12
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


class Model:
    """Holds a parameter, and a list of others."""

    def __init__(self, a, rest):
        self.a = a
        self.rest = rest

    def residual(self, r):
        return r**3 - self.a * self.rest["b"][0]


class Slots:
    __slots__ = ("a",)

    def __call__(self, r):
        return r**3 - self.a


def slotted(a):
    made = Slots()
    made.a = a
    return made


FOUND = {
    "closure": lambda a: lambda r: r**3 - a,
    "default": lambda a: lambda r, a=a: r**3 - a,
    "method": lambda a: Model(a, {"b": [1.0]}).residual,
    "method, nested": lambda a: Model(1.0, {"b": [a]}).residual,
    "closure over an object": lambda a: (lambda m: lambda r: m.residual(r))(Model(a, {"b": [1.0]})),
    "object with slots": slotted,
    "buffer": lambda a: buffered(a),
}


def buffered(a):
    out = np.zeros(1)

    def residual(r):
        out[0] = r**3 - a
        return out[0]

    return residual


@pytest.mark.parametrize("name", FOUND)
def test_where_traced_values_are_found(name):
    f = lambda a: brentq(FOUND[name](a), 0.0, 9.0, xtol=1e-13)  # noqa: E731
    np.testing.assert_allclose(ad_core.grad(f)(8.0), CUBE_ROOT, rtol=1e-10)
    compiled = ad_core.compile(f)
    for a in (8.0, 5.0):
        np.testing.assert_allclose(compiled.grad(a), ad_core.grad(cube_root)(a), rtol=1e-10)


hidden = None


def test_a_global_variable_is_refused():
    def f(a):
        global hidden
        hidden = a
        return brentq(lambda r: r**3 - hidden, 0.0, 9.0)

    with refused(TracedValueError, "brentq", "not among its arguments"):
        ad_core.grad(f)(8.0)


def test_nested_solvers():
    def outer(a):
        inner = lambda y: brentq(lambda r: r**3 + r - y, -9.0, 9.0, xtol=1e-14)  # noqa: E731
        return so.fsolve(lambda y: inner(y[0]) * y - a, [1.0], xtol=1e-13)[0]

    ad_core.check_grads(outer, (3.0,))


def test_solvers_in_nested_derivatives():
    twice = lambda a: ad_core.grad(lambda b: cube_root(b) * b)(a) * cube_root(a)  # noqa: E731
    exact = lambda a: 4.0 / 3.0 * a ** (2.0 / 3.0)  # noqa: E731
    np.testing.assert_allclose(ad_core.grad(twice)(8.0), ad_core.grad(exact)(8.0), rtol=1e-9)


def test_plain_calls_in_a_traced_function_are_scipys():
    seen = []

    def f(x):
        root = brentq(lambda r: r**3 - 8.0, 0.0, 9.0)
        found = so.minimize(lambda u: np.sum((u - 1.0) ** 2), np.zeros(2))
        seen.append((root, type(found), found.jac))
        return x * root * found.x

    J = ad_core.jacobian(f)(x2)
    np.testing.assert_allclose(J, 2.0 * np.eye(2), rtol=1e-6)
    assert type(seen[-1][0]) in (float, np.float64)
    assert seen[-1][1] is so.OptimizeResult


def test_results_of_minimize():
    seen = []

    def f(x):
        found = so.minimize(lambda u: np.sum((u - x) ** 2) + x[0], np.zeros(2), tol=1e-12)
        assert found.success
        assert isinstance(found, so.OptimizeResult)
        assert found["nit"] > 0
        assert "hess_inv" not in found
        seen.append(str(found))
        return np.append(found.x, [found.fun, found["fun"]])

    J = ad_core.jacobian(f)(x2)
    np.testing.assert_allclose(J, [[1, 0], [0, 1], [1, 0], [1, 0]], atol=1e-7)
    with refused(NoDerivativeError, "the field jac", "test_optimize.py"):
        ad_core.jacobian(lambda x: so.minimize(lambda u: np.sum((u - x) ** 2), x2).jac)(x2)


def test_results_with_full_output():
    def f(a):
        x, report = brentq(lambda r: r**3 - a, 0.0, 9.0, full_output=True, xtol=1e-13)
        assert report.converged
        assert report.iterations > 3
        found = so.curve_fit(lambda t, k: k * t, [1.0, 2.0, 3.0], a * np.ones(3), full_output=True)
        assert len(found) == 5
        return x + report.root + found[0][0] + np.sum(found[2]["fvec"])

    h = 1e-4
    plain = (f(8.0 + h) - f(8.0 - h)) / (2 * h)
    np.testing.assert_allclose(ad_core.grad(f)(8.0), plain, rtol=1e-6)


FAILURES = {
    "few iterations": lambda a: so.newton(lambda r: r**3 - a, 50.0, maxiter=2, disp=False),
    "root_scalar": lambda a: so.root_scalar(lambda r: r**3 - a, x0=50.0, x1=51.0, maxiter=2).root,
    "no root": lambda a: so.root(lambda u: u**2 + a, [1.0]).x[0],
    "no root of fsolve": lambda a: so.fsolve(lambda u: u**2 + a, [1.0])[0],
    "unbounded": lambda a: so.minimize(lambda u: a * u[0], [1.0], method="BFGS").x[0],
    "corner": lambda a: so.minimize(lambda u: abs(u[0] - a), [1.0], method="Nelder-Mead").x[0],
    "infeasible": lambda a: so.linprog([a], A_eq=[[1.0]], b_eq=[-1.0]).fun,
}


@pytest.mark.parametrize("name", FAILURES)
def test_what_scipy_did_not_solve_is_refused(name):
    with refused(NotDifferentiable, "scipy.optimize", "test_optimize.py"):
        ad_core.grad(FAILURES[name])(8.0)


def test_errors_of_scipy_and_of_the_function_are_passed_on():
    with pytest.raises(ValueError, match="different signs"):
        ad_core.grad(lambda a: brentq(lambda r: r**3 - a, 5.0, 9.0))(8.0)
    with pytest.raises(RuntimeError, match="converge"):
        ad_core.grad(lambda a: so.newton(lambda r: r**3 - a, 50.0, maxiter=2))(8.0)

    def raises(r):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        ad_core.grad(lambda a: a * brentq(lambda r: raises(r) + a, 0.0, 9.0))(8.0)
    with pytest.raises(TypeError):
        ad_core.grad(lambda a: brentq(lambda r: r - a, 0.0))(8.0)


def test_a_singular_equation_raises():
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        ad_core.jacobian(lambda x: so.fsolve(lambda u: np.ones(2) * (np.sum(u) - x[0]), x2))(x2)
    flat = lambda x: so.minimize(lambda u: (u[0] - x[0]) ** 2 + 0.0 * u[1], x2).x  # noqa: E731
    with pytest.raises(np.linalg.LinAlgError, match="singular"):
        ad_core.jacobian(flat)(x2)


def test_nan_in_a_parameter():
    f = lambda a: so.newton(lambda r: r - a, 1.0)  # noqa: E731
    with pytest.raises((NotDifferentiable, RuntimeError, np.linalg.LinAlgError)):
        ad_core.grad(f)(np.nan)


def test_a_compiled_function_solves_again_at_each_point():
    compiled = ad_core.compile(cube_root)
    points = np.linspace(1.0, 27.0, 14)
    np.testing.assert_allclose(compiled(points, batch_dims=1), np.cbrt(points), rtol=1e-11)
    expected = np.cbrt(points) / (3.0 * points)
    np.testing.assert_allclose(compiled.grad(points, batch_dims=1), expected, rtol=1e-10)
    tape = ad_core.trace(cube_root, 8.0)
    np.testing.assert_allclose(tape.grad(2.0), 2.0 ** (-2.0 / 3.0) / 3.0, rtol=1e-10)


def test_bounds_that_become_active_at_other_points_of_a_program():
    g = lambda u, a: (u[0] - a) ** 2 + u[0] ** 4  # noqa: E731
    f = lambda a: so.minimize(g, [0.1], (a,), bounds=[(0.0, 0.5)], tol=1e-13).x[0]  # noqa: E731
    compiled = ad_core.compile(f)
    for a in (0.3, 2.0, -1.0):
        expected = (f(a + 1e-5) - f(a - 1e-5)) / 2e-5
        np.testing.assert_allclose(compiled.grad(a), expected, atol=1e-4)
        np.testing.assert_allclose(ad_core.grad(f)(a), expected, atol=1e-4)


def test_an_assignment_that_changes_is_another_path():
    costs = np.array([[1.0, 2.0], [2.5, 3.0]])

    def f(x):
        c = costs * x
        return c[so.linear_sum_assignment(c)].sum()

    compiled = ad_core.compile(f)
    for x in (np.array([1.0, 1.0]), np.array([9.0, 1.0]), np.array([1.0, 9.0])):
        np.testing.assert_allclose(compiled.grad(x), ad_core.grad(f)(x))
    with pytest.raises(ad_core.BranchChanged):
        ad_core.trace(f, np.array([1.0, 1.0]))(np.array([1.0, 9.0]))


def of_elements(find):
    """Solutions for arrays of parameters: x and the function there."""

    def solved(a):
        found = find(a)
        return found.x, found.f_x

    return solved


ELEMENTWISE = {
    "find_root": lambda a: elementwise.find_root(
        lambda r, a: r**3 - a, (0.0 * a, 9.0), args=(a,), tolerances={"xatol": 1e-14}
    ),
    "find_root of the bracket": lambda a: elementwise.find_root(
        lambda r, a: np.exp(r) - 2.0 * a, (-9.0 - a, 4.0 * a), args=(a,)
    ),
    "find_minimum": lambda a: elementwise.find_minimum(
        lambda r, a: (r - a**2) ** 2 * np.exp(r) + np.sin(a), (-1.0, 0.9 * a**2, 9.0 * a), args=(a,)
    ),
}


@pytest.mark.parametrize("name", ELEMENTWISE)
@pytest.mark.parametrize("a", [1.3, np.array([1.2]), np.array([[1.0, 1.3], [0.8, 2.0]])])
def test_elementwise_solvers(name, a):
    f = of_elements(ELEMENTWISE[name])
    h = 1e-4
    for mode in (ad_core.jacfwd, ad_core.jacrev):
        for part, J in enumerate(mode(f)(a)):
            expected = (f(a + h)[part] - f(a - h)[part]) / (2.0 * h)
            J = np.reshape(J, (np.size(a), np.size(a)))
            np.testing.assert_allclose(J, np.diag(np.ravel(expected)), rtol=1e-5, atol=2e-4)
    compiled = ad_core.compile(f)
    batch = compiled.jacobian(np.stack([a, 1.01 * a]), batch_dims=1)
    for part, J in enumerate(ad_core.jacfwd(f)(1.01 * a)):
        np.testing.assert_allclose(batch[part][1], J, rtol=1e-6, atol=1e-6)


def test_elementwise_solvers_that_fail():
    with refused(NoDerivativeError, "find_root", "test_optimize.py"):
        ad_core.grad(lambda a: elementwise.find_root(lambda r: r**2 + a, (0.0, 9.0)).x)(8.0)
    with refused(NoDerivativeError, "the field bracket", "test_optimize.py"):
        ad_core.grad(lambda a: elementwise.find_root(lambda r: r - a, (0.0, 9.0)).bracket[0])(8.0)
    with pytest.raises((NoDerivativeError, np.linalg.LinAlgError)):  # the minimum is a kink
        ad_core.grad(lambda a: elementwise.find_minimum(lambda r: abs(r - a), (-1.0, a, 9.0)).x)(
            2.0
        )
    with refused(NoDerivativeError, "bracket_root", "plain numbers"):
        ad_core.grad(lambda a: elementwise.bracket_root(lambda r: r - a, 0.0).xl)(8.0)
