# SPDX-License-Identifier: Apache-2.0
"""Slices, index arrays, masks, stores, and rearrangements."""

import numpy as np

from benchmarks.idioms import reasons
from benchmarks.idioms.data import grid, normal, table
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Indexing and masks")


def with_places(n, seed):
    """n normal numbers and n places among them, at random."""
    return *normal(n, seed), np.random.default_rng(1234).integers(n, size=n)


@SUBJECT(normal, 10, 10**5)
def evens_and_odds(x):
    """`np.sum(x[::2] * x[1::2])`"""
    return np.sum(x[::2] * x[1::2])


@SUBJECT(with_places, 10, 10**5)
def gather(x, places):
    """`np.sum(x[places] ** 2)`"""
    return np.sum(x[places] ** 2)


@SUBJECT(with_places, 10, 1000, 10**5, reason=reasons.LITTLE_WORK)
def scatter_add(x, places):
    """`np.add.at(y, places, x)`"""
    y = np.zeros(len(x))
    np.add.at(y, places, x)
    return np.sum(y**2)


@SUBJECT(with_places, 10, 10**5)
def store_by_index(x, places):
    """`y[places] = x[places] ** 2`"""
    y = x.copy()
    y[places] = x[places] ** 2
    return np.sum(y * x)


@SUBJECT(normal, 10, 1000, 10**5, how="compile", reason=reasons.REPLAYED)
def masked(x):
    """`np.sum(x[x > 0.5] ** 2)`"""
    return np.sum(x[x > 0.5] ** 2)


@SUBJECT(normal, 10, 1000, 10**5, how="compile", reason=reasons.REPLAYED)
def store_by_mask(x):
    """`y[y < 0] = 0; y[y > 1] = 1`"""
    y = x**2 - 0.5
    y[y < 0.0] = 0.0
    y[y > 1.0] = 1.0
    return np.sum(y * x)


@SUBJECT(grid, 3, 300, reason=reasons.LITTLE_WORK)
def row_and_column(x):
    """`np.sum(x[1] * x[:, 2])`"""
    return np.sum(x[1] * x[:, 2])


@SUBJECT(grid, 3, 300)
def triangle(x):
    """`np.sum(np.triu(x) ** 2) + np.sum(np.diag(x))`"""
    return np.sum(np.triu(x) ** 2) + np.sum(np.diag(x))


@SUBJECT(grid, 3, 300)
def transposed(x):
    """`np.sum((x + x.T) ** 2)`"""
    return np.sum((x + x.T) ** 2)


@SUBJECT(table, 100, 10**5, reason=reasons.LITTLE_WORK)
def picked_by_row(x):
    """`np.take_along_axis(x, places, axis=1)`"""
    places = np.arange(x.shape[0])[:, None] % x.shape[1]
    return np.sum(np.take_along_axis(x, places, axis=1) ** 2)


@SUBJECT(normal, 10, 10**5)
def rolled(x):
    """`np.sum(x * np.roll(x, 1) * np.flip(x))`"""
    return np.sum(x * np.roll(x, 1) * np.flip(x))


@SUBJECT(normal, 10, 10**5)
def joined(x):
    """`np.sum(np.concatenate([x, x**2, x[:3]]) ** 2)`"""
    return np.sum(np.concatenate([x, x**2, x[:3]]) ** 2)


@SUBJECT(normal, 10, 10**5)
def stacked(x):
    """`np.sum(np.stack([x, np.sin(x)]).prod(axis=0))`"""
    return np.sum(np.stack([x, np.sin(x)]).prod(axis=0))


@SUBJECT(normal, 10, 10**5)
def repeated(x):
    """`np.sum(np.tile(x, 3) * np.repeat(x, 3))`"""
    return np.sum(np.tile(x, 3) * np.repeat(x, 3))


@SUBJECT(normal, 10, 10**5)
def padded(x):
    """`np.sum(np.pad(x, 2, mode="edge")[:-4] * x)`"""
    return np.sum(np.pad(x, 2, mode="edge")[:-4] * x)


@SUBJECT(normal, 12, 120_000)
def reshaped(x):
    """`np.sum(x.reshape(-1, 4).swapaxes(0, 1).ravel() * x)`"""
    return np.sum(x.reshape(-1, 4).swapaxes(0, 1).ravel() * x)


@SUBJECT(normal, 12, 120_000)
def split_in_three(x):
    """`a, b, c = np.split(x, 3)`"""
    a, b, c = np.split(x, 3)
    return np.sum(a * b * c)


@SUBJECT(grid, 4, 400)
def block_of_a_matrix(x):
    """`x[np.ix_(rows, columns)]`"""
    rows = np.arange(0, x.shape[0], 2)
    return np.sum(x[np.ix_(rows, rows[::-1])] ** 2)
