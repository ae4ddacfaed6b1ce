# SPDX-License-Identifier: Apache-2.0
"""Dense linear algebra: solutions, factors, determinants, eigenvalues."""

import numpy as np

from ad_core.scipy import linalg
from benchmarks.idioms import reasons
from benchmarks.idioms.data import definite, normal, square
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Linear algebra")

DENSE = {"one": {300: 3.0}, "call": {300: 3.0}}
"""Dense linear algebra at 300 stays within three times NumPy's time."""


def system(n, seed):
    """A well-conditioned matrix and a right-hand side, both differentiated."""
    return ([*definite(n, seed), *normal(n, seed)],)


def factors(n, seed):
    """A matrix with distinct singular values."""
    return (square(n, seed)[0] + np.diag(np.linspace(1.0, 3.0, n)),)


@SUBJECT(system, 3, 30, 300, bounds=DENSE, reason=reasons.REPLAYED)
def solve(given):
    """`np.sum(np.linalg.solve(a, b) ** 2)`"""
    a, b = given
    return np.sum(np.linalg.solve(a, b) ** 2)


@SUBJECT(definite, 3, 30, 300, bounds=DENSE, reason=reasons.FACTORS)
def inverse(a):
    """`np.sum(np.linalg.inv(a) ** 2)`"""
    return np.sum(np.linalg.inv(a) ** 2)


@SUBJECT(definite, 3, 30, 100)
def determinant(a):
    """`np.linalg.det(a / 2)`"""
    return np.linalg.det(a / 2.0)


@SUBJECT(definite, 3, 30, 300, bounds=DENSE, reason=reasons.FACTORS)
def log_determinant(a):
    """`np.linalg.slogdet(a)[1]`"""
    return np.linalg.slogdet(a)[1]


@SUBJECT(definite, 3, 30, 300, bounds=DENSE, reason=reasons.FACTORS)
def cholesky(a):
    """`np.sum(np.log(np.diag(np.linalg.cholesky(a))))`"""
    return np.sum(np.log(np.diag(np.linalg.cholesky(a + a.T))))


@SUBJECT(definite, 3, 30, 300, bounds=DENSE)
def eigenvalues(a):
    """`np.sum(np.linalg.eigvalsh(a) ** 3)`"""
    return np.sum(np.linalg.eigvalsh(0.5 * (a + a.T)) ** 3)


@SUBJECT(definite, 3, 30, 300, bounds=DENSE)
def eigenvectors(a):
    """`w, v = np.linalg.eigh(a); np.sum(w * v[0] ** 2)`"""
    w, v = np.linalg.eigh(0.5 * (a + a.T))
    return np.sum(np.sqrt(w) * v[0] ** 2)


@SUBJECT(factors, 3, 30, 300, bounds=DENSE, reason=reasons.LAPACK)
def singular_values(a):
    """`np.sum(np.linalg.svd(a, compute_uv=False) ** 3)`"""
    return np.sum(np.linalg.svd(a, compute_uv=False) ** 3)


@SUBJECT(factors, 3, 30, 200)
def orthogonal_factor(a):
    """`q, r = np.linalg.qr(a); np.sum(q[0] * r[0])`"""
    q, r = np.linalg.qr(a)
    return np.sum(q[0] * r[0])


def tall(n, seed):
    """A tall matrix (n + 5 rows, n columns) and a right-hand side, both differentiated."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(n + 5, n)) + 3.0 * np.eye(n + 5, n)
    return ([a, rng.normal(size=n + 5)],)


@SUBJECT(tall, 3, 30, 200, reason=reasons.LAPACK)
def least_squares(given):
    """`np.sum(np.linalg.lstsq(a, b)[0] ** 2)`"""
    a, b = given
    return np.sum(np.linalg.lstsq(a, b, rcond=None)[0] ** 2)


@SUBJECT(factors, 3, 30, 200)
def pseudo_inverse(a):
    """`np.sum(np.linalg.pinv(a) ** 2)`"""
    return np.sum(np.linalg.pinv(a) ** 2)


@SUBJECT(square, 3, 30, 100)
def exponential(a):
    """`np.sum(scipy.linalg.expm(a))`"""
    return np.sum(linalg.expm(a))


def process(n, seed):
    """Logarithms of a kernel's length, height and noise; n places and values."""
    fixed = np.random.default_rng(1234)
    start = 0.1 * np.random.default_rng(seed).normal(size=3)
    return start, np.sort(fixed.random(n)), fixed.normal(size=n)


@SUBJECT(process, 5, 50, 300, bounds=DENSE, reason=reasons.FACTORS)
def gaussian_process(p, x, y):
    """The likelihood of a Gaussian process, by Cholesky's factor"""
    k = np.exp(p[1] - 0.5 * (x[:, None] - x[None, :]) ** 2 * np.exp(-2.0 * p[0]))
    c = np.linalg.cholesky(k + np.exp(p[2]) * np.eye(len(x)))
    a = linalg.solve_triangular(c, y, lower=True)
    return 0.5 * (a @ a) + np.sum(np.log(np.diag(c)))


@SUBJECT(
    definite, 3, 30, 100, what="hvp", bounds={"one": {30: 15.0, 100: 15.0}}, reason=reasons.REPLAYED
)
def product_through_cholesky(a):
    """A Hessian's product with a vector through Cholesky's factor"""
    c = np.linalg.cholesky(0.5 * (a + a.T))
    return np.sum(np.log(np.diag(c))) + np.sum(c**2)


def blocks(n, seed):
    """n systems of 3 x 3, the matrices and right-hand sides differentiated."""
    rng = np.random.default_rng(seed)
    return ([rng.normal(size=(n, 3, 3)) + 4.0 * np.eye(3), rng.normal(size=(n, 3, 1))],)


@SUBJECT(blocks, 3, 100, 1000)
def stacked_solve(given):
    """`np.sum(np.linalg.solve(a, b) ** 2)` of n systems of 3 x 3"""
    a, b = given
    return np.sum(np.linalg.solve(a, b) ** 2)


@SUBJECT(blocks, 3, 100, 1000)
def stacked_determinants(given):
    """`np.sum(np.linalg.det(a) ** 2)` of n matrices of 3 x 3"""
    return np.sum(np.linalg.det(given[0]) ** 2) + np.sum(given[1])


@SUBJECT(system, 3, 30, 100)
def power_iteration(given):
    """Ten steps of a power iteration"""
    a, b = given
    for _ in range(10):
        b = a @ b
        b = b / np.linalg.norm(b)
    return b @ a @ b
