# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""How containers of the user's classes are taken apart and built again.

Tuples, lists and dicts are known to :mod:`ad_core.recording.trees` itself.  Here are subclasses of
dict, objects whose fields are declared (data classes, attrs, SimpleNamespace), and the classes that
a user registered.
"""

import dataclasses
import functools
import types
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import numpy as np

from ad_core import _core

__all__ = [
    "REGISTERED",
    "Fields",
    "Mapping",
    "Registered",
    "is_float",
    "kind_of",
    "register_tree",
    "why_whole",
]


T = TypeVar("T")


class Mapping:
    """A subclass of dict: its parts are its values, and what else it holds is kept."""

    @staticmethod
    def shell(value):
        """What the container holds besides its items: the function that makes missing ones, and
        attributes."""
        factory = value.default_factory if isinstance(value, defaultdict) else None
        return factory, dict(getattr(value, "__dict__", {}))

    @staticmethod
    def build(kind, shell, pairs):
        """The container, built without a call of its __init__."""
        factory, attributes = shell
        made = OrderedDict.__new__(kind) if issubclass(kind, OrderedDict) else dict.__new__(kind)
        if issubclass(kind, defaultdict):
            defaultdict.__init__(made, factory)
        if attributes:
            made.__dict__.update(attributes)
        for key, part in pairs:
            made[key] = part
        return made


class Fields:
    """An object with declared fields: its parts are the values of these.

    It is built without a call of __init__, as copy.copy() builds it, so that nothing is checked,
    converted or computed again.
    """

    def __init__(self, names, others):
        self.names = names
        self.others = others  # attributes that are not declared, which are kept

    def build(self, kind, parts):
        made = kind.__new__(kind)
        for name, part in zip(self.names, parts, strict=True):
            object.__setattr__(made, name, part)
        for name, part in self.others.items():
            object.__setattr__(made, name, part)
        return made


class Registered:
    """A class that the user registered."""

    def __init__(self, flatten, unflatten):
        self.flatten = flatten
        self.unflatten = unflatten

    def parts(self, value):
        """(children, aux) of an object."""
        found = self.flatten(value)
        if not (isinstance(found, tuple) and len(found) == 2):
            raise TypeError(
                f"the flatten function of {type(value).__qualname__} (ad_core.register_tree) must "
                f"return a pair (children, aux), got {type(found).__name__}"
            )
        children, aux = found
        return list(children), aux


REGISTERED = {}  # class -> Registered


def register_tree(
    cls: type[T],
    flatten: Callable[[T], tuple[Iterable[Any], Any]],
    unflatten: Callable[[Any, list[Any]], T],
) -> type[T]:
    """Register a class as a container, so that its objects can be arguments and results.

    flatten(obj) -> (children, aux): children is an iterable of arrays, numbers or further
        containers, and aux whatever else is needed to build the object; it stays plain.
    unflatten(aux, children) -> obj: the object with other children, which may be traced values,
        derivatives or None.  It should check and convert nothing.

    The functions are called for objects of exactly this class, as in jax.tree_util.  Dataclasses,
    classes of attrs, named tuples, types.SimpleNamespace and subclasses of dict need no
    registration.  In a compiled function aux is a part of the recording, which is used again for
    an equal aux.

    Returns cls.  Raises TypeError for what is not a class or not a function, and ValueError for a
    class that is registered already or is one of Python's own containers.

    >>> import ad_core
    >>> class Spring:
    ...     def __init__(self, stiffness, name):
    ...         self.stiffness, self.name = stiffness, name
    >>> _ = ad_core.register_tree(
    ...     Spring, lambda s: ((s.stiffness,), s.name), lambda name, parts: Spring(*parts, name))
    >>> g = ad_core.grad(lambda s: 0.5 * s.stiffness**2)(Spring(3.0, "left"))
    >>> float(g.stiffness), g.name
    (3.0, 'left')
    """
    if not isinstance(cls, type):
        raise TypeError(f"register_tree() takes a class, got {type(cls).__name__}")
    for name, function in (("flatten", flatten), ("unflatten", unflatten)):
        if not callable(function):
            raise TypeError(
                f"register_tree(): {name} must be a function, got {type(function).__name__}"
            )
    if cls in (tuple, list, dict, types.NoneType) or _is_number(cls):
        raise ValueError(f"register_tree(): {cls.__qualname__} has a meaning of its own")
    if cls in REGISTERED:
        raise ValueError(f"register_tree(): {cls.__qualname__} is registered already")
    REGISTERED[cls] = Registered(flatten, unflatten)
    return cls


def _is_number(cls):
    return issubclass(cls, (int, float, complex, np.ndarray, np.generic, str, bytes)) or (
        issubclass(cls, (_core.TracedArray, _core.TracedScalar))
    )


def kind_of(value):
    """How an object of a class that is not Python's own container is taken apart: a Registered,
    Mapping, a Fields, or None for a leaf and for a tuple."""
    kind = type(value)
    found = REGISTERED.get(kind)
    if found is not None:
        return found
    if issubclass(kind, dict):
        return Mapping
    names = _declared(kind, value)
    if names is None or why_whole(value, names) is not None:
        return None
    held = getattr(value, "__dict__", {})
    others = {k: x for k, x in held.items() if k not in names and not _is_cached(kind, k)}
    return Fields(names, others)


def _declared(kind, value):
    """The names of the fields that a class declares; None if it declares none."""
    if kind is types.SimpleNamespace:
        return tuple(vars(value))
    found = getattr(kind, "__dataclass_fields__", None)
    if found is not None and dataclasses.is_dataclass(kind):
        return tuple(field.name for field in dataclasses.fields(kind))
    found = getattr(kind, "__attrs_attrs__", None)
    return None if found is None else tuple(attribute.name for attribute in found)


def why_whole(value, names=None):
    """Why an object with declared fields is not taken apart; None if it is, or has no fields."""
    kind = type(value)
    names = _declared(kind, value) if names is None else names
    if names is None or kind is types.SimpleNamespace or kind in REGISTERED:
        return None
    remedy = f"register {kind.__qualname__} by ad_core.register_tree"
    if kind.__new__ is not object.__new__:
        return f"its class has a __new__ of its own; {remedy}"
    for name in _not_given(kind):
        if _holds_float(getattr(value, name, None)):
            return (
                f"its field {name} is computed when the object is made, and how it depends on the "
                f"other fields is not recorded; make it a property, or {remedy}"
            )
    for name, part in getattr(value, "__dict__", {}).items():
        if name not in names and _holds_float(part) and not _is_cached(kind, name):
            return (
                f"its attribute {name} is not a declared field, and how it depends on the fields "
                f"is not recorded; make it a property, or {remedy}"
            )
    for name in names:
        if not hasattr(value, name):
            return f"its field {name} is not set; {remedy}"
    return None


def _not_given(kind):
    """The declared fields that __init__ does not take."""
    if hasattr(kind, "__attrs_attrs__"):
        return [attribute.name for attribute in kind.__attrs_attrs__ if not attribute.init]
    return [field.name for field in dataclasses.fields(kind) if not field.init]


def _is_cached(kind, name):
    return isinstance(getattr(kind, name, None), functools.cached_property)


def _holds_float(value):
    """Whether a value is a float, an array of floats or a traced value, or a container of one."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(map(_holds_float, value))
    if isinstance(value, dict):
        return any(map(_holds_float, value.values()))
    return is_float(value) or _core.traced(value)


def is_float(leaf):
    """Whether a leaf is a plain float or a plain array of floats that can be an input."""
    if isinstance(leaf, _core.Gathered):
        return True
    if isinstance(leaf, np.ndarray):
        return leaf.dtype.kind == "f" and leaf.dtype.itemsize <= 8
    return isinstance(leaf, float) or (isinstance(leaf, np.floating) and leaf.dtype.itemsize <= 8)
