# SPDX-License-Identifier: Apache-2.0
"""Single operations on three numbers within a trace: what recording one of them takes."""

import numpy as np

from benchmarks.idioms import reasons
from benchmarks.idioms.data import definite, normal
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Single operations within a trace")

VIEW, PRODUCT, SOLUTION, OTHER, SCALAR = 1.0, 3.0, 12.0, 15.0, 0.15
"""Microseconds that an operation of its kind may take."""


def number(n, seed):
    """A number."""
    return (np.float64(np.random.default_rng(seed).normal()),)


def within(microseconds, args=normal, reason=""):
    """The decorator of an operation on three numbers, or on a 3 x 3 matrix."""
    bounds = {"traced_us": microseconds}
    return SUBJECT(args, 3, what="traced", turns=1, bounds=bounds, reason=reason)


@within(SCALAR, number)
def sine(x):
    """`np.sin(x)` of a number"""
    return np.sin(x)


@within(SCALAR, number)
def exponential(x):
    """`np.exp(x)` of a number"""
    return np.exp(x)


@within(SCALAR, number)
def sum_of_numbers(x):
    """`x + x` of a number"""
    return x + x


@within(VIEW)
def reshape(x):
    """`x.reshape(3, 1)`"""
    return x.reshape(3, 1)


@within(VIEW)
def ravel(x):
    """`x.ravel()`"""
    return x.ravel()


@within(VIEW)
def part(x):
    """`x[1:]`"""
    return x[1:]


@within(VIEW, definite)
def transpose(a):
    """`a.T`"""
    return a.T


@within(VIEW)
def np_reshape(x):
    """`np.reshape(x, (1, 3))`"""
    return np.reshape(x, (1, 3))


@within(PRODUCT)
def at_sign(x):
    """`x @ x`"""
    return x @ x


@within(PRODUCT)
def dot(x):
    """`x.dot(x)`"""
    return x.dot(x)


@within(PRODUCT, definite)
def matrix_product(a):
    """`a @ a` of 3 x 3"""
    return a @ a


@within(SOLUTION, definite)
def solution(a):
    """`np.linalg.solve(a, a[0])` of 3 x 3"""
    return np.linalg.solve(a, a[0])


@within(OTHER, definite)
def inverse(a):
    """`np.linalg.inv(a)` of 3 x 3"""
    return np.linalg.inv(a)


@within(OTHER, definite)
def determinant(a):
    """`np.linalg.det(a)` of 3 x 3"""
    return np.linalg.det(a)


@within(OTHER)
def sort(x):
    """`np.sort(x)`"""
    return np.sort(x)


@within(OTHER)
def convolution(x):
    """`np.convolve(x, x)`"""
    return np.convolve(x, x)


@within(OTHER, reason=reasons.INTERVALS)
def interp(x):
    """`np.interp(0.5, [0.0, 1.0, 2.0], x)`"""
    return np.interp(0.5, [0.0, 1.0, 2.0], x)


@within(OTHER)
def total(x):
    """`np.sum(x)`"""
    return np.sum(x)


@within(OTHER)
def mean(x):
    """`np.mean(x)`"""
    return np.mean(x)


@within(OTHER)
def concatenate(x):
    """`np.concatenate([x, x])`"""
    return np.concatenate([x, x])


@within(OTHER)
def cumsum(x):
    """`np.cumsum(x)`"""
    return np.cumsum(x)


@within(OTHER)
def norm(x):
    """`np.linalg.norm(x)`"""
    return np.linalg.norm(x)


@within(OTHER)
def where(x):
    """`np.where(x > 0, x, 0.0)`"""
    return np.where(x > 0.0, x, 0.0)


@within(OTHER)
def cross(x):
    """`np.cross(x, x)`"""
    return np.cross(x, x)


@within(OTHER)
def einsum(x):
    """`np.einsum("i,i->", x, x)`"""
    return np.einsum("i,i->", x, x)


@within(OTHER)
def array_of_three(x):
    """`np.array([x[0], x[1], x[2]])`"""
    return np.array([x[0], x[1], x[2]])
