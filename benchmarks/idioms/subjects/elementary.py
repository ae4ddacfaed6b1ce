# SPDX-License-Identifier: Apache-2.0
"""Chains of elementwise operations on one array, and their sum."""

import numpy as np

from benchmarks.idioms import reasons
from benchmarks.idioms.data import normal, positive, with_data
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Elementwise chains")


@SUBJECT(normal, 3, 1000, 10**6)
def sum_of_squares(x):
    """`np.sum(x * x)`"""
    return np.sum(x * x)


@SUBJECT(normal, 3, 10**5, reason=reasons.REPLAYED)
def waves(x):
    """`np.sum(np.sin(x) * np.exp(-(x**2)))`"""
    return np.sum(np.sin(x) * np.exp(-(x**2)))


@SUBJECT(normal, 1000, 10**5, 10**6, reason=reasons.REPLAYED)
def quotient(x):
    """`np.sum(np.sqrt(1 + x**2) / (1 + np.abs(x)))`"""
    return np.sum(np.sqrt(1 + x**2) / (1 + np.abs(x)))


@SUBJECT(normal, 10, 1000, 10**6)
def rosenbrock(x):
    """Rosenbrock's function by slices"""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


@SUBJECT(normal, 1000, 10**5, 10**6)
def relu(x):
    """`np.sum(np.maximum(x, 0.0) ** 2)`"""
    return np.sum(np.maximum(x, 0.0) ** 2)


@SUBJECT(normal, 1000, 10**5, 10**6, reason=reasons.LITTLE_WORK)
def clipped(x):
    """`np.sum(np.clip(x, -1.0, 1.0) * x)`"""
    return np.sum(np.clip(x, -1.0, 1.0) * x)


@SUBJECT(normal, 10, 10**5)
def softplus(x):
    """`np.sum(np.log1p(np.exp(x)))`"""
    return np.sum(np.log1p(np.exp(x)))


@SUBJECT(normal, 10, 10**5)
def sigmoid(x):
    """`np.sum(1.0 / (1.0 + np.exp(-x)))`"""
    return np.sum(1.0 / (1.0 + np.exp(-x)))


@SUBJECT(normal, 10, 10**5)
def huber(x):
    """Huber's loss by `np.where`"""
    size = np.abs(x)
    return np.sum(np.where(size < 1.0, 0.5 * x**2, size - 0.5))


@SUBJECT(positive, 10, 10**5)
def powers(x):
    """`np.sum(x**2.5 + x**-0.5)`"""
    return np.sum(x**2.5 + x**-0.5)


@SUBJECT(normal, 10, 10**5)
def gelu(x):
    """GELU by its tanh formula"""
    return np.sum(0.5 * x * (1.0 + np.tanh(0.7978845608 * (x + 0.044715 * x**3))))


@SUBJECT(with_data(normal, y=("n",)), 10, 10**5)
def angles(x, y):
    """`np.sum(np.arctan2(x, y) * np.hypot(x, y))`"""
    return np.sum(np.arctan2(x, y) * np.hypot(x, y))


@SUBJECT(normal, 10, 10**5, reason=reasons.LITTLE_WORK)
def in_place(x):
    """`y = x.copy(); y *= 2.0; y += x; y **= 2; y.sum()`"""
    y = x.copy()
    y *= 2.0
    y += x
    y **= 2
    return y.sum()


@SUBJECT(normal, 10, 10**5)
def into_out(x):
    """`np.multiply(x, x, out=y); np.exp(y, out=y)`"""
    y = np.empty_like(x)
    np.multiply(x, -x, out=y)
    np.exp(y, out=y)
    return np.sum(y)


@SUBJECT(normal, 10, 100, 1000)
def outer_broadcast(x):
    """`np.sum(np.tanh(x[:, None] * x[None, :]))`"""
    return np.sum(np.tanh(x[:, None] * x[None, :]))


@SUBJECT(normal, 10, 10**5)
def complex_waves(x):
    """`np.sum(np.abs(1.0 + 0.5 * np.exp(1j * x)))`"""
    return np.sum(np.abs(1.0 + 0.5 * np.exp(1j * x)))


@SUBJECT(normal, 10, 10**5)
def selected(x):
    """`np.select` of three branches"""
    return np.sum(np.select([x < -1.0, x < 1.0], [np.exp(x), x**2], np.log(np.abs(x) + 1.0)))


@SUBJECT(normal, 10, 10**5, reason=reasons.REPLAYED)
def horner_arrays(x):
    """Ten steps of `y = y * x + c` on arrays"""
    y = np.zeros_like(x)
    for k in range(10):
        y = y * x + 1.0 / (k + 1.0)
    return np.sum(np.tanh(y))
