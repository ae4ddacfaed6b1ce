# SPDX-License-Identifier: Apache-2.0
"""``super()`` in classes that are derived from np.ndarray: there it makes an array of traced
numbers (``super().__new__(cls, shape, float, buffer)``), or is called on one."""

import sys

import numpy as np

from ad_core import _core
from ad_core.adapting.stand_ins import enter
from ad_core.errors import TracedValueError
from ad_core.overrides.numpy.subclasses import (
    TracedSubclass,
    class_of_array,
    is_instance,
    made,
)

__all__ = []


def of_super(*args):
    """super(*args); without arguments, those of the method that calls it."""
    if not args:
        frame = sys._getframe(1)
        args = frame.f_locals["__class__"], frame.f_locals[frame.f_code.co_varnames[0]]
    if len(args) == 2 and issubclass(args[0], np.ndarray):
        kind, x = args
        if isinstance(x, type) or is_instance(x):
            return _Super(kind, class_of_array(x))
    return super(*args)


class _Super:
    """What ``super(kind, x)`` is for a class x, or for a traced array of such a class."""

    __slots__ = ("kind", "x")

    def __init__(self, kind, x):
        self.kind = kind
        self.x = x

    def __getattribute__(self, name):
        kind, x = object.__getattribute__(self, "kind"), object.__getattribute__(self, "x")
        if isinstance(x, type):
            found = getattr(super(kind, x), name)
            return new if found is np.ndarray.__new__ else found
        classes = x.array_class.__mro__
        for base in classes[classes.index(kind) + 1 :]:
            if issubclass(np.ndarray, base):
                break
            if name in vars(base):
                found = vars(base)[name]
                bind = getattr(type(found), "__get__", None)
                return found if bind is None else bind(found, x, x.array_class)
        found = vars(TracedSubclass).get(name)
        if found is None:
            return getattr(x._traced_array, name)
        return found.__get__(x, TracedSubclass)


def new(cls, shape, dtype=float, buffer=None, offset=0, strides=None, order=None):
    """np.ndarray.__new__; in a buffer of traced numbers, a view of them as an array of a class."""
    cls = class_of_array(cls)
    numbers = buffer._traced_array if is_instance(buffer) else buffer
    if not _core.traced(numbers):
        return np.ndarray.__new__(cls, shape, dtype, buffer, offset, strides, order)
    whole = np.prod(shape, dtype=int) == numbers.size
    if np.dtype(dtype) != np.float64 or offset or strides is not None or not whole:
        raise TracedValueError(
            f"np.ndarray.__new__ of a buffer with traced values is supported for all of its "
            f"numbers as float64 alone{_core.user_line()}; take a part of the array by an index "
            f"before"
        )
    return made(cls, numbers.ravel(order="K").reshape(shape, order=order or "C"), None)


enter(super, of_super)
