# SPDX-License-Identifier: Apache-2.0
"""Functions of control: responses, gains, margins and feedback of linear systems."""

import control as ct
import numpy as np

from published import row

A = np.array([[0.0, 1.0], [-2.0, -0.6]])
B = np.array([[0.0], [1.0]])
C = np.array([[1.0, 0.0]])
TIMES = np.linspace(0.0, 4.0, 9)


def step_of_transfer_function(wn, zeta):
    system = ct.tf([wn**2], [1.0, 2.0 * zeta * wn, wn**2])
    return ct.step_response(system, TIMES).outputs


def impulse_of_state_space(a, b):
    return ct.impulse_response(ct.ss(a, b, C, 0.0), TIMES).outputs


def initial_response(a, x0):
    return ct.initial_response(ct.ss(a, B, C, 0.0), TIMES, x0).states


def forced_response(a, u):
    return ct.forced_response(ct.ss(a, B, C, 0.0), TIMES, u).outputs


def discrete_response(num, den, u):
    system = ct.tf(num, den, 0.1)
    return ct.forced_response(system, np.arange(u.size) * 0.1, u).outputs


def frequency_response(gain, tau, omega):
    system = ct.tf([gain], [tau, 1.0])
    found = ct.frequency_response(system, omega)
    return found.magnitude, found.phase


def value_at(num, den, omega):
    z = ct.tf(num, den)(1j * omega)
    return z.real, z.imag


def value_of_state_space_at(a, omega):
    z = ct.ss(a, B, C, 0.0)(1j * omega)
    return z.real, z.imag


def dc_gain(num, den):
    return ct.dcgain(ct.tf(num, den))


def dc_gain_of_state_space(a, b):
    return ct.ss(a, b, C, 0.0).dcgain()


def poles(wn, zeta):
    found = ct.tf([wn**2], [1.0, 2.0 * zeta * wn, wn**2]).poles()
    return np.sort(found.real), np.sort(found.imag)


def zeros(num, den):
    return np.sort(ct.tf(num, den).zeros().real)


def poles_of_state_space(a):
    return np.sort(ct.ss(a, B, C, 0.0).poles().imag)


def damping(a):
    wn, zeta, _ = ct.damp(ct.ss(a, B, C, 0.0), doprint=False)
    return wn, zeta


def closed_loop(gain, tau):
    loop = ct.feedback(ct.tf([gain], [1.0, 0.0]) * ct.tf([1.0], [tau, 1.0]), 1)
    return loop.num[0][0], loop.den[0][0]


def series_and_parallel(a, b):
    one, two = ct.ss(a, b, C, 0.0), ct.ss([[-1.0]], [[1.0]], [[2.0]], [[0.5]])
    joined = ct.parallel(ct.series(one, two), one)
    return joined.A, joined.B, joined.C, joined.D


def state_space_of(num, den):
    system = ct.tf2ss(ct.tf(num, den))
    return system.A, system.B, system.C, system.D


def sampled(a, b):
    system = ct.c2d(ct.ss(a, b, C, 0.0), 0.1)
    return system.A, system.B


def sampled_by_tustin(gain, tau):
    system = ct.sample_system(ct.tf([gain], [tau, 1.0]), 0.1, method="bilinear")
    return system.num[0][0], system.den[0][0]


def regulator(a, b, q, r):
    gain, solution, _ = ct.lqr(a, b, np.diag(q), np.array([[r]]))
    return gain, solution


def discrete_regulator(a, b, q, r):
    gain, solution, _ = ct.dlqr(a, b, np.diag(q), np.array([[r]]))
    return gain, solution


def estimator(a, q, r):
    gain, covariance, _ = ct.lqe(a, np.eye(2), C, np.diag(q), np.array([[r]]))
    return gain, covariance


def placed(a, b, poles):
    return ct.place(a, b, poles)


def placed_by_ackermann(a, b, poles):
    return ct.place_acker(a, b, poles)


def margins(gain, tau):
    gm, pm, wcg, wcp = ct.margin(ct.tf([gain], [tau, 3.0, 3.0, 1.0]))
    return gm, pm, wcg, wcp


def step_characteristics(wn, zeta):
    found = ct.step_info(ct.tf([wn**2], [1.0, 2.0 * zeta * wn, wn**2]), T=np.linspace(0, 10, 101))
    return found["Peak"], found["SteadyStateValue"]


def pendulum(x0, damping, torque):
    def rate(t, x, u, params):
        return np.array([x[1], -np.sin(x[0]) - damping * x[1] + u[0]])

    system = ct.nlsys(rate, None, inputs=1, states=2, outputs=2)
    return ct.input_output_response(
        system, TIMES[:5], np.full((1, 5), torque), x0,
        solve_ivp_kwargs={"rtol": 1e-10, "atol": 1e-12},
    ).states  # fmt: skip


def linearized(x0, damping):
    def rate(t, x, u, params):
        return np.array([x[1], -np.sin(x[0]) - damping * x[1] + u[0]])

    return ct.linearize(ct.nlsys(rate, None, inputs=1, states=2, outputs=2), x0, [0.0]).A


def norm(a, b):
    return ct.norm(ct.ss(a, b, C, 0.0), 2)


def lyapunov(a, q):
    return ct.lyap(a, np.diag(q))


def riccati(a, b, q):
    solution, _, gain = ct.care(a, b, np.diag(q))
    return solution, gain


FUNCTIONS = [
    row(step_of_transfer_function, 2.0, 0.4),
    row(impulse_of_state_space, A, B),
    row(initial_response, A, np.array([1.0, 0.5])),
    row(forced_response, A, np.sin(TIMES)),
    row(discrete_response, np.array([0.2, 0.1]), np.array([1.0, -0.8, 0.2]), np.sin(TIMES)),
    row(frequency_response, 2.0, 0.5, np.array([0.1, 1.0, 10.0])),
    row(value_at, np.array([1.0, 2.0]), np.array([1.0, 0.5, 4.0]), 1.5),
    row(value_of_state_space_at, A, 1.5),
    row(dc_gain, np.array([1.0, 2.0]), np.array([1.0, 0.5, 4.0])),
    row(dc_gain_of_state_space, A, B),
    row(poles, 2.0, 0.4),
    row(zeros, np.array([1.0, 3.0, 2.0]), np.array([1.0, 0.5, 4.0, 2.0])),
    row(poles_of_state_space, A),
    row(damping, A),
    row(closed_loop, 2.0, 0.5),
    row(series_and_parallel, A, B),
    row(state_space_of, np.array([1.0, 2.0]), np.array([1.0, 0.5, 4.0])),
    row(sampled, A, B),
    row(sampled_by_tustin, 2.0, 0.5),
    row(regulator, A, B, np.array([1.0, 0.5]), 0.1),
    row(discrete_regulator, np.array([[1.0, 0.1], [-0.2, 0.9]]), B, np.array([1.0, 0.5]), 0.1),
    row(estimator, A, np.array([1.0, 0.5]), 0.1),
    row(placed, A, B, np.array([-2.0, -3.0]), refused="vectors of Q that are not determined"),
    row(placed_by_ackermann, A, B, np.array([-2.0, -3.0])),
    row(margins, 4.0, 1.0),
    row(step_characteristics, 2.0, 0.4),
    row(pendulum, np.array([0.5, 0.0]), 0.1, 0.2, tolerance=1e-5),  # the steps are adaptive
    row(linearized, np.array([0.5, 0.0]), 0.1),
    row(norm, A, B),
    row(ct.pade, 0.5, 2),
    row(ct.mag2db, np.array([0.5, 2.0])),
    row(lyapunov, A, np.array([1.0, 0.5])),
    row(riccati, A, B, np.array([1.0, 0.5])),
]
