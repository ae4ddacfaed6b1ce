# SPDX-License-Identifier: Apache-2.0
"""Sorting, quantiles and searches: the order is a path of a Function."""

import numpy as np

from benchmarks.idioms import reasons
from benchmarks.idioms.data import normal, table, with_data
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Sorting")


@SUBJECT(with_data(normal, w=("n",)), 3, 1000, 10**5, how="compile", reason=reasons.REPLAYED)
def sort(x, w):
    """`np.sort(x) @ w`"""
    return np.sort(x) @ w


@SUBJECT(with_data(normal, w=("n",)), 3, 1000, 10**5, how="compile", reason=reasons.REPLAYED)
def argsort(x, w):
    """`x[np.argsort(-x)] @ w`"""
    return x[np.argsort(-x)] @ w


@SUBJECT(normal, 5, 1000, 10**5, how="compile")
def median(x):
    """`np.median(x) ** 2 + np.median(np.abs(x))`"""
    return np.median(x) ** 2 + np.median(np.abs(x))


@SUBJECT(normal, 5, 1000, 10**5, how="compile")
def quantiles(x):
    """`np.sum(np.quantile(x, [0.1, 0.5, 0.9]))`"""
    return np.sum(np.quantile(x, [0.1, 0.5, 0.9]))


@SUBJECT(normal, 10, 1000, 10**5, how="compile")
def top_ten(x):
    """`np.sum(np.partition(x, -5)[-5:] ** 2)`"""
    return np.sum(np.partition(x, -5)[-5:] ** 2)


@SUBJECT(table, 100, 10**4, how="compile", reason=reasons.LITTLE_WORK)
def sort_of_rows(x):
    """`np.sum(np.sort(x, axis=1) * np.arange(n))`"""
    return np.sum(np.sort(x, axis=1) * np.arange(x.shape[1]))


@SUBJECT(normal, 10, 1000, 10**5, how="compile", reason=reasons.REPLAYED)
def best_by_argmax(x):
    """`x[np.argmax(x)] * x[np.argmin(x)]`"""
    return x[np.argmax(x)] * x[np.argmin(x)]


@SUBJECT(with_data(normal, w=(20,)), 10, 1000, 10**5, how="compile")
def searched(x, w):
    """`np.sum(w[np.searchsorted(edges, x)] * x)`"""
    return np.sum(w[np.searchsorted(np.linspace(-2.0, 2.0, 19), x)] * x)


@SUBJECT(normal, 10, 1000, how="compile")
def trimmed_mean(x):
    """The mean of the middle half of the sorted elements"""
    n = len(x)
    return np.mean(np.sort(x)[n // 4 : n - n // 4] ** 2)


@SUBJECT(normal, 100, 1000, how="fresh", turns=200, reason=reasons.PATHS)
def sort_in_new_orders(x):
    """`np.sum(np.sort(x) * np.arange(n))`, a new order at each of 200 points"""
    return np.sum(np.sort(x) * np.arange(x.size))
