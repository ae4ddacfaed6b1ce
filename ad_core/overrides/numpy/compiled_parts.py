# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""What mirrors of NumPy's modules have in place of compiled parts that make plain arrays."""

import numpy as np
from numpy._core import _multiarray_umath as compiled

from ad_core import _core
from ad_core.overrides.numpy.constants import any_involved
from ad_core.overrides.numpy.dispatch import only_plain
from ad_core.overrides.numpy.own_code import stands_for

__all__ = []


class Converter:
    """NumPy's _array_converter for arguments of which one is traced: converts them to arrays, and
    results back."""

    def __init__(self, *given):
        self.arrays = tuple([np.asanyarray(x) for x in given])
        self.scalar_input = tuple([not np.ndim(x) and type(x) is not _core.TracedArray
                                   for x in given])  # fmt: skip

    def __len__(self):
        return len(self.arrays)

    def __getitem__(self, k):
        return self.arrays[k]

    def as_arrays(self, *, subok=True, pyscalars=None):
        return self.arrays

    def result_type(self, extra_dtype=None, ensure_inexact=False):
        extra = [dtype for dtype in (extra_dtype, float if ensure_inexact else None) if dtype]
        return np.result_type(*self.arrays, *extra)

    def wrap(self, array, /, to_scalar=None):
        to_scalar = all(self.scalar_input) if to_scalar is None else to_scalar
        return array[()] if to_scalar and not np.ndim(array) else array


def _converter(*given):
    return (Converter if any_involved(given) else compiled._array_converter)(*given)


def _broadcast(*arrays):
    """np.broadcast, which sees only the shapes."""
    return np.broadcast(*[np.broadcast_to(0.0, np.shape(x)) if any_involved((x,)) else x
                          for x in arrays])  # fmt: skip


def _arange(*args, **kwargs):
    """np.arange, as an array to which traced values can be written."""
    made = np.arange(*[only_plain(np.arange, x) for x in args], **kwargs)
    return np.array(made) if made.dtype == np.float64 else made


def _makearray(a):
    """Of np.linalg: an array, and the function that gives results the class of the argument."""
    return np.asarray(a), lambda result, *_: result


if hasattr(np.linalg._linalg, "_makearray"):
    stands_for(np.linalg._linalg._makearray, _makearray)
stands_for(compiled._array_converter, _converter)
stands_for(np.arange, _arange)
stands_for(np.broadcast, _broadcast)
