# SPDX-License-Identifier: Apache-2.0
"""Matrices of distances, kernels and energies of pairs."""

import numpy as np

from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Distances")


def points(n, seed):
    """n points in three dimensions."""
    return (np.random.default_rng(seed).normal(size=(n, 3)),)


def two_sets(n, seed):
    """n points, and n others which stay."""
    return *points(n, seed), *points(n, 1234)


@SUBJECT(points, 5, 50, 300)
def distance_matrix(x):
    """`np.sqrt(np.sum((x[:, None] - x[None]) ** 2, axis=-1) + 1e-3)`"""
    return np.sum(np.sqrt(np.sum((x[:, None] - x[None]) ** 2, axis=-1) + 1e-3))


@SUBJECT(points, 5, 300)
def distances_by_products(x):
    """Squared distances by `x @ x.T`"""
    s = np.sum(x**2, axis=1)
    return np.sum(np.sqrt(s[:, None] + s - 2.0 * x @ x.T + 1.0))


@SUBJECT(two_sets, 5, 300)
def radial_kernel(x, y):
    """`np.exp(-0.5 * d2)` between two sets of points"""
    d = np.sum((x[:, None] - y) ** 2, axis=-1)
    return np.sum(np.exp(-0.5 * d))


@SUBJECT(points, 5, 300)
def energy_of_pairs(x):
    """An energy of all pairs by `np.triu_indices`"""
    i, j = np.triu_indices(len(x), 1)
    d = np.sum((x[i] - x[j]) ** 2, axis=1) + 0.5
    return np.sum(d**-6 - d**-3)


@SUBJECT(points, 5, 300)
def potential_of_charges(x):
    """The potential of charges, `x.T` in rows"""
    a, b, c = x.T
    d = np.sqrt((a[:, None] - a) ** 2 + (b[:, None] - b) ** 2 + (c[:, None] - c) ** 2 + 0.1)
    return np.sum(1.0 / d)


@SUBJECT(two_sets, 5, 300)
def cosine_similarity(x, y):
    """`(x / |x|) @ (y / |y|).T`"""
    a = x / np.linalg.norm(x, axis=1, keepdims=True)
    b = y / np.linalg.norm(y, axis=1, keepdims=True)
    return np.sum((a @ b.T) ** 2)


@SUBJECT(two_sets, 5, 300)
def chamfer(x, y):
    """The sum of distances to the nearest point of another set"""
    d = np.sum((x[:, None] - y) ** 2, axis=-1)
    return np.sum(np.min(d, axis=1)) + np.sum(np.min(d, axis=0))


@SUBJECT(points, 5, 1000)
def rotated(x):
    """Rotations of points by Euler's angles, made of the first point"""
    a, b, _ = x[0]
    p = np.array([[np.cos(a), -np.sin(a), 0.0], [np.sin(a), np.cos(a), 0.0], [0.0, 0.0, 1.0]])
    q = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(b), -np.sin(b)], [0.0, np.sin(b), np.cos(b)]])
    return np.sum((x @ p @ q) ** 3)
