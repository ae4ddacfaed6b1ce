"""ad_core.implicit: solutions differentiated through the equations they solve, against closed
forms, differences and the solver itself traced."""

import itertools
import sys
from functools import partial

import numpy as np
import pytest

import ad_core
from ad_core import implicit
from ad_core.implicit import sensitivities
from agreement import refused

pytest.importorskip("scipy")

p2 = np.array([4.0, 1.5])


def newton(f, x):
    """A solver in NumPy, which can be passed instead of SciPy's."""
    x = np.array(x, dtype=float)
    for _ in range(30):
        x = x - np.linalg.solve(ad_core.jacobian(f)(x), f(x))
    return x


# -------------------------------------------------------------------------------------------- root


def circle(x, p):
    return np.array([x[0] ** 2 + x[1] ** 2 - p[0], x[0] - p[1] * x[1]])


def meet(p, **options):
    return implicit.root(circle, np.array([1.0, 0.5]), p, **options)


def meet_exactly(p):
    y = np.sqrt(p[0] / (1.0 + p[1] ** 2))
    return np.array([p[1] * y, y])


@pytest.mark.parametrize("solver", [None, newton], ids=["scipy", "own"])
def test_root(solver):
    f = partial(meet, solver=solver)
    np.testing.assert_allclose(f(p2), meet_exactly(p2), rtol=1e-12)
    J = ad_core.jacobian(meet_exactly)(p2)
    for k in range(2):
        np.testing.assert_allclose(ad_core.jvp(f, (p2,), (np.eye(2)[k],))[1], J[:, k], rtol=1e-10)
        np.testing.assert_allclose(ad_core.vjp(f, p2)[1](np.eye(2)[k])[0], J[k], rtol=1e-10)
    ad_core.check_grads(f, (p2,), order=3)
    H = ad_core.hessian(lambda p: np.sum(np.sin(f(p))))(p2)
    exact = ad_core.hessian(lambda p: np.sum(np.sin(meet_exactly(p))))(p2)
    np.testing.assert_allclose(H, exact, rtol=1e-8, atol=1e-12)


def test_the_start_has_no_derivative_but_selects_the_solution():
    f = lambda x0: implicit.root(lambda x: x**2 - 4.0, x0)  # noqa: E731
    assert ad_core.grad(f)(1.0) == 0.0
    tape = ad_core.trace(f, 1.0)
    np.testing.assert_allclose([tape(3.0), tape(-3.0)], [2.0, -2.0], rtol=1e-12)


def test_trees_of_unknowns_and_parameters():
    def f(x, p, k):
        return x["a"] ** 3 - p[0] * k, [x["b"][0] * p[1]["c"] - x["a"][::-1]]

    def solve(p, k):
        return implicit.root(f, {"a": np.ones(2), "b": (np.zeros(2),)}, p, k)

    p = (np.array([8.0, 27.0]), {"c": np.array([2.0, 3.0])})
    x = solve(p, 1.0)
    np.testing.assert_allclose(x["a"], [2.0, 3.0])
    np.testing.assert_allclose(x["b"], [[1.5, 2.0 / 3.0]])
    ad_core.check_grads(solve, (p, 1.0))


def test_closures_are_parameters():
    def cube_root(a):
        def f(x):
            return x**3 - a["of"][0]

        return implicit.root(f, 1.0)

    a = {"of": [8.0]}
    np.testing.assert_allclose(cube_root(a), 2.0)
    np.testing.assert_allclose(ad_core.grad(cube_root)(a)["of"][0], 1.0 / 12.0)
    ad_core.check_grads(cube_root, (a,), order=3)


def test_nested_solutions():
    """A root of a function that solves for a root itself, and a root under grad of grad."""

    def outer(a):
        inner = lambda y: implicit.root(lambda x: x**3 + x - y, 1.0)  # noqa: E731
        return implicit.root(lambda y: inner(y) * y - a, 1.0)

    ad_core.check_grads(outer, (3.0,))
    curvature = lambda p: ad_core.grad(  # noqa: E731
        lambda q: np.sum(ad_core.grad(lambda r: np.sum(meet(r)))(q) ** 2)
    )(p)
    expected = ad_core.grad(
        lambda q: np.sum(ad_core.grad(lambda r: np.sum(meet_exactly(r)))(q) ** 2)
    )(p2)
    np.testing.assert_allclose(curvature(p2), expected, rtol=1e-8)


# ---------------------------------------------------------------------------- fixed point, minimum


def kepler(e, M=1.0, **options):
    return implicit.fixed_point(lambda E, e, M: M + e * np.sin(E), M, e, M, **options)


def test_fixed_point():
    E = kepler(0.3)
    np.testing.assert_allclose(E - 0.3 * np.sin(E), 1.0, rtol=1e-12)
    slope = np.sin(E) / (1.0 - 0.3 * np.cos(E))
    np.testing.assert_allclose(ad_core.grad(kepler)(0.3), slope, rtol=1e-11)
    ad_core.check_grads(kepler, (0.3, 1.2), order=3)
    step = lambda fun, x: implicit.root(lambda x: fun(x) - x, x)  # noqa: E731
    np.testing.assert_allclose(kepler(0.9, solver=step), kepler(0.9), rtol=1e-11)


def test_equilibrium_of_a_network():
    rng = np.random.default_rng(0)
    W, U, x = rng.normal(size=(4, 4)) * 0.2, rng.normal(size=(4, 3)), rng.normal(size=3)
    layer = lambda z, W, U, x: np.tanh(W @ z + U @ x)  # noqa: E731
    f = lambda W, U, x: implicit.fixed_point(layer, np.zeros(4), W, U, x)  # noqa: E731

    def unrolled(W, U, x):
        z = np.zeros(4)
        for _ in range(60):
            z = layer(z, W, U, x)
        return z

    found = ad_core.vjp(f, W, U, x)[1](np.ones(4))
    for a, b in zip(found, ad_core.vjp(unrolled, W, U, x)[1](np.ones(4)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)
    ad_core.check_grads(f, (W, U, x))


X = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0], [1.0, 4.0]])
y = np.array([0.0, 1.0, 3.0, 5.0])


def ridge(w, k):
    return np.sum((X @ w - y) ** 2) + k * np.sum(w**2)


def test_minimize():
    fit = lambda k: implicit.minimize(ridge, np.zeros(2), k)  # noqa: E731
    M = X.T @ X + 0.5 * np.eye(2)
    w = np.linalg.solve(M, X.T @ y)
    np.testing.assert_allclose(fit(0.5), w, rtol=1e-12)
    np.testing.assert_allclose(
        ad_core.jvp(fit, (0.5,), (1.0,))[1], -np.linalg.solve(M, w), rtol=1e-11
    )
    ad_core.check_grads(fit, (0.5,), order=3)


def test_minimum_of_a_nonlinear_function():
    def f(x, p):
        return np.sum((x["a"] - p) ** 4) + np.sum(x["a"] ** 2) + x["b"] ** 2 * p[0] - x["b"]

    fit = lambda p: implicit.minimize(f, {"a": np.zeros(2), "b": 0.1}, p)  # noqa: E731
    ad_core.check_grads(fit, (np.array([1.0, 2.0]),))
    loss = lambda k: np.sum((X @ implicit.minimize(ridge, np.zeros(2), k) - y) ** 2)  # noqa: E731
    best = lambda: implicit.minimize(lambda s: loss(s**2), 0.5)  # noqa: E731  a bilevel problem
    assert abs(best()) < 1e-3


def test_a_minimizer_of_the_users():
    def descent(fun, x):
        for _ in range(2000):
            x = x - 0.02 * ad_core.grad(fun)(x)
        return x

    fit = lambda k: implicit.minimize(ridge, np.zeros(2), k, solver=descent)  # noqa: E731
    ad_core.check_grads(fit, (0.5,), order=1)


SOLUTIONS = {
    "root": (meet, p2),
    "fixed_point": (lambda e: kepler(e[0], e[1]), np.array([0.3, 1.2])),
    "minimize": (lambda p: implicit.minimize(ridge, np.zeros(2), p[0] * p[1]), p2),
}


@pytest.mark.parametrize("which", SOLUTIONS)
def test_tapes_and_batches(which):
    f, p = SOLUTIONS[which]
    total = lambda p: np.sum(np.exp(f(p)))  # noqa: E731
    points = p + 0.1 * np.arange(4.0)[:, None]
    values = [total(p) for p in points]
    gradients = [ad_core.grad(total)(p) for p in points]
    tape, function = ad_core.trace(total, p), ad_core.compile(total)
    np.testing.assert_allclose(tape(points), values, rtol=1e-12)
    np.testing.assert_allclose(tape.grad(points), gradients, rtol=1e-10)
    np.testing.assert_allclose(function.grad(points, batch_dims=1), gradients, rtol=1e-10)
    expected = ad_core.jvp(ad_core.grad(total), (points[1],), (p,))[1]
    np.testing.assert_allclose(tape.hessian(points[1]) @ p, expected, rtol=1e-8)


# ------------------------------------------------------------------------------------------ odeint

TIMES = np.array([0.0, 0.7, 2.0])
y0 = np.array([1.0, 0.5])
rates = np.array([1.0, 0.8, 0.6])


def volterra(y, t, k):
    return np.array([k[0] * y[0] - k[1] * y[0] * y[1], k[2] * y[0] * y[1] - y[1] * np.cos(t)])


def orbit(y0, t, k, **options):
    return implicit.odeint(volterra, y0, t, k, rtol=1e-11, atol=1e-11, **options)


@pytest.fixture(params=["adjoint", "tangents"])
def way(request, monkeypatch):
    """Reverse mode by the adjoint equation, or by tangents for all arguments."""
    chosen = lambda self, count, together=False: request.param == "tangents"  # noqa: E731
    monkeypatch.setattr(sensitivities.Sensitivities, "better_forward", chosen)


def test_odeint_against_a_closed_form(way):
    f = lambda y0, k, t: implicit.odeint(lambda y, t, k: -k * y, y0, t, k)  # noqa: E731
    exact = lambda y0, k, t: y0 * np.exp(-k * (t - t[0]))  # noqa: E731
    args, w = (2.0, 0.5, TIMES), np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(f(*args), exact(*args), rtol=1e-7)
    directions = (0.3, 0.7, np.array([0.1, -0.2, 0.4]))
    found, expected = (ad_core.jvp(g, args, directions)[1] for g in (f, exact))
    np.testing.assert_allclose(found, expected, rtol=1e-7)
    for a, b in zip(ad_core.vjp(f, *args)[1](w), ad_core.vjp(exact, *args)[1](w), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-7)


def test_odeint_against_differences(way):
    ad_core.check_grads(orbit, (y0, TIMES, rates), order=1, modes="fwd")
    ad_core.check_grads(orbit, (y0, TIMES, rates), order=1, modes="rev")
    back = TIMES[::-1].copy()
    ad_core.check_grads(orbit, (y0, back, rates), order=1, modes="rev")


def test_second_derivatives_of_odeint(way):
    total = lambda y0, k: np.sum(np.sin(orbit(y0, TIMES, k)))  # noqa: E731
    direction = (np.array([0.5, -1.0]), np.array([0.2, 1.0, -0.4]))
    gradient = ad_core.grad(total, (0, 1))
    found = ad_core.jvp(gradient, (y0, rates), direction)[1]
    near = [
        gradient(*[x + h * d for x, d in zip((y0, rates), direction, strict=True)])
        for h in (1e-4, -1e-4)
    ]
    for t, above, below in zip(found, *near, strict=True):
        np.testing.assert_allclose(t, (above - below) / 2e-4, rtol=1e-5, atol=1e-6)


def test_odeint_of_trees_and_closures(way):
    def f(p, mass):
        def spring(state, t):
            return {"x": state["v"][0], "v": [-p["k"] * state["x"] / mass]}

        start = {"x": p["x0"], "v": [np.zeros(2)]}
        return implicit.odeint(spring, start, [0.0, 1.0], rtol=1e-10, atol=1e-10)["x"]

    p, mass = {"k": 2.0, "x0": np.array([1.0, 2.0])}, 0.5
    np.testing.assert_allclose(f(p, mass)[1], np.cos(2.0) * p["x0"], rtol=1e-7)
    ad_core.check_grads(f, (p, mass), order=1, modes="rev", atol=1e-5)
    ad_core.check_grads(f, (p, mass), order=1, modes="fwd", atol=1e-5)


def test_tapes_of_odeint():
    total = lambda k: np.sum(orbit(y0, TIMES, k) ** 2)  # noqa: E731
    points = rates + 0.1 * np.arange(3.0)[:, None]
    expected = [ad_core.grad(total)(k) for k in points]
    np.testing.assert_allclose(ad_core.trace(total, rates).grad(points), expected, rtol=1e-8)
    function = ad_core.compile(total)
    np.testing.assert_allclose(function.grad(points, batch_dims=1), expected, rtol=1e-8)


def relaxing(rate, **options):
    """y approaches cos(a t), with the given rate."""
    return lambda a: implicit.odeint(
        lambda y, t, a: -rate * (y - np.cos(a * t)), 1.0, np.linspace(0.0, 1.0, 3), a, **options
    )


def test_decaying_solutions_are_followed_backwards_in_parts(monkeypatch):
    never = lambda self, count, together=False: False  # noqa: E731
    monkeypatch.setattr(sensitivities.Sensitivities, "better_forward", never)
    f, w = relaxing(60.0), np.array([0.0, 1.0, -2.0])
    pulled, pushed = ad_core.vjp(f, 2.0)[1](w)[0], ad_core.jvp(f, (2.0,), (1.0,))[1] @ w
    np.testing.assert_allclose(pulled, pushed, rtol=1e-6)
    twice = lambda g: ad_core.jvp(ad_core.grad(lambda a: g(a) @ w), (2.0,), (1.0,))[1]  # noqa: E731
    inner = lambda a: ad_core.jvp(lambda a: f(a) @ w, (a,), (1.0,))[1]  # noqa: E731
    np.testing.assert_allclose(twice(f), ad_core.jvp(inner, (2.0,), (1.0,))[1], rtol=1e-4)


def test_the_decay_of_large_systems():
    """Found from eigenvalues of small Jacobians, and from repeated products with large ones."""
    for n in (3, 100):
        rate = partial(lambda d, y, t: -d * y, np.linspace(1.0, 30.0, n))
        s = sensitivities.Sensitivities(None, rate, None, None, None, ())
        parts = s._parts_of(np.ones((3, n)), np.array([0.0, 1.0, 3.0]), [])
        assert parts in ([6, 12], [5, 10], [6, 11])
    s = sensitivities.Sensitivities(None, lambda y, t: y / 0.0, None, None, None, ())
    with np.errstate(all="ignore"):
        assert s._parts_of(np.ones((2, 1)), np.array([0.0, 1.0]), []) == [sensitivities.MOST]


def test_a_large_system_by_the_adjoint():
    """The heat equation on 80 points, by its 80 diffusivities."""
    n = 80
    laplace = np.diag(np.full(n - 1, 1.0), 1) + np.diag(np.full(n - 1, 1.0), -1) - 2 * np.eye(n)
    start = np.sin(np.linspace(0, np.pi, n))
    f = lambda k: implicit.odeint(lambda y, t: laplace @ (k * y), start, [0.0, 1.0])[1]  # noqa: E731
    k, w = np.linspace(1.0, 2.0, n), np.cos(np.arange(n))
    (pulled,) = ad_core.vjp(f, k)[1](w)
    np.testing.assert_allclose(pulled @ start, ad_core.jvp(f, (k,), (start,))[1] @ w, rtol=1e-6)


def test_stiff_equations_go_forward():
    f, w = relaxing(1e6, method="LSODA"), np.array([0.0, 1.0, -2.0])
    t = np.linspace(0.0, 1.0, 3)
    np.testing.assert_allclose(ad_core.vjp(f, 2.0)[1](w)[0], -t * np.sin(2 * t) @ w, rtol=1e-5)


def test_few_parameters_go_forward_and_many_backward():
    def problem(parts):
        s = sensitivities.Sensitivities(None, None, None, None, None, ())
        s._parts = parts
        return s.better_forward

    assert problem([1] * 10)(3)
    assert not problem([1] * 10)(11)
    assert problem([1, 1000])(500)


def test_an_integrator_of_the_users():
    def runge_kutta(f, y, t):
        ys = [y]
        for a, b in itertools.pairwise(t):
            h = (b - a) / 50
            for k in range(50):
                s = a + k * h
                k1 = f(y, s)
                k2 = f(y + h / 2 * k1, s + h / 2)
                k3 = f(y + h / 2 * k2, s + h / 2)
                y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + f(y + h * k3, s + h))
            ys.append(y)
        return np.array(ys)

    total = lambda k, solver: np.sum(orbit(y0, TIMES, k, solver=solver))  # noqa: E731
    found = ad_core.grad(total)(rates, runge_kutta)
    np.testing.assert_allclose(found, ad_core.grad(total)(rates, None), rtol=1e-6)


def test_one_time_alone():
    f = lambda y: implicit.odeint(lambda y, t: -y, y, np.array([1.0]))[0]  # noqa: E731
    np.testing.assert_array_equal(ad_core.jvp(f, (y0,), (y0,))[1], y0)
    np.testing.assert_array_equal(ad_core.vjp(f, y0)[1](y0)[0], y0)


# ---------------------------------------------------------------------------------------- errors


def test_a_missing_solution_raises_an_error_with_the_name():
    with refused(RuntimeError, "implicit.root", "residual of <lambda>", "tol=1e-06"):
        implicit.root(lambda x: x**2 + 1.0, 1.0)
    with refused(RuntimeError, "implicit.root", "residual"):
        implicit.root(lambda x: x - 1.0, 0.0, solver=lambda fun, x: x)
    with refused(RuntimeError, "implicit.fixed_point", "solver"):
        implicit.fixed_point(lambda x: 2.0 * x + 1.0, 1.0, max_iter=50)
    with refused(RuntimeError, "implicit.fixed_point", "max_iter"):
        implicit.fixed_point(lambda x: -x, 1.0, max_iter=20)
    with refused(RuntimeError, "implicit.minimize", "residual"):
        implicit.minimize(lambda x: np.sum(np.exp(-x) - x), 1.0, solver=lambda fun, x: x)


def blows_up(y, t):
    return y**2


def test_a_failing_integration_raises_an_error_with_the_name():
    with refused(RuntimeError, "implicit.odeint", "blows_up", "from t=0 to 2"):
        implicit.odeint(blows_up, 1.0, [0.0, 2.0])
    with refused(RuntimeError, "implicit.odeint", "not finite"):
        implicit.odeint(blows_up, 1.0, [0.0, 2.0], solver=lambda f, y, t: np.full((2, 1), np.nan))


def test_singular_jacobians_raise_an_error_with_the_name():
    double = lambda a: implicit.root(  # noqa: E731
        lambda x: x**2 - a, 0.0, solver=lambda fun, x: x
    )
    singular = refused(np.linalg.LinAlgError, "implicit.root", "singular", "isolated")
    for derivative in (ad_core.grad(double), lambda a: ad_core.jvp(double, (a,), (1.0,))):
        with singular:
            derivative(0.0)
    flat = lambda a: implicit.minimize(  # noqa: E731
        lambda x, a: (x[0] + x[1] - a) ** 2, np.zeros(2), a
    )
    with refused(np.linalg.LinAlgError, "implicit.minimize", "singular"):
        ad_core.vjp(flat, 1.0)[1](np.ones(2))


def test_results_of_wrong_shapes():
    with refused(ValueError, "implicit.root", "2 numbers", "got 3"):
        implicit.root(lambda x: np.ones(3), np.ones(2))
    with refused(ValueError, "the solver of implicit.root", "structure"):
        implicit.root(lambda x: x, 1.0, solver=lambda fun, x: [x])
    with refused(ValueError, "implicit.fixed_point", "structure"):
        implicit.fixed_point(lambda x: np.ones((2, 1)), np.ones(2))
    with refused(ValueError, "implicit.odeint", "2 numbers"):
        implicit.odeint(lambda y, t: y[0], y0, [0.0, 1.0])
    with refused(ValueError, "implicit.odeint", "(2, 1)"):
        implicit.odeint(blows_up, 1.0, [0.0, 0.5], solver=lambda f, y, t: y)
    with refused(ValueError, "implicit.root", "no numbers"):
        implicit.root(lambda x: x, [])
    with refused(TypeError, "implicit.root", "real numbers"):
        implicit.root(lambda x: x, 1j)
    for f in (implicit.root, implicit.fixed_point, implicit.minimize):
        with refused(TypeError, "takes a function"):
            f(3.0, 1.0)
    with refused(TypeError, "takes a function"):
        implicit.odeint(3.0, 1.0, [0.0, 1.0])


@pytest.mark.parametrize("t", [[], [0.0, 0.0], [0.0, 2.0, 1.0], 1.0, [[0.0, 1.0]], [0.0, np.nan]])
def test_times_that_do_not_rise_or_fall(t):
    with refused(ValueError, "t of implicit.odeint", "rise or fall"):
        implicit.odeint(lambda y, t: -y, 1.0, t)


def test_without_scipy(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.optimize", None)
    monkeypatch.setitem(sys.modules, "scipy.integrate", None)
    install = refused(ImportError, "implicit.", "SciPy", "pip install")
    with install:
        implicit.root(lambda x: x, 1.0)
    with install:
        implicit.minimize(lambda x: x * x, 1.0)
    with install:
        implicit.odeint(lambda y, t: y, 1.0, [0.0, 1.0])
    assert implicit.fixed_point(np.cos, 1.0) > 0.7
    np.testing.assert_allclose(meet(p2, solver=newton), meet_exactly(p2))
