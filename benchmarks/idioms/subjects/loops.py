# SPDX-License-Identifier: Apache-2.0
"""Loops over single elements, which programs unroll."""

import numpy as np

from benchmarks.idioms import reasons
from benchmarks.idioms.data import normal, positive
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Loops over elements")

FAST = {"call": 0.1}
"""What programs reach: a tenth of Python's time, or less."""
SHORT = {"call": {1000: 0.1}}
"""The same for a thousand elements. With a few, the call itself counts."""


@SUBJECT(normal, 10, 100, 1000, bounds=SHORT)
def neighbours(x):
    """`for i in range(n - 1): s += x[i] * x[i + 1]`"""
    s = 0.0
    for i in range(len(x) - 1):
        s += x[i] * x[i + 1]
    return s


@SUBJECT(normal, 10, 1000, bounds=SHORT)
def sines(x):
    """`sum(np.sin(v) for v in x)`"""
    return sum(np.sin(v) for v in x)


@SUBJECT(positive, 10, 1000, bounds=SHORT, reason=reasons.CHAIN)
def logistic_map(x):
    """`y = 3.1 * y * (1 - y)`, a step for each element"""
    y = 0.3
    for v in x:
        y = (2.5 + 0.5 * v) * y * (1.0 - y)
    return y


@SUBJECT(positive, 10, 100, 1000, bounds=SHORT)
def newton_roots(x):
    """Five Newton steps for the root of each element"""
    total = 0.0
    for v in x:
        y = v
        for _ in range(5):
            y = 0.5 * (y + v / y)
        total += y
    return total


@SUBJECT(positive, 10, 1000, bounds=SHORT, reason=reasons.CHAIN)
def continued_fraction(x):
    """`y = v + 1 / y`, backwards"""
    y = 1.0
    for v in x[::-1]:
        y = v + 1.0 / y
    return y


@SUBJECT(normal, 4, 8, 16, bounds={"call": {8: 0.1, 16: 0.1}}, reason=reasons.CHAIN)
def lennard_jones(x):
    """Energy of n particles by a loop over pairs"""
    n, energy = len(x) // 2, 0.0
    for i in range(n):
        for j in range(i):
            d = (x[2 * i] - x[2 * j]) ** 2 + (x[2 * i + 1] - x[2 * j + 1]) ** 2 + 1.0
            energy += d**-6 - d**-3
    return energy


@SUBJECT(positive, 4, bounds=FAST, reason=reasons.CHAIN)
def lotka(p):
    """Euler steps of Lotka and Volterra's equations in scalars, 100 steps"""
    a, b = 1.0, 0.5
    for _ in range(100):
        a, b = a + 0.01 * a * (p[0] - p[1] * b), b + 0.01 * b * (p[2] * a - p[3])
    return a + b


@SUBJECT(normal, 3, 6, 12, bounds={"call": {6: 0.1, 12: 0.1}})
def product_by_loops(x):
    """The square of a circulant matrix by three nested loops"""
    n, total = len(x), 0.0
    for i in range(n):
        for j in range(n):
            s = 0.0
            for k in range(n):
                s += x[(k - i) % n] * x[(j - k) % n]
            total += s * s
    return total


@SUBJECT(normal, 10, 1000, bounds=SHORT)
def filled(x):
    """`y = np.zeros(n)`, filled element by element"""
    y = np.zeros(len(x))
    y[0] = x[0]
    for i in range(1, len(x)):
        y[i] = 0.9 * y[i - 1] + x[i] * x[i]
    return np.sum(y**2)


@SUBJECT(normal, 10, 1000, bounds=SHORT, reason=reasons.CHAIN)
def compensated(x):
    """Kahan's sum of squares"""
    s, c = 0.0, 0.0
    for v in x:
        y = v * v - c
        t = s + y
        c = (t - s) - y
        s = t
    return s


@SUBJECT(normal, 10, 1000, bounds=SHORT)
def chain_of_links(x):
    """The end of a plane chain of links"""
    angle, a, b = 0.0, 0.0, 0.0
    for turn in x:
        angle = angle + turn
        a, b = a + np.cos(angle), b + np.sin(angle)
    return a**2 + 0.5 * b**2
