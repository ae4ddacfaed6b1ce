# SPDX-License-Identifier: Apache-2.0
"""Functions of filterpy: Kalman filters, smoothers, and what goes with them."""

import numpy as np
from filterpy.common import (
    Q_continuous_white_noise,
    Q_discrete_white_noise,
    runge_kutta4,
    van_loan_discretization,
)
from filterpy.discrete_bayes import predict as predict_discrete
from filterpy.discrete_bayes import update as update_discrete
from filterpy.gh import GHFilter, GHKFilter, benedict_bornder_constants
from filterpy.kalman import (
    CubatureKalmanFilter,
    ExtendedKalmanFilter,
    FixedLagSmoother,
    IMMEstimator,
    InformationFilter,
    JulierSigmaPoints,
    KalmanFilter,
    MerweScaledSigmaPoints,
    SquareRootKalmanFilter,
    UnscentedKalmanFilter,
    predict,
    rts_smoother,
    update,
)
from filterpy.leastsq import LeastSquaresFilter
from filterpy.memory import FadingMemoryFilter
from filterpy.stats import (
    covariance_ellipse,
    gaussian,
    logpdf,
    mahalanobis,
    mul_pdf,
    multivariate_multiply,
)

from published import row

POSITIONS = np.array([1.1, 1.9, 3.2, 3.9, 5.15])
COVARIANCE = np.array([[2.0, 0.3], [0.3, 1.0]])


def constant_velocity(dt, variance, noise, kind=KalmanFilter):
    f = kind(dim_x=2, dim_z=1)
    f.F = np.array([[1.0, dt], [0.0, 1.0]])
    f.H = np.array([[1.0, 0.0]])
    f.Q = Q_discrete_white_noise(dim=2, dt=dt, var=variance)
    f.P *= 10.0
    f.R *= noise
    return f


def track(zs, x0, dt, variance, noise):
    f = constant_velocity(dt, variance, noise)
    f.x = x0
    likelihood = 0.0
    for z in zs:
        f.predict()
        f.update(z)
        likelihood = likelihood + f.log_likelihood
    return f.x, f.P, f.y, f.mahalanobis, likelihood


def smooth(zs, dt, variance, noise):
    f = constant_velocity(dt, variance, noise)
    means, covariances, _, _ = f.batch_filter(zs)
    smoothed, _, gains, _ = f.rts_smoother(means, covariances)
    return smoothed, gains


def smooth_by_function(means, covariances, variance):
    F = [np.array([[1.0, 1.0], [0.0, 1.0]])] * 4
    return rts_smoother(means, covariances, F, [Q_discrete_white_noise(2, 1.0, variance)] * 4)[:2]


def steady_state(zs, gain):
    f = constant_velocity(1.0, 0.1, 2.0)
    f.K = gain
    for z in zs:
        f.predict_steadystate()
        f.update_steadystate(z)
    return f.x


def information(zs, dt, noise):
    f = InformationFilter(dim_x=2, dim_z=1)
    f.x = np.array([[2.0], [0.0]])
    f.F = np.array([[1.0, dt], [0.0, 1.0]])
    f.H = np.array([[1.0, 0.0]])
    f.R_inv = np.array([[1.0 / noise]])
    f.Q = np.array([[0.01, 0.005], [0.005, 0.02]])
    for z in zs:
        f.predict()
        f.update(z)
    return f.x, f.P_inv


def square_root(zs, dt, noise):
    f = SquareRootKalmanFilter(dim_x=2, dim_z=1)
    f.x = np.array([[0.5], [0.5]])
    f.F = np.array([[1.0, dt], [0.0, 1.0]])
    f.H = np.array([[1.0, 0.0]])
    f.R = noise
    f.Q = np.array([[0.01, 0.005], [0.005, 0.02]])
    for z in zs:
        f.predict()
        f.update(z)
    return f.x, f.P


def range_of(x):
    return np.array([np.sqrt(x[0] ** 2 + x[1] ** 2)])


def slope_of_range(x):
    return np.array([[x[0], x[1]]]) / np.sqrt(x[0] ** 2 + x[1] ** 2)


def extended(zs, x0, noise):
    f = ExtendedKalmanFilter(dim_x=2, dim_z=1)
    f.x = x0
    f.F = np.array([[1.0, 0.1], [0.0, 1.0]])
    f.R *= noise
    for z in zs:
        f.update(np.array([z]), slope_of_range, range_of)
        f.predict()
    return f.x, f.P


def move(x, dt):
    return np.array([x[0] + dt * x[1], x[1] - 0.1 * dt * np.sin(x[0])])


def unscented(zs, x0, noise, points):
    f = UnscentedKalmanFilter(dim_x=2, dim_z=1, dt=0.1, hx=range_of, fx=move, points=points)
    f.x = x0
    f.P *= 0.2
    f.R *= noise
    f.Q = Q_discrete_white_noise(2, dt=0.1, var=0.02)
    for z in zs:
        f.predict()
        f.update(z)
    return f.x, f.P


def cubature(zs, x0, noise):
    f = CubatureKalmanFilter(dim_x=2, dim_z=1, dt=0.1, hx=range_of, fx=move)
    f.x = x0
    f.P *= 0.2
    f.R *= noise
    for z in zs:
        f.predict()
        f.update(np.array([[z]]))
    return f.x, f.P


def interacting(zs, slow, fast, mu):
    filters = [constant_velocity(1.0, slow, 1.0), constant_velocity(1.0, fast, 1.0)]
    imm = IMMEstimator(filters, mu, np.array([[0.97, 0.03], [0.05, 0.95]]))
    for z in zs:
        imm.predict()
        imm.update(z)
    return imm.x, imm.mu


def fixed_lag(zs, noise):
    f = FixedLagSmoother(dim_x=2, dim_z=1, N=3)
    f.F = np.array([[1.0, 1.0], [0.0, 1.0]])
    f.H = np.array([[1.0, 0.0]])
    f.R *= noise
    f.Q *= 0.1
    for z in zs:
        f.smooth(z)
    return f.x, np.array(f.xSmooth)


def g_h(zs, x, dx, g, h):
    return GHFilter(x=x, dx=dx, dt=1.0, g=g, h=h).batch_filter(zs)


def g_h_k(zs, g, h, k):
    f = GHKFilter(x=0.0, dx=0.5, ddx=0.0, dt=1.0, g=g, h=h, k=k)
    return [f.update(z)[0] for z in zs]


def least_squares(zs, dt):
    f = LeastSquaresFilter(dt=dt, order=1)
    return [f.update(z) for z in zs]


def fading(zs, beta):
    f = FadingMemoryFilter([0.0, 0.5, 0.0], 1.0, 2, beta)
    for z in zs:
        f.update(z)
    return f.x


def decay(y, dx):
    for k in range(3):
        y = runge_kutta4(y, k * dx, dx, lambda y, x: -y * np.cos(x))
    return y


FUNCTIONS = [
    row(track, POSITIONS, np.array([0.5, 0.8]), 1.0, 0.1, 2.0),
    row(smooth, POSITIONS, 1.0, 0.1, 2.0),
    row(
        smooth_by_function,
        np.array([[1.0, 0.8], [2.0, 1.0], [3.1, 1.0], [4.0, 0.9]]),
        np.stack([COVARIANCE] * 4),
        0.1,
    ),
    row(steady_state, POSITIONS, np.array([[0.6], [0.3]])),
    row(information, POSITIONS, 1.0, 2.0),
    row(square_root, POSITIONS, 1.0, 2.0, refused="vectors of Q that are not determined"),
    row(extended, np.array([2.1, 2.2, 2.4]), np.array([1.5, 1.0]), 0.5),
    row(unscented, POSITIONS, np.array([1.0, 0.8]), 0.5, MerweScaledSigmaPoints(2, 0.1, 2.0, 1.0)),
    row(unscented, POSITIONS, np.array([1.0, 0.8]), 0.5, JulierSigmaPoints(2, 1.0)),
    row(cubature, POSITIONS, np.array([1.0, 0.8]), 0.5),
    row(interacting, POSITIONS, 0.01, 1.0, np.array([0.5, 0.5])),
    row(fixed_lag, POSITIONS, 2.0),
    row(g_h, POSITIONS, 0.0, 1.0, 0.8, 0.2),
    row(g_h_k, POSITIONS, 0.8, 0.2, 0.05),
    row(least_squares, POSITIONS, 0.5),
    row(fading, POSITIONS, 0.6),
    row(benedict_bornder_constants, 0.8),
    row(Q_discrete_white_noise, 3, 0.5, 0.1),
    row(Q_continuous_white_noise, 2, 0.5, 0.1, 2, False),
    row(
        van_loan_discretization,
        np.array([[0.0, 1.0], [-1.0, -0.2]]),
        np.array([[0.0], [2.0]]),
        0.1,
    ),
    row(predict, np.array([1.0, 2.0]), COVARIANCE, np.array([[1.0, 0.1], [0.0, 1.0]]), 0.02),
    row(update, np.array([1.0, 2.0]), COVARIANCE, 1.2, 0.5, np.array([[1.0, 0.1]])),
    row(update_discrete, np.array([0.1, 0.6, 0.3]), np.array([0.4, 0.4, 0.2])),
    row(
        predict_discrete,
        np.array([0.05, 0.1, 0.55, 0.2, 0.1]),
        2,
        np.array([0.1, 0.8, 0.1]),
    ),
    row(gaussian, np.array([8.0, 7.0, 9.0]), 6.0, 2.0),
    row(mul_pdf, 1.0, 2.0, 3.0, 4.0),
    row(mahalanobis, np.array([1.0, 2.0]), np.array([1.1, 3.5]), COVARIANCE),
    row(logpdf, np.array([1.0, 2.0]), np.array([1.1, 3.5]), COVARIANCE),
    row(
        multivariate_multiply,
        np.array([1.0, 2.0]),
        COVARIANCE,
        np.array([1.5, 2.5]),
        np.array([[1.0, 0.1], [0.1, 0.5]]),
    ),
    row(covariance_ellipse, COVARIANCE, of=lambda r: r),
    row(decay, 1.0, 0.1),
]
