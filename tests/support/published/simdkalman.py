# SPDX-License-Identifier: Apache-2.0
"""Functions of simdkalman: Kalman filters of several series at once."""

import numpy as np
import simdkalman
from simdkalman import primitives

from published import row

SERIES = np.array([[1.1, 1.9, 3.2, 3.9], [0.4, 0.9, 1.2, 1.9]])
STEP = np.array([[1.0, 1.0], [0.0, 1.0]])
NOISE = np.array([[0.3, 0.1], [0.1, 0.2]])


def model(step, process, noise):
    return simdkalman.KalmanFilter(
        state_transition=step,
        process_noise=process,
        observation_model=np.array([[1.0, 0.0]]),
        observation_noise=noise,
    )


def smoothed(series, step, process, noise):
    found = model(step, process, noise).smooth(series)
    return found.observations.mean, found.observations.cov, found.states.mean


def predicted(series, step, process, noise):
    found = model(step, process, noise).predict(series, 3)
    return found.observations.mean, found.states.cov


def filtered(series, step, process, noise):
    found = model(step, process, noise).compute(series, 2, filtered=True, smoothed=False)
    return found.filtered.states.mean, found.predicted.observations.mean


def likelihood(series, step, process, noise):
    found = model(step, process, noise).compute(
        series, 0, filtered=True, smoothed=False, log_likelihood=True
    )
    return found.log_likelihood


def updated(mean, covariance, noise, value):
    return primitives.update(mean, covariance, np.array([[1.0, 0.0]]), noise, value)


def stepped(mean, covariance, step, process):
    return primitives.predict(mean, covariance, step, process)


ALL = (SERIES, STEP, NOISE, np.array([[0.8]]))

FUNCTIONS = [
    row(smoothed, *ALL),
    row(predicted, *ALL),
    row(filtered, *ALL),
    row(likelihood, *ALL),
    row(
        updated,
        np.array([[1.0], [0.5]]),
        NOISE,
        np.array([[0.8]]),
        np.array([[1.4]]),
    ),
    row(stepped, np.array([[1.0], [0.5]]), NOISE, STEP, NOISE),
]
