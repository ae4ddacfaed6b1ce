# SPDX-License-Identifier: Apache-2.0
"""Compiled functions of scipy.sparse that put elements in other places, such as conversions between
formats. The compiled function itself is called on the numbers of the elements, which tells where it
puts them."""

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.complex.array import TracedComplex
from ad_core.overrides.scipy.sparse.tools import plain_of, replaced, tool

__all__ = []


def _is_data(x):
    return type(x) is TracedComplex or getattr(getattr(x, "dtype", None), "kind", "") in "fc"


def _moved(original, *args):
    """Call a compiled function whose last array of floats is the result, and the one before it the
    elements; with a single one, its elements are put in another order."""
    places = [k for k, x in enumerate(args) if _is_data(x) and np.ndim(x)]
    source, target = places[-2:] if len(places) > 1 else places * 2
    data = args[source]
    given = list(map(_plain, args))
    given[source] = _numbers(1, np.size(data)).reshape(np.shape(data))
    if target != source:
        given[target] = _core.untraced(np.zeros, np.shape(args[target]))
    found = _core.untraced(original, *given)
    into = given[target].reshape(-1).astype(int)
    filled = into > 0
    elements = np.reshape(data, -1)[np.where(filled, into - 1, 0)]
    if not filled.all():
        elements = np.where(filled, elements, 0.0)
    replaced(args[target].reshape(-1), elements)
    return found


def _numbers(first, count):
    return _core.untraced(np.arange, first, first + count, 1, float)


def _plain(x):
    return _core.current_values(x) if _core.traced(x) else plain_of(x)


for _name in (
    "bsr_sort_indices", "bsr_tocsr", "bsr_transpose", "coo_tocsr", "csr_column_index2",
    "csr_hstack", "csr_row_index",
    "csr_row_slice", "csr_sort_indices", "csr_tobsr", "csr_tocsc", "dia_tocsr",
):  # fmt: skip

    @tool(_name)
    def _(original, *args):
        return _moved(original, *args)


@tool("get_csr_submatrix")
def get_csr_submatrix(original, rows, columns, indptr, indices, data, *bounds):
    numbers = _numbers(0, len(data))
    indptr, indices, chosen = original(rows, columns, indptr, indices, numbers, *bounds)
    return indptr, indices, data[chosen.astype(int)]


@tool("csr_eliminate_zeros")
def csr_eliminate_zeros(rows, columns, indptr, indices, data):
    """Elements that depend on an input stay, although they may be zero at this point."""
