# SPDX-License-Identifier: Apache-2.0
"""Python's branches and loops that end by a condition: each outcome is a path of a Function."""

import numpy as np

from benchmarks.idioms import reasons
from benchmarks.idioms.data import normal, positive
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Branches")


@SUBJECT(normal, 3, 10, 100, how="compile")
def signs(x):
    """`if v > 0: s += v * v else: s -= v`"""
    s = 0.0
    for v in x:
        if v > 0:
            s += v * v
        else:
            s -= v
    return s


@SUBJECT(normal, 3, 10, 100, how="compile")
def largest_by_comparison(x):
    """The largest element by a loop of comparisons"""
    best = x[0]
    for v in x[1:]:
        if v > best:
            best = v
    return best * best


@SUBJECT(positive, 1, 10, 100, how="compile")
def newton_until(x):
    """`while abs(y * y - v) > 1e-12`: Newton's steps"""
    total = 0.0
    for v in x:
        y = 1.0
        while abs(y * y - v) > 1e-12:
            y = 0.5 * (y + v / y)
        total += y
    return total


@SUBJECT(positive, 3, 10, 100, how="compile", reason=reasons.SHORT)
def early_end(x):
    """`break` when a sum is large enough"""
    s = 0.0
    for v in x:
        s += v * v
        if s > 0.6 * len(x):
            break
    return s * s


@SUBJECT(positive, 2, how="compile")
def bounces(x):
    """A ball's height with bounces, 200 steps"""
    height, speed = x[0], x[1]
    for _ in range(200):
        speed = speed - 0.05
        height = height + 0.05 * speed
        if height < 0.0:
            height, speed = -height, -0.8 * speed
    return height


@SUBJECT(normal, 10, 1000, how="compile")
def checked_then_computed(x):
    """`if np.any(x > 10): raise ...`, then arrays"""
    if np.any(x > 10.0):
        raise ValueError("too large")
    return np.sum(np.exp(x))
