# SPDX-License-Identifier: Apache-2.0
"""Correlations of vectors, each as one operation of the core. np.convolve is NumPy's own code."""

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.complex.array import involved
from ad_core.overrides.numpy.dispatch import implements, plain_constant
from ad_core.overrides.numpy.own_code import stands_for
from ad_core.recording.arrays import as_array, as_floats

__all__ = ["correlate"]


@implements(np.correlate)
def correlate(a, v, mode="valid"):
    """np.correlate, which is compiled but for the conversion of its arguments."""
    a, v = as_array(a), as_array(v)
    if a.ndim != 1 or v.ndim != 1:
        raise ValueError(f"np.correlate takes vectors, not arrays of shapes {a.shape}, {v.shape}")
    if not a.size or not v.size:
        raise ValueError("first and second argument of a correlation cannot be empty")
    if a.size < v.size:
        return correlate(v, a, mode)[::-1]
    before = {"valid": 0, "same": v.size // 2, "full": v.size - 1}
    if mode not in before:
        raise ValueError(f"mode must be one of 'valid', 'same', or 'full' (got {mode!r})")
    plain = plain_constant(a), plain_constant(v)
    if all(x is not None for x in plain):
        return np.correlate(*plain, mode)
    longer = {"valid": 1 - v.size, "same": 0, "full": v.size - 1}
    count = a.size + longer[mode]
    return _core.record_correlation(as_floats(a), as_floats(v), before[mode], count)


def _correlate(a, v, mode):
    """The compiled function that np.convolve calls: a correlation that conjugates nothing."""
    return np.correlate(a, np.conjugate(v) if involved((v,)) else v, mode)


stands_for(np._core.multiarray.correlate, _correlate)
