# SPDX-License-Identifier: Apache-2.0
"""Compiled functions of scipy.sparse that multiply matrices."""

import numpy as np

from ad_core.overrides.scipy.sparse.sums import block_places, stored
from ad_core.overrides.scipy.sparse.tools import added, rows_of, sums, tool

__all__ = []


def _product(row, column, data, x, out):
    """Add the product of a matrix, given by the places of its elements, with a vector to the
    result."""
    added(out, sums(data * x[column], row, out.size))


def _products(row, column, data, count, x, out):
    """The same with a matrix of `count` columns."""
    x = x.reshape(-1, count)
    terms = np.reshape(data, (-1, 1)) * x[column]
    places = row[:, None] * count + np.arange(count)
    added(out, sums(terms.reshape(-1), places.ravel(), out.size))


@tool("csr_matvec")
def csr_matvec(rows, columns, indptr, indices, data, x, out):
    _product(rows_of(indptr), np.asarray(indices), data, x, out)


@tool("csc_matvec")
def csc_matvec(rows, columns, indptr, indices, data, x, out):
    _product(np.asarray(indices), rows_of(indptr), data, x, out)


@tool("csr_matvecs")
def csr_matvecs(rows, columns, count, indptr, indices, data, x, out):
    _products(rows_of(indptr), np.asarray(indices), data, count, x, out)


@tool("csc_matvecs")
def csc_matvecs(rows, columns, count, indptr, indices, data, x, out):
    _products(np.asarray(indices), rows_of(indptr), data, count, x, out)


@tool("coo_matvec")
def coo_matvec(nonzeros, row, column, data, x, out):
    _product(np.asarray(row), np.asarray(column), data, x, out)


@tool("coo_matmat_dense")
def coo_matmat_dense(nonzeros, count, row, column, data, x, out):
    _products(np.asarray(row), np.asarray(column), data, count, x, out)


@tool("bsr_matvec")
def bsr_matvec(rows, columns, height, width, indptr, indices, data, x, out):
    _product(*block_places(height, width, indptr, indices), data, x, out)


@tool("bsr_matvecs")
def bsr_matvecs(rows, columns, count, height, width, indptr, indices, data, x, out):
    _products(*block_places(height, width, indptr, indices), data, count, x, out)


def _diagonals(rows, columns, length, offsets, data):
    """The places of the elements of a matrix in DIA format, and these elements."""
    offsets = np.asarray(offsets, dtype=int)[:, None]
    column = np.broadcast_to(np.arange(length), (len(offsets), length))
    row = column - offsets
    inside = (row >= 0) & (row < rows) & (column < columns)
    return row[inside], column[inside], data.reshape(len(offsets), length)[inside]


@tool("dia_matvec")
def dia_matvec(rows, columns, count, length, offsets, data, x, out):
    _product(*_diagonals(rows, columns, length, offsets, data), x, out)


@tool("dia_matvecs")
def dia_matvecs(rows, columns, count, length, offsets, data, width, x, out):
    _products(*_diagonals(rows, columns, length, offsets, data), width, x, out)


@tool("csr_matmat")
def csr_matmat(rows, columns, p, i, x, q, j, y, indptr, indices, data):
    """The product of two sparse matrices: all pairs of an element of the first one and an element
    of the row of the second one that it multiplies."""
    i, j, q = np.asarray(i), np.asarray(j), np.asarray(q)
    counts = np.diff(q)[i]
    first = np.repeat(np.arange(i.size), counts)
    within = np.arange(first.size) - np.repeat(np.cumsum(counts) - counts, counts)
    second = np.repeat(q[i], counts) + within
    keys, place = np.unique(rows_of(p)[first] * columns + j[second], return_inverse=True)
    values = sums(x[first] * y[second], place.reshape(-1), keys.size)
    stored(keys, values, rows, columns, indptr, indices, data)
