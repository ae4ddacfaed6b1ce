# SPDX-License-Identifier: Apache-2.0
"""Forward sensitivities and discrete adjoints of differential equations: against references, and
the adjoint of every method against the derivative of its own steps."""

import numpy as np
import pytest

import ad_core
from ad_core import solvers
from ad_core.solvers import steps
from agreement import refused
from ode_references import HIRES, LOTKA_VOLTERRA, ROBER

integrate = pytest.importorskip("scipy.integrate")


def both(system, method, rtol):
    """The two solvers with the same tolerances."""
    options = {"method": method, "rtol": rtol, "atol": rtol * system.atol}
    return (system.fun, system.t_span, system.y0, system.p), options


def by_pulling(found, pullback, k=-1):
    """dy_dp and dy_dy0 of the k-th state, each row by a pullback."""
    rows = []
    for i in range(len(found.y)):
        w = np.zeros(found.y.shape)
        w[i, k] = 1.0
        rows.append(pullback(w))
    return np.array([dp for _, dp in rows]), np.array([dy0 for dy0, _ in rows])


CASES = [
    (LOTKA_VOLTERRA, "DOP853", 1e-12), (LOTKA_VOLTERRA, "RK45", 1e-12),
    pytest.param(LOTKA_VOLTERRA, "Radau", 1e-11, marks=pytest.mark.slow),
    (ROBER, "Radau", 1e-10), (HIRES, "Radau", 1e-10),
]  # fmt: skip


@pytest.mark.parametrize(("system", "method", "rtol"), CASES)
class TestReferences:
    def test_forward(self, system, method, rtol):
        given, options = both(system, method, rtol)
        found = solvers.forward_sensitivities(*given, t_eval=[system.t_span[1]], **options)
        parts = found.y[:, -1], found.dy_dp[..., -1], found.dy_dy0[..., -1]
        assert system.error(*parts) < 1e-10

    def test_adjoint(self, system, method, rtol):
        given, options = both(system, method, rtol)
        found, pullback = solvers.discrete_adjoint(*given, t_eval=[system.t_span[1]], **options)
        assert system.error(found.y[:, -1], *by_pulling(found, pullback)) < 1e-10


@pytest.mark.parametrize("system", [LOTKA_VOLTERRA, ROBER, HIRES])
def test_the_adjoint_of_bdf_is_as_accurate_as_its_solution(system):
    given, options = both(system, "BDF", 1e-9)
    found, pullback = solvers.discrete_adjoint(*given, t_eval=[system.t_span[1]], **options)
    assert system.error(found.y[:, -1], *by_pulling(found, pullback)) < 1e-5


# ------------------------------------------------- the steps themselves, forwards, differentiated


def newton(residual, x):
    for _ in range(6):
        x = x - np.linalg.solve(ad_core.jacobian(residual)(x), residual(x))
    return x


def explicit_steps(method, rate, y, times, orders):
    kind = getattr(integrate, method)
    states = [y]
    for t, h in zip(times[:-1], np.diff(times), strict=True):
        slopes = []
        for row, c in zip(kind.A[: len(kind.B)], kind.C, strict=False):
            moved = sum((h * a * k for a, k in zip(row, slopes, strict=False)), 0.0 * y)
            slopes.append(rate(t + c * h, y + moved))
        y = y + h * sum(b * k for b, k in zip(kind.B, slopes, strict=True))
        states.append(y)
    return states


def radau_steps(method, rate, y, times, orders):
    states, n = [y], len(y)
    for t, h in zip(times[:-1], np.diff(times), strict=True):

        def residual(z, t=t, h=h, y=y):
            inner = z.reshape(3, n)
            slopes = np.stack([
                rate(t + c * h, x) for c, x in zip(steps.RADAU_C, inner, strict=True)
            ])  # fmt: skip
            return (inner - y - h * steps.RADAU_A @ slopes).ravel()

        y = newton(residual, np.concatenate([y, y, y])).reshape(3, n)[-1]
        states.append(y)
    return states


def bdf_steps(method, rate, y, times, orders):
    """The solution by SciPy's backward differences, with given sizes and orders of steps."""
    kappa = np.array([0, -0.1850, -1 / 9, -0.0823, -0.0415, 0])
    gamma = np.hstack([0, np.cumsum(1 / np.arange(1, 6))])
    alpha = (1 - kappa) * gamma
    sizes = np.diff(times)
    D = [y, sizes[0] * rate(times[0], y)] + [0.0 * y] * 6
    states = [y]
    for k, (q, h) in enumerate(zip(orders, sizes, strict=True)):
        if k and abs(h / sizes[k - 1] - 1) > 1e-9:
            moved = steps.rescaling(q, abs(h / sizes[k - 1])).T @ np.stack(D[: q + 1])
            D[: q + 1] = [*moved]
        predicted, c = sum(D[: q + 1]), h / alpha[q]
        psi = sum(gamma[i] * D[i] for i in range(1, q + 1)) / alpha[q]

        def residual(d, c=c, psi=psi, predicted=predicted, t=times[k + 1]):
            return c * rate(t, predicted + d) - psi - d

        d = newton(residual, 0.0 * y)
        D[q + 1] = d
        for i in range(q, -1, -1):
            D[i] = D[i] + D[i + 1]
        states.append(D[0])
    return states


STEPS = {
    "RK23": explicit_steps, "RK45": explicit_steps, "DOP853": explicit_steps,
    "Radau": radau_steps, "BDF": bdf_steps,
}  # fmt: skip


def forced(t, y, p):
    """A rate that depends on t too, and is stiff enough for BDF to change its order."""
    return [p[0] * (np.cos(p[1] * t) - y[0]) + y[1] * y[2], y[0] - p[2] * y[1] ** 3, -y[2] * y[0]]


Y0, P = np.array([0.4, 1.1, 0.7]), np.array([20.0, 2.0, 0.6])


def orders_of(times, rtol):
    """The orders of BDF's steps, from SciPy."""
    solver = integrate.BDF(
        lambda t, y: np.array(forced(t, y, P)), times[0], Y0, times[-1], rtol=rtol, atol=rtol,
        jac=lambda t, y: ad_core.jacobian(lambda y: np.array(forced(t, y, P)))(y),
    )  # fmt: skip
    orders, seen = [], [solver.t]
    while solver.status == "running":
        orders.append(solver.order)
        solver.step()
        seen.append(solver.t)
    np.testing.assert_allclose(seen, times, rtol=1e-9, atol=1e-12)
    return orders


@pytest.mark.parametrize("end", [1.5, -0.2])
@pytest.mark.parametrize("method", STEPS)
def test_the_adjoint_is_the_derivative_of_the_steps(method, end):
    rtol = 1e-4 if method in ("RK23", "RK45", "DOP853") else 1e-7
    found, pullback = solvers.discrete_adjoint(
        forced, (0.0, end), Y0, P, method, rtol=rtol, atol=rtol
    )
    orders = orders_of(found.t, rtol) if method == "BDF" else None
    if method == "BDF" and end > 0:
        assert max(orders) >= 4
        assert np.any(np.diff(orders) < 0) or len(set(orders)) > 3

    def solution(y0, p):
        rate = lambda t, y: np.stack(forced(t, y, p))  # noqa: E731
        return np.stack(STEPS[method](method, rate, y0, found.t, orders), axis=1)

    np.testing.assert_allclose(solution(Y0, P), found.y, rtol=1e-8, atol=1e-9)
    w = np.random.default_rng(1).standard_normal(found.y.shape)
    expected = ad_core.grad(lambda y0, p: np.sum(w * solution(y0, p)), (0, 1))(Y0, P)
    tolerance = 1e-10 if STEPS[method] is explicit_steps else 1e-7  # of SciPy's Newton iteration
    for one, known in zip(pullback(w), expected, strict=True):
        np.testing.assert_allclose(one, known, rtol=tolerance, atol=tolerance)


class TestTimes:
    @pytest.mark.parametrize("method", STEPS)
    def test_states_at_given_times(self, method):
        times, tight = [0.0, 0.3, 0.9], {"rtol": 1e-9, "atol": 1e-11}
        found, pullback = solvers.discrete_adjoint(
            forced, (0.0, 1.0), Y0, P, method, t_eval=times, **tight
        )
        forward = solvers.forward_sensitivities(
            forced, (0.0, 1.0), Y0, P, "DOP853", t_eval=times, rtol=1e-11, atol=1e-13
        )
        assert found.t.tolist() == forward.t.tolist() == times
        np.testing.assert_array_equal(found.y[:, 0], Y0)
        np.testing.assert_allclose(found.y, forward.y, rtol=1e-5)
        w = np.random.default_rng(2).standard_normal(found.y.shape)
        for _ in range(2):
            dy0, dp = pullback(w)
            np.testing.assert_allclose(dy0, np.einsum("ik,ijk", w, forward.dy_dy0), rtol=1e-4)
            np.testing.assert_allclose(dp, np.einsum("ik,ijk", w, forward.dy_dp), rtol=1e-4)
        only_start = np.zeros_like(w)
        only_start[:, 0] = [1.0, 2.0, 3.0]
        dy0, dp = pullback(only_start)
        np.testing.assert_array_equal(dy0, [1.0, 2.0, 3.0])
        np.testing.assert_array_equal(dp, 0.0)

    def test_the_solvers_own_times(self):
        found, pullback = solvers.discrete_adjoint(forced, (0.0, 1.0), Y0, P, "RK45")
        plain = integrate.solve_ivp(
            lambda t, y: forced(t, y, P), (0.0, 1.0), Y0, "RK45", rtol=1e-6, atol=1e-9
        )
        np.testing.assert_allclose(found.t, plain.t, rtol=1e-8)
        np.testing.assert_allclose(found.y, plain.y, rtol=1e-8)
        assert found.nfev == plain.nfev
        dy0, _ = pullback(np.ones(found.y.shape))
        assert dy0.shape == (3,)
        forward = solvers.forward_sensitivities(forced, (0.0, 1.0), Y0, P)
        assert forward.dy_dp.shape == (3, 3, forward.t.size)
        np.testing.assert_array_equal(forward.dy_dy0[..., 0], np.eye(3))


class TestForms:
    def test_sparse_and_dense_agree(self):
        def diffusion(t, y, p):
            out = -2.0 * p[0] * y
            out[1:] += p[0] * y[:-1]
            out[:-1] += p[0] * y[1:]
            return out + p[1] * y**2

        y0, p = np.linspace(0.0, 1.0, 30), np.array([5.0, 0.1])
        for method in ("Radau", "BDF"):
            found = [
                solvers.discrete_adjoint(diffusion, (0, 1), y0, p, method, t_eval=[1.0], sparse=s)
                for s in (False, True)
            ]
            np.testing.assert_allclose(found[0][0].y, found[1][0].y, rtol=1e-9)
            w = np.cos(y0)[:, None]
            for one, other in zip(found[0][1](w), found[1][1](w), strict=True):
                np.testing.assert_allclose(one, other, rtol=1e-7)

    def test_numbers_functions_and_branches(self):
        def switched(t, y, p):
            return -p * y if t < 0.5 else -2.0 * p * y

        for fun in (switched, ad_core.compile(switched)):
            found, pullback = solvers.discrete_adjoint(
                fun, (0, 1), 2.0, 0.5, "DOP853", t_eval=[0.5, 1.0], rtol=1e-9, atol=1e-12
            )
            forward = solvers.forward_sensitivities(
                fun, (0, 1), 2.0, 0.5, "DOP853", t_eval=[0.5, 1.0], rtol=1e-9, atol=1e-12
            )
            dy0, dp = pullback(np.array([[0.0, 1.0]]))
            exact = np.exp(-0.75)
            np.testing.assert_allclose(found.y[0, 1], 2.0 * exact, rtol=1e-7)
            np.testing.assert_allclose([*dy0, *dp], [exact, -3.0 * exact], rtol=1e-6)
            np.testing.assert_allclose(forward.dy_dp[0, 0, 1], -3.0 * exact, rtol=1e-6)


SOLVES = [solvers.forward_sensitivities, solvers.discrete_adjoint]


@pytest.mark.parametrize("solve", SOLVES)
class TestBadInput:
    def test_arguments_that_do_not_fit(self, solve):
        refused = [
            ({"t_span": (0.0,)}, ValueError, "t_span must be two different times"),
            ({"t_span": (1.0, 1.0)}, ValueError, "t_span must be two different times"),
            ({"t_span": (0.0, np.inf)}, ValueError, "t_span must be two different times"),
            ({"t_eval": [0.5, 1.5]}, ValueError, r"t_eval must be within t_span=\(0, 1\), got 1.5"),
            ({"t_eval": [np.nan]}, ValueError, "t_eval must be within"),
            ({"t_eval": [0.5, 0.2]}, ValueError, "t_eval must rise or fall strictly"),
            ({"t_eval": [0.5, 0.5]}, ValueError, "t_eval must rise or fall strictly"),
            ({"t_eval": []}, ValueError, r"t_eval must be times of shape \(k,\)"),
            ({"t_eval": 0.5}, ValueError, r"t_eval must be times of shape \(k,\)"),
            ({"y0": np.ones((2, 2))}, ValueError, r"y0 must be a vector"),
            ({"y0": ["a", "b", "c"]}, TypeError, "y0 must be real numbers"),
            ({"p": np.ones((2, 2))}, ValueError, r"p must be a vector"),
            ({"p": [1j]}, TypeError, "p must be real numbers"),
            ({"atol": np.ones(2)}, ValueError, r"atol must be a number or have shape \(3,\)"),
            ({"fun": 3}, TypeError, "must be callable"),
            ({"fun": lambda t, y, p: y[:2]}, ValueError, r"shape \(3,\), got shape \(2,\)"),
            ({"fun": lambda t, y, p: None}, ValueError, "got NoneType"),
        ]
        for change, error, message in refused:
            given = {"fun": forced, "t_span": (0.0, 1.0), "y0": Y0, "p": P, **change}
            with pytest.raises(error, match=message):
                solve(**given)

    def test_a_failing_solver_raises_an_error_with_the_name(self, solve):
        def blowing_up(t, y, p):
            return p * y**2

        message = rf"{solve.__name__} did not solve blowing_up from t=0 to 2: .*step size"
        with pytest.raises(RuntimeError, match=message):
            solve(blowing_up, (0.0, 2.0), [1.0], [1.0], "RK45", t_eval=[2.0])

    def test_traced_values_raise(self, solve):
        with pytest.raises(TypeError, match="traced value"):
            ad_core.grad(lambda p: solve(forced, (0.0, 1.0), Y0, p))(P)


class TestAdjointRefuses:
    def test_methods_without_an_adjoint_raise(self):
        with pytest.raises(ValueError, match=r"must be one of RK23.*got 'LSODA'"):
            solvers.discrete_adjoint(forced, (0.0, 1.0), Y0, P, "LSODA")

    def test_cotangents_that_do_not_fit(self):
        _, pullback = solvers.discrete_adjoint(forced, (0.0, 1.0), Y0, P, t_eval=[1.0])
        with pytest.raises(ValueError, match=r"y's shape \(3, 1\), got \(3,\)"):
            pullback(np.ones(3))
        with pytest.raises(TypeError, match="must be real numbers"):
            pullback(np.ones((3, 1), complex))


# ------------------------------------------------------------------ choices of what is computed


def cooling(t, y, p, ambient):
    return [-p["rate"] * (y[0] - ambient) * p["shape"]["a"][1], -y[1] * p["shape"]["a"][0]]


NAMED = {"rate": 0.7, "shape": {"a": np.array([1.5, 2.0])}}
ENDS = {"t_eval": [0.5, 2.0], "rtol": 1e-9, "atol": 1e-11}


def cooled(p, y0=(3.0, 1.0)):
    given = (cooling, (0, 2), y0, p, "DOP853")
    return solvers.forward_sensitivities(*given, args=(1.0,), **ENDS)


def test_parameters_by_name_and_further_arguments():
    found = cooled(NAMED)
    h = 1e-5
    rates = [{**NAMED, "rate": 0.7 + s * h} for s in (1, -1)]
    by_rate = (cooled(rates[0]).y - cooled(rates[1]).y) / (2 * h)
    np.testing.assert_allclose(found.dy_dp["rate"], by_rate, atol=1e-6)
    assert found.dy_dp["shape"]["a"].shape == (2, 2, 2)
    for k in range(2):
        moved = [{**NAMED, "shape": {"a": NAMED["shape"]["a"] + s * h * np.eye(2)[k]}}
                 for s in (1, -1)]  # fmt: skip
        expected = (cooled(moved[0]).y - cooled(moved[1]).y) / (2 * h)
        np.testing.assert_allclose(found.dy_dp["shape"]["a"][:, k], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("wrt", "fields"),
    [("p", {"dy_dp"}), ("y0", {"dy_dy0"}), (["rate", "y0"], {"dy_dp", "dy_dy0"}), ((), set())],
)
def test_by_what_to_differentiate(wrt, fields):
    given = (cooling, (0, 2), [3.0, 1.0], NAMED, "DOP853")
    found = solvers.forward_sensitivities(*given, args=(1.0,), wrt=wrt, **ENDS)
    whole = cooled(NAMED)
    assert {name for name in ("dy_dp", "dy_dy0") if name in found} == fields
    np.testing.assert_allclose(found.y, whole.y, rtol=1e-7)
    if "dy_dy0" in fields:
        np.testing.assert_allclose(found.dy_dy0, whole.dy_dy0, atol=1e-7)
    if "rate" in wrt:
        assert list(found.dy_dp) == ["rate"]
        np.testing.assert_allclose(found.dy_dp["rate"], whole.dy_dp["rate"], atol=1e-7)


def test_wrong_names():
    with refused(ValueError, "wrt", "'speed'", "rate"):
        solvers.forward_sensitivities(cooling, (0, 1), [1.0, 1.0], NAMED, args=(1.0,), wrt="speed")
    with refused(ValueError, "wrt", "'rate'"):
        solvers.forward_sensitivities(lambda t, y, p: -p * y, (0, 1), [1.0], 0.5, wrt="rate")
    with refused(ValueError, "empty dictionary"):
        solvers.forward_sensitivities(lambda t, y, p: -y, (0, 1), [1.0], {})


def test_events_of_sensitivities():
    def cold(t, y, p, ambient):
        assert y.shape == (2,)
        assert set(p) == {"rate", "shape"}
        return y[0] - 2.0 * ambient

    cold.terminal = True
    found = solvers.forward_sensitivities(
        cooling, (0, 9), [3.0, 1.0], NAMED, "DOP853", args=(1.0,), events=cold, rtol=1e-9,
        atol=1e-11,
    )  # fmt: skip
    assert found.status == 1
    assert found.y_events[0].shape == (1, 2)
    np.testing.assert_allclose(found.t_events[0], np.log(2.0) / 1.4, rtol=1e-7)
    np.testing.assert_allclose(found.y_events[0][0, 0], 2.0, rtol=1e-7)
    assert found.dy_dp["rate"].shape == (2, found.t.size)
