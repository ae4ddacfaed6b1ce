# SPDX-License-Identifier: Apache-2.0
"""Finite differences on grids, convolutions, and steps of partial differential equations."""

import numpy as np

from benchmarks.idioms.data import grid, normal, with_data
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Stencils")

FIVE = {"one": {300: 5.0, 3000: 5.0}}
"""The bound of convolutions. With a few elements, the call itself counts."""


@SUBJECT(normal, 10, 10**5)
def second_difference(x):
    """`np.sum((x[2:] - 2 * x[1:-1] + x[:-2]) ** 2)`"""
    return np.sum((x[2:] - 2.0 * x[1:-1] + x[:-2]) ** 2)


@SUBJECT(grid, 5, 300)
def laplacian_by_roll(u):
    """The periodic 2-D Laplacian by `np.roll`"""
    v = np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1) - 4.0 * u
    return np.sum(v**2)


@SUBJECT(grid, 5, 50, 300)
def laplacian_by_slices(u):
    """The 2-D Laplacian by slices"""
    v = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1]
    return np.sum(np.tanh(v))


@SUBJECT(grid, 5, 300)
def surface_area(u):
    """The area of a discrete surface"""
    a, b = u[1:, :-1] - u[:-1, :-1], u[:-1, 1:] - u[:-1, :-1]
    return np.sum(np.sqrt(1.0 + a**2 + b**2))


@SUBJECT(normal, 10, 100, 1000)
def heat_steps(u):
    """Fifty explicit steps of the heat equation, in place"""
    v = u.copy()
    for _ in range(50):
        v[1:-1] = v[1:-1] + 0.2 * (v[2:] - 2.0 * v[1:-1] + v[:-2])
    return np.sum(v**2)


@SUBJECT(normal, 10, 1000)
def wave_steps(u):
    """Fifty steps of the wave equation by `np.roll`"""
    old, new = u, u
    for _ in range(50):
        old, new = new, 2.0 * new - old + 0.1 * (np.roll(new, 1) - 2.0 * new + np.roll(new, -1))
    return np.sum(new**2)


@SUBJECT(normal, 10, 1000)
def burgers_steps(u):
    """Twenty upwind steps of Burgers' equation"""
    for _ in range(20):
        u = u - 0.05 * u * (u - np.roll(u, 1)) + 0.1 * (np.roll(u, 1) - 2.0 * u + np.roll(u, -1))
    return np.sum(u**2)


@SUBJECT(with_data(normal, y=("n",)), 10, 300, 3000, bounds=FIVE)
def convolve(x, y):
    """`np.sum(np.convolve(x, y) ** 2)`, as many weights as elements"""
    return np.sum(np.convolve(x, y) ** 2)


@SUBJECT(normal, 30, 300, 3000, bounds=FIVE)
def convolve_with_itself(x):
    """`np.sum(np.convolve(x, x[:20], mode="valid") ** 2)`"""
    return np.sum(np.convolve(x, x[:20], mode="valid") ** 2)


@SUBJECT(with_data(normal, y=("n",)), 10, 300, 3000, bounds=FIVE)
def correlate(x, y):
    """`np.sum(np.correlate(x, y, mode="same") ** 2)`"""
    return np.sum(np.correlate(x, y, mode="same") ** 2)


@SUBJECT(with_data(grid, k=(3, 3)), 5, 200)
def filtered_image(u, k):
    """A 3 x 3 filter by a loop over its weights"""
    n = u.shape[0] - 2
    v = np.zeros((n, n))
    for i in range(3):
        for j in range(3):
            v += k[i, j] * u[i : i + n, j : j + n]
    return np.sum(v**2)


@SUBJECT(grid, 5, 200)
def windows(u):
    """`np.lib.stride_tricks.sliding_window_view(u, (3, 3))`"""
    v = np.lib.stride_tricks.sliding_window_view(u, (3, 3))
    return np.sum(np.mean(v, axis=(2, 3)) ** 2)


@SUBJECT(grid, 6, 300)
def total_variation(u):
    """Total variation by `np.diff` along both axes"""
    a, b = np.diff(u, axis=0)[:, :-1], np.diff(u, axis=1)[:-1]
    return np.sum(np.sqrt(a**2 + b**2 + 1e-3))
