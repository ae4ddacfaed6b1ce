# SPDX-License-Identifier: Apache-2.0
"""Models of machine learning and their losses."""

from itertools import pairwise

import numpy as np

from benchmarks.idioms.data import normal, with_data
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Networks and regressions")


def layers(*sizes):
    """Weights and biases between layers of these sizes; the examples are as many as the size."""

    def args(n, seed):
        rng = np.random.default_rng(seed)
        weights = []
        for a, b in pairwise(sizes):
            weights += [rng.normal(size=(a, b)) / np.sqrt(a), 0.1 * rng.normal(size=b)]
        fixed = np.random.default_rng(1234)
        labels = fixed.integers(sizes[-1], size=n)
        return weights, fixed.normal(size=(n, sizes[0])), labels

    return args


@SUBJECT(layers(10, 20, 4), 4, 64, 1000, bounds={"setup_ms": {64: 10.0}})
def perceptron(weights, x, labels):
    """Cross-entropy of a 10-20-4 tanh network, n examples"""
    for k in range(0, len(weights) - 2, 2):
        x = np.tanh(x @ weights[k] + weights[k + 1])
    z = x @ weights[-2] + weights[-1]
    z = z - z.max(axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(z), axis=1)) - z[np.arange(len(labels)), labels])


@SUBJECT(layers(64, 128, 128, 10), 64, bounds={"setup_ms": {64: 10.0}})
def deep_perceptron(weights, x, labels):
    """Squared error of a 64-128-128-10 relu network, 64 examples"""
    for k in range(0, len(weights) - 2, 2):
        x = np.maximum(x @ weights[k] + weights[k + 1], 0.0)
    z = x @ weights[-2] + weights[-1]
    return np.mean((z - labels[:, None]) ** 2)


def recurrent(n, seed):
    """Weights of a recurrent network of 16 units with 4 inputs, and n steps of inputs."""
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=(16, 16)) / 4.0, rng.normal(size=(16, 4)) / 2.0, rng.normal(size=16)]
    return weights, np.random.default_rng(1234).normal(size=(n, 4))


@SUBJECT(recurrent, 3, 50, 300, bounds={"setup_ms": {50: 30.0}})
def recurrent_network(weights, inputs):
    """A tanh recurrent network of 16 units, n steps"""
    a, b, c = weights
    h, loss = np.zeros(16), 0.0
    for x in inputs:
        h = np.tanh(a @ h + b @ x + c)
        loss = loss + h @ h
    return loss


def gated(n, seed):
    """Weights of a gated unit, and n steps of inputs."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(3, 8, 12)) / 3.0, np.random.default_rng(1234).normal(size=(n, 4))


@SUBJECT(gated, 3, 50)
def gated_network(weights, inputs):
    """A gated recurrent unit of 8, n steps"""
    h = np.zeros(8)
    for x in inputs:
        both = np.concatenate([h, x])
        z = 1.0 / (1.0 + np.exp(-weights[0] @ both))
        r = 1.0 / (1.0 + np.exp(-weights[1] @ both))
        new = np.tanh(weights[2] @ np.concatenate([r * h, x]))
        h = (1.0 - z) * h + z * new
    return np.sum(h**2)


def examples(n, seed):
    """Coefficients (20), and n examples with labels -1 and 1."""
    fixed = np.random.default_rng(1234)
    return *normal(20, seed), fixed.normal(size=(n, 20)), fixed.choice([-1.0, 1.0], size=n)


@SUBJECT(examples, 10, 1000, 20_000)
def logistic_regression(w, x, y):
    """`np.sum(np.logaddexp(0, -y * (x @ w))) + 0.1 * w @ w`"""
    return np.sum(np.logaddexp(0.0, -y * (x @ w))) + 0.1 * (w @ w)


@SUBJECT(examples, 10, 20_000)
def linear_regression(w, x, y):
    """`np.mean((x @ w - y) ** 2)`"""
    return np.mean((x @ w - y) ** 2)


@SUBJECT(examples, 10, 20_000)
def hinge_loss(w, x, y):
    """`np.mean(np.maximum(0, 1 - y * (x @ w)))`"""
    return np.mean(np.maximum(0.0, 1.0 - y * (x @ w)))


@SUBJECT(examples, 10, 20_000)
def poisson_regression(w, x, y):
    """`np.sum(np.exp(x @ w) - y * (x @ w))`"""
    z = 0.1 * (x @ w)
    return np.sum(np.exp(z) - y * z)


def heads(n, seed):
    """Projections of an attention head of 16, and n positions."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(3, 16, 16)) / 4.0, np.random.default_rng(1234).normal(size=(n, 16))


@SUBJECT(heads, 4, 20, 100)
def attention(weights, x):
    """An attention head of 16 on n positions"""
    q, k, v = x @ weights[0], x @ weights[1], x @ weights[2]
    s = q @ k.T / 4.0
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    return np.sum((p @ v) ** 2)


@SUBJECT(with_data(lambda n, seed: (np.random.default_rng(seed).normal(size=(n, 16)),), g=(16,)),
         4, 64, 1000)  # fmt: skip
def layer_norm(x, g):
    """Layer normalisation of n rows of 16"""
    m = x.mean(axis=-1, keepdims=True)
    v = ((x - m) ** 2).mean(axis=-1, keepdims=True)
    return np.sum(np.tanh(g * (x - m) / np.sqrt(v + 1e-5)))


def embedded(n, seed):
    """Vectors of 50 words, and n pairs of words."""
    pairs = np.random.default_rng(1234).integers(50, size=(n, 2))
    return np.random.default_rng(seed).normal(size=(50, 8)), pairs


@SUBJECT(embedded, 10, 1000, 20_000)
def embedding(x, pairs):
    """`np.sum(x[pairs[:, 0]] * x[pairs[:, 1]], axis=1)`"""
    score = np.sum(x[pairs[:, 0]] * x[pairs[:, 1]], axis=1)
    return np.mean(np.logaddexp(0.0, -score))
