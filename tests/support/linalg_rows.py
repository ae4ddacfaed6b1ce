# SPDX-License-Identifier: Apache-2.0
"""Calls of every function of numpy.linalg, and of functions of numpy that are made of them.

A row is (name, call, arguments); an argument is a function that draws it.
"""

from typing import NamedTuple

import numpy as np

__all__ = ["ROWS", "Row", "drawn"]

L = np.linalg


class Row(NamedTuple):
    name: str
    call: object
    arguments: tuple


def drawn(row, rng):
    return [argument(rng) for argument in row.arguments]


def general(*shape):
    """Matrices whose singular values are well separated and not close to zero."""

    def draw(rng):
        u, s, vt = L.svd(rng.normal(size=shape), full_matrices=False)
        return (u * np.linspace(2.0, 0.7, s.shape[-1])) @ vt

    return draw


def numbers(*shape):
    return lambda rng: rng.normal(size=shape)


def positive(*shape):
    """Symmetric positive definite matrices with well separated eigenvalues."""

    def draw(rng):
        q = L.qr(rng.normal(size=shape))[0]
        return (q * np.linspace(0.6, 2.5, shape[-1])) @ np.swapaxes(q, -1, -2)

    return draw


def real(*shape):
    """Matrices with real, well separated eigenvalues, not symmetric."""

    def draw(rng):
        v = np.eye(shape[-1]) + 0.3 * rng.normal(size=shape)
        return v * np.linspace(-1.5, 2.0, shape[-1]) @ L.inv(v)

    return draw


def of_rank(k, *shape):
    """Products of k columns and k rows."""

    def draw(rng):
        return rng.normal(size=(*shape[:-1], k)), rng.normal(size=(*shape[:-2], k, shape[-1]))

    return lambda rng: draw(rng)[0], lambda rng: draw(rng)[1]


def zeros(n):
    """Coefficients of a polynomial with n real zeros."""
    return lambda rng: 1.7 * np.poly(np.linspace(-1.0, 1.3, n) + 0.1 * rng.random(n))


def rows(arguments, *calls):
    """Rows with the same arguments; each call is written as in a program."""
    return [Row(f"{call}", eval(f"lambda A, B=None: {call}"), arguments) for call in calls]


S = (general(3, 3),)
BATCH = (general(2, 3, 3),)
TALL, WIDE = (general(5, 3),), (general(3, 5),)

ROWS = [
    *rows((general(3, 3), numbers(3)), "L.solve(A, B)", "L.tensorsolve(A, B)"),
    *rows((general(3, 3), numbers(3, 2)), "L.solve(A, B)"),
    *rows((general(2, 3, 3), numbers(3, 2)), "L.solve(A, B)"),
    *rows((general(2, 3, 3), numbers(3)), "L.solve(A, B)"),
    *rows((general(3, 3), numbers(2, 3, 1)), "L.solve(A, B)"),
    *rows(
        S, "L.inv(A)", "L.det(A)", "L.slogdet(A)", "L.slogdet(A[::-1]).logabsdet", "L.det(-A)",
        "L.solve(A, np.ones(3))", "L.solve(np.diag([1.0, 2.0, 3.0]), A)",
        "L.matrix_power(A, -1)", "L.matrix_power(A, -3)", "L.matrix_power(A, 0) + A",
        "L.matrix_power(A, 3)", "L.norm(A, 2)", "L.norm(A, -2)", "L.norm(A, 'nuc')",
        "L.norm(A, 'nuc', keepdims=True)", "L.norm(A, 'fro')", "L.norm(A, 1)", "L.norm(A, np.inf)",
        "L.norm(A, -1)", "L.norm(A, -np.inf)", "L.matrix_norm(A, ord=2)", "L.cond(A)",
        "L.matrix_norm(A, ord='nuc', keepdims=True)", "L.cond(A, -2)", "L.cond(A, 1)",
        "L.cond(A, 'fro')", "L.cond(A, 'nuc')", "L.cond(A, np.inf)", "L.svd(A)", "L.svdvals(A)",
        "L.qr(A, mode='complete')", "np.poly(A)", "L.pinv(A, hermitian=True)",
        "L.inv(np.array([[A[0, 0], 0.5], [0.2, A[1, 1]]]))", "L.matrix_rank(A) * A",
    ),
    *rows(
        BATCH, "L.inv(A)", "L.det(A)", "L.slogdet(A)", "L.matrix_power(A, -2)",
        "L.norm(A, 2, (1, 2))", "L.norm(A, 'nuc', (2, 0))", "L.cond(A)",
        "L.norm(A, -2, (0, 1), keepdims=True)", "L.cond(A, 1)", "L.svd(A)",
        "L.svdvals(A)", "L.qr(A)", "L.qr(A, 'r')", "L.pinv(A)",
        "L.matrix_norm(A, ord=2)", "A * L.matrix_rank(A)[:, None, None]",
    ),
    *rows(
        (positive(3, 3),), "L.cholesky(A)", "L.cholesky(A, upper=True)", "L.eigh(A)",
        "L.eigvalsh(A)", "L.eigh(A, UPLO='U')", "L.eigvalsh(A, 'U')",
        "L.svd(A - np.eye(3), hermitian=True)",
        "L.svd(A - np.eye(3), compute_uv=False, hermitian=True)", "L.slogdet(A)",
        "L.cholesky(A + A.T)", "L.pinv(A, rtol=1e-9)",
    ),
    *rows(
        (positive(2, 3, 3),), "L.cholesky(A)", "L.cholesky(A, upper=True)", "L.eigh(A)",
        "L.eigvalsh(A)",
    ),
    *rows((positive(130, 130),), "L.cholesky(A)[-1, -3:]"),
    *rows((real(4, 4),), "L.eig(A)", "L.eigvals(A)"),
    *rows((real(2, 3, 3),), "L.eig(A)", "L.eigvals(A)"),
    *rows(
        TALL, "L.svd(A, full_matrices=False)", "L.svd(A, compute_uv=False)", "L.qr(A)",
        "L.qr(A, 'r')", "L.pinv(A)", "L.norm(A, 2)", "L.norm(A, 'nuc')", "L.lstsq(A, np.ones(5))",
        "L.lstsq(A, np.eye(5))", "L.cond(A)",
    ),
    *rows(
        WIDE, "L.svd(A, full_matrices=False)", "L.svdvals(A)", "L.qr(A)", "L.qr(A, 'complete')",
        "L.qr(A, 'r')", "L.pinv(A)", "L.norm(A, -2)", "L.lstsq(A, np.ones(3))",
    ),
    *rows((general(2, 4, 2),), "L.svd(A, full_matrices=False)", "L.qr(A)", "L.pinv(A)"),
    *rows((general(2, 2, 4),), "L.svd(A, full_matrices=False)", "L.qr(A)", "L.pinv(A)"),
    *rows((general(5, 3), numbers(5)), "L.lstsq(A, B)"),
    *rows((general(5, 3), numbers(5, 2)), "L.lstsq(A, B)"),
    *rows((general(3, 5), numbers(3, 2)), "L.lstsq(A, B)"),
    *rows((numbers(5),), "L.lstsq(np.arange(15.0).reshape(5, 3) % 4.0, A)"),
    *rows(of_rank(2, 5, 3), "L.pinv(A @ B, 1e-9)", "L.lstsq(A @ B, np.ones(5), 1e-9)[0]",
          "L.norm(A @ B, 'nuc')", "L.matrix_rank(A @ B) * A",
          "L.pinv(A @ B, rtol=None)"),
    *rows(of_rank(2, 3, 3), "L.det(A @ B)"),
    *rows((general(4, 4),), "L.tensorinv(A.reshape(2, 2, 4), ind=2)",
          "L.tensorinv(A.reshape(4, 2, 2), ind=1)"),
    *rows((general(6, 6), numbers(2, 3)), "L.tensorsolve(A.reshape(2, 3, 3, 2), B)"),
    *rows((general(6, 6), numbers(3, 2)),
          "L.tensorsolve(A.reshape(2, 3, 3, 2), B, axes=(0, 1))"),
    *rows((numbers(4, 2), numbers(2, 5)), "L.multi_dot([A, B, B.T])",
          "L.multi_dot([A[:, 0], A, B])", "L.multi_dot([A, B, B.T, A.T, np.ones(4)])",
          "L.multi_dot([A.T[0], A, B, B[0]])"),
    *rows((numbers(6),), "L.norm(A)", "L.norm(A, 3)", "L.norm(A, np.inf)", "L.vector_norm(A)"),
    *rows((numbers(6), numbers(6)), "np.polyfit(A, B, 2)", "np.polyfit(A, B, 1, full=True)",
          "np.polyfit(A, B, 2, w=np.arange(1.0, 7.0))", "np.polyfit(A, B, 1, cov=True)",
          "np.polyfit(A, B, 1, cov='unscaled')", "np.polyfit(A, np.stack([B, A * B], 1), 2)"),
    *rows((numbers(6), numbers(6, 2)), "np.polyfit(A, B, 1, cov=True)"),
    *rows((zeros(4),), "np.roots(A)", "np.roots(np.concatenate([[0.0], A, [0.0]]))"),
    *rows((numbers(1, 1),), "L.inv(A)", "L.det(A)", "L.slogdet(A)", "L.svd(A)", "L.qr(A)",
          "L.eigh(A)", "L.eig(A)", "L.solve(A, np.ones(1))", "L.pinv(A)", "L.cond(A)", "np.poly(A)",
          "L.cholesky(A * A)", "L.norm(A, 2)", "L.lstsq(A, np.ones(1))"),
]  # fmt: skip
