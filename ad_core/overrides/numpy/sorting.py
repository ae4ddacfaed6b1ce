# SPDX-License-Identifier: Apache-2.0
"""Positions and orders where NaN is left out, or several keys decide."""

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.dispatch import implements, keeps_types
from ad_core.overrides.numpy.guards import decided, keep_holes, plain, tested
from ad_core.overrides.numpy.logic import argmax, argmin
from ad_core.recording.arrays import as_traced

__all__ = ["lexsort"]


def _without_nan(position, worst):
    def nan_position(a, axis=None, keepdims=False):
        hole = np.isnan(plain(a))
        if not hole.any():  # which the comparisons of positions tell
            return position(a, axis, keepdims)
        tested(np.isnan, a)
        if np.any(np.all(hole, axis=axis)):
            raise ValueError("All-NaN slice encountered")
        return position(np.where(hole, worst, a), axis, keepdims)

    return nan_position


implements(np.nanargmax)(_without_nan(argmax, -np.inf))
implements(np.nanargmin)(_without_nan(argmin, np.inf))


@implements(np.lexsort)
def lexsort(keys, axis=-1):
    keys = [as_traced(key) for key in keys]
    found = np.lexsort([_core.current_values(key) for key in keys], axis=axis)
    moved = np.moveaxis(found, axis, -1) if np.ndim(found) else found[None]
    holds = moved[..., :-1] < moved[..., 1:]  # of equal elements the first one is first
    for key in keys:  # the last one counts most
        keep_holes(key, plain(key))
        if key.ndim == 0:
            continue
        ordered = np.moveaxis(np.take_along_axis(key, found, axis), axis, -1)
        before, after = ordered[..., :-1], ordered[..., 1:]
        holds = (before < after) | ((before == after) & holds)
    if _core.traced(holds):
        decided(holds)
    return found


@keeps_types(np.can_cast)
def can_cast(from_, to, casting="safe"):
    return np.can_cast(from_.dtype, to, casting)
