# SPDX-License-Identifier: Apache-2.0
"""np.r_ and np.c_ of traced entries.

Both are objects that are indexed, and NumPy does not call its protocols for the entries. Each gets
a subclass of its class that runs NumPy's own code on traced entries.
"""

import numpy as np

from ad_core import _core
from ad_core.errors import TracedValueError
from ad_core.overrides.numpy.complex.array import involved
from ad_core.overrides.numpy.own_code import copy_of

__all__ = []


def _holds_traced(item):
    if isinstance(item, list | tuple):
        return any(map(_holds_traced, item))
    if type(item) is slice:
        return any(map(_core.traced, (item.start, item.stop, item.step)))
    if type(item) is np.ndarray and item.dtype == object:
        return any(map(_core.traced, item.flat))
    return _core.traced(item) or (involved((item,)) and not isinstance(item, np.ndarray))


def _joining(kind):
    """A subclass of the class of np.r_ or np.c_ that takes traced entries."""

    class Joining(kind):
        __slots__ = ()

        @staticmethod
        def makemat(data):
            if _core.traced(data):
                raise TracedValueError(
                    f"np.r_['r', ...] makes a np.matrix, as does 'c', which can not hold traced "
                    f"values{_core.user_line()}; leave 'r' out, or 'c', and write products with @"
                )
            return np.matrix(data)

        def __getitem__(self, key):
            if not _core.is_tracing() or not _holds_traced(key):
                return super().__getitem__(key)
            return copy_of(kind.__getitem__)(self, key)

    Joining.__name__, Joining.__qualname__ = kind.__name__, kind.__qualname__
    Joining.__module__, Joining.__doc__ = kind.__module__, kind.__doc__
    return Joining


for _builder in (np.r_, np.c_):
    _builder.__class__ = _joining(type(_builder))
