# SPDX-License-Identifier: Apache-2.0
"""Calls of scipy.integrate."""

import numpy as np
import scipy.integrate as si

from scipy_rows import Call

MODULE = si
T = np.linspace(0.0, 1.0, 9)
x2 = [0.7, 0.4]
FINE = {"epsabs": 1e-12, "epsrel": 1e-12}
ODE = {"rtol": 1e-11, "atol": 1e-13}


class Bell:
    def __init__(self, width):
        self.width = width

    def height(self, t):
        return np.exp(-self.width * t * t)


def lotka(t, y, a):
    return [a * y[0] - y[0] * y[1], y[0] * y[1] - a * y[1]]


def lotka_swapped(y, t, a):
    return lotka(t, y, a)


def threshold(t, y, *args):
    return y[0] - 0.6


def last(t, y, *args):
    return y[0] - 0.6


last.terminal = True


def ended(x):
    found = si.solve_ivp(lotka, (0.0, 4.0), [x[1], 0.5], "DOP853", args=(x[0],), events=last, **ODE)
    return np.append(found.y[:, -1], found.t[-1])


def ivp(function, x, **options):
    """The result of solve_ivp with the usual arguments."""
    given = {"t_span": (0.0, 2.0), "method": "DOP853", "args": (x[0],), **ODE, **options}
    return function(si.solve_ivp(lotka, y0=[x[1], 0.5], **given))


SLOW = {"second": False}  # second derivatives take seconds
OF_ODE = {"tolerance": 3e-6, "exact": False, "second": False}

ROWS = {
    "trapezoid": [
        Call(lambda x: si.trapezoid(np.sin(x[0] * T), T * x[1]), x2),
        Call(lambda x: si.trapezoid(np.outer(x, T), dx=x[0], axis=0), x2),
    ],
    "simpson": [
        Call(lambda x: si.simpson(np.sin(x[0] * T), x=T * x[1]), x2),
        Call(lambda x: si.simpson(np.sin(x[0] * T[:8]), dx=x[1]), x2),
    ],
    "romb": [Call(lambda x: si.romb(np.sin(x[0] * T), dx=x[1]), x2)],
    "cumulative_trapezoid": [
        Call(lambda x: si.cumulative_trapezoid(np.sin(x[0] * T), T * x[1], initial=0), x2)
    ],
    "cumulative_simpson": [
        Call(lambda x: si.cumulative_simpson(np.sin(x[0] * T), x=T * x[1], initial=0), x2)
    ],
    "fixed_quad": [Call(lambda x: si.fixed_quad(lambda t: np.exp(-x[0] * t), 0.0, x[1])[0], x2)],
    "quad": [
        Call(lambda x: si.quad(lambda t: np.exp(-x[0] * t * t), 0.0, x[1], **FINE)[0], x2),
        Call(lambda x: si.quad(lambda t, a: t**a, 0.1 * x[1], x[0], (x[1],), **FINE)[0], x2),
        Call(lambda x: si.quad(Bell(x[0]).height, x[1], -1.0, **FINE)[0], x2),
        Call(lambda x: si.quad(lambda t: np.exp(-x[0] * t * t), x[1], np.inf, **FINE)[0], x2,
             tolerance=1e-5),
        Call(lambda x: si.quad(lambda t: np.exp(-x[0] * t), x[1], x[1], **FINE)[0], x2),
        Call(lambda x: si.quad(Bell(x[0]).height, 0.0, 2.0, weight="cos", wvar=3.0, **FINE)[0], x2),
        Call(lambda x: si.quad(lambda t: x[1] * abs(t - x[0]), 0, 2, points=[x[0]], **FINE)[0], x2,
             second=False),
        Call(lambda x: si.quad(lambda t: t ** (-0.5 * x[0]) * np.log(t), 0.0, 1.0, **FINE)[0], x2,
             tolerance=1e-4),
    ],
    "quad_vec": [Call(lambda x: si.quad_vec(lambda t: np.sin(x * t), 0.0, x[1], **FINE)[0], x2)],
    "dblquad": [
        Call(lambda x: si.dblquad(
            lambda y, t: np.exp(-x[0] * y * t), 0.0, x[1], 0.0, lambda t: t * x[0])[0], x2, **SLOW),
        Call(lambda x: si.dblquad(lambda y, t, a: y * t * a, 0.0, x[1], 0, x[0], (x[0],))[0], x2,
             **SLOW),
    ],
    "tplquad": [],  # takes seconds: tests/overrides/test_integrate.py
    "nquad": [
        Call(lambda x: si.nquad(
            lambda a, b, c: np.exp(-a * b * c * x[0]), [[0, 1], lambda c: [0, c * x[1]]],
            args=(x[1],))[0], x2, **SLOW),
    ],
    "odeint": [
        Call(lambda x: si.odeint(lotka_swapped, [x[1], 0.5], [0.0, 0.3, 2.0], (x[0],), **ODE), x2,
             tolerance=3e-6, second=False),
        Call(lambda x: si.odeint(lambda t, u: -x[0] * u * t, 1.0, T[:3] * x[1] + x[0], tfirst=True,
                                 **ODE), x2, tolerance=3e-6),
    ],
    "solve_ivp": [
        Call(lambda x: ivp(lambda s: s.y[:, -1], x), x2, **OF_ODE),
        Call(lambda x: ivp(lambda s: s.y, x, t_eval=T * x[0]), x2, **OF_ODE),
        Call(lambda x: ivp(lambda s: s.y[0, -1], x, t_span=(x[0], x[1] + 2.0)), x2, **OF_ODE),
        Call(lambda x: ivp(lambda s: s.y[:, -1], x, t_span=(2.0, 0.0), method="RK45"), x2,
             **OF_ODE),
        Call(lambda x: ivp(lambda s: s.sol(np.array([1.1, 0.2]) * x[0]), x, dense_output=True), x2,
             **OF_ODE),
        Call(lambda x: ivp(lambda s: s.sol(0.7), x, dense_output=True), x2,
             tolerance=3e-6, exact=False),
        Call(lambda x: ivp(lambda s: s.t_events[0], x, t_span=(0.0, 4.0), events=threshold), x2,
             **{**OF_ODE, "tolerance": 1e-4}),
        Call(lambda x: ivp(lambda s: s.y_events[0], x, t_span=(0.0, 4.0), events=[threshold]), x2,
             **{**OF_ODE, "tolerance": 1e-4}),
        Call(ended, x2, **{**OF_ODE, "tolerance": 1e-4}),
    ],
}  # fmt: skip

PLAIN = [
    "DenseOutput", "IntegrationWarning", "ODEintWarning", "OdeSolution", "OdeSolver",
    "lebedev_rule", "newton_cotes",
]  # fmt: skip


def _fall(t, y):
    return -y


REFUSED = {
    "cubature": lambda x: si.cubature(lambda t: t[:, 0] * x[0], [0.0], [1.0]).estimate,
    "nsum": lambda x: si.nsum(lambda k: x[0] ** k, 1, 20).sum,
    "qmc_quad": lambda x: si.qmc_quad(lambda t: t[0] * x[0], 0.0, 1.0).integral,
    "solve_bvp": lambda x: si.solve_bvp(
        lambda t, y: np.stack([y[1], -x[0] * y[0]]), lambda a, b: np.array([a[0], b[0] - 1.0]), T,
        np.zeros((2, 9))).y,
    "tanhsinh": lambda x: si.tanhsinh(lambda t: t * x[0], 0.0, 1.0).integral,
    "RK23": lambda x: si.RK23(_fall, 0.0, x, 1.0).y,
    "RK45": lambda x: si.RK45(_fall, 0.0, x, 1.0).y,
    "DOP853": lambda x: si.DOP853(lambda t, y: -x[0] * y, 0.0, [1.0], 1.0).y,
    "Radau": lambda x: si.Radau(_fall, 0.0, x, 1.0).y,
    "BDF": lambda x: si.BDF(_fall, 0.0, x, 1.0).y,
    "LSODA": lambda x: si.LSODA(_fall, 0.0, x, 1.0).y,
    "ode": lambda x: si.ode(lambda t, y: -x[0] * y).set_initial_value([1.0]).integrate(1.0),
    "complex_ode": lambda x: (
        si.complex_ode(lambda t, y: -x[0] * y).set_initial_value([1.0]).integrate(1.0).real
    ),
}  # fmt: skip
