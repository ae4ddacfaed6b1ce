# SPDX-License-Identifier: Apache-2.0
"""Finds the traced values that functions and objects refer to, and makes them with others in their
places."""

import copy
import functools
import sys
import types

import numpy as np

from ad_core import _core
from ad_core.recording.trees import flatten

__all__ = ["depend", "hoisted"]

MOST = 10_000  # objects that are looked at
MISSING = object()
LIBRARIES = {"ad_core", "numpy", "builtins", *sys.stdlib_module_names} - {"__main__"}


def hoisted(item):
    """(values, rebuild): the traced values in a function or in nested containers of functions and
    arrays, and a function: rebuild(others) is the item with other values in their places.

    They are looked for in closures, defaults, bound arguments, the objects of bound methods, and
    the attributes of objects, not in global variables. What contains a traced value is copied, each
    object once; the rest is shared.
    """
    if type(item) is types.FunctionType and not (
        item.__closure__ or item.__defaults__ or item.__kwdefaults__
    ):
        return [], _Rebuild(item, None)
    search = _Search()
    build = search.build(item)
    return search.values, _Rebuild(item, build)


def depend(values):
    """Whether one of the values that hoisted() has found depends on an input."""
    return _core.holds_variable(values) or any(map(_core.traced_complex, values))


class _Rebuild:
    """Makes an item with other values. It is an object of this package, which are not searched:
    a function that uses it does not refer to the item's own values."""

    def __init__(self, item, build):
        self.item = item
        self.make = build

    def __call__(self, values):
        return self.item if self.make is None else self.make(_Given(values))


class _Given:
    """Values by their numbers, and the objects that were made with them, by the original's id."""

    def __init__(self, values):
        self.values = list(values)
        self.made = {}


class _Search:
    """The search for the traced values of one item."""

    def __init__(self):
        self.values = []
        self.found = {}  # id of an object -> what makes it; None if it has no traced values
        self.kept = []  # the objects, so that no other gets the same id

    def build(self, x):
        """A function that makes x, of a _Given; None if x has no traced values."""
        if _core.traced(x) or _core.traced_complex(x) or _of_objects(x):
            number = len(self.values)
            self.values.append(x)
            return lambda given: given.values[number]
        key = id(x)
        if key in self.found:  # seen before, or x is within itself
            return self.found[key]
        if len(self.kept) >= MOST:
            return None
        parts = _parts(x)
        if parts is None:
            return None
        self.found[key] = None
        self.kept.append(x)
        parts, make = parts
        builds = [self.build(part) for part in parts]
        if not any(builds):
            return None

        def again(given):
            made = given.made.get(key, MISSING)
            if made is MISSING:
                pairs = zip(parts, builds, strict=True)
                made = make(*[part if b is None else b(given) for part, b in pairs])
                given.made[key] = made
            return made

        self.found[key] = again
        return again


def _of_objects(x):
    return type(x) is np.ndarray and x.dtype.hasobject and _core.any_traced(x.flat)


def _parts(x):
    """The parts of an object, and a function that makes it of others; None if it has none."""
    kind = type(x)
    if kind in (float, int, str, bool, np.ndarray, np.float64, type(None)):
        return None
    if kind is types.FunctionType:
        return _of_function(x)
    if kind is types.MethodType:
        return [x.__func__, x.__self__], types.MethodType
    if isinstance(x, functools.partial):
        return [x.func, x.args, x.keywords], lambda func, args, named: functools.partial(
            func, *args, **named
        )
    parts, tree = flatten(x)
    if tree.kind is not None:
        return parts, lambda *leaves: tree.build(leaves)
    if isinstance(x, type | types.ModuleType) or kind.__module__.partition(".")[0] in LIBRARIES:
        return None
    return _of_object(x)


def _of_object(x):
    """The attributes of an object of another library's or the user's class."""
    names = list(getattr(x, "__dict__", ()))
    for kind in type(x).__mro__:
        slots = vars(kind).get("__slots__", ())
        names += [slots] if isinstance(slots, str) else slots
    names = [name for name in dict.fromkeys(names) if name not in ("__dict__", "__weakref__")]
    values = [_attribute(x, name) for name in names]

    def make(*others):
        made = copy.copy(x)
        for name, old, new in zip(names, values, others, strict=True):
            if new is not old:
                object.__setattr__(made, name, new)
        return made

    return values, make


def _attribute(x, name):
    """An attribute that is stored in the object itself."""
    try:
        return object.__getattribute__(x, name)
    except AttributeError:
        return None


def _of_function(fun):
    """The parts that a function refers to, and a function that makes it with other parts."""
    cells = [cell for cell in fun.__closure__ or () if _is_set(cell)]

    def make(defaults, named, *contents):
        new = dict(zip(map(id, cells), map(types.CellType, contents), strict=True))
        closure = tuple(new.get(id(cell), cell) for cell in fun.__closure__ or ())
        made = types.FunctionType(
            fun.__code__, fun.__globals__, fun.__name__, defaults, closure or None
        )
        made.__kwdefaults__ = named
        return functools.update_wrapper(made, fun)

    return [fun.__defaults__, fun.__kwdefaults__, *[cell.cell_contents for cell in cells]], make


def _is_set(cell):
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True
