# SPDX-License-Identifier: Apache-2.0
"""Polynomials and series."""

import numpy as np
from numpy.polynomial import chebyshev, polynomial

from benchmarks.idioms import reasons
from benchmarks.idioms.data import normal, positive, with_data
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Polynomials")


@SUBJECT(with_data(normal, x=(100,)), 4, 50)
def polyval(c, x):
    """`np.sum(np.polyval(c, x) ** 2)`, derivatives by n coefficients"""
    return np.sum(np.polyval(c, np.tanh(x)) ** 2)


@SUBJECT(with_data(normal, c=(6,)), 3, 1000, 10**5)
def polyval_of_places(x, c):
    """`np.sum(polynomial.polyval(x, c))`, derivatives by n places"""
    return np.sum(polynomial.polyval(x, c))


@SUBJECT(with_data(normal, x=(100,)), 4, 50)
def chebyshev_series(c, x):
    """`np.sum(chebyshev.chebval(x, c) ** 2)`"""
    return np.sum(chebyshev.chebval(np.tanh(x), c) ** 2)


@SUBJECT(with_data(normal, y=("n",)), 5, 100, 1000, reason=reasons.LAPACK)
def polynomial_fit(x, y):
    """`np.linalg.lstsq(np.vander(x, 4), y)`"""
    c = np.linalg.lstsq(np.vander(np.tanh(x), 4), y, rcond=None)[0]
    return np.sum(c**2)


def with_real_roots(n, seed):
    """The coefficients of a polynomial with n real roots, all different."""
    return (np.poly(np.linspace(-1.0, 1.0, n) + 0.1 * positive(n, seed)[0] / n),)


@SUBJECT(with_real_roots, 3, 8)
def roots(c):
    """`np.max(np.roots(c))`, real roots"""
    return np.max(np.roots(c))


@SUBJECT(with_data(normal, y=("n",)), 3, 300)
def polynomial_product(x, y):
    """`np.sum(np.polymul(x, y) ** 2)`"""
    return np.sum(np.polymul(x, y) ** 2)


@SUBJECT(with_data(normal, x=(100,)), 4, 30)
def legendre_by_recurrence(c, x):
    """A Legendre series by its recurrence, on arrays"""
    x = np.tanh(x)
    p, q, total = np.ones_like(x), x, c[0] + c[1] * x
    for k in range(2, c.size):
        p, q = q, ((2 * k - 1) * x * q - (k - 1) * p) / k
        total = total + c[k] * q
    return np.sum(total**2)


@SUBJECT(with_data(normal, x=(20,)), 4, 50)
def fourier_series(c, x):
    """`np.cos(np.outer(x, k)) @ c`"""
    return np.sum((np.cos(np.outer(x, np.arange(c.size))) @ c) ** 2)
