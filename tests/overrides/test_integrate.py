# SPDX-License-Identifier: Apache-2.0
"""Integrals and differential equations of scipy.integrate in traced code: limits, tolerances,
results, failures."""

import numpy as np
import pytest
import scipy.integrate as si
from scipy.integrate import quad, solve_ivp

import ad_core
from ad_core.errors import NoDerivativeError, NotDifferentiable, TracedValueError
from agreement import refused

x2 = np.array([0.7, 0.4])
EXACT = {"rtol": 1e-10, "atol": 1e-12}


def test_limits_that_are_equal_or_reversed():
    f = lambda a, b: quad(lambda t: a * t * t, a, b, epsabs=1e-13)[0]  # noqa: E731
    exact = lambda a, b: a * (b**3 - a**3) / 3.0  # noqa: E731
    for a, b in ((0.5, 0.5), (2.0, -1.0), (0.0, 0.0)):
        found = ad_core.grad(f, (0, 1))(a, b)
        np.testing.assert_allclose(found, ad_core.grad(exact, (0, 1))(a, b), atol=1e-12)


@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_infinite_limits(mode):
    f = lambda x: quad(lambda t: np.exp(-x[0] * t * t), -np.inf, np.inf)[0]  # noqa: E731
    found = ad_core.jacobian(f, mode=mode)(x2)
    np.testing.assert_allclose(found, [-0.5 * np.sqrt(np.pi) * 0.7**-1.5, 0.0], rtol=1e-8)
    g = lambda x: quad(lambda t: np.exp(-t), x[0], np.inf)[0]  # noqa: E731
    found = ad_core.jacobian(g, mode=mode)(x2)
    np.testing.assert_allclose(found, [-np.exp(-0.7), 0.0], rtol=1e-8)


def test_the_tolerance_is_kept():
    """The integrals of the derivatives are as rough as the integral."""
    counts = []

    def f(k, epsrel):
        def bell(t):
            counts.append(t)
            return np.exp(-k * t * t) * np.sqrt(abs(t))

        return quad(bell, -1.0, 3.0, epsrel=epsrel, epsabs=0.0)[0]

    seen = []
    for epsrel in (1e-2, 1e-12):
        counts.clear()
        ad_core.grad(lambda k, e=epsrel: f(k, e))(1.3)
        seen.append(len(counts))
    assert seen[1] > 2 * seen[0]


def test_results_of_quad():
    def f(x):
        value, error = quad(lambda t: x[0] * t, 0.0, x[1])
        assert type(error) is float
        assert error < 1e-10
        found = quad(lambda t: x[0] * t, 0.0, x[1], full_output=True)
        assert found[2]["neval"] == 21
        return value + found[0]

    np.testing.assert_allclose(ad_core.jacobian(f)(x2), [0.16, 0.56])


def test_what_quad_refuses():
    with refused(NoDerivativeError, "weight", "test_integrate.py"):
        ad_core.grad(lambda x: quad(np.exp, 0.0, x, weight="cos", wvar=2.0)[0])(0.7)
    with refused(NoDerivativeError, "complex_func", "test_integrate.py"):
        ad_core.grad(lambda x: quad(lambda t: x * t, 0.0, 1.0, complex_func=True)[0].real)(0.7)
    with refused(NoDerivativeError, "full_output", "test_integrate.py"):
        ad_core.grad(
            lambda x: si.nquad(lambda s, t: x * s * t, [[0, 1], [0, x]], full_output=True)[0]
        )(0.7)


def test_errors_of_the_integrand_are_passed_on():
    def raises(t):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        ad_core.grad(lambda x: quad(lambda t: raises(t) * x, 0.0, 1.0)[0])(0.7)
    with pytest.raises(TypeError):
        ad_core.grad(lambda x: quad(lambda t: x * t, 0.0)[0])(0.7)


hidden = None


def test_a_global_variable_is_refused():
    def f(a):
        global hidden
        hidden = a
        return quad(lambda t: hidden * t, 0.0, 1.0)[0]

    with refused(TracedValueError, "quad", "not among its arguments"):
        ad_core.grad(f)(8.0)


def test_nan_of_an_integrand():
    with pytest.warns(si.IntegrationWarning, match="divergent|roundoff|occurrence"):
        assert np.isnan(ad_core.grad(lambda x: quad(lambda t: x * t * np.nan, 0.0, 1.0)[0])(0.7))


def test_three_integrals_within_one_another():
    f = lambda a: si.tplquad(  # noqa: E731
        lambda z, y, t: a * z + y * t, 0, 1, 0, 1, 0.0, lambda t, y: t + y, epsabs=1e-3, epsrel=1e-3
    )[0]
    value, slope = ad_core.jvp(f, (0.7,), (1.0,))
    assert value == f(0.7)
    np.testing.assert_allclose(slope, 7.0 / 12.0, rtol=1e-8)


def test_quad_vec_of_matrices():
    f = lambda x: si.quad_vec(lambda t: np.outer(x, x) * t, 0.0, x[0])[0]  # noqa: E731
    exact = lambda x: np.outer(x, x) * x[0] ** 2 / 2.0  # noqa: E731
    ad_core.check_grads(f, (x2,), order=2)
    np.testing.assert_allclose(ad_core.jacobian(f)(x2), ad_core.jacobian(exact)(x2), rtol=1e-8)


# --------------------------------------------------------------------- differential equations


def decay(t, y, k):
    return -k * y


def test_results_of_solve_ivp():
    def f(x):
        found = solve_ivp(decay, (0.0, 1.0), [x[1]], args=(x[0],), **EXACT)
        assert found.success
        assert found.status == 0
        assert found.nfev > 0
        assert isinstance(found["t"], np.ndarray)
        assert found.y.shape == (1, found.t.size)
        return found.y[0, -1] * found.t[-1]

    exact = lambda x: x[1] * np.exp(-x[0])  # noqa: E731
    np.testing.assert_allclose(ad_core.grad(f)(x2), ad_core.grad(exact)(x2), rtol=1e-8)


def test_the_solvers_own_times_keep_their_places_in_programs():
    f = lambda k: solve_ivp(decay, (0.0, 2.0), [1.0], args=(k,), **EXACT)  # noqa: E731
    tape = ad_core.trace(lambda k: f(k).y[0], 0.7)
    times = f(0.7).t
    np.testing.assert_allclose(tape(3.0), np.exp(-3.0 * times), rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(
        tape.jacobian(3.0), -times * np.exp(-3.0 * times), rtol=1e-5, atol=1e-7
    )


def test_times_of_events_in_programs():
    def crossed(t, y, k):
        return y[0] - 0.5

    crossed.terminal = True

    def f(k):
        found = solve_ivp(decay, (0.0, 9.0), [1.0], args=(k,), events=crossed, **EXACT)
        return np.stack([found.t_events[0][0], found.t[-1], found.y[0, -1]])

    compiled = ad_core.compile(f)
    for k in (0.7, 2.0):
        slopes = [-np.log(2.0) / k**2, -np.log(2.0) / k**2, 0.0]
        np.testing.assert_allclose(compiled.jacobian(k), slopes, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(ad_core.jacobian(f)(k), slopes, rtol=1e-6, atol=1e-7)


def test_no_event():
    never = lambda t, y, k: y[0] + 1.0  # noqa: E731
    f = lambda k: solve_ivp(decay, (0.0, 1.0), [1.0], args=(k,), events=never, **EXACT)  # noqa: E731
    assert ad_core.grad(lambda k: k * len(f(k).t_events[0]) + f(k).y[0, -1])(0.7) < 0.0


def test_a_buffer_for_the_rates():
    def f(x):
        rates = np.zeros(2)

        def fun(t, y):
            rates[0] = y[1]
            rates[1] = -x[0] * y[0]
            return rates

        return solve_ivp(fun, (0.0, 1.0), [x[1], 0.0], **EXACT).y[0, -1]

    exact = lambda x: x[1] * np.cos(np.sqrt(x[0]))  # noqa: E731
    np.testing.assert_allclose(ad_core.grad(f)(x2), ad_core.grad(exact)(x2), rtol=1e-7)


def test_a_solution_that_does_not_exist():
    blow_up = lambda k: solve_ivp(lambda t, y: k * y**2, (0.0, 9.0), [1.0]).y[0, -1]  # noqa: E731
    with refused(NoDerivativeError, "solve_ivp", "test_integrate.py"):
        ad_core.grad(blow_up)(1.0)


def test_complex_states_are_refused():
    def f(k):
        start = np.stack([1.0 + k * 1j])
        return solve_ivp(lambda t, y: 1j * k * y, (0.0, 1.0), start).y[0, -1].real

    with refused(NotDifferentiable, "complex", "test_integrate.py"):
        ad_core.grad(f)(0.7)


def test_odeint_with_repeated_times_and_full_output():
    def f(k):
        ys, info = si.odeint(
            lambda y, t: -k * y, 1.0, [0.0, 0.0, 1.0, 1.0], full_output=True, **EXACT
        )
        assert info["message"] == "Integration successful."
        return ys[:, 0]

    expected = [0.0, 0.0, -np.exp(-0.7), -np.exp(-0.7)]
    for jacobian in (ad_core.jacfwd, ad_core.jacrev):
        np.testing.assert_allclose(jacobian(f)(0.7), expected, rtol=1e-7, atol=1e-9)


def test_many_parameters_are_solved_as_one_system():
    """One solution for all tangents, with values of the rates from a program."""
    calls = []

    def f(p):
        def fun(t, y):
            calls.append(t)
            return -p * y

        return solve_ivp(fun, (0.0, 1.0), np.ones(12), **EXACT).y[:, -1]

    p = np.linspace(0.5, 2.0, 12)
    np.testing.assert_allclose(ad_core.jacobian(f)(p), -np.diag(np.exp(-p)), rtol=1e-7, atol=1e-9)
    before = len(calls)
    calls.clear()
    f(p)
    assert before < 4 * len(calls) + 300
