# SPDX-License-Identifier: Apache-2.0
"""np.r_ and np.c_ of traced entries.

Both are objects that are indexed, and NumPy does not call its protocols for the entries. Each gets
a subclass of its class that joins traced entries and leaves all others to NumPy.
"""

import numpy as np

from ad_core import _core
from ad_core.errors import TracedValueError
from ad_core.overrides.numpy.complex.array import involved
from ad_core.overrides.numpy.dispatch import only_plain

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
    """A subclass of the class of np.r_ or np.c_ that joins traced entries itself."""

    class Joining(kind):
        __slots__ = ()

        def __getitem__(self, key):
            if not _core.is_tracing() or not _holds_traced(key):
                return super().__getitem__(key)
            return _joined(self, key if isinstance(key, tuple) else (key,))

    Joining.__name__, Joining.__qualname__ = kind.__name__, kind.__qualname__
    Joining.__module__, Joining.__doc__ = kind.__module__, kind.__doc__
    return Joining


def _joined(builder, entries):
    axis, ndmin, trans1d = builder.axis, builder.ndmin, builder.trans1d
    parts = []
    for k, item in enumerate(entries):
        if isinstance(item, str):
            if k:
                raise ValueError("special directives must be the first entry.")
            axis, ndmin, trans1d = _directive(item, axis, ndmin, trans1d)
        elif isinstance(item, slice):
            part = np.array(_places(item), ndmin=ndmin)
            parts.append(part.swapaxes(-1, trans1d) if ndmin > 1 and trans1d != -1 else part)
        else:
            ndim = np.ndim(item)
            part = np.array(item, dtype=float, ndmin=ndmin) if not involved((item,)) else item
            if trans1d != -1 and ndim < ndmin:
                ahead = trans1d if trans1d >= 0 else trans1d + ndmin - ndim + 1
                axes = list(range(ndmin))
                new = ndmin - ndim
                part = part.transpose(axes[:ahead] + axes[new:] + axes[ahead:new])
            parts.append(part)
    return np.concatenate(parts, axis=axis)


def _places(item):
    """The numbers of a slice, start:stop:step."""
    start = 0 if item.start is None else item.start
    step = 1 if item.step is None else item.step
    if isinstance(step, complex | np.complexfloating):
        return np.linspace(start, item.stop, int(abs(step)))
    only_plain(np.arange, start, item.stop, step)
    return np.arange(start, item.stop, step, dtype=float)


def _directive(text, axis, ndmin, trans1d):
    if text in ("r", "c"):
        raise TracedValueError(
            f"np.r_[{text!r}, ...] makes a np.matrix, which can not hold traced values"
            f"{_core.user_line()}; leave {text!r} out, and write products with @"
        )
    try:
        numbers = [int(part) for part in text.split(",")]
    except ValueError:
        raise ValueError(f"unknown special directive {text!r}") from None
    if len(numbers) > 3:
        raise ValueError(f"unknown special directive {text!r}")
    return tuple(numbers) + (axis, ndmin, trans1d)[len(numbers) :]


for _builder in (np.r_, np.c_):
    _builder.__class__ = _joining(type(_builder))
