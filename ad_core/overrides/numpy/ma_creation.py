# SPDX-License-Identifier: Apache-2.0
"""np.ma.array and np.ma.masked_array for traced values, which NumPy's class can not hold."""

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.dispatch import any_traced
from ad_core.overrides.numpy.ma import (
    TracedMasked,
    data_of,
    mask_of,
    nomask,
    plain_mask,
    refuse,
)

__all__ = ["replacements"]


def made(
    data, dtype=None, copy=False, order=None, mask=nomask, fill_value=None, keep_mask=True,
    hard_mask=False, shrink=True, subok=True, ndmin=0,
):  # fmt: skip
    """np.ma.array, which returns a TracedMasked for traced values."""
    if not _holds_traced((data, mask)) or not _core.is_tracing():
        return np.ma.MaskedArray(
            data, mask, dtype, copy, subok, ndmin, fill_value, keep_mask, hard_mask, shrink, order
        )
    if hard_mask:
        refuse("hard_mask=True")
    array = np.array(data_of(data), dtype=dtype, copy=copy or None, ndmin=ndmin)
    if not _core.traced(array):  # the mask alone is traced
        return np.ma.MaskedArray(array, plain_mask(mask), fill_value=fill_value)
    result = TracedMasked(array, mask)
    if keep_mask and mask_of(data) is not nomask:
        result._mask = result._full_mask() | mask_of(data)
    result._fill_value = fill_value
    return result


def _holds_traced(items):
    return any_traced(items) or any(
        type(x) is TracedMasked
        or (type(x) is np.ndarray and x.dtype == object and any_traced(x.flat))
        for x in items
    )


class _Masking(type):
    """The class of np.ma.masked_array, which is itself a class, while a trace runs."""

    def __call__(cls, data=None, mask=nomask, dtype=None, copy=False, *others, **named):
        if others:  # subok, ndmin, ..., which are given by position
            names = ("subok", "ndmin", "fill_value", "keep_mask", "hard_mask", "shrink", "order")
            named |= dict(zip(names, others, strict=False))
        return made(data, dtype, copy, mask=mask, **named)

    def __instancecheck__(cls, x):
        return isinstance(x, np.ma.MaskedArray)

    def __subclasscheck__(cls, kind):
        return issubclass(kind, np.ma.MaskedArray)

    def __getattr__(cls, name):
        return getattr(np.ma.MaskedArray, name)


class masked_array(metaclass=_Masking):
    """np.ma.masked_array while a trace runs; calling it returns instances of other classes."""


def replacements(ma):
    """The functions of np.ma that are replaced while a trace runs: (module, name, function)."""
    return [(ma, "array", made), (ma, "masked_array", masked_array)]
