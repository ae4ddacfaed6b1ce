# SPDX-License-Identifier: Apache-2.0
"""Histograms and sums by groups."""

import numpy as np

from benchmarks.idioms import reasons
from benchmarks.idioms.data import normal
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Histograms and groups")


def with_groups(n, seed):
    """n normal numbers, and a group for each of them, one of 20."""
    return *normal(n, seed), np.random.default_rng(1234).integers(20, size=n)


@SUBJECT(
    with_groups,
    10,
    1000,
    10**5,
    bounds={"one": {1000: 8.0, 10**5: 8.0}},
    reason=reasons.LITTLE_WORK,
)
def bincount(x, groups):
    """`np.sum(np.bincount(groups, weights=x) ** 2)`"""
    return np.sum(np.bincount(groups, weights=x, minlength=20) ** 2)


@SUBJECT(with_groups, 10, 10**5)
def means_of_groups(x, groups):
    """Means by groups, and the spread within them"""
    count = np.bincount(groups, minlength=20) + 1e-9
    means = np.bincount(groups, weights=x, minlength=20) / count
    return np.sum((x - means[groups]) ** 2)


@SUBJECT(normal, 10, 1000, 10_000, bounds={"one": {1000: 4.0, 10_000: 4.0}}, reason=reasons.EDGES)
def soft_histogram(x):
    """A histogram of 20 bins with smooth edges"""
    edges = np.linspace(-3.0, 3.0, 21)
    s = 1.0 / (1.0 + np.exp(-(edges - x[:, None]) / 0.1))
    return np.sum(np.sum(s[:, 1:] - s[:, :-1], axis=0) ** 2)


@SUBJECT(with_groups, 10, 10**5)
def weighted_histogram(x, groups):
    """`np.histogram(places, weights=x)`"""
    return np.sum(np.histogram(groups, bins=10, range=(0, 20), weights=x)[0] ** 2)


@SUBJECT(with_groups, 10, 10**5)
def segments(x, groups):
    """`np.add.reduceat(x, starts)`"""
    starts = np.arange(0, x.size, 5)
    return np.sum(np.add.reduceat(x, starts) ** 2)


@SUBJECT(with_groups, 10, 10**4)
def one_hot(x, groups):
    """Sums by groups by a matrix of zeros and ones"""
    return np.sum(((groups[:, None] == np.arange(20)).T @ x) ** 2)
