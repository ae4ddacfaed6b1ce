# SPDX-License-Identifier: Apache-2.0
"""stop_gradient(): values that are constant under differentiation."""

from typing import TypeVar

import numpy as np

from ad_core import _core
from ad_core.errors import TracedValueError
from ad_core.overrides.numpy.complex.array import TracedComplex
from ad_core.overrides.numpy.dispatch import any_traced
from ad_core.overrides.numpy.ma import TracedMasked
from ad_core.recording.arrays import as_array
from ad_core.recording.trees import map_leaves

__all__ = ["stop_gradient"]

X = TypeVar("X")


def stop_gradient(x: X) -> X:
    """Return the value of x with derivatives of zero, of every order.

    x may be an array, a number, or nested tuples, lists and dicts of arrays. Outside a derivative
    it is returned unchanged. Raises TracedValueError for a Series or DataFrame of traced values.
    Cost: one operation for each element.

    >>> import ad_core
    >>> ad_core.grad(lambda x: x * ad_core.stop_gradient(x))(3.0)
    np.float64(3.0)
    """
    return map_leaves(_stopped, x)


def _stopped(leaf):
    if type(leaf) is TracedComplex:
        return TracedComplex(_stopped(leaf.re), _stopped(leaf.im))
    if type(leaf) is TracedMasked:
        return TracedMasked(_stopped(leaf.data), leaf.mask)
    if _core.traced(leaf):  # truth values have no derivative
        return leaf if _core.discrete(leaf) else _core.record_op("STOP", leaf)
    if _core.hides_traced(leaf):
        raise TracedValueError(
            f"stop_gradient takes arrays, got a {type(leaf).__name__} of traced values"
            f"{_core.user_line()}; pass np.asarray(x)"
        )
    if type(leaf) is np.ndarray and leaf.dtype.hasobject and any_traced(leaf.flat):
        return _stopped(as_array(leaf))
    return leaf
