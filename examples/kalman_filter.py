# SPDX-License-Identifier: Apache-2.0
"""Maximum likelihood in linear Gaussian state space models, by the Kalman filter.

Size: the local level model of the Nile's 100 yearly flows (2 variances), and a target in the
plane that moves with nearly constant velocity (4 states, 2 observations, 3 parameters).

Source: J. Durbin and S. J. Koopman, Time Series Analysis by State Space Methods, 2nd ed. (2012),
sections 2.2 and 7.2; the book's estimates for the Nile are 15099 and 1469.1.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.optimize import minimize

import ad_core

# fmt: off
NILE = np.array([
    1120, 1160, 963, 1210, 1160, 1160, 813, 1230, 1370, 1140, 995, 935, 1110, 994, 1020, 960, 1180,
    799, 958, 1140, 1100, 1210, 1150, 1250, 1260, 1220, 1030, 1100, 774, 840, 874, 694, 940, 833,
    701, 916, 692, 1020, 1050, 969, 831, 726, 456, 824, 702, 1120, 1100, 832, 764, 821, 768,
    845, 864, 862, 698, 845, 744, 796, 1040, 759, 781, 865, 845, 944, 984, 897, 822, 1010,
    771, 676, 649, 846, 812, 742, 801, 1040, 860, 874, 848, 890, 744, 749, 838, 1050, 918,
    986, 797, 923, 975, 815, 1020, 906, 901, 1170, 912, 746, 919, 718, 714, 740,
], dtype=float)
# fmt: on


@dataclass
class Model:
    """x' = F x + N(0, Q), y = H x + N(0, R), from the state m with covariance P."""

    F: np.ndarray
    Q: np.ndarray
    H: np.ndarray
    R: np.ndarray
    m: np.ndarray
    P: np.ndarray


def local_level(log_variances):
    """A random walk observed with noise; the first observation replaces a flat prior."""
    noise, drift = np.exp(log_variances)
    one = np.eye(1)
    return Model(one, drift * one, one, noise * one, np.zeros(1), 1e7 * one)


def tracker(parameters, dt=0.5):
    """Constant velocity in the plane, with the noise of acceleration and of position, and the
    correlation of the latter."""
    q, r, rho = np.exp(parameters[0]), np.exp(parameters[1]), np.tanh(parameters[2])
    F = np.eye(4)
    F[0, 2] = F[1, 3] = dt
    Q = np.zeros((4, 4))
    Q[:2, :2] = dt**3 / 3 * np.eye(2)
    Q[:2, 2:] = Q[2:, :2] = dt**2 / 2 * np.eye(2)
    Q[2:, 2:] = dt * np.eye(2)
    H = np.eye(2, 4)
    R = r * np.array([[1.0, rho], [rho, 1.0]])
    return Model(F, q * Q, H, R, np.zeros(4), 10.0 * np.eye(4))


def log_likelihood(model, ys):
    """The log-likelihood by the innovations, with inv and det as in textbooks; a row with NaN is
    missing."""
    m, P, total = model.m, model.P, 0.0
    for y in ys:
        if not np.isnan(y).any():
            e = y - model.H @ m
            S = model.H @ P @ model.H.T + model.R
            K = P @ model.H.T @ np.linalg.inv(S)
            total += -0.5 * (e @ np.linalg.inv(S) @ e + np.log(np.linalg.det(2.0 * np.pi * S)))
            m = m + K @ e
            P = (np.eye(len(m)) - K @ model.H) @ P
        m, P = model.F @ m, model.F @ P @ model.F.T + model.Q
    return total


def log_likelihood_solve(model, ys):
    """The same, with solve and slogdet, and with Joseph's form, which keeps P symmetric."""
    m, P, total = model.m.copy(), model.P.copy(), 0.0
    for y in ys:
        e = y - model.H.dot(m)
        S = model.H.dot(P).dot(model.H.T) + model.R
        K = np.linalg.solve(S, model.H @ P).T
        total -= 0.5 * (e.dot(np.linalg.solve(S, e)) + np.linalg.slogdet(2.0 * np.pi * S)[1])
        m += K.dot(e)
        J = np.eye(m.size) - K.dot(model.H)
        P = J @ P @ J.T + K @ model.R @ K.T
        m, P = model.F @ m, model.F @ P @ model.F.T + model.Q
    return total


def nile_likelihood(log_variances, flows):
    return log_likelihood(local_level(log_variances), flows[:, None])


def nile_likelihood_solve(log_variances, flows):
    return log_likelihood_solve(local_level(log_variances), flows[:, None])


def tracker_likelihood(parameters, ys, evaluate=log_likelihood):
    return evaluate(tracker(parameters), ys)


def simulated_track(n, seed=0):
    rng = np.random.default_rng(seed)
    velocity = np.cumsum(0.3 * rng.standard_normal((n, 2)), axis=0) + 1.0
    return np.cumsum(0.5 * velocity, axis=0) + 0.2 * rng.standard_normal((n, 2))


def main():
    def loss(log_variances):
        return -nile_likelihood(log_variances, NILE)

    fit = minimize(ad_core.value_and_grad(loss), np.log([1e4, 1e3]), jac=True, method="BFGS")
    noise, level = np.exp(fit.x)
    print(f"log-likelihood {-loss(np.log([1e4, 1e3])):.3f} -> {-fit.fun:.3f}")
    print(f"Nile: variances {noise:.0f} and {level:.1f} (the book: 15099 and 1469.1)")
    errors = np.sqrt(np.linalg.inv(ad_core.hessian(loss)(fit.x)).diagonal())
    print(f"standard errors of their logarithms {errors.round(3)}")


_track = simulated_track(6)
_holes = _track.copy()
_holes[2, 1] = np.nan
_at = np.array([-1.0, -2.5, 0.3])

CASES = [
    ("nile", partial(nile_likelihood, flows=NILE[:12]), (np.log([1.5e4, 1.5e3]),)),
    ("nile by solve", partial(nile_likelihood_solve, flows=NILE[:12]), (np.log([1.5e4, 1.5e3]),)),
    ("tracker", tracker_likelihood, (_at, _track)),
    (
        "tracker by solve",
        partial(tracker_likelihood, evaluate=log_likelihood_solve),
        (_at, _track),
    ),
    ("missing observation", partial(tracker_likelihood, ys=_holes), (_at,)),
]

if __name__ == "__main__":
    main()
