# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Keys of arguments that are part of a recording.

Two arguments have the same key only if no function can distinguish them: types are compared by
identity, numbers to the bit, arrays with dtype and memory order, containers in their order, objects
of classes written in Python by all that they hold.  A key consists of built-in values and
:class:`Same` alone, so that no ``__eq__`` or ``__hash__`` of an argument's own class is called.
Objects with state that Python code cannot read (generators, classes written in C) have no key.
"""

import collections
import datetime
import enum
import functools
import re
import struct
import types
import weakref

import numpy as np

from ad_core import _core
from ad_core.recording.containers import Fields, Mapping
from ad_core.recording.trees import Kept, Plain

__all__ = ["BITS", "NoKey", "Owner", "Same", "key_of", "layout_of", "structure_key"]


class NoKey(Exception):
    """A value has a part without a key; the message names it."""


class Same:
    """A value that is equal to itself alone.  It is kept alive, so that its id stays unique."""

    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return type(other) is Same and self.value is other.value

    def __hash__(self):
        return id(self.value)


# Types whose values are compared by identity.  What a function reads besides its arguments is fixed
# when it is recorded, as for the compiled function itself.
BY_IDENTITY: tuple[type, ...] = (
    types.FunctionType, types.ModuleType, types.NoneType, types.EllipsisType,
    types.NotImplementedType, bool, enum.Enum, np.ufunc, re.Pattern, _core.Evaluator,
    _core.JacobianFunction, type(functools.lru_cache(len)), types.WrapperDescriptorType,
    types.MethodDescriptorType,
)  # fmt: skip
DATES = (datetime.date, datetime.time, datetime.datetime, datetime.timedelta, datetime.timezone)
# Classes in C that may be derived from, with a function that reads what their instances hold in C.
BUILT_IN = {
    int: int.__int__,
    float: lambda x: struct.pack("<d", x),
    complex: lambda x: struct.pack("<dd", complex.real.__get__(x), complex.imag.__get__(x)),
    str: str.__str__,
    bytes: lambda x: memoryview(x).tobytes(),
    bytearray: lambda x: memoryview(x).tobytes(),
}
CONTAINERS = {
    tuple: tuple.__iter__,
    list: list.__iter__,
    set: set.__iter__,
    frozenset: frozenset.__iter__,
}
ARRAYS = (np.ndarray, np.memmap, np.matrix)  # classes that hold nothing but their elements
WRITTEN_IN_PYTHON = 1 << 9  # the flag of classes that Python code created
BITS = "biufcmMSUV"  # kinds of dtypes whose elements are their bytes


def key_of(value):
    """The key of a value; raises NoKey if it has none."""
    try:
        return _key(value, ())
    except RecursionError:
        raise NoKey("containers nested too deeply") from None


def _key(value, within):
    """within: ids of the containers that are being read."""
    kind = type(value)
    if kind in BUILT_IN:
        return kind, BUILT_IN[kind](value)
    if issubclass(kind, BY_IDENTITY):
        return Same(value)
    if issubclass(kind, type):
        return _class_key(value, within)
    if id(value) in within:
        raise NoKey(f"{_described(kind)} that contains itself")
    within = (*within, id(value))
    if kind in CONTAINERS:
        return kind, tuple(_key(part, within) for part in value)
    if kind is dict:
        return dict, _entries(value.items(), within)
    if kind in ARRAYS:
        return _array_key(value, within)
    if issubclass(kind, np.dtype):
        return Same(kind), repr(value), value.char, _key(value.metadata, within)
    if issubclass(kind, np.generic) and kind.__module__ == "numpy":
        return Same(kind), _array_key(np.asarray(value), within)
    if kind.__module__ == "decimal" and kind.__name__ == "Decimal":
        return kind, value.as_tuple()
    if kind in _SPECIAL:
        return kind, tuple(_key(part, within) for part in _SPECIAL[kind](value))
    return _object_key(value, kind, within)


def _entries(items, within):
    return tuple((_key(key, within), _key(part, within)) for key, part in items)


_SPECIAL = {
    range: lambda x: (x.start, x.stop, x.step),
    slice: lambda x: (x.start, x.stop, x.step),
    functools.partial: lambda x: (x.func, x.args, x.keywords, x.__dict__),
    types.MethodType: lambda x: (x.__self__, x.__func__),
    types.BuiltinMethodType: lambda x: (x.__self__, x.__name__),
    types.MappingProxyType: lambda x: (dict(x),),
    types.SimpleNamespace: lambda x: (x.__dict__,),
    collections.OrderedDict: lambda x: tuple(x.items()),
    collections.deque: lambda x: (x.maxlen, *x),
} | {kind: lambda x: x.__reduce_ex__(4)[1] for kind in DATES}


def layout_of(x, dims=0):
    """The memory layout of an array as far as a function can see it, without the first dims axes;
    None: C order without gaps."""
    if x.flags.c_contiguous:
        return None
    strides, shape = x.strides[dims:], x.shape[dims:]
    step = x.itemsize
    for extent, stride in zip(reversed(shape), reversed(strides), strict=True):
        if extent != 1 and stride != step:
            break
        step *= extent
    else:
        return None
    if 0 in shape:
        return None
    order = sorted(range(len(shape)), key=lambda axis: -abs(strides[axis]))
    packed = x.itemsize == abs(min((s for s, n in zip(strides, shape, strict=True) if n > 1),
                                   key=abs))  # fmt: skip
    return tuple(order), tuple(stride < 0 for stride in strides), packed


def _array_key(x, within):
    """The key of an array of a class that adds nothing, or of a NumPy scalar as one."""
    dtype = x.dtype
    kind = dtype.kind
    if kind == "O" or kind == "T":
        data = tuple(_key(part, within) for part in x.ravel().tolist())
    elif dtype.names is not None:
        data = tuple(_array_key(x[name].view(np.ndarray), within) for name in dtype.names)
    elif dtype.char == "g":  # some of its bytes are padding
        data = tuple(map(repr, x.ravel())), np.signbit(x).tobytes()
    elif dtype.char == "G":
        data = _array_key(x.real, within), _array_key(x.imag, within)
    elif kind in BITS:
        data = x.tobytes()
    else:
        raise NoKey(f"an array of dtype {dtype}")
    form = repr(dtype), dtype.char, x.shape, layout_of(x), x.flags.writeable
    return Same(type(x)), form, data


def _object_key(value, kind, within):
    """The key of an instance of a class written in Python: its class, what it holds, and its
    identity if its class has no __eq__."""
    alone = type.__getattribute__(kind, "__eq__") is object.__eq__
    return _class_key(kind, within), Same(value) if alone else None, _contents(value, kind, within)


def _contents(value, kind, within):
    """The keys of all that an instance of a class written in Python holds."""
    base, slots = _members(kind)
    parts = []
    if base in BUILT_IN:
        parts.append(BUILT_IN[base](value))
    elif base in CONTAINERS:
        parts.append(tuple(_key(part, within) for part in CONTAINERS[base](value)))
    elif base is dict:
        parts.append(_entries(dict.items(value), within))
    for name, slot in slots:
        try:
            part = slot.__get__(value, kind)
        except AttributeError:
            continue
        held = part.items() if name == "__dict__" else [(name, part)]
        parts.append(_entries(held, within))
    return tuple(parts)


def _class_key(kind, within):
    """The key of a class: itself, and the data that it and its bases hold for their instances."""
    data = []
    for cls in _bases(kind):
        if id(cls) in within or not cls.__flags__ & WRITTEN_IN_PYTHON:
            continue
        for name, x in type.__dict__["__dict__"].__get__(cls).items():
            if name.startswith("__") or hasattr(type(x), "__get__") or callable(x):
                continue
            try:
                data.append((cls.__qualname__, name, _key(x, (*within, id(cls)))))
            except NoKey:
                data.append((cls.__qualname__, name, Same(x)))
    return Same(kind), tuple(data)


def _bases(kind):
    """A class and its bases, in the method resolution order."""
    return type.__dict__["__mro__"].__get__(kind)


def _members(kind):
    """(the built-in class that a class is derived from, or None; (name, descriptor) of all that an
    instance holds besides); raises NoKey if instances hold something without a descriptor."""
    base, slots = None, []
    for cls in _bases(kind):
        if cls is object:
            continue
        if cls in BUILT_IN or cls in CONTAINERS or cls is dict:
            base = cls
            continue
        own = type.__dict__["__dict__"].__get__(cls)
        members = [
            (name, x) for name, x in own.items() if type(x) is types.MemberDescriptorType
        ]  # fmt: skip
        parent = cls.__base__
        hidden = cls.__basicsize__ - parent.__basicsize__ - 8 * len(members)
        # Fields before the object, at a negative offset, are not part of its size.
        hidden -= 8 * (cls.__weakrefoffset__ > 0 and parent.__weakrefoffset__ == 0)
        if cls.__dictoffset__ != parent.__dictoffset__:
            hidden -= 8 * (cls.__dictoffset__ > 0 or cls.__dictoffset__ == -8)
            if type(own.get("__dict__")) is types.GetSetDescriptorType:
                members.append(("__dict__", own["__dict__"]))
        if hidden != 0 or cls.__itemsize__ != parent.__itemsize__:
            raise NoKey(_described(kind))
        slots += members
    return base, slots


def _described(kind):
    return f"an object of class {kind.__qualname__}"


def structure_key(tree):
    """The key of nested containers without their leaves, but with the entries that stay plain."""
    kind = tree.kind
    if kind is None:
        return 0
    if kind is types.NoneType:
        return None
    if kind is Plain or kind is Kept:
        return kind, key_of(tree.aux)
    if tree.flat and tree.how is None and kind is not dict:
        return Same(kind), tree.leaves
    parts = tree.leaves * [0] if tree.flat else [structure_key(child) for child in tree.children]
    if kind is dict or tree.how is Mapping:
        keys = [(str, key) if type(key) is str else key_of(key) for key in tree.keys]
        items = tuple(zip(keys, parts, strict=True))
        if tree.order is not None:
            items = tuple([items[k] for k in tree.order])
        return (dict, items) if kind is dict else (_class_key(kind, ()), key_of(tree.aux), items)
    if type(tree.how) is Fields:
        held = key_of(tree.how.others)
        return _class_key(kind, ()), tuple(zip(tree.how.names, parts, strict=True)), held
    if tree.how is not None:
        return Same(kind), tuple(parts), key_of(tree.aux)
    return Same(kind), tuple(parts)


class Owner:
    """The key of the object whose method is compiled: all that it holds, and its identity if its
    class has no __eq__.  The key does not keep the object alive."""

    __slots__ = ("number", "ref", "state")

    def __init__(self, value, died):
        """died is called after the end of an object that is compared by identity."""
        kind = type(value)
        self.ref, self.number = None, 0
        if type.__getattribute__(kind, "__eq__") is object.__eq__:
            try:
                self.ref, self.number = weakref.ref(value, died), id(value)
            except TypeError:
                raise NoKey(f"{_described(kind)}, which has no __weakref__") from None
        self.state = _class_key(kind, ()), _contents(value, kind, (id(value),))

    @property
    def ended(self):
        """Whether the object does not exist any more."""
        return self.ref is not None and self.ref() is None

    def __eq__(self, other):
        if self is other:
            return True
        if type(other) is not Owner or self.number != other.number or self.ended:
            return False
        same = self.ref is None or (other.ref is not None and self.ref() is other.ref())
        return same and self.state == other.state

    def __hash__(self):
        return hash((self.number, self.state))
