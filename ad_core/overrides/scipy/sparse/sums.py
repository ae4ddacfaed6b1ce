# SPDX-License-Identifier: Apache-2.0
"""Compiled functions of scipy.sparse that add elements at the same place: dense arrays, diagonals,
samples, and sums of two matrices."""

import numpy as np

from ad_core.overrides.scipy.sparse.tools import added, replaced, rows_of, sums, tool

__all__ = ["block_places", "stored"]


@tool("csr_todense")
def csr_todense(rows, columns, indptr, indices, data, out):
    added(out, sums(data, rows_of(indptr) * columns + indices, rows * columns))


@tool("coo_todense")
def coo_todense(rows, columns, count, row, column, data, out, fortran):
    row, column = np.asarray(row, dtype=int), np.asarray(column, dtype=int)
    places = column * rows + row if fortran else row * columns + column
    added(out, sums(data, places, rows * columns))


@tool("coo_todense_nd")
def coo_todense_nd(strides, count, ndim, coords, data, out, fortran):
    coords = np.asarray(coords, dtype=int).reshape(ndim, -1)
    added(out, sums(data, np.asarray(strides, dtype=int) @ coords, out.size))


def _at_diagonal(k, row, column, data, out):
    """Add the elements of the k-th diagonal to the result."""
    on = np.flatnonzero(column - row == k)
    added(out, sums(data[on], row[on] - max(-k, 0), out.size))


@tool("csr_diagonal")
def csr_diagonal(k, rows, columns, indptr, indices, data, out):
    _at_diagonal(k, rows_of(indptr), np.asarray(indices), data, out)


@tool("bsr_diagonal")
def bsr_diagonal(k, rows, columns, height, width, indptr, indices, data, out):
    row, column = block_places(height, width, indptr, indices)
    _at_diagonal(k, row, column, data, out)


def block_places(height, width, indptr, indices):
    """The rows and the columns of all elements of a matrix in BSR format."""
    row = rows_of(indptr)[:, None, None] * height + np.arange(height)[:, None]
    column = np.asarray(indices)[:, None, None] * width + np.arange(width)
    shape = len(indices), height, width
    return np.broadcast_to(row, shape).ravel(), np.broadcast_to(column, shape).ravel()


@tool("csr_sample_values")
def csr_sample_values(rows, columns, indptr, indices, data, count, row, column, out):
    row, column = (np.asarray(x, dtype=int) for x in (row, column))
    wanted = np.where(row < 0, row + rows, row) * columns + np.where(
        column < 0, column + columns, column
    )
    known, first = np.unique(wanted, return_inverse=True)
    elements = rows_of(indptr) * columns + indices
    place = np.searchsorted(known, elements)
    hit = np.flatnonzero(known[np.minimum(place, known.size - 1)] == elements)
    replaced(out, sums(data[hit], place[hit], known.size)[first.reshape(-1)])


@tool("csr_sum_duplicates")
def csr_sum_duplicates(rows, columns, indptr, indices, data):
    keys, place = np.unique(rows_of(indptr) * columns + indices, return_inverse=True)
    values = sums(data, place, keys.size)
    _structure(keys, rows, columns, indptr, indices)
    replaced(data, values)


def _structure(keys, rows, columns, indptr, indices):
    """Store the rows and columns of elements, which are sorted, in CSR format."""
    indices[: keys.size] = keys % max(columns, 1)
    indptr[0] = 0
    indptr[1:] = np.cumsum(np.bincount(keys // max(columns, 1), minlength=rows))


def stored(keys, values, rows, columns, indptr, indices, data):
    """Store a matrix in the three arrays of a result."""
    _structure(keys, rows, columns, indptr, indices)
    replaced(data, values)


OPERATIONS = {
    "plus": np.add, "minus": np.subtract, "elmul": np.multiply, "maximum": np.maximum,
    "minimum": np.minimum,
}  # fmt: skip


def _of_both(operation, rows, columns, width, first, second, result):
    """An elementwise operation on two matrices of blocks of `width` elements. The result has the
    places of both, or for products the places that are in both."""
    keys = [rows_of(indptr) * columns + indices for indptr, indices, _ in (first, second)]
    if operation is np.multiply:
        known = np.intersect1d(*keys)
    else:
        known = np.union1d(*keys)
    operands = []
    for key, (_, _, data) in zip(keys, (first, second), strict=True):
        place = np.searchsorted(known, key)
        hit = np.flatnonzero(known[np.minimum(place, known.size - 1)] == key) if known.size else []
        blocks = data.reshape(-1, width)[hit]
        places = place[hit][:, None] * width + np.arange(width)
        operands.append(sums(blocks.reshape(-1), places.ravel(), known.size * width))
    indptr, indices, data = result
    stored(known, operation(*operands), rows, columns, indptr, indices, data)


for _name, _operation in OPERATIONS.items():

    @tool(f"csr_{_name}_csr")
    def _(rows, columns, p, i, x, q, j, y, indptr, indices, data, operation=_operation):
        _of_both(operation, rows, columns, 1, (p, i, x), (q, j, y), (indptr, indices, data))

    @tool(f"bsr_{_name}_bsr")
    def _(rows, columns, height, width, p, i, x, q, j, y, indptr, indices, data,
          operation=_operation):  # fmt: skip
        size = height * width
        _of_both(operation, rows, columns, size, (p, i, x), (q, j, y), (indptr, indices, data))
