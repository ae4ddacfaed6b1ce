# SPDX-License-Identifier: Apache-2.0
"""Interpolation in tables."""

import numpy as np

from benchmarks.idioms import reasons
from benchmarks.idioms.data import normal, positive, with_data
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Interpolation")


@SUBJECT(with_data(positive, y=(20,)), 3, 1000, 10**5, how="compile", reason=reasons.REPLAYED)
def interp_of_places(x, y):
    """`np.sum(np.interp(x, places, y))`, derivatives by x"""
    return np.sum(np.interp(x, np.linspace(0.0, 3.0, 20), y))


@SUBJECT(with_data(normal, x=(50,)), 10, 1000, 10**5)
def interp_of_values(y, x):
    """`np.sum(np.interp(x, places, y) ** 2)`, derivatives by y"""
    return np.sum(np.interp(x, np.linspace(-3.0, 3.0, y.size), y) ** 2)


@SUBJECT(with_data(normal, x=(50,)), 10, 100, 1000)
def hermite(y, x):
    """Cubic Hermite interpolation by index arrays"""
    n = y.size
    t = (np.tanh(x) + 1.0) * 0.5 * (n - 3.001) + 1.0
    k = t.astype(int)
    u = t - k
    a, b = 0.5 * (y[k + 1] - y[k - 1]), 0.5 * (y[np.minimum(k + 2, n - 1)] - y[k])
    left = (1.0 + 2.0 * u) * (1.0 - u) ** 2 * y[k] + u * (1.0 - u) ** 2 * a
    return np.sum((left + u**2 * (3.0 - 2.0 * u) * y[k + 1] + u**2 * (u - 1.0) * b) ** 2)


@SUBJECT(with_data(normal, x=(50,)), 5, 20, 50)
def barycentric(y, x):
    """Barycentric interpolation at Chebyshev's places"""
    k = np.arange(y.size)
    nodes = np.cos((2 * k + 1) * np.pi / (2 * y.size))
    w = (-1.0) ** k * np.sin((2 * k + 1) * np.pi / (2 * y.size))
    d = w / (np.tanh(x)[:, None] - nodes)
    return np.sum((d @ y / np.sum(d, axis=1)) ** 2)


@SUBJECT(with_data(normal, t=(20, 20)), 4, 1000, 20_000, how="compile")
def bilinear(x, t):
    """Bilinear interpolation in a table of 20 x 20, at points of two halves of x"""
    a, b = np.split((np.tanh(x) + 1.0) * 9.0, 2)
    i, j = np.floor(a).astype(int), np.floor(b).astype(int)
    u, v = a - i, b - j
    low = t[i, j] * (1.0 - v) + t[i, j + 1] * v
    high = t[i + 1, j] * (1.0 - v) + t[i + 1, j + 1] * v
    return np.sum(low * (1.0 - u) + high * u)


@SUBJECT(with_data(normal, x=(50,)), 5, 50, 200)
def spline(y, x):
    """A natural cubic spline by `np.linalg.solve`"""
    n = y.size
    a = 4.0 * np.eye(n - 2) + np.eye(n - 2, k=1) + np.eye(n - 2, k=-1)
    m = np.concatenate([[0.0], np.linalg.solve(a, 6.0 * np.diff(y, 2)), [0.0]])
    t = (np.tanh(x) + 1.0) * 0.5 * (n - 1.001)
    k = t.astype(int)
    u = t - k
    w = 1.0 - u
    cubic = ((u**3 - u) * m[k + 1] + (w**3 - w) * m[k]) / 6.0
    return np.sum((w * y[k] + u * y[k + 1] + cubic) ** 2)
