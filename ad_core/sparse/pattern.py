# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Sparsity patterns, and SciPy's matrices that share their index arrays."""

from copy import copy

import numpy as np

from ad_core import _core
from ad_core.recording.complex_leaves import Complex

__all__ = [
    "SparsePattern",
    "check_one_argument",
    "check_one_array",
    "check_sparse",
    "jacobian_structure",
    "symmetric",
]


def _csr_array():
    try:
        from scipy.sparse import csr_array
    except ImportError:
        raise ImportError(
            "sparse derivatives need SciPy: pip install scipy, or use dense ones (sparse=False)"
        ) from None
    return csr_array


class SparsePattern:
    """Rows and columns of a matrix's entries in CSR order; all its matrices share the arrays."""

    def __init__(self, indptr, indices, shape):
        self.shape = shape
        self.indptr = indptr
        self.indices = indices
        self.matrix = _csr_array()
        # SciPy checks the index arrays of a new matrix, but not those of a copy.
        zeros = _core.untraced(np.zeros, len(indices))
        self.made = self.matrix((zeros, indices, indptr), shape=shape, copy=False)
        self.made.has_canonical_format = True

    @classmethod
    def of_entries(cls, rows, columns, shape):
        """The pattern with these entries, sorted by rows and then columns."""
        indptr = np.zeros(shape[0] + 1, np.int32)
        np.cumsum(np.bincount(rows, minlength=shape[0]), out=indptr[1:])
        return cls(indptr, columns.astype(np.int32), shape)

    @property
    def structure(self):
        """The pattern itself: the attribute by which a Call's results are recognised as sparse."""
        return self

    @property
    def nnz(self):
        return len(self.indices)

    @property
    def rows(self):
        """The row of each entry."""
        return np.repeat(np.arange(self.shape[0], dtype=np.int32), np.diff(self.indptr))

    def longest(self):
        """The largest number of entries in a row, and in a column."""
        row = int(np.max(np.diff(self.indptr), initial=0))
        return row, int(np.max(np.bincount(self.indices), initial=0))

    def is_symmetric(self):
        """Whether every entry has its mirror image."""
        if self.shape[0] != self.shape[1] or len(set(self.longest())) > 1:
            return False
        mirrored = self.pattern().T.tocsr()
        mirrored.sort_indices()
        return np.array_equal(mirrored.indptr, self.indptr) and np.array_equal(
            mirrored.indices, self.indices
        )

    def places(self, other):
        """The place here of each entry of another pattern; None if some are not entries here."""
        own, searched = self._numbers(), other._numbers()
        at = np.searchsorted(own, searched)
        if np.any(at == len(own)) or not np.array_equal(own[at], searched):
            return None
        return at

    def _numbers(self):
        """The places of the entries in the dense matrix, which ascend."""
        return self.rows.astype(np.int64) * self.shape[1] + self.indices

    def same(self, other):
        """Whether another pattern has the same entries."""
        return (
            self.shape == other.shape
            and np.array_equal(self.indptr, other.indptr)
            and np.array_equal(self.indices, other.indices)
        )

    def __call__(self, parts):
        """The matrix at one point; for a batch the entries alone, of shape batch + (nnz,)."""
        (data,) = parts
        if data.ndim > 1:
            return data
        made = copy(self.made)
        made.data = data
        return made

    def pattern(self):
        """The pattern as a Boolean csr_array with index arrays of its own."""
        data = np.ones(self.nnz, bool)
        return self.matrix((data, self.indices.copy(), self.indptr.copy()), shape=self.shape)


def jacobian_structure(recording, name):
    """The SparsePattern of a recording's Jacobian: the inputs that each output depends on.

    Raises MemoryError for more entries than a sparse matrix may have.
    """
    inputs, outputs = recording.inputs.nodes, recording.outputs.nodes
    try:
        indptr, indices = _core.jacobian_pattern(recording.trace, inputs, outputs)
    except _core.PatternTooLarge:
        raise MemoryError(
            f"the Jacobian of {name} has more than 2^31 entries that are not structurally zero; "
            f"use products with it (jvp, vjp)"
        ) from None
    return SparsePattern(indptr, indices, (outputs.size, inputs.size))


def symmetric(structure):
    """The pattern with the mirror image of every entry.

    A Hessian is symmetric, but the dependences of a gradient's operations need not be: entries may
    cancel on one side of the diagonal only.
    """
    one_sided = structure.pattern()
    found = (one_sided + one_sided.T).tocsr()
    found.sort_indices()
    return SparsePattern(
        found.indptr.astype(np.int32), found.indices.astype(np.int32), structure.shape
    )


def check_sparse(source, name, numbers, single):
    """Raise TypeError unless one array is differentiated by one array."""
    trees = [source.arguments.trees[k] for k in numbers]
    check_one_array(name, source.name, trees, single, source.result.trees[0])


def check_one_argument(name, label, trees, single):
    """Raise TypeError unless argnums selects one argument, and this is one array."""
    if any(tree.holds(Complex) for tree in trees):
        raise TypeError(
            f"{name} of {label} with sparse=True takes real arrays, got complex ones; give their "
            f"parts as one real array"
        )
    if not single or any(tree.kind is not None for tree in trees):
        raise TypeError(
            f"{name} of {label} with sparse=True differentiates by one argument that is one array, "
            f"got nested or several arguments; choose one by argnums=k, and concatenate nested "
            f"arrays"
        )


def check_one_array(name, label, trees, single, result):
    """Raise TypeError unless one array is differentiated by one array."""
    check_one_argument(name, label, trees, single)
    if result.holds(Complex):
        raise TypeError(
            f"{name} with sparse=True differentiates real results, but {label} returns complex "
            f"ones; return their parts as one real array"
        )
    if result.kind is not None:
        raise TypeError(
            f"{name} with sparse=True differentiates one array, but {label} returns {result!r}; "
            f"concatenate its results"
        )
