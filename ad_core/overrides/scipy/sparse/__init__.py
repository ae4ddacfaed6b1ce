# SPDX-License-Identifier: Apache-2.0
"""Sparse matrices and arrays whose elements are traced values, and products of plain ones with
traced arrays.

SciPy's own classes hold the traced elements, and SciPy's Python code runs on them. What is here
takes the place of its compiled functions (scipy.sparse._sparsetools): they read and write arrays of
indices, which are plain numbers, and add and multiply elements. So an element of a product depends
on those inputs alone on which its factors depend, and derivatives by ``sparse=True`` have that
structure.
"""

from ad_core.overrides.scipy.sparse import assembly, methods, moves, products, sums  # noqa: F401 (enter functions)
