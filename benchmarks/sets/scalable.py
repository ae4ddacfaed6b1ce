# SPDX-License-Identifier: Apache-2.0
"""Functions of any size: an integral equation, equations in a row, a layer, a logistic loss."""

from functools import lru_cache

import numpy as np

from benchmarks.sets.residuals import broyden_tridiagonal

__all__ = ["broyden_tridiagonal", "chandrasekhar", "layer", "logistic"]


@lru_cache
def _kernel(n):
    mu = (np.arange(1.0, n + 1.0) - 0.5) / n
    return mu[:, None] / (mu[:, None] + mu)


def chandrasekhar(x, c=0.9):
    """The H-equation of radiative transfer: Kelley, Solving Nonlinear Equations with Newton's
    Method, 2003, section 2.7.3."""
    return x - 1.0 / (1.0 - c / (2.0 * x.size) * (_kernel(x.size) @ x))


def layer(m, n):
    """Residuals tanh(A x) - y that are zero at a known x."""
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(m, n)) / np.sqrt(n)
    y = np.tanh(matrix @ rng.normal(size=n))
    return lambda x: np.tanh(matrix @ x) - y


def logistic(m, n):
    """The regularised loss of m labelled points in n dimensions."""
    rng = np.random.default_rng(0)
    points, labels = rng.normal(size=(m, n)), np.sign(rng.normal(size=m))
    return lambda w: np.sum(np.logaddexp(0.0, -labels * (points @ w))) + 0.5 * w @ w
