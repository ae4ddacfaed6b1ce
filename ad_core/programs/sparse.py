# SPDX-License-Identifier: Apache-2.0
"""Sparse Jacobians and Hessians: the entries that are not structurally zero, in CSR order."""

from copy import copy

import numpy as np

__all__ = ["Compressed", "check_sparse", "pattern"]


def _csr_array():
    try:
        from scipy.sparse import csr_array
    except ImportError:
        raise ImportError(
            "sparse matrices are SciPy's: pip install scipy, or take the dense ones (sparse=False)"
        ) from None
    return csr_array


class Compressed:
    """What makes a csr_array of a program's entries; index arrays are shared by all matrices."""

    def __init__(self, rows, columns, shape):
        self.shape = shape
        self.indptr = np.zeros(shape[0] + 1, np.int32)
        np.cumsum(np.bincount(rows, minlength=shape[0]), out=self.indptr[1:])
        self.indices = columns.astype(np.int32)
        self.matrix = _csr_array()
        # SciPy looks at the index arrays of what it makes, but not at those of a copy.
        self.made = self.matrix((np.zeros(len(columns)), self.indices, self.indptr), shape=shape)
        self.made.has_canonical_format = True

    def __call__(self, parts):
        """A matrix of one point; of a batch the entries alone, batch + (nnz,)."""
        (data,) = parts
        if data.ndim > 1:
            return data
        made = copy(self.made)
        made.data = data
        return made

    def pattern(self):
        """The structure, a Boolean csr_array with index arrays of its own."""
        data = np.ones(len(self.indices), bool)
        return self.matrix((data, self.indices.copy(), self.indptr.copy()), shape=self.shape)


def check_sparse(source, name, numbers, single):
    """Raise TypeError unless one array is differentiated by one array."""
    trees = [source.arguments.trees[k] for k in numbers]
    if not single or any(tree.kind is not None for tree in trees):
        raise TypeError(
            f"{name} with sparse=True is by one argument that is one array; {source.name} was "
            f"asked for argnums={tuple(numbers)} of nested or several arguments"
        )
    if source.result.trees[0].kind is not None:
        raise TypeError(
            f"{name} with sparse=True is of one array, but {source.name} returns "
            f"{source.result.trees[0]!r}; concatenate its results"
        )


def pattern(call):
    """The structure of the matrices that a sparse method's Call gives."""
    return call.pack.pattern()
