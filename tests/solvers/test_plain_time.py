# SPDX-License-Identifier: Apache-2.0
"""Right-hand sides that use t as a plain number only, in all adapters that call them."""

import functools
import math

import numpy as np
import pytest

import ad_core
from ad_core import solvers

integrate = pytest.importorskip("scipy.integrate")
interpolate = pytest.importorskip("scipy.interpolate")

KNOTS = np.arange(10.0)
SPLINE = interpolate.CubicSpline(KNOTS, np.sin(KNOTS))
TABLE = np.array([1.0, 0.5, 2.0, 0.1])


@functools.lru_cache
def cached(t):
    return 1.0 + t


RATES = {
    "math": lambda t, y: [-50.0 * y[0] + math.sin(t), -y[1] * y[0]],
    "spline": lambda t, y: -5.0 * y * y + SPLINE(t),
    "table": lambda t, y: -y * y * TABLE[int(t)],
    "cache": lambda t, y: -y * y * cached(t),
    "late": lambda t, y: -y * y * TABLE[int(t)] if t > 1.0 else -y * y,
}
Y0, END = [1.0, 2.0], 2.5


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("method", ["Radau", "BDF", "LSODA", "RK45"])
def test_solve_ivp(name, compiled, method):
    rate = RATES[name]
    options = {"method": method, "rtol": 1e-6, "atol": 1e-8}
    fun = ad_core.compile(rate) if compiled else rate
    found = solvers.solve_ivp(fun, (0, END), Y0, **options)
    own = integrate.solve_ivp(rate, (0, END), Y0, **options)
    np.testing.assert_allclose(found.y[:, -1], own.y[:, -1], rtol=1e-4)


@pytest.mark.parametrize("name", RATES)
def test_jacobians(name):
    y = np.array([1.5, -0.5])
    for t in (0.0, 1.5, 2.25):

        def residual(t, y, yp):
            return yp - np.array(RATES[name](t, y))

        expected = ad_core.jacobian(lambda y, t=t: np.array(RATES[name](t, y)))(y)
        J = np.zeros((2, 2))
        solvers.cvode(RATES[name], 0.0, Y0)["jacfn"](t, y, None, J)
        np.testing.assert_array_equal(J, expected)
        solvers.ida(residual, 0.0, Y0, Y0)["jacfn"](t, y, y, None, 3.0, J)
        np.testing.assert_allclose(J, 3.0 * np.eye(2) - expected, rtol=1e-14)


@pytest.mark.parametrize("method", ["Radau", "BDF", "DOP853"])
def test_sensitivities(method):
    def rate(t, y, p):
        return -p[0] * y * (1.0 + math.sin(t))

    options = {"t_eval": [END], "rtol": 1e-8, "atol": 1e-10}
    found, pullback = solvers.discrete_adjoint(rate, (0, END), Y0, [0.7], method, **options)
    area = END + 1.0 - math.cos(END)
    np.testing.assert_allclose(found.y[:, -1], np.array(Y0) * math.exp(-0.7 * area), rtol=1e-5)
    dy0, dp = pullback(np.ones((2, 1)))
    np.testing.assert_allclose(dy0, math.exp(-0.7 * area), rtol=1e-4)
    np.testing.assert_allclose(dp, -3.0 * area * math.exp(-0.7 * area), rtol=1e-4)
    forward = solvers.forward_sensitivities(rate, (0, END), Y0, [0.7], "Radau", **options)
    np.testing.assert_allclose(forward.dy_dp[:, 0, -1].sum(), dp[0], rtol=1e-4)


def test_functions_with_a_cache_of_states():
    found = solvers.solve_ivp(lambda t, y: [-cached(y[0])], (0, 1), [1.0], rtol=1e-9)
    np.testing.assert_allclose(found.y[0, -1], 2.0 * np.exp(-1.0) - 1.0, rtol=1e-6)
