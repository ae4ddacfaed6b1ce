# SPDX-License-Identifier: Apache-2.0
"""Generators of the idioms' arguments: functions of a size and a seed."""

import numpy as np


def normal(n, seed):
    """A vector of n standard normal numbers."""
    return (np.random.default_rng(seed).normal(size=n),)


def positive(n, seed):
    """A vector of n numbers between 0.5 and 2."""
    return (np.random.default_rng(seed).uniform(0.5, 2.0, n),)


def square(n, seed):
    """An n x n matrix, normal, with entries of the size n^-1/2."""
    return (np.random.default_rng(seed).normal(size=(n, n)) / np.sqrt(n),)


def definite(n, seed):
    """A symmetric positive definite n x n matrix with a condition number below some 10."""
    (a,) = square(n, seed)
    return (a @ a.T + np.eye(n),)


def table(n, seed):
    """A matrix of about n elements with a hundred columns, or fewer in a small one."""
    columns = min(100, max(2, int(np.sqrt(n))))
    return (np.random.default_rng(seed).normal(size=(n // columns, columns)),)


def grid(n, seed):
    """An n x n matrix of standard normal numbers."""
    return (np.random.default_rng(seed).normal(size=(n, n)),)


def with_data(args, **shapes):
    """``args`` and further normal arrays, which are the same at all seeds.

    A shape is a function of the size, or a tuple in which ``"n"`` stands for the size.
    """

    def further(n, seed):
        rng = np.random.default_rng(1234)
        arrays = []
        for shape in shapes.values():
            whole = shape(n) if callable(shape) else tuple(n if m == "n" else m for m in shape)
            arrays.append(rng.normal(size=whole))
        return (*args(n, seed), *arrays)

    return further


def batch_of(shape):
    """Normal arrays of one shape; the size is the number of points and is ignored."""

    def args(n, seed):
        return (np.random.default_rng(seed).normal(size=shape),)

    return args
