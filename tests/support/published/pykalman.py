# SPDX-License-Identifier: Apache-2.0
"""Functions of pykalman: likelihoods, filters and smoothers of state space models."""

import numpy as np
from pykalman import AdditiveUnscentedKalmanFilter, KalmanFilter

from published import row

SERIES = np.array([[1.1, 0.2], [1.9, 0.4], [3.2, 0.3], [3.9, 0.8]])
STEP = np.array([[1.0, 1.0], [0.0, 1.0]])
NOISE = np.array([[0.3, 0.1], [0.1, 0.2]])


def local_level(transition, observation, level, noise):
    return KalmanFilter(
        transition_matrices=transition,
        observation_matrices=np.eye(2),
        transition_covariance=level,
        observation_covariance=noise,
        observation_offsets=observation,
        transition_offsets=np.zeros(2),
        initial_state_mean=np.array([0.5, 0.5]),
        initial_state_covariance=np.eye(2),
    )


def filtered(series, transition, offsets, level, noise):
    return local_level(transition, offsets, level, noise).filter(series)


def smoothed(series, transition, offsets, level, noise):
    return local_level(transition, offsets, level, noise).smooth(series)


def likelihood(series, transition, offsets, level, noise):
    return local_level(transition, offsets, level, noise).loglikelihood(series)


def scalar(series, slope, noise):
    model = KalmanFilter(
        transition_matrices=[[slope]], observation_matrices=[[1.0]],
        observation_covariance=[[noise]], transition_covariance=[[0.1]],
        initial_state_mean=[0.0], initial_state_covariance=[[1.0]],
        transition_offsets=[0.0], observation_offsets=[0.0],
    )  # fmt: skip
    return model.filter(series)[0]


def unscented(series, level, noise):
    model = AdditiveUnscentedKalmanFilter(
        lambda x: np.array([x[0] + 0.1 * x[1], x[1] - 0.1 * np.sin(x[0])]),
        lambda x: np.array([x[0] + 0.2 * x[1] ** 2, x[1]]),
        level, noise, np.array([0.5, 0.5]), np.eye(2), random_state=0,
    )  # fmt: skip
    return model.filter(series)


def unscented_smoothed(series, level, noise):
    model = AdditiveUnscentedKalmanFilter(
        lambda x: np.array([x[0] + 0.1 * x[1], x[1] - 0.1 * np.sin(x[0])]),
        lambda x: np.array([x[0] + 0.2 * x[1] ** 2, x[1]]),
        level, noise, np.array([0.5, 0.5]), np.eye(2), random_state=0,
    )  # fmt: skip
    return model.smooth(series)


def learned(series, noise):
    model = KalmanFilter(
        transition_matrices=STEP, observation_matrices=np.eye(2), transition_covariance=NOISE,
        observation_covariance=noise, initial_state_mean=np.array([0.5, 0.5]),
        initial_state_covariance=np.eye(2), em_vars=["transition_covariance"],
        transition_offsets=np.zeros(2), observation_offsets=np.zeros(2),
    )  # fmt: skip
    return model.em(series, n_iter=2).transition_covariance


ALL = (SERIES, STEP, np.array([0.1, 0.0]), NOISE, NOISE + np.eye(2))

MASKED = {"refused": "makes a masked array by the class"}

FUNCTIONS = [
    row(filtered, *ALL, **MASKED),
    row(smoothed, *ALL, **MASKED),
    row(likelihood, *ALL, **MASKED),
    row(scalar, SERIES[:, 0].copy(), 0.9, 0.5, **MASKED),
    row(unscented, SERIES, NOISE, NOISE + np.eye(2), **MASKED),
    row(unscented_smoothed, SERIES, NOISE, NOISE + np.eye(2), **MASKED),
    row(learned, SERIES, NOISE + np.eye(2), **MASKED),
]
