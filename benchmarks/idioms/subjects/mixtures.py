# SPDX-License-Identifier: Apache-2.0
"""Likelihoods: normal distributions, mixtures, kernels."""

import numpy as np

from benchmarks.idioms.data import normal, with_data
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Likelihoods and mixtures")


@SUBJECT(with_data(lambda n, seed: normal(2, seed), x=("n",)), 10, 10**5)
def normal_likelihood(p, x):
    """The likelihood of n numbers by mean and logarithm of the deviation"""
    return np.sum(0.5 * ((x - p[0]) / np.exp(p[1])) ** 2 + p[1])


@SUBJECT(with_data(lambda n, seed: (np.random.default_rng(seed).normal(size=(3, 4)),), x=("n",)),
         10, 1000, 20_000)  # fmt: skip
def mixture(p, x):
    """A mixture of four normal distributions, n numbers"""
    share = p[0] - np.log(np.sum(np.exp(p[0])))
    z = (x[:, None] - p[1]) * np.exp(-p[2])
    terms = share - 0.5 * z**2 - p[2]
    top = terms.max(axis=1, keepdims=True)
    return np.sum(top[:, 0] + np.log(np.sum(np.exp(terms - top), axis=1)))


def clusters(n, seed):
    """Shares, means and triangular factors of three normal distributions in 2-D; n points."""
    rng = np.random.default_rng(seed)
    given = [rng.normal(size=3), rng.normal(size=(3, 2)), rng.normal(size=(3, 3))]
    return given, np.random.default_rng(1234).normal(size=(n, 2))


@SUBJECT(clusters, 10, 100, 1000)
def mixture_in_two_dimensions(given, x):
    """A mixture of three normal distributions in two dimensions, n points"""
    a, mean, f = given
    d = x[:, None, :] - mean
    u = np.exp(f[:, 0]) * d[:, :, 0]
    v = f[:, 2] * d[:, :, 0] + np.exp(f[:, 1]) * d[:, :, 1]
    terms = a + f[:, 0] + f[:, 1] - 0.5 * (u**2 + v**2)
    return np.sum(np.log(np.sum(np.exp(terms), axis=1))) - len(x) * np.log(np.sum(np.exp(a)))


@SUBJECT(clusters, 10, 1000)
def soft_k_means(given, x):
    """Soft k-means with three centres, n points"""
    d = np.sum((x[:, None, :] - given[1]) ** 2, axis=2)
    w = np.exp(-d)
    return np.sum(w * d / np.sum(w, axis=1, keepdims=True)) + np.sum(given[0]) * np.sum(given[2])


def covariance(n, seed):
    """Mean and factor of a normal distribution in five dimensions; n points."""
    rng = np.random.default_rng(seed)
    given = [rng.normal(size=5), 0.3 * rng.normal(size=(5, 5)) + np.eye(5)]
    return given, np.random.default_rng(1234).normal(size=(n, 5))


@SUBJECT(covariance, 10, 1000, 10_000)
def multivariate_normal(given, x):
    """A normal likelihood in five dimensions, `solve` and `slogdet`"""
    mean, a = given
    s = a @ a.T + 0.1 * np.eye(5)
    d = (x - mean).T
    return 0.5 * np.sum(d * np.linalg.solve(s, d)) + 0.5 * x.shape[0] * np.linalg.slogdet(s)[1]


@SUBJECT(with_data(normal, places=(20,)), 10, 10_000)
def kernel_density(x, places):
    """A density at 20 places by n kernels"""
    z = (places[:, None] - x) / 0.3
    return np.sum(np.log(np.mean(np.exp(-0.5 * z**2), axis=1)))


@SUBJECT(with_data(lambda n, seed: (np.random.default_rng(seed).normal(size=(5, 3)),), x=("n", 5)),
         10, 1000, 10_000)  # fmt: skip
def softmax_regression(w, x):
    """`np.log(p[:, 0])` of a softmax of three classes, n examples"""
    z = x @ w
    return -np.mean(z[:, 0] - np.log(np.sum(np.exp(z), axis=1)))
