# SPDX-License-Identifier: Apache-2.0
"""Functions whose paths, shapes or integers change from call to call."""

import numpy as np

from benchmarks.idioms import reasons
from benchmarks.idioms.data import normal, positive
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Paths and shapes")

KNOWN = {"call_us": 10.0}
"""A call on a path that is known."""


def far(n, seed):
    """A number whose size is the seed's."""
    return (np.array([seed + 0.5, 0.3]),)


@SUBJECT(far, 2, how="compile", turns=50, bounds=KNOWN, reason=reasons.PATHS)
def fifty_paths(x):
    """`while v > 1: v = v - 1`: 50 paths at single points in turn"""
    v, s = x[0], 0.0
    while v > 1.0:
        v = v - 1.0
        s = s + v * x[1]
    return s + np.sin(v)


@SUBJECT(far, 2, how="compile", turns=50, bounds=KNOWN)
def fifty_pieces(x):
    """`table[int(x[0])]`: 50 pieces of a polynomial"""
    k = int(np.floor(x[0]))
    return (k + 1.0) * x[0] ** 2 + x[1] * k


def of_shape(n, seed):
    """A vector whose length is the seed's."""
    return normal(seed + 1, seed)


@SUBJECT(of_shape, 100, how="compile", turns=100, bounds=KNOWN)
def hundred_shapes(x):
    """`np.sum(x**2)` of 100 shapes, the second pass"""
    return np.sum(x**2)


@SUBJECT(of_shape, 1000, how="compile", turns=1000, bounds=KNOWN)
def thousand_shapes(x):
    """`np.sum(x**2)` of 1,000 shapes, the second pass"""
    return np.sum(x**2)


def with_integer(n, seed):
    """Three numbers and an integer that is the seed."""
    return *positive(3, 0), seed


@SUBJECT(with_integer, 1000, how="compile", turns=1000, bounds=KNOWN)
def thousand_integers(x, k):
    """`np.sum(x * k)` at 1,000 integers, the second pass"""
    return np.sum(x * k)


@SUBJECT(of_shape, 200, how="fresh", turns=200, reason=reasons.PATHS)
def new_shapes(x):
    """`np.sum(x**2)`: a new shape at each of 200 points"""
    return np.sum(x**2)


@SUBJECT(with_integer, 200, how="fresh", turns=200, reason=reasons.PATHS)
def new_integers(x, k):
    """`np.sum(x * k)`: a new integer at each of 200 points"""
    return np.sum(x * k)


@SUBJECT(normal, 20, how="fresh", turns=200)
def new_paths(x):
    """Twenty branches by sign: a new path at each of 200 points"""
    s = 0.0
    for v in x:
        s = s + (v * v if v > 0.0 else np.exp(v))
    return s
