# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Solutions of linear systems whose matrix is given by few numbers: bands, diagonals of a Toeplitz
matrix, the elements of a sparse matrix. The rule never makes the whole matrix."""

from typing import NamedTuple

import numpy as np

from ad_core import _core
from ad_core.rules.rule import call

__all__ = ["Banded", "LinearSystem", "Sparse", "Toeplitz", "solve"]


class LinearSystem(NamedTuple):
    """A linear map of parameters to matrices A (n, n). x and w are matrices (n, k).

    All but `solved` are NumPy code, which is called with traced values too.
    """

    name: str
    solved: object  # (parameters, b) -> x with A x = b, for plain arrays
    product: object  # (parameters, x) -> A x
    slopes: object  # (w, x) -> derivatives of sum(w * A x) by the parameters
    transposed: object  # parameters -> (structure, parameters) of the transpose of A
    direct: object = None  # the structure that solves for derivatives, if `solved` is inexact


def solve(structure, parameters, b):
    """The solution x of A x = b for a matrix b, as a function of the parameters of A and of b."""
    fixed = not any(map(_core.traced, parameters))
    parameters = tuple(parameters)

    def parts(arrays):
        return (parameters if fixed else tuple(arrays[:-1])), arrays[-1]

    def value(*arrays):
        return (structure.solved(*parts(arrays)),)

    def jvp(arrays, results, tangents):
        at, _ = parts(arrays)
        moved = tangents[-1]
        if not fixed:
            moved = moved - structure.product(tuple(tangents[:-1]), results[0])
        return (solve(structure.direct or structure, at, moved),)

    def vjp(arrays, results, cotangents):
        back, other = structure.transposed(parts(arrays)[0])
        w = solve(back, other, cotangents[0])
        if fixed:
            return (w,)
        return *(-slope for slope in structure.slopes(w, results[0])), w

    arrays = (b,) if fixed else (*parameters, b)
    return call(structure.name, value, arrays, jvp, vjp)[0]


def Banded(lower, upper, solved=None):
    """Matrices with some diagonals, given as the rows of scipy.linalg.solve_banded: row r holds the
    elements [i, j] with i - j = r - upper in column j."""
    name = "scipy.linalg.solve_banded"
    offsets = range(-upper, lower + 1)

    def by_scipy(parameters, b):
        import scipy.linalg

        return scipy.linalg.solve_banded((lower, upper), parameters[0], b, check_finite=False)

    def product(parameters, x):
        (ab,) = parameters
        n = ab.shape[-1]
        found = np.zeros(x.shape)
        for row, d in enumerate(offsets):
            i, j = _places(d, n)
            found[i] = found[i] + ab[row, j][:, None] * x[j]
        return found

    def slopes(w, x):
        n = x.shape[0]
        rows = np.zeros((lower + upper + 1, n))
        for row, d in enumerate(offsets):
            i, j = _places(d, n)
            rows[row, j] = np.sum(w[i] * x[j], axis=-1)
        return (rows,)

    def transposed(parameters):
        (ab,) = parameters
        rows = np.zeros(ab.shape)
        for row, d in enumerate(offsets):
            i, j = _places(d, ab.shape[-1])
            rows[lower + upper - row, i] = ab[row, j]
        return Banded(upper, lower), (rows,)

    return LinearSystem(name, solved or by_scipy, product, slopes, transposed)


def _places(d, n):
    """The rows i and the columns j of the elements with i - j = d."""
    return slice(max(d, 0), max(n + min(d, 0), 0)), slice(max(-d, 0), max(n - max(d, 0), 0))


def Toeplitz(solved=None):
    """Matrices that are given by their first column c and their first row r; r[0] is not used."""

    def by_scipy(parameters, b):
        import scipy.linalg

        return scipy.linalg.solve_toeplitz(parameters, b, check_finite=False)

    def product(parameters, x):
        c, r = parameters
        n = c.shape[0]
        diagonals = np.concatenate([r[:0:-1], c])
        return np.stack(
            [np.convolve(diagonals, x[:, k])[n - 1 : 2 * n - 1] for k in range(x.shape[1])], axis=-1
        )

    def slopes(w, x):
        n = x.shape[0]
        sums = sum(np.convolve(w[:, k], x[::-1, k]) for k in range(x.shape[1]))
        return sums[n - 1 :], np.concatenate([np.zeros(1), sums[: n - 1][::-1]])

    def transposed(parameters):
        c, r = parameters
        return Toeplitz(), (np.concatenate([c[:1], r[1:]]), c)

    return LinearSystem(
        "scipy.linalg.solve_toeplitz", solved or by_scipy, product, slopes, transposed
    )


def Sparse(rows, columns, n, factors, name="scipy.sparse.linalg.spsolve", solved=None, back=False):
    """Matrices whose elements at these places are the parameter. factors(data, b, back) solves with
    the matrix, or with its transpose if back is true; solved: what the value is computed by, if
    not by that."""

    def by_factors(parameters, b):
        return factors(parameters[0], b, back)

    i, j = (columns, rows) if back else (rows, columns)

    def product(parameters, x):
        terms = parameters[0][:, None] * x[j]
        k = x.shape[1]
        places = i[:, None] * k + np.arange(k)
        return np.bincount(np.ravel(places), np.ravel(terms), n * k).reshape(n, k)

    def slopes(w, x):
        return (np.sum(w[i] * x[j], axis=-1),)

    def transposed(parameters):
        return Sparse(rows, columns, n, factors, name, back=not back), parameters

    direct = Sparse(rows, columns, n, factors, name, back=back) if solved else None
    return LinearSystem(name, solved or by_factors, product, slopes, transposed, direct)
