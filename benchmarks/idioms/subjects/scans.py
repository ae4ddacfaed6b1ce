# SPDX-License-Identifier: Apache-2.0
"""Recurrences over time, recursion, and dynamic programming."""

import numpy as np

from benchmarks.idioms.data import grid, normal, positive, with_data
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Scans and recursion")


def option(n, seed):
    """Price, volatility and rate of an option in usual units, and the number of steps."""
    return *positive(3, seed), n


@SUBJECT(option, 10, 100, 1000)
def binomial_tree(p, n):
    """A binomial tree of n steps, three inputs"""
    dt, price, spread, rate = 1.0 / n, 100.0 * p[0], 0.2 * p[1], 0.03 * p[2]
    up = np.exp(spread * np.sqrt(dt))
    chance = (np.exp(rate * dt) - 1.0 / up) / (up - 1.0 / up)
    fall = np.exp(-rate * dt)
    value = np.maximum(100.0 - price * up ** (2.0 * np.arange(n + 1) - n), 0.0)
    for _ in range(n):
        value = fall * (chance * value[1:] + (1.0 - chance) * value[:-1])
    return value[0]


@SUBJECT(with_data(lambda n, seed: positive(4, seed), z=("n",)), 10, 1000)
def kalman_filter(p, z):
    """A scalar Kalman filter, n measurements"""
    mean, spread, loss = 0.0, 1.0, 0.0
    for v in z:
        spread = p[0] ** 2 * spread * 0.2 + p[1]
        total = spread + p[2]
        miss = v - 0.5 * p[0] * mean
        loss = loss + np.log(total) + miss**2 / total
        gain = spread / total
        mean, spread = 0.5 * p[0] * mean + gain * miss, (1.0 - gain) * spread
    return loss


@SUBJECT(with_data(lambda n, seed: grid(4, seed), y=("n", 4)), 10, 100)
def kalman_filter_of_matrices(a, y):
    """A Kalman filter with four states, n measurements, `np.linalg.solve`"""
    a = 0.3 * a
    mean, spread, loss = np.zeros(4), np.eye(4), 0.0
    for v in y:
        mean, spread = a @ mean, a @ spread @ a.T + np.eye(4)
        total = spread + 0.5 * np.eye(4)
        miss = v - mean
        gain = np.linalg.solve(total, spread).T
        loss = loss + miss @ np.linalg.solve(total, miss)
        mean, spread = mean + gain @ miss, spread - gain @ spread
    return loss


@SUBJECT(with_data(lambda n, seed: grid(5, seed), y=("n", 5)), 10, 100, 1000)
def forward_algorithm(a, y):
    """The forward algorithm of a hidden Markov chain with five states, n steps"""
    a = a - np.log(np.sum(np.exp(a), axis=1, keepdims=True))
    b = y[0]
    for v in y[1:]:
        s = b[:, None] + a
        top = np.max(s, axis=0)
        b = v + top + np.log(np.sum(np.exp(s - top), axis=0))
    return np.log(np.sum(np.exp(b)))


@SUBJECT(grid, 3, 10, 20, how="compile", bounds={"call": {10: 5.0, 20: 5.0}})
def floyd_warshall(x):
    """Shortest ways between all pairs by `np.minimum`, an array operation for each node"""
    d = x**2 + 0.1
    for k in range(len(d)):
        d = np.minimum(d, d[:, k, None] + d[None, k])
    return np.sum(d)


@SUBJECT(grid, 3, 10, 20)
def time_warping(x):
    """Soft dynamic time warping by two loops"""
    n = len(x)
    cost = x**2
    r = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            before = [r[i - 1][j]] if i else []
            before += [r[i][j - 1]] if j else []
            before += [r[i - 1][j - 1]] if i and j else []
            soft = -np.log(sum(np.exp(-v) for v in before)) if before else 0.0
            r[i][j] = cost[i, j] + soft
    return r[-1][-1]


@SUBJECT(normal, 16, 256)
def tree_sum(x):
    """A recursive sum over halves: `f(left) * 0.5 + np.sin(f(right))`"""

    def f(v):
        if v.size == 1:
            return v[0]
        half = v.size // 2
        return 0.5 * f(v[:half]) + np.sin(f(v[half:]))

    return f(x)


@SUBJECT(positive, 3, bounds={"call": 1.0})
def fibonacci(x):
    """`f(n) = a * f(n - 1) + b * f(n - 2)` by recursion, n = 15"""

    def f(n):
        return x[n] if n < 2 else 0.6 * f(n - 1) + x[2] * 0.2 * f(n - 2)

    return f(15)


@SUBJECT(with_data(lambda n, seed: positive(3, seed), e=("n",)), 10, 1000)
def garch(p, e):
    """A GARCH(1, 1) likelihood, n steps"""
    h, loss = 1.0, 0.0
    for v in e:
        loss = loss + np.log(h) + v * v / h
        h = 0.1 * p[0] + 0.1 * p[1] * v * v + 0.4 * p[2] * h
    return loss


@SUBJECT(positive, 10, 1000)
def tridiagonal(x):
    """Thomas' algorithm for a tridiagonal system"""
    n = len(x)
    c, d = [0.0] * n, [0.0] * n
    c[0], d[0] = -1.0 / (2.0 + x[0]), 1.0 / (2.0 + x[0])
    for i in range(1, n):
        m = 2.0 + x[i] + c[i - 1]
        c[i], d[i] = -1.0 / m, (1.0 + d[i - 1]) / m
    for i in range(n - 2, -1, -1):
        d[i] = d[i] - c[i] * d[i + 1]
    return sum(v * v for v in d)


@SUBJECT(normal, 3, 300)
def runge_kutta(y):
    """Twenty steps of Runge and Kutta of a ring of n springs"""

    def rate(y):
        return np.sin(np.roll(y, 1)) - 0.5 * y

    for _ in range(20):
        a = rate(y)
        b = rate(y + 0.05 * a)
        c = rate(y + 0.05 * b)
        d = rate(y + 0.1 * c)
        y = y + (a + 2.0 * b + 2.0 * c + d) / 60.0
    return np.sum(y**2)


@SUBJECT(normal, 6, 300)
def leapfrog(q):
    """Fifty leapfrog steps of n oscillators"""
    p = np.zeros_like(q)
    for _ in range(50):
        p = p - 0.05 * np.sin(q)
        q = q + 0.1 * p
        p = p - 0.05 * np.sin(q)
    return np.sum(q**2 + p**2)


@SUBJECT(with_data(normal, a=("n", "n")), 3, 100)
def fixed_point(x, a):
    """Thirty steps of `y = np.tanh(a @ y + x)`"""
    a, y = 0.3 * a / np.sqrt(len(x)), np.zeros(len(x))
    for _ in range(30):
        y = np.tanh(a @ y + x)
    return np.sum(y**2)
