# SPDX-License-Identifier: Apache-2.0
"""Sums, means, extremes and norms, over all elements or over axes of a matrix."""

import numpy as np

from benchmarks.idioms import reasons
from benchmarks.idioms.data import normal, positive, table, with_data
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Reductions")

AXES = {"setup_ms": {10**6: 100.0}}
"""The set-up of reductions over axes of a million elements."""
EXTREMES = AXES | {"one": {10**4: 12.0, 10**6: 12.0}}


@SUBJECT(table, 100, 10**4, 10**6, bounds=AXES)
def sum_of_columns(x):
    """`np.sum(x.sum(axis=0) ** 2)`"""
    return np.sum(x.sum(axis=0) ** 2)


@SUBJECT(table, 100, 10**4, 10**6, bounds=AXES, reason=reasons.REPLAYED)
def sum_of_rows(x):
    """`np.sum(x.sum(axis=1) ** 2)`"""
    return np.sum(x.sum(axis=1) ** 2)


@SUBJECT(table, 100, 10**4, 10**6, bounds=AXES)
def means(x):
    """`np.sum(np.mean(x, axis=0) * np.var(x, axis=0))`"""
    return np.sum(np.mean(x, axis=0) * np.var(x, axis=0))


@SUBJECT(table, 100, 10**4, 10**6, bounds=AXES)
def standardised(x):
    """`np.sum(np.tanh((x - x.mean(axis=0)) / x.std(axis=0)))`"""
    return np.sum(np.tanh((x - x.mean(axis=0)) / x.std(axis=0)))


@SUBJECT(table, 100, 10**4, 10**6, bounds=EXTREMES, reason=reasons.LITTLE_WORK)
def extremes_of_columns(x):
    """`np.sum(x.max(axis=0) - x.min(axis=0))`"""
    return np.sum(x.max(axis=0) - x.min(axis=0))


@SUBJECT(table, 100, 10**4, 10**6, bounds=EXTREMES)
def extremes_of_rows(x):
    """`np.sum(x.max(axis=1) * x.min(axis=1))`"""
    return np.sum(x.max(axis=1) * x.min(axis=1))


@SUBJECT(table, 100, 10**4, 10**6, bounds=AXES)
def logsumexp_of_rows(x):
    """`m + np.log(np.sum(np.exp(x - m), axis=1))`"""
    m = x.max(axis=1, keepdims=True)
    return np.sum(m[:, 0] + np.log(np.sum(np.exp(x - m), axis=1)))


@SUBJECT(table, 100, 10**6, bounds=AXES)
def norms_of_rows(x):
    """`np.sum(np.linalg.norm(x, axis=1))`"""
    return np.sum(np.linalg.norm(x, axis=1))


@SUBJECT(with_data(normal, w=lambda n: (n,)), 10, 1000, 10**6)
def average(x, w):
    """`np.average(x**2, weights=w**2)`"""
    return np.average(x**2, weights=w**2)


def with_gaps(n, seed):
    """Normal numbers, a tenth of which is missing."""
    (x,) = normal(n, seed)
    gap = np.random.default_rng(1234).random(n) < 0.1
    return x, np.where(gap, np.nan, 0.0)


@SUBJECT(with_gaps, 10, 1000, 10**6, reason=reasons.LITTLE_WORK)
def nan_reductions(x, gaps):
    """`np.nansum(y) * np.nanmean(y * y)`, `y` with missing values"""
    y = x + gaps
    return np.nansum(y) * np.nanmean(y * y)


@SUBJECT(normal, 10, 1000, 10**6)
def logaddexp_reduced(x):
    """`np.logaddexp.reduce(x)`"""
    return np.logaddexp.reduce(x)


@SUBJECT(positive, 10, 100, 1000)
def product_of_all(x):
    """`np.prod(x)`"""
    return np.prod(x)


@SUBJECT(normal, 10, 10**5, reason=reasons.LITTLE_WORK)
def norm(x):
    """`np.linalg.norm(x)`"""
    return np.linalg.norm(x)


@SUBJECT(normal, 10, 10**5)
def deviation(x):
    """`np.std(x) / (1.0 + np.mean(x) ** 2)`"""
    return np.std(x) / (1.0 + np.mean(x) ** 2)


@SUBJECT(normal, 10, 10**5, reason=reasons.LITTLE_WORK)
def span(x):
    """`np.ptp(x) + np.max(np.abs(x))`"""
    return np.ptp(x) + np.max(np.abs(x))
