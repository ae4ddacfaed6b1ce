# SPDX-License-Identifier: Apache-2.0
"""Dense and sparse Jacobians and Hessians of structured functions."""

import numpy as np

from benchmarks.idioms import reasons
from benchmarks.idioms.data import grid, normal, positive, square, with_data
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Jacobians and Hessians")


@SUBJECT(with_data(normal, w=("n", "n")), 3, 30, 300, what="jacobian",
         bounds={"setup_ms": {300: 100.0}})  # fmt: skip
def two_dense_layers(x, w):
    """Jacobian of `np.tanh(w @ np.tanh(w @ x))`"""
    w = w / np.sqrt(len(x))
    return np.tanh(w @ np.tanh(w @ x))


def examples(n, seed):
    """Coefficients (n / 40), and n examples with labels -1 and 1."""
    fixed = np.random.default_rng(1234)
    d = max(2, n // 40)
    return *normal(d, seed), fixed.normal(size=(n, d)), fixed.choice([-1.0, 1.0], size=n)


@SUBJECT(examples, 20, 400, 2000, what="hessian", bounds={"setup_ms": {2000: 100.0}})
def logistic_hessian(w, x, y):
    """Hessian of a logistic loss, n examples by n / 40"""
    return np.sum(np.logaddexp(0.0, -y * (x @ w)))


@SUBJECT(normal, 5, 100, 1000, what="hessian", reason=reasons.ENTRIES)
def dense_rosenbrock_hessian(x):
    """Dense Hessian of Rosenbrock's function"""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


@SUBJECT(grid, 4, 40, 300, what="sparse_hessian", bounds={"setup_ms": {300: 500.0}})
def grid_hessian(u):
    """Sparse Hessian of a surface's area on an n x n grid"""
    a, b = u[1:, :-1] - u[:-1, :-1], u[:-1, 1:] - u[:-1, :-1]
    return np.sum(np.sqrt(1.0 + a**2 + b**2))


@SUBJECT(
    normal,
    30,
    1000,
    10**5,
    what="sparse_jacobian",
    bounds={"setup_ms": {10**5: 600.0}},
    reason=reasons.MILLIONS,
)
def bands(x):
    """Sparse Jacobian of a function of 21 bands"""
    y = np.zeros(x.size - 20)
    for k in range(21):
        y = y + np.sin(x[k : x.size - 20 + k]) * x[10:-10] / (k + 1.0)
    return y


def two_fields(n, seed):
    """Two n x n fields."""
    return (np.random.default_rng(seed).normal(size=(2, n, n)),)


@SUBJECT(two_fields, 4, 30, 100, what="sparse_jacobian", bounds={"setup_ms": {100: 200.0}})
def burgers(w):
    """Sparse Jacobian of Burgers' equations in two dimensions, n x n"""
    u, v = w

    def step(f):
        east, north = np.roll(f, -1, 1), np.roll(f, -1, 0)
        west, south = np.roll(f, 1, 1), np.roll(f, 1, 0)
        bend = east + west + north + south - 4.0 * f
        return 0.01 * bend - 0.5 * u * (east - west) - 0.5 * v * (north - south)

    return np.stack([step(u), step(v)])


def mesh(n):
    """The corners of the triangles of an n x n mesh of squares, two each."""
    place = np.arange(n * n).reshape(n, n)
    a, b, c, d = place[:-1, :-1], place[:-1, 1:], place[1:, :-1], place[1:, 1:]
    lower, upper = np.stack([a, b, c], axis=-1), np.stack([d, c, b], axis=-1)
    return np.concatenate([lower.reshape(-1, 3), upper.reshape(-1, 3)])


def with_mesh(n, seed):
    """Values at the n x n nodes of a mesh, and the mesh."""
    return *positive(n * n, seed), mesh(n)


@SUBJECT(with_mesh, 4, 40, 300, what="sparse_hessian",
         bounds={"setup_ms": {300: 800.0}, "peak_mb": {300: 150.0}},
         reason=reasons.MEMORY)  # fmt: skip
def finite_elements(u, corners):
    """Sparse Hessian of a nonlinear energy on a mesh of triangles, n x n nodes"""
    a, b, c = u[corners[:, 0]], u[corners[:, 1]], u[corners[:, 2]]
    slope = (b - a) ** 2 + (c - a) ** 2
    mean = (a + b + c) / 3.0
    return np.sum((1.0 + mean**2) * slope + np.sqrt(1.0 + slope))


def blocks(n, seed):
    """n vectors of three, and n well-conditioned matrices of 3 x 3."""
    fixed = np.random.default_rng(1234).normal(size=(n, 3, 3)) + 4.0 * np.eye(3)
    return np.random.default_rng(seed).normal(size=(n, 3)), fixed


def stacked(block, *sizes):
    """The bounds of a Jacobian of n blocks with so many entries, at these numbers of blocks."""
    return {"call": dict.fromkeys(sizes[1:], 50.0), "entries": {n: block * n for n in sizes}}


@SUBJECT(blocks, 3, 100, 1000, what="sparse_jacobian", bounds=stacked(9, 3, 100, 1000))
def stacked_solve_jacobian(x, a):
    """Sparse Jacobian of `np.linalg.solve` of n systems of 3 x 3, by the right-hand sides"""
    return np.linalg.solve(a, x[:, :, None])[:, :, 0]


@SUBJECT(blocks, 3, 100, 300, what="sparse_jacobian", bounds=stacked(9, 3, 100, 300))
def stacked_matrices_jacobian(x, a):
    """Sparse Jacobian of `np.linalg.solve` by the diagonals of n matrices"""
    return np.linalg.solve(a + x[:, :, None] * np.eye(3), np.ones((len(x), 3, 1)))[:, :, 0]


def rows_of_eight(n, seed):
    """n rows of eight."""
    return (np.random.default_rng(seed).normal(size=(n, 8)),)


@SUBJECT(rows_of_eight, 3, 100, 1000, what="sparse_jacobian", bounds=stacked(40, 3, 100, 1000))
def stacked_fft_jacobian(x):
    """Sparse Jacobian of `np.fft.rfft(x, axis=1).real` of n rows of 8"""
    return np.fft.rfft(np.sin(x), axis=1).real


@SUBJECT(normal, 5, 1000, 10**5, what="sparse_jacobian")
def three_diagonals(x):
    """Sparse Jacobian of `x[1:-1] * (x[2:] - x[:-2])`"""
    return x[1:-1] * (x[2:] - x[:-2]) - np.exp(x[1:-1])


@SUBJECT(normal, 5, 100, 3000, what="sparse_jacobian")
def arrow(x):
    """Sparse Jacobian of `x**2 * x[0]` with a sum in its first entry"""
    y = x**2 * x[0]
    y[0] = np.sum(np.sin(x))
    return y


@SUBJECT(square, 3, 8, 16, what="jacobian", reason=reasons.ENTRIES)
def jacobian_of_inverse(a):
    """Jacobian of `np.linalg.inv(a + 2 I)`"""
    return np.linalg.inv(a + 2.0 * np.eye(len(a)))


@SUBJECT(normal, 5, 1000, 10**5, what="hvp")
def rosenbrock_product(x):
    """A Hessian's product of Rosenbrock's function"""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


@SUBJECT(examples, 20, 400, 10_000, what="hvp")
def logistic_product(w, x, y):
    """A Hessian's product of a logistic loss, n examples by n / 40"""
    return np.sum(np.logaddexp(0.0, -y * (x @ w)))
