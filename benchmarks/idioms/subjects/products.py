# SPDX-License-Identifier: Apache-2.0
"""Products of matrices and vectors."""

import numpy as np

from benchmarks.idioms import reasons
from benchmarks.idioms.data import grid, normal, square, with_data
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Matrix products")

THIN = {"one": {1000: 5.0, 10**5: 5.0}}
"""The bound of einsum with thin operands. With a few rows, the call itself counts."""


def two_matrices_and_vector(n, seed):
    """Two n x n matrices and a vector, all of them differentiated."""
    return ([*square(n, seed), *square(n, seed + 100), *normal(n, seed)],)


@SUBJECT(with_data(normal, a=("n", "n")), 3, 30, 300)
def quadratic_form(x, a):
    """`x @ a @ x`"""
    return x @ a @ x


@SUBJECT(with_data(normal, a=("n", "n")), 3, 30, 300)
def least_squares_loss(x, a):
    """`r = a @ x - 1; r @ r`"""
    r = a @ x - 1.0
    return r @ r


@SUBJECT(
    two_matrices_and_vector, 3, 50, 300, bounds={"setup_ms": {50: 2.0}}, reason=reasons.REPLAYED
)
def product_of_three(given):
    """`np.sum(a @ b @ x)`, derivatives by all three"""
    a, b, x = given
    return np.sum(a @ b @ x)


@SUBJECT(with_data(normal, a=("n", "n"), b=("n", "n")), 3, 300)
def constant_product(x, a, b):
    """`np.sum((a @ b @ x) ** 2)`, derivatives by x"""
    return np.sum((a @ b @ x) ** 2)


@SUBJECT(square, 3, 50, 300)
def seventh_power(a):
    """`np.sum(np.linalg.matrix_power(a, 7))`"""
    return np.sum(np.linalg.matrix_power(a, 7))


@SUBJECT(square, 3, 300)
def gram(a):
    """`np.sum((a.T @ a) ** 2)`"""
    return np.sum((a.T @ a) ** 2)


@SUBJECT(square, 3, 30, 200)
def chain_of_products(a):
    """Ten products `b = np.tanh(a @ b)`"""
    b = a
    for _ in range(10):
        b = np.tanh(a @ b)
    return np.sum(b)


@SUBJECT(with_data(grid, b=("n", "n")), 3, 30, 300)
def einsum_product(a, b):
    """`np.sum(np.einsum("ij,kj->ik", a, b) ** 2)`"""
    return np.sum(np.einsum("ij,kj->ik", a, b) ** 2)


def thin(n, seed):
    """An n x 3 matrix and another."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 3)), rng.normal(size=(n, 3))


@SUBJECT(thin, 10, 1000, 10**5, bounds=THIN, reason=reasons.THIN)
def einsum_thin(a, b):
    """`np.einsum("ij,ij->", a, b * a)` of n x 3"""
    return np.einsum("ij,ij->", a, b * a)


@SUBJECT(thin, 10, 1000, 10**5, bounds=THIN)
def einsum_thin_gram(a, b):
    """`np.sum(np.einsum("ni,nj->ij", a, b) ** 2)` of n x 3"""
    return np.sum(np.einsum("ni,nj->ij", a, b) ** 2)


@SUBJECT(thin, 10, 1000, 10**5, bounds=THIN)
def einsum_thin_rows(a, b):
    """`np.sum(np.einsum("ni,ni->n", a, b) ** 2)` of n x 3"""
    return np.sum(np.einsum("ni,ni->n", a, b) ** 2)


def stack(n, seed):
    """n matrices of 4 x 4."""
    return (np.random.default_rng(seed).normal(size=(n, 4, 4)),)


@SUBJECT(stack, 3, 100, 5000)
def stacked_products(a):
    """`np.sum((a @ a.swapaxes(1, 2)) ** 2)` of n matrices 4 x 4"""
    return np.sum((a @ a.swapaxes(1, 2)) ** 2)


@SUBJECT(normal, 3, 300)
def outer_product(x):
    """`np.sum(np.outer(x, x) * np.arange(n))`"""
    return np.sum(np.outer(x, x) * np.arange(x.size))


@SUBJECT(stack, 3, 20, 100)
def tensor_product(a):
    """`np.sum(np.tensordot(a, a, axes=([1, 2], [1, 2])) ** 2)`"""
    return np.sum(np.tensordot(a, a, axes=([1, 2], [1, 2])) ** 2)


@SUBJECT(square, 3, 10, 20)
def kronecker(a):
    """`np.sum(np.kron(a, a) ** 2)`"""
    return np.sum(np.kron(a, a) ** 2)


@SUBJECT(thin, 10, 10**5)
def cross_products(a, b):
    """`np.sum(np.cross(a, b) ** 2)`"""
    return np.sum(np.cross(a, b) ** 2)


@SUBJECT(with_data(normal, a=("n", 5)), 10, 1000)
def low_rank(x, a):
    """`x @ (a @ (a.T @ x))`"""
    return x @ (a @ (a.T @ x))
