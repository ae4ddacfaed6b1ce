# SPDX-License-Identifier: Apache-2.0
"""Gaussian process regression: length scales and noise by maximum marginal likelihood.

Size: 24 observations of a function of two variables, 4 hyperparameters (the logarithms of the
amplitude, of two length scales and of the noise).

Source: C. E. Rasmussen and C. K. I. Williams, Gaussian Processes for Machine Learning (2006),
algorithm 2.1 and section 5.4.1.
"""

from functools import partial

import numpy as np
from scipy.optimize import minimize

import ad_core

START = np.log([1.0, 1.0, 1.0, 0.3])


def observations(n=24, seed=3):
    """A function that varies faster along its first variable, with noise of 0.1."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2.0, 2.0, size=(n, 2))
    return X, np.sin(2.0 * X[:, 0]) + 0.3 * X[:, 1] ** 2 + 0.1 * rng.standard_normal(n)


def rbf(log_theta, A, B):
    """Squared exponential kernel, a length scale for each variable: shape (len(A), len(B))."""
    amplitude, lengths = np.exp(log_theta[0]), np.exp(log_theta[1:-1])
    A, B = A / lengths, B / lengths
    squared = np.sum(A**2, axis=1)[:, None] + np.sum(B**2, axis=1)[None, :] - 2.0 * A @ B.T
    # By rounding, the distance of a point from itself may be slightly negative.
    return amplitude**2 * np.exp(-0.5 * np.maximum(squared, 0.0))


def covariance(log_theta, X):
    K = rbf(log_theta, X, X)
    K[np.diag_indices_from(K)] += np.exp(2.0 * log_theta[-1])
    return K


def negative_log_likelihood(log_theta, X, y):
    """The negative log marginal likelihood by the Cholesky factor, as in algorithm 2.1."""
    L = np.linalg.cholesky(covariance(log_theta, X))
    alpha = np.linalg.solve(L.T, np.linalg.solve(L, y))
    return 0.5 * y @ alpha + np.log(L.diagonal()).sum() + 0.5 * y.size * np.log(2.0 * np.pi)


def negative_log_likelihood_lu(log_theta, X, y):
    """The same number, by slogdet and one solve."""
    K = covariance(log_theta, X)
    sign, logdet = np.linalg.slogdet(K)
    if sign <= 0:
        return np.inf
    return 0.5 * (y.dot(np.linalg.solve(K, y)) + logdet + y.size * np.log(2.0 * np.pi))


def predict(log_theta, new, X, y):
    """Mean and variance of the latent function at new points; shape (m, 2)."""
    L = np.linalg.cholesky(covariance(log_theta, X))
    cross = rbf(log_theta, X, new)
    mean = cross.T @ np.linalg.solve(L.T, np.linalg.solve(L, y))
    v = np.linalg.solve(L, cross)
    return np.stack([mean, np.exp(2.0 * log_theta[0]) - np.sum(v**2, axis=0)], axis=1)


def confidence_bound(point, best, log_theta, X, y):
    """A confidence bound at one point: by how much the minimum may be below the best value so
    far."""
    mean, variance = predict(log_theta, point[np.newaxis, :], X, y)[0]
    return best - mean + 2.0 * np.sqrt(variance)


def main():
    X, y = observations()
    loss = partial(negative_log_likelihood, X=X, y=y)
    fit = minimize(ad_core.value_and_grad(loss), START, jac=True, method="BFGS")
    amplitude, first, second, noise = np.exp(fit.x)
    print(f"log marginal likelihood {-loss(START):.3f} -> {-fit.fun:.3f} in {fit.nit} iterations")
    print(f"amplitude {amplitude:.3f}, length scales {first:.3f} and {second:.3f}")
    print(f"noise {noise:.3f} (0.1 was put in)")
    curvature = ad_core.hessian(loss)(fit.x)
    print("standard errors of the logarithms:", np.sqrt(np.linalg.inv(curvature).diagonal()))


_X, _y = observations(8)

CASES = [
    ("cholesky", partial(negative_log_likelihood, X=_X, y=_y), (START,)),
    ("slogdet", partial(negative_log_likelihood_lu, X=_X, y=_y), (START,)),
    ("all of the data", negative_log_likelihood, (START, _X, _y)),
    ("predict", partial(predict, X=_X, y=_y), (START, np.array([[0.3, -0.4], [1.1, 0.9]]))),
    (
        "acquisition",
        partial(confidence_bound, best=0.2, log_theta=START, X=_X, y=_y),
        (np.array([0.5, 0.7]),),
    ),
]

if __name__ == "__main__":
    main()
