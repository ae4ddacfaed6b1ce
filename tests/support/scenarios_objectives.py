# SPDX-License-Identifier: Apache-2.0
"""Scalar functions of many variables to be minimised, for reverse mode.

They are written like the functions of `scenarios`, which makes a `Scenario` of each.
"""

import numpy as np


def rosenbrock(x):
    """Chained Rosenbrock function of any number of variables; its minimum is 0 at ones."""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def rosenbrock_args(seed, n=1000):
    """A point close to the valley of the minimum."""
    return (np.random.default_rng(seed).uniform(0.5, 1.5, n),)


def logistic(w, x, y):
    """Negative log-likelihood of a logistic regression with a ridge prior.

    ``w`` are d weights, ``x`` is (n, d) and the labels ``y`` (n,) are -1 and 1.
    """
    margins = y * np.matmul(x, w)
    return np.sum(np.log(1.0 + np.exp(-margins))) + 0.5 * np.sum(w * w)


def logistic_args(seed, n=1000, d=20):
    """Normal data, and labels of other weights than those of the point."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    y = np.where(rng.random(n) < 1.0 / (1.0 + np.exp(-np.matmul(x, rng.normal(size=d)))), 1.0, -1.0)
    return rng.normal(size=d), x, y


def snake(q):
    """Cost of a planar arm of many short links: the tip's squared distance to (0.5, 0.5), bending.

    It is written in scalars, as inverse kinematics usually is. All links together have length 1.
    """
    n = q.shape[0]
    x, y, heading, bending = 0.0, 0.0, 0.0, 0.0
    for i in range(n):
        heading = heading + q[i]
        x = x + np.cos(heading) / n
        y = y + np.sin(heading) / n
        bending = bending + q[i] * q[i]
    return (x - 0.5) ** 2 + (y - 0.5) ** 2 + 0.01 * bending


def snake_args(seed, n=300):
    """Small bends, so that the arm is a smooth curve."""
    return (np.random.default_rng(seed).uniform(-0.1, 0.1, n),)
