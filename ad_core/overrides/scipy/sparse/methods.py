# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Methods of SciPy's sparse matrices and arrays that its Python code can not carry out on traced
elements, and how calls find traced values in a sparse matrix."""

import numpy as np
import scipy.sparse as ss

from ad_core import _core
from ad_core.overrides.numpy.complex.array import TracedComplex, constant_values
from ad_core.overrides.scipy.dispatch import hiding, implements_method

__all__ = ["FORMATS"]

FORMATS = [getattr(ss, f"{name}_{kind}") for name in ("csr", "csc", "coo", "bsr", "dia")
           for kind in ("array", "matrix")]  # fmt: skip


def _without_traced(S):
    """The matrix itself if its elements are plain, a plain copy if they are constants, and None if
    one depends on an input."""
    data = S.data
    if type(data) is TracedComplex:
        plain = constant_values(data)
    elif not _core.traced(data):
        return S
    else:
        plain = _core.current_values(data) if _core.is_constant(data) else None
    if plain is None:
        return None
    copy = S.copy()
    copy.data = plain
    return copy


def _owners(name):
    """The classes that define a method."""
    found = []
    for kind in FORMATS:
        owner = next((owner for owner in kind.__mro__ if name in vars(owner)), None)
        if owner is not None and owner not in found:
            found.append(owner)
    return found


for _kind in FORMATS:
    hiding[_kind] = _without_traced


def _sum(original):
    def sum(self, axis=None, dtype=None, out=None):
        """The sums of a spmatrix are 2-d arrays of the shape that SciPy's np.matrix has."""
        if self.format in ("dok", "lil"):
            return self.tocsr().sum(axis, dtype, out)
        if isinstance(self, ss.sparray):
            return original(self, axis, dtype, out)
        total = original(getattr(ss, f"{self.format}_array")(self), axis, dtype, out)
        if axis is None or np.ndim(total) == 0:
            return total
        return total[None, :] if axis in (0, -2) else total[:, None]

    return sum


for _owner in _owners("sum"):
    implements_method(_owner, "sum")(_sum(vars(_owner)["sum"]))


def _product(self, other):
    """Products of blocks or diagonals, by rows; the result has SciPy's format."""
    product = self.tocsr() @ other.tocsr()
    if self.format == "bsr" and other.format == "bsr":
        return product.tobsr(blocksize=(self.blocksize[0], other.blocksize[1]))
    return product.asformat(self.format)


for _owner in {owner for kind in (ss.bsr_array, ss.dia_array) for owner in kind.__mro__[:2]}:
    if "_matmul_sparse" in vars(_owner):
        implements_method(_owner, "_matmul_sparse")(_product)


def _multiply(original):
    def multiply(self, other):
        """Diagonals that are multiplied in place have to be traced ones."""
        if not _core.traced(self.data):
            self = self._with_data(np.array(self.data, dtype=float))
        return original(self, other)

    return multiply


_owner = next(owner for owner in ss.dia_array.__mro__ if "multiply" in vars(owner))
implements_method(_owner, "multiply")(_multiply(vars(_owner)["multiply"]))


_owner = next(owner for owner in ss.dia_array.__mro__ if "tocoo" in vars(owner))
_tocoo = vars(_owner)["tocoo"]


@implements_method(_owner, "tocoo", calls_back=True)
def tocoo(self, copy=False):
    """All elements within the matrix: SciPy leaves out those that are zero at this point."""
    if not (_core.traced(self.data) or type(self.data) is TracedComplex):
        return _tocoo(self, copy)
    rows, columns = self.shape
    places = np.arange(self.data.shape[1])
    row = places - self.offsets[:, None]
    inside = (row >= 0) & (row < rows) & (places < columns)
    column = np.tile(places, len(self.offsets))[inside.ravel()]
    entries = self.data[inside], (row[inside], column)
    return self._coo_container(entries, shape=self.shape, dtype=self.dtype, copy=False)
