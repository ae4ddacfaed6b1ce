# SPDX-License-Identifier: Apache-2.0
"""NumPy functions that tell something about an array and have no derivative: its shape and type,
whether arrays are equal or share memory, and how its numbers look as text."""

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.dispatch import implements, keeps_types

__all__ = ["may_share_memory", "shares_memory"]


@keeps_types(np.isreal)
def isreal(x):
    """np.isreal without the nodes of NumPy's comparison with zero."""
    return np.ones(np.shape(x), dtype=bool)


@keeps_types(np.result_type)
def result_type(*arrays_and_dtypes):
    return np.result_type(*(
        x.dtype if _core.traced(x) or _core.traced_complex(x) else x for x in arrays_and_dtypes
    ))  # fmt: skip


@keeps_types(np.can_cast)
def can_cast(from_, to, casting="safe"):
    return np.can_cast(getattr(from_, "dtype", from_), to, casting)


def _sharing(function):
    """Whether two arrays, real or complex, share memory, so that a write into one changes both."""

    def overlap(x, y):
        return function(_core.index_array(x), _core.index_array(y))

    def sharing(a, b, max_work=None):
        parts = [(x.re, x.im) if _core.traced_complex(x) else (x,) for x in (a, b)]
        if all(map(_core.traced, parts[0] + parts[1])):
            pairs = [(x, y) for x in parts[0] for y in parts[1] if _of_one(x, y)]
            return any(overlap(x, y) for x, y in pairs)
        # NumPy makes an object array of a traced array, into which nothing must be written
        return any(isinstance(x, np.ndarray) and x.dtype == object for (x, *_) in parts)

    return sharing


def _of_one(x, y):
    """Whether both are views of one array. Nodes do not show that, as equal constants share one."""
    if not type(x) is type(y) is _core.TracedArray:
        return False  # a number
    base, other = (_core.base_of(part) for part in (x, y))
    return (x if base is None else base) is (y if other is None else other)


may_share_memory = keeps_types(np.may_share_memory)(_sharing(np.may_share_memory))
shares_memory = keeps_types(np.shares_memory)(_sharing(np.shares_memory))


def _text(function):
    """A function that converts an array to text; its values become guards."""

    def text(a, *args, **kwargs):
        _core.keep_values(a)
        return function(_core.current_values(a), *args, **kwargs)

    return text


for _function in (np.array_repr, np.array_str, np.array2string):
    implements(_function)(_text(_function))
