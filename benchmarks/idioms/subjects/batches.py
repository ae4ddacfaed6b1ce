# SPDX-License-Identifier: Apache-2.0
"""Small functions at many points in one compiled call; times are those of a point."""

import numpy as np

from benchmarks.idioms import reasons
from benchmarks.idioms.data import batch_of
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Batches of small functions")

MANY, SOME, FEW = 100_000, 10_000, 2000
"""Points in a call: as many as are worked off in a fraction of a second."""


def near_unit(n, seed):
    """A 3 x 3 matrix near three times the unit matrix, symmetric."""
    a = np.random.default_rng(seed).normal(size=(3, 3)) / 3.0
    return (a + a.T + np.diag([2.0, 3.0, 4.0]),)


def batch(args, points, nanoseconds, reason=""):
    """The decorator of a function at many points of which each may take so long."""
    bounds = {"point_ns": nanoseconds}
    return SUBJECT(args, points, points=points, turns=50, bounds=bounds, reason=reason)


@batch(batch_of(3), MANY, 45.0)
def scalar_code(x):
    """`x[0] * np.sin(x[1]) + x[2] ** 2`"""
    return x[0] * np.sin(x[1]) + x[2] ** 2


@batch(batch_of(8), MANY, 45.0)
def small_chain(x):
    """`np.sum(np.tanh(x) * x)` of 8"""
    return np.sum(np.tanh(x) * x)


@batch(batch_of(8), MANY, 45.0)
def small_rosenbrock(x):
    """Rosenbrock's function of 8"""
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


@batch(near_unit, SOME, 30.0, reason=reasons.TRANSPOSED)
def small_determinant(a):
    """`np.linalg.det(a)` of 3 x 3"""
    return np.linalg.det(a)


@batch(near_unit, SOME, 100.0)
def small_solve(a):
    """`np.sum(np.linalg.solve(a, b))` of 3 x 3"""
    return np.sum(np.linalg.solve(a, np.array([1.0, 2.0, 3.0])))


@batch(near_unit, FEW, 3000.0)
def small_inverse(a):
    """`np.sum(np.linalg.inv(a) ** 2)` of 3 x 3"""
    return np.sum(np.linalg.inv(a) ** 2)


@batch(near_unit, FEW, 3000.0)
def small_log_determinant(a):
    """`np.linalg.slogdet(a)[1]` of 3 x 3"""
    return np.linalg.slogdet(a)[1]


@batch(near_unit, FEW, 3000.0)
def small_cholesky(a):
    """`np.sum(np.linalg.cholesky(a) ** 3)` of 3 x 3"""
    return np.sum(np.linalg.cholesky(0.5 * (a + a.T)) ** 3)


@batch(near_unit, FEW, 3000.0)
def small_eigenvectors(a):
    """`w, v = np.linalg.eigh(a)` of 3 x 3"""
    w, v = np.linalg.eigh(0.5 * (a + a.T))
    return np.sum(w**2 * v[0] ** 2)


@batch(near_unit, FEW, 3000.0, reason=reasons.LAPACK)
def small_singular_values(a):
    """`np.sum(np.linalg.svd(a, compute_uv=False) ** 3)` of 3 x 3"""
    return np.sum(np.linalg.svd(a, compute_uv=False) ** 3)


@batch(batch_of((5, 2)), FEW, 3000.0, reason=reasons.LAPACK)
def small_least_squares(a):
    """`np.sum(np.linalg.lstsq(a, b)[0] ** 2)` of 5 x 2"""
    return np.sum(np.linalg.lstsq(a, np.arange(5.0), rcond=None)[0] ** 2)


@batch(batch_of(16), FEW, 3000.0)
def small_spectrum(x):
    """`np.sum(np.abs(np.fft.fft(x)) ** 2 * np.arange(16))`"""
    return np.sum(np.abs(np.fft.fft(x)) ** 2 * np.arange(16))
