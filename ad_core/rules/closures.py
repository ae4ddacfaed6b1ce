# SPDX-License-Identifier: Apache-2.0
"""Finds the traced values that functions and objects refer to, and makes them with others in their
places."""

import copy
import functools
import sys
import types

import numpy as np

from ad_core import _core

__all__ = ["depend", "hoisted"]

MOST = 10_000  # objects that are looked at
LIBRARIES = {"ad_core", "numpy", "builtins", *sys.stdlib_module_names} - {"__main__"}


def hoisted(item):
    """(values, rebuild): the traced values in a function or in nested containers of functions and
    arrays, and a function: rebuild(others) is the item with other values in their places.

    They are looked for in closures, defaults, bound arguments, the objects of bound methods, and
    the attributes of objects, not in global variables. What leads to a traced value is copied, each
    object once; the rest is shared.
    """
    if type(item) is types.FunctionType and not (
        item.__closure__ or item.__defaults__ or item.__kwdefaults__
    ):
        return [], _Rebuild(item, None)
    search = _Search(item, _is_value)
    if not search.values:
        return [], _Rebuild(item, None)
    empty = _Copies(search, [_Gap(k) for k in range(len(search.values))]).of(item)
    return search.values, _Rebuild(empty, _Search(empty, lambda x: type(x) is _Gap))


def depend(values):
    """Whether one of the values that hoisted() has found depends on an input."""
    return _core.holds_variable(values) or any(map(_core.traced_complex, values))


class _Gap:
    """What stands in the place of a traced value."""

    __slots__ = ("number",)

    def __init__(self, number):
        self.number = number


def _is_value(x):
    return _core.traced(x) or _core.traced_complex(x) or _of_objects(x)


class _Rebuild:
    """Makes an item with other values, from a copy with gaps for them. So it does not refer to the
    item's own values, and may live as long as the recording that they belong to."""

    def __init__(self, item, search):
        self.item = item
        self.search = search

    def __call__(self, values):
        if self.search is None:
            return self.item
        values = list(values)
        given = [values[place.number] for place in self.search.values]
        return _Copies(self.search, given).of(self.item)


class _Search:
    """The search for the values of one item that are to be replaced, in the order in which they are
    found."""

    def __init__(self, item, wanted):
        self.wanted = wanted
        self.values = []
        self.numbers = {}  # id of a value -> its number
        self.parts = {}  # id of an object -> (the object, its parts, what makes a copy)
        self.owners = {}  # id of an object -> ids of those that have it as a part
        self.leading = set()  # ids of the objects that lead to values
        self.visit(item, None)
        self.mark()

    def visit(self, x, owner):
        key = id(x)
        self.owners.setdefault(key, set()).add(owner)
        if key in self.numbers or key in self.parts:
            return
        if self.wanted(x):
            self.numbers[key] = len(self.values)
            self.values.append(x)
            return
        found = _parts(x) if len(self.parts) < MOST else None
        if found is not None:
            self.parts[key] = x, *found
            for part in found[0]:
                self.visit(part, key)

    def mark(self):
        left = list(self.numbers)
        while left:
            key = left.pop()
            for owner in self.owners.get(key, ()):
                if owner is not None and owner not in self.leading:
                    self.leading.add(owner)
                    left.append(owner)


class _Copies:
    """Copies of the objects that lead to traced values, with other values in them."""

    def __init__(self, search, values):
        self.search = search
        self.values = values
        self.made = {}

    def of(self, x):
        key = id(x)
        number = self.search.numbers.get(key)
        if number is not None:
            return self.values[number]
        if key not in self.search.leading:
            return x
        if key not in self.made:
            _, parts, make = self.search.parts[key]
            # a maker may hand over its object before its parts are made, which may refer to it
            self.made[key] = make(parts, self.of, lambda made: self.made.setdefault(key, made))
        return self.made[key]


def _of_objects(x):
    return type(x) is np.ndarray and x.dtype.hasobject and _core.any_traced(x.flat)


def _parts(x):
    """The parts of an object, and a function that makes a copy of it: (parts, of, begun) -> copy,
    where of(part) is the part of the copy. None if it has no parts."""
    kind = type(x)
    if kind in (float, int, str, bool, np.ndarray, np.float64, type(None)):
        return None
    if kind is types.FunctionType:
        return _of_function(x)
    if kind is types.MethodType:
        return [x.__func__, x.__self__], _by(types.MethodType)
    if isinstance(x, functools.partial):
        return [x.func, x.args, x.keywords], _by(
            lambda func, args, named: functools.partial(func, *args, **named)
        )
    if isinstance(x, dict):
        return _of_mapping(x)
    if isinstance(x, tuple) and hasattr(x, "_fields"):  # a named tuple
        return list(x), _by(kind)
    if kind in (list, tuple):
        return list(x), _by(lambda *parts: kind(parts))
    if isinstance(x, type | types.ModuleType) or kind.__module__.partition(".")[0] in LIBRARIES:
        return None
    return _of_object(x)


def _by(build):
    """What makes a copy of something immutable, of its parts."""
    return lambda parts, of, begun: build(*map(of, parts))


def _of_mapping(x):
    keys = list(x)

    def make(parts, of, begun):
        made = begun(copy.copy(x))
        for key, old in zip(keys, parts, strict=True):
            dict.__setitem__(made, key, of(old))
        return made

    return [dict.__getitem__(x, key) for key in keys], make


def _of_object(x):
    """The attributes of an object of another library's or the user's class."""
    names = list(getattr(x, "__dict__", ()))
    for kind in type(x).__mro__:
        slots = vars(kind).get("__slots__", ())
        names += [slots] if isinstance(slots, str) else slots
    names = [name for name in dict.fromkeys(names) if name not in ("__dict__", "__weakref__")]
    values = [_attribute(x, name) for name in names]

    def make(parts, of, begun):
        made = begun(copy.copy(x))
        for name, old in zip(names, parts, strict=True):
            new = of(old)
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

    def make(parts, of, begun):
        new = {id(cell): types.CellType() for cell in cells}
        closure = tuple(new.get(id(cell), cell) for cell in fun.__closure__ or ())
        made = types.FunctionType(
            fun.__code__, fun.__globals__, fun.__name__, None, closure or None
        )
        begun(made)
        made.__module__, made.__qualname__ = fun.__module__, fun.__qualname__
        made.__doc__ = fun.__doc__
        # not what it wraps, which would refer to its own values
        made.__dict__.update({k: x for k, x in vars(fun).items() if k != "__wrapped__"})
        made.__defaults__, made.__kwdefaults__, *contents = map(of, parts)
        for cell, content in zip(cells, contents, strict=True):
            new[id(cell)].cell_contents = content
        return made

    return [fun.__defaults__, fun.__kwdefaults__, *[cell.cell_contents for cell in cells]], make


def _is_set(cell):
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True
