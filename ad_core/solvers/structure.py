# SPDX-License-Identifier: Apache-2.0
"""Matrices as lists of entries at fixed places, the form that solvers in C take."""

import numpy as np

__all__ = ["Structure"]


class Structure:
    """The places of entries, which are read from matrices of this structure.

    example: a csr_array, or the shape of a dense matrix for all its places.  part: "all", "lower"
    for the lower triangle, or "columns" for all in the order of columns (CSC).
    """

    def __init__(self, example, part="all"):
        self.sparse = not isinstance(example, tuple)
        if self.sparse:
            self.shape = example.shape
            self.indptr, self.indices = example.indptr.copy(), example.indices.copy()
            rows, columns = divmod(self._numbers(example), self.shape[1])
        else:
            self.shape = example
            rows, columns = (k.ravel() for k in np.indices(example))
        if part == "columns":
            self.keep = np.lexsort((rows, columns))
        else:
            self.keep = np.flatnonzero((rows >= columns) | (part == "all"))
        self.rows, self.columns = rows[self.keep], columns[self.keep]

    def entries(self, matrix):
        """The entries of a matrix, (nnz,), in the structure's order.

        Raises ValueError for entries elsewhere, which another path of a function may have.
        """
        if not self.sparse:
            return matrix.ravel()[self.keep]
        same = np.array_equal(matrix.indices, self.indices)
        if same and np.array_equal(matrix.indptr, self.indptr):
            return matrix.data[self.keep]
        return self._placed(matrix)[self.keep]

    def _placed(self, matrix):
        """The data of a matrix of another path, moved to this structure's places."""
        here, there = self._numbers(self), self._numbers(matrix)
        if not np.isin(there, here).all():
            raise ValueError(
                "a branch of the function has derivatives at places where there are none at the "
                "start, but the solver needs one sparsity pattern; pass sparse=False"
            )
        data = np.zeros(here.size)
        data[np.searchsorted(here, there)] = matrix.data
        return data

    def _numbers(self, matrix):
        """The places of a matrix's entries, numbered row by row, which is the order of CSR."""
        rows = np.repeat(np.arange(self.shape[0]), np.diff(matrix.indptr))
        return rows * self.shape[1] + matrix.indices
