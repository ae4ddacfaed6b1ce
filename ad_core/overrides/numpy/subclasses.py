# SPDX-License-Identifier: Apache-2.0
"""Arrays of a class that is derived from np.ndarray, with traced numbers.

A ``TracedSubclass`` has the methods and attributes of the other class, whose code runs on it as it
stands, and those of ndarray. The class of a result is what NumPy itself returns for plain arrays
of the present values: a result of another class could mean other numbers, such as a product of
quaternions in place of a product of elements.
"""

import abc
import operator
from types import FunctionType

import numpy as np

from ad_core import _core
from ad_core.errors import TracedValueError
from ad_core.recording.arrays import as_traced
from ad_core.recording.record import RELEASES

__all__ = [
    "KindOfArray",
    "TracedSubclass",
    "as_instance",
    "class_of_array",
    "is_instance",
    "made",
    "unwrapped",
]


class KindOfArray(type):
    """The class of TracedSubclass and of the classes that are made from it. To ``type(x)(...)`` and
    to tests of classes, such a class is the one that it was made for."""

    def __call__(cls, *args, **kwargs):
        return cls.array_class(*args, **kwargs)

    def __instancecheck__(cls, x):
        return isinstance(x, cls.array_class)

    def __subclasscheck__(cls, kind):
        return issubclass(getattr(kind, "array_class", kind), cls.array_class)


def is_instance(x):
    """Whether x is a TracedSubclass."""
    return type(type(x)) is KindOfArray


def class_of_array(kind):
    """The class that a class of traced arrays was made for; any other argument itself."""
    return kind.array_class if type(kind) is KindOfArray else kind


def unwrapped(item):
    """Nested arguments, with traced arrays in place of arrays of other classes."""
    kind = type(item)
    if is_instance(item):
        return item._traced_array
    if issubclass(kind, np.ndarray) and kind is not np.ndarray and _why_not(kind) is None:
        return np.asarray(item)
    return _parts(unwrapped, item)


def _plain(item):
    """Nested arguments, with the present values in place of traced ones."""
    if is_instance(item):
        return _plain_instance(item)
    if type(item) is _core.TracedScalar:
        return _core.current_values(item).astype(item.dtype)[()]
    if _core.traced(item):
        return _core.current_values(item).astype(item.dtype)
    if _core.is_complex_value(item):
        return (_plain(item.re) + 1j * _plain(item.im))[()]
    return _parts(_plain, item)


def _parts(function, item):
    """A function of the elements of a container; of anything else, the class of its arrays."""
    kind = type(item)
    if kind is tuple or kind is list:
        return kind([function(part) for part in item])
    if kind is dict:
        return {key: function(part) for key, part in item.items()}
    return class_of_array(item)


def _plain_instance(x):
    return _core.current_values(x._traced_array).copy().view(x.array_class)


def _on_plain(function, args, kwargs):
    """What NumPy returns for the present values."""

    def call():
        with np.errstate(all="ignore"):
            return function(*_plain(args), **_plain(kwargs))

    return _core.untraced(call)


def _classed(result, plain, sources, name):
    """A result with the class that NumPy's own result has. sources: the arrays that it may be, or
    come from; name: of the function, for messages."""
    if is_instance(result):
        return result
    if type(plain) in (tuple, list):
        return type(plain)(
            [_classed(x, y, sources, name) for x, y in zip(result, plain, strict=True)]
        )
    for x in sources:
        if result is x._traced_array:
            return x
    _check(result, plain, sources[0], name)
    kind = type(plain)
    if _core.traced(result) and _core.discrete(result):
        return result  # such as masks, which index arrays of other classes
    if kind is np.ndarray or not issubclass(kind, np.ndarray):
        return result
    if not _core.traced(result):
        return result.view(kind) if isinstance(result, np.ndarray) else result
    return made(kind, _core.as_array(result), sources[0])


def _check(result, plain, source, name):
    """Raise an error for a result other than NumPy's: NumPy has called methods of the class."""
    kind = source.array_class
    if not (_core.traced(result) and _core.changed_names(kind)):
        return
    values, plain = _core.current_values(result), np.asarray(plain)
    small = 1e-12 * np.max(np.abs(_core.current_values(source._traced_array)), initial=0.0)
    if values.shape == plain.shape and _core.untraced(
        lambda: np.allclose(values, plain, rtol=1e-9, atol=small, equal_nan=True)
    ):
        return
    raise TracedValueError(
        f"{name} of a traced array of class {kind.__name__} is not supported{_core.user_line()}, "
        f"because NumPy computes it by methods of this class; apply it to x.view(np.ndarray)"
    )


def _called(function, on_traced, args, kwargs):
    """The result of a function of NumPy, which is called as on_traced with traced arrays."""
    sources = [x for x in _leaves((args, kwargs)) if is_instance(x)]
    plain = _on_plain(function, args, kwargs)
    name = getattr(function, "__name__", "a function")
    return _classed(on_traced(*unwrapped(args), **unwrapped(kwargs)), plain, sources, name)


def _leaves(item):
    if type(item) is dict:
        item = list(item.values())
    if type(item) in (tuple, list):
        return [leaf for part in item for leaf in _leaves(part)]
    return [item]


class TracedSubclass(metaclass=KindOfArray):
    """An array of a derived class, with traced numbers: see the top of this file."""

    array_class = np.ndarray
    __hash__ = None

    @property
    def __class__(self):
        return self.array_class

    def __array_finalize__(self, source):
        pass

    def __array__(self, dtype=None, copy=None):
        return self._traced_array.__array__(dtype, copy)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        operands = (*inputs, *kwargs.get("out", ()))
        if _others(operands, "__array_ufunc__"):
            return NotImplemented
        call = getattr(ufunc, method)
        if not any(map(is_instance, operands)):  # called by super(), with arrays
            return call(*inputs, **kwargs)
        _check_reflected(ufunc, inputs)
        return _called(call, call, inputs, kwargs)

    def __array_function__(self, function, types, args, kwargs):
        operands = _leaves((args, kwargs))
        if _others(operands, "__array_function__"):
            return NotImplemented
        if not any(map(is_instance, operands)):
            return function(*args, **kwargs)
        own = getattr(args[0], function.__name__, None) if args and is_instance(args[0]) else None
        if isinstance(getattr(own, "__func__", None), FunctionType) and function in METHODS:
            return own(*args[1:], **kwargs)
        return _called(function, function, args, kwargs)

    def __getitem__(self, key):
        return _called(np.ndarray.__getitem__, operator.getitem, (self, key), {})

    def __setitem__(self, key, value):
        self._traced_array[unwrapped(key)] = unwrapped(value)

    def __len__(self):
        return len(self._traced_array)

    def __iter__(self):
        if self._traced_array.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return iter([self[k] for k in range(len(self._traced_array))])

    def __contains__(self, item):
        return unwrapped(item) in self._traced_array

    def __bool__(self):
        return bool(self._traced_array)

    def __float__(self):
        return float(self._traced_array)

    def __int__(self):
        return int(self._traced_array)

    def __index__(self):
        return operator.index(self._traced_array)

    def __complex__(self):
        return complex(self._traced_array)

    def __copy__(self):
        return np.copy(self, subok=True)

    def __deepcopy__(self, memo):
        return np.copy(self, subok=True)

    def __reduce__(self):
        return self._traced_array.__reduce__()

    def __repr__(self):
        return f"{self.array_class.__name__}({self._traced_array})"

    def __str__(self):
        return str(self._traced_array)

    def __format__(self, spec):
        return format(self._traced_array, spec)


def _others(operands, protocol):
    """Whether an operand has the protocol of NumPy, but is neither an array nor a traced value."""
    ours = getattr(np.ndarray, protocol), getattr(TracedSubclass, protocol), None
    return any(
        not _core.traced(x) and getattr(type(x), protocol, None) not in ours for x in operands
    )


def _check_reflected(ufunc, inputs):
    """Raise an error for an operator of a plain array and an array of a class that has the
    reflected method: NumPy's array would call that one first, but only for its own subclasses."""
    name = REFLECTED.get(ufunc)
    if name is None or not is_instance(inputs[-1]) or not isinstance(inputs[0], np.ndarray):
        return
    kind = inputs[-1].array_class
    if is_instance(inputs[0]) or _core.traced(inputs[0]) or name not in _core.changed_names(kind):
        return
    raise TracedValueError(
        f"np.{ufunc.__name__} of a plain array and a traced array of class {kind.__name__}, which "
        f"has a method {name}, is not supported{_core.user_line()}; make the plain array inside "
        f"the traced function (np.array)"
    )


REFLECTED = {}  # ufunc of an operator -> the method of its right operand


def _asks_other(x, other, reflected):
    """Whether an operator leaves the operation to the other operand: a class that supports no
    ufuncs, or one that is derived from the class of x and has the reflected method."""
    kind = type(other)
    if getattr(kind, "__array_ufunc__", other) is None:
        return True
    kind = getattr(kind, "array_class", kind)
    return (
        issubclass(kind, x.array_class)
        and kind is not x.array_class
        and getattr(kind, reflected) is not getattr(x.array_class, reflected)
    )


def _add_operator(name, ufunc):
    REFLECTED[ufunc] = reflected = f"__r{name}__"

    def forward(self, other):
        return NotImplemented if _asks_other(self, other, reflected) else ufunc(self, other)

    def backward(self, other):
        return ufunc(other, self)

    def in_place(self, other):
        if type(self).__array_ufunc__ is not TracedSubclass.__array_ufunc__:
            return ufunc(self, other, out=(self,))
        self._traced_array = getattr(operator, f"i{name}")(self._traced_array, unwrapped(other))
        return self

    for key, function in (
        (f"__{name}__", forward),
        (reflected, backward),
        (f"__i{name}__", in_place),
    ):
        setattr(TracedSubclass, key, function)


for _name, _ufunc in {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide,
    "floordiv": np.floor_divide, "mod": np.remainder, "pow": np.power, "matmul": np.matmul,
    "and": np.bitwise_and, "or": np.bitwise_or, "xor": np.bitwise_xor,
}.items():  # fmt: skip
    _add_operator(_name, _ufunc)
SWAPPED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
for _name, _ufunc in {
    "lt": np.less, "le": np.less_equal, "eq": np.equal, "ne": np.not_equal, "gt": np.greater,
    "ge": np.greater_equal,
}.items():  # fmt: skip
    setattr(TracedSubclass, f"__{_name}__", lambda x, y, _ufunc=_ufunc: _ufunc(x, y))
    REFLECTED[_ufunc] = f"__{SWAPPED.get(_name, _name)}__"
for _name, _ufunc in {
    "neg": np.negative, "pos": np.positive, "abs": np.absolute, "invert": np.invert,
}.items():  # fmt: skip
    setattr(TracedSubclass, f"__{_name}__", lambda x, _ufunc=_ufunc: _ufunc(x))


# Functions of NumPy that call the method of their name, and the methods that NumPy computes by a
# ufunc, which a class may have changed.
METHODS = {
    np.all, np.any, np.argmax, np.argmin, np.argsort, np.choose, np.clip, np.compress, np.cumprod,
    np.cumsum, np.diagonal, np.max, np.mean, np.min, np.nonzero, np.prod, np.ravel, np.repeat,
    np.reshape, np.round, np.searchsorted, np.squeeze, np.std, np.sum, np.swapaxes, np.take,
    np.trace, np.transpose, np.var,
}  # fmt: skip
BY_UFUNC = {
    "sum": np.add.reduce, "prod": np.multiply.reduce, "max": np.maximum.reduce,
    "min": np.minimum.reduce, "cumsum": np.add.accumulate, "cumprod": np.multiply.accumulate,
}  # fmt: skip


def _add_method(name):
    def on_traced(x, *args, **kwargs):
        return getattr(x, name)(*args, **kwargs)

    def method(self, *args, **kwargs):
        if name in BY_UFUNC and type(self).__array_ufunc__ is not TracedSubclass.__array_ufunc__:
            x = self if "cum" not in name or args or kwargs else self.ravel()
            args, kwargs = (args or (kwargs.pop("axis", None),)), kwargs
            axis = 0 if "cum" in name and args[0] is None else args[0]
            return BY_UFUNC[name](x, axis, *args[1:], **kwargs)
        return _called(getattr(np.ndarray, name), on_traced, (self, *args), kwargs)

    setattr(TracedSubclass, name, method)


def _add_attribute(name):
    def get(self):
        found = getattr(self._traced_array, name)
        if not _core.traced(found):
            return found
        return _classed(found, getattr(_plain_instance(self), name), [self], name)

    def set(self, value):
        setattr(self._traced_array, name, unwrapped(value))

    setattr(TracedSubclass, name, property(get, set))


for _name, _x in vars(np.ndarray).items():
    if not _name.startswith("__"):
        (_add_method if callable(_x) else _add_attribute)(_name)

# Entries of a class that its instances do not use, or that Python makes for each class.
OF_CLASSES = {
    "__new__", "__init__", "__dict__", "__weakref__", "__slots__", "__module__", "__qualname__",
    "__init_subclass__", "__class_getitem__", "__orig_bases__", "__parameters__", "_abc_impl",
    "__abstractmethods__", "__annotations__", "__annotate__", "__firstlineno__",
    "__static_attributes__", "__reduce__", "__reduce_ex__", "__setstate__", "__getstate__",
    "__del__", "__class__", "__array__", "__array_interface__", "__array_struct__",
}  # fmt: skip

_classes = {}  # class -> (its entries, the class of its traced instances)


def _class_for(kind):
    entries = {}
    for base in reversed(kind.__mro__):
        if not issubclass(np.ndarray, base):
            entries.update((k, x) for k, x in vars(base).items() if k not in OF_CLASSES)
    known = _classes.get(kind)
    if known is None or not _same(known[0], entries):  # a method may have been replaced since
        space = {**entries, "array_class": kind}
        known = _classes[kind] = entries, KindOfArray("TracedSubclass", (TracedSubclass,), space)
    return known[1]


def _same(known, entries):
    return known.keys() == entries.keys() and all(known[k] is entries[k] for k in entries)


def made(kind, array, source):
    """A traced array as an instance of a class. source: what its __array_finalize__ gets."""
    why = _why_not(kind)
    if why is not None:
        raise TracedValueError(
            f"a traced array can not become an instance of {kind.__name__}{_core.user_line()}, "
            f"because {why}; compute with the array itself"
        )
    x = object.__new__(_class_for(kind))
    x._traced_array = array
    finalize = getattr(kind, "__array_finalize__", None)
    if isinstance(finalize, FunctionType):
        finalize(x, source)
    return x


def as_instance(x):
    """A plain instance of a derived class as one of traced numbers; x itself if it is none, or if
    its class can not have traced numbers."""
    kind = type(x)
    if not isinstance(x, np.ndarray) or kind is np.ndarray or _why_not(kind) is not None:
        return x
    if hasattr(x, "unit"):
        return x  # its numbers alone would be taken
    return made(kind, as_traced(x.view(np.ndarray)), x)


def _why_not(kind):
    """Why instances of a class can not have traced numbers; None if they can."""
    if kind.__module__.partition(".")[0] == "numpy":
        return "this class is one of NumPy, which is written for plain numbers"
    if type(kind) not in (type, abc.ABCMeta):
        return "its class has a metaclass"
    for base in kind.__mro__:
        if issubclass(np.ndarray, base):
            continue
        for name in ("__init__", "__getattribute__", "__setattr__"):
            if name in vars(base):
                return f"it defines {name}"
        if vars(base).get("__slots__"):
            return "it has __slots__"
    changed = _core.changed_names(kind)
    if "__array_ufunc__" in changed and not set(REFLECTED.values()).isdisjoint(changed):
        return "it defines __array_ufunc__ and operators"
    return None


def _release(x, release):
    """An array of a class that outlives its trace; release makes such a value of its numbers."""
    numbers = release(x._traced_array)
    return made(x.array_class, numbers, x) if _core.traced(numbers) else numbers.view(x.array_class)


RELEASES[KindOfArray] = _release
