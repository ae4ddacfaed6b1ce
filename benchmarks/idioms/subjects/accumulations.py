# SPDX-License-Identifier: Apache-2.0
"""Cumulative functions and differences."""

import numpy as np

from benchmarks.idioms import reasons
from benchmarks.idioms.data import normal, positive, table
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Cumulative functions")


@SUBJECT(normal, 10, 1000, 10**6, reason=reasons.REPLAYED)
def cumsum(x):
    """`np.sum(np.cumsum(x) ** 2)`"""
    return np.sum(np.cumsum(x) ** 2)


@SUBJECT(table, 100, 10**4, 10**5)
def cumsum_of_columns(x):
    """`np.sum(np.cumsum(x, axis=0) ** 2)`"""
    return np.sum(np.cumsum(x, axis=0) ** 2)


@SUBJECT(positive, 10, 1000, 10**4, bounds={"one": {1000: 8.0}})
def cumprod(x):
    """`np.sum(np.cumprod(0.8 + 0.2 * x))`"""
    return np.sum(np.cumprod(0.8 + 0.15 * x))


@SUBJECT(normal, 10, 1000, 10**6, bounds={"one": {1000: 8.0}}, reason=reasons.REPLAYED)
def running_maximum(x):
    """`np.sum(np.maximum.accumulate(x))`"""
    return np.sum(np.maximum.accumulate(x))


@SUBJECT(normal, 10, 10**5)
def running_logaddexp(x):
    """`np.sum(np.logaddexp.accumulate(x))`"""
    return np.sum(np.logaddexp.accumulate(x))


@SUBJECT(normal, 10, 10**5)
def drawdown(x):
    """Largest drawdown: `p = np.cumsum(x); np.max(np.maximum.accumulate(p) - p)`"""
    p = np.cumsum(x)
    return np.max(np.maximum.accumulate(p) - p)


@SUBJECT(normal, 10, 10**5)
def differences(x):
    """`np.sum(np.diff(x, 2) ** 2)`"""
    return np.sum(np.diff(x, 2) ** 2)


@SUBJECT(normal, 10, 10**5)
def trapezoid(x):
    """`np.trapezoid(np.exp(x), dx=0.1)`"""
    return np.trapezoid(np.exp(x), dx=0.1)


@SUBJECT(normal, 10, 10**5)
def slopes(x):
    """`np.sum(np.gradient(x, 0.5) ** 2)`"""
    return np.sum(np.gradient(x, 0.5) ** 2)


@SUBJECT(normal, 10, 1000, 10**5, reason=reasons.REPLAYED)
def moving_average(x):
    """A moving average by differences of `np.cumsum`"""
    c = np.cumsum(x)
    return np.sum(((c[5:] - c[:-5]) / 5.0) ** 2)


@SUBJECT(positive, 10, 10**5)
def growth(x):
    """`np.sum(np.log(x[1:] / x[:-1]) ** 2)`"""
    return np.sum(np.log(x[1:] / x[:-1]) ** 2)
