# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Sparse linear systems as functions of the elements of their matrix."""

import numpy as np
import scipy.sparse as ss
import scipy.sparse.linalg as ssl

from ad_core import _core
from ad_core.overrides.numpy.complex.array import TracedComplex
from ad_core.overrides.scipy.linalg.entering import refuse
from ad_core.recording.arrays import as_array
from ad_core.rules import structured

__all__ = ["Factors", "Matrix", "solution"]


class Matrix:
    """A square matrix in CSC format: the elements, and their places, which are plain."""

    def __init__(self, name, A):
        if ss.issparse(A):
            A = A.tocsc()
            if not A.has_canonical_format:
                A = A.copy()
                A.sum_duplicates()
            self.data, self.rows = A.data, np.asarray(A.indices, dtype=np.intc)
            self.starts, self.shape = np.asarray(A.indptr, dtype=np.intc), A.shape
        else:
            A = as_array(A)
            if A.ndim != 2:
                raise ValueError("expected a matrix")
            n, m = self.shape = A.shape
            self.data = np.transpose(A).reshape(-1)
            self.rows = np.tile(np.arange(n, dtype=np.intc), m)
            self.starts = np.arange(m + 1, dtype=np.intc) * n
        if self.shape[0] != self.shape[1]:
            raise ValueError(f"matrix must be square (has shape {self.shape})")
        if type(self.data) is TracedComplex or np.iscomplexobj(self.data):
            refuse(f"{name} of complex matrices", "write it with real and imaginary parts")
        if not _core.traced(self.data):
            self.data = np.asarray(self.data, dtype=float)
        self.columns = np.repeat(np.arange(self.shape[1]), np.diff(self.starts))

    def plain(self, data):
        """The plain matrix with these elements."""
        return ss.csc_array((data, self.rows, self.starts), shape=self.shape)


class Factors:
    """The LU factors of a matrix, kept for the solutions that follow at the same point."""

    def __init__(self, matrix, **options):
        self.matrix = matrix
        self.options = options
        self._known = None

    def at(self, data):
        """The SuperLU object; None for a singular matrix."""
        known = self._known  # another thread may replace it
        if known is None or not np.array_equal(known[0], data, equal_nan=True):
            known = self._known = np.array(data), self._factorized(data)
        return known[1]

    def _factorized(self, data):
        try:
            return ssl.splu(self.matrix.plain(data), **self.options)
        except RuntimeError as error:
            if "singular" not in str(error):
                raise
            return None

    def __call__(self, data, b, back):
        factors = self.at(data)
        if factors is None:
            return np.full(b.shape, np.nan)
        return factors.solve(b, "T" if back else "N")


def solution(name, matrix, b, factors, solved=None, back=False):
    """The solution of A x = b for a vector or matrix b; solved(A, b): what computes the value."""
    b = as_array(b)
    if b.ndim not in (1, 2) or b.shape[0] != matrix.shape[0]:
        raise ValueError(f"matrix - rhs dimension mismatch ({matrix.shape} - {b.shape[:1]})")
    own = None
    if solved is not None:
        own = lambda parameters, b: solved(matrix.plain(parameters[0]), b)  # noqa: E731
    system = structured.Sparse(
        matrix.rows, matrix.columns, matrix.shape[0], factors, name, own, back
    )
    sides = b[:, None] if b.ndim == 1 else b
    x = structured.solve(system, (matrix.data,), sides)
    return x[:, 0] if b.ndim == 1 else x
