# SPDX-License-Identifier: Apache-2.0
"""TracedComplex, a complex array in a traced function: a pair of traced real arrays."""

import operator
import types

import numpy as np

from ad_core import _core
from ad_core.errors import DtypeError, TracedValueError
from ad_core.overrides.numpy.dispatch import only_constants, plain_constant
from ad_core.overrides.numpy.flags import Flags
from ad_core.overrides.numpy.flat import Flat
from ad_core.recording import layouts
from ad_core.recording.record import RELEASES

__all__ = [
    "TracedComplex", "involved", "made", "pair", "parts", "plain_if_constant", "refuse_conversion",
]  # fmt: skip

COMPLEX = np.dtype(np.complex128)

# Methods that call the NumPy function of the same name.
SAME = {
    "all", "any", "conj", "conjugate", "cumprod", "cumsum", "diagonal", "dot", "mean",
    "nonzero", "prod", "ravel", "repeat", "round", "squeeze", "std", "sum", "swapaxes", "take",
    "trace", "var",
    # elementwise: NumPy's object loops call np.exp(z) as z.exp()
    "absolute", "angle", "cos", "cosh", "exp", "exp2", "expm1", "log", "log10", "log1p", "log2",
    "power", "reciprocal", "sin", "sinh", "sqrt", "square", "tan", "tanh",
}  # fmt: skip


class _OfAxes:
    """A method that complex numbers do not have, but arrays with axes do: hasattr(z, "__len__")."""

    def __init__(self, method):
        self.method = method

    def __get__(self, z, kind):
        if z is not None and not z.ndim:
            raise AttributeError(f"a complex number has no attribute {self.method.__name__!r}")
        return self.method if z is None else types.MethodType(self.method, z)


class TracedComplex:
    """A complex array in a function that is being traced, with the interface of ndarray.

    re and im have the same shape. They are traced arrays or, for a complex number, traced or plain
    numbers.
    """

    __slots__ = ("im", "re")
    __array_priority__ = 1001.0
    __hash__ = None

    def __init__(self, re, im):
        self.re = re
        self.im = im

    # Python's conversions. NumPy's protocols are in protocols.py.

    def __array__(self, dtype=None, copy=None):
        plain = constant_values(self)
        if plain is None:
            refuse_conversion("conversion to a plain array")
        return plain if dtype is None else plain.astype(dtype)

    def __complex__(self):
        if self.size == 1 and (plain := constant_values(self)) is not None:
            return complex(plain.reshape(()))
        refuse_conversion("complex()")

    def __float__(self):
        raise TracedValueError(
            f"float() of a complex value would lose its imaginary part{_core.user_line()}; use "
            f"its .real, .imag or np.abs(...)"
        )

    __int__ = __float__

    def __index__(self):
        raise TracedValueError.as_numpy_raises(
            f"a complex value can not be an index{_core.user_line()}; use a plain integer"
        )

    def __bool__(self):
        if self.size != 1:
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. Use a.any() "
                "or a.all()"
            )
        return bool(self != 0)

    def __reduce__(self):
        raise TracedValueError(
            f"a traced value can not be pickled{_core.user_line()}, since it exists only while its "
            f"function is traced; return it, or pickle plain numbers outside the derivative"
        )

    def __copy__(self):
        return np.copy(self) if is_array(self) else self

    def __deepcopy__(self, memo):
        return self.__copy__()

    def __repr__(self):
        return f"TracedComplex({self.re!r}, {self.im!r})"

    def __str__(self):
        return format(self._numbers())

    def __format__(self, spec):
        return format(self._numbers(), spec)

    def _numbers(self):
        """The values, which become guards, since a function may use the text that it prints."""
        values = _core.plain_function("zeros")(self.shape, complex)
        values.real, values.imag = map(_printed, (self.re, self.im))
        return values[()]

    # Facts about the shape.

    @property
    def shape(self):
        return np.shape(self.re)

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def size(self):
        return np.size(self.re)

    @property
    def dtype(self):
        return COMPLEX

    itemsize = 16
    base = None

    @property
    def nbytes(self):
        return 16 * self.size

    @_OfAxes
    def __len__(self):
        return self.shape[0]

    @_OfAxes
    def __iter__(self):
        return (self[k] for k in range(len(self)))  # so that each is read when it is reached

    @shape.setter
    def shape(self, shape):
        self.re.shape = shape
        self.im.shape = shape

    @property
    def strides(self):
        return layouts.strides(self)

    @property
    def flags(self):
        return Flags(self)

    def setflags(self, write=None, align=None, uic=None):
        if write is not None:
            self.flags.writeable = write

    # Parts, elements, views.

    @property
    def real(self):
        return _core.part_of_complex(self.re) if is_array(self) else self.re

    @real.setter
    def real(self, value):
        _core.set_items(self.re, Ellipsis, value)

    @property
    def imag(self):
        return _core.part_of_complex(self.im) if is_array(self) else self.im

    @property
    def flat(self):
        return Flat(self)

    @flat.setter
    def flat(self, value):
        self.flat[:] = value

    @imag.setter
    def imag(self, value):
        _core.set_items(self.im, Ellipsis, value)

    @property
    def T(self):
        return np.transpose(self)

    @property
    def mT(self):
        return np.swapaxes(self, -1, -2)

    def __getitem__(self, key):
        if not is_array(self):  # a number
            if key is Ellipsis or (type(key) is tuple and not key):
                return self
            self = TracedComplex(*map(_core.as_array, (self.re * 1.0, self.im * 1.0)))
        re, im = self.re[key], self.im[key]
        return TracedComplex(re, im) if type(re) is _core.TracedArray else number(re, im)

    def __setitem__(self, key, value):
        if type(value) is TracedComplex and _core.store_row(self.re, key, value.re):
            _core.store_row(self.im, key, value.im)  # compiled code that swaps rows
            return
        re, im = parts(value)
        _core.set_items(self.re, key, re)
        _core.set_items(self.im, key, im)

    def reshape(self, *shape, order="C", copy=None):
        if len(shape) == 1 and isinstance(shape[0], tuple | list):
            (shape,) = shape
        copying = {} if copy is None else {"copy": copy}  # NumPy 2.1
        return np.reshape(self, tuple(shape), order=order, **copying)

    def copy(self, order="C"):
        return np.copy(self, order=order)

    def view(self, *args, **kwargs):
        if args or kwargs:
            raise TracedValueError(
                f"view() of a traced array as another type would lose its derivative"
                f"{_core.user_line()}; use the array itself"
            )
        return self[...]

    def put(self, indices, values, mode="raise"):
        np.put(self, indices, values, mode)

    def transpose(self, *axes):
        if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], tuple | list)):
            (axes,) = axes
        return np.transpose(self, axes or None)

    def flatten(self, order="C"):
        x = np.ravel(self, order=order)
        return np.copy(x) if not x.size or np.may_share_memory(x.re, self.re) else x

    def fill(self, value):
        self[...] = value

    def astype(self, dtype, order="K", casting="unsafe", subok=True, copy=True):
        if np.dtype(dtype) == COMPLEX:
            if not is_array(self):
                return self
            re, im = (part.astype(float, order, copy=copy) for part in (self.re, self.im))
            return self if re is self.re else TracedComplex(re, im)
        if np.dtype(dtype) == np.bool_:
            return self != 0
        raise TracedValueError(
            f"astype({np.dtype(dtype)}) of a complex traced value would lose its imaginary part"
            f"{_core.user_line()}; use its .real, .imag or np.abs(...)"
        )

    def item(self, *args):
        flat = self.reshape(-1)
        if not args:
            if self.size != 1:
                raise ValueError("can only convert an array of size 1 to a Python scalar")
            return flat[0]
        if len(args) == 1 and not isinstance(args[0], tuple):
            return flat[args[0]]
        return self[args[0] if isinstance(args[0], tuple) else args]

    def tolist(self):
        return [part.tolist() if np.ndim(part) else part for part in self]

    def __getattr__(self, name):
        if name not in SAME:
            raise AttributeError(
                f"a traced complex value has no attribute {name!r}; use its .real or .imag",
                name=name, obj=self,
            )  # fmt: skip
        function = getattr(np, name)
        return lambda *args, **kwargs: function(self, *args, **kwargs)

    # Operators.

    def __neg__(self):
        return np.negative(self)

    def __pos__(self):
        return np.positive(self)

    def __abs__(self):
        return np.absolute(self)

    def __eq__(self, other):
        return np.equal(self, other)

    def __ne__(self, other):
        return np.not_equal(self, other)

    def __lt__(self, other):
        return np.less(self, other)

    def __le__(self, other):
        return np.less_equal(self, other)

    def __gt__(self, other):
        return np.greater(self, other)

    def __ge__(self, other):
        return np.greater_equal(self, other)


def _add_operators():
    def enter(ufunc, name):
        python_operator = getattr(operator, name)

        def forward(self, other):
            if not operable(other):
                return NotImplemented
            return _core.as_numpy(python_operator, ufunc, (self, other), {})

        def backward(self, other):
            if not operable(other):
                return NotImplemented
            return _core.as_numpy(python_operator, ufunc, (other, self), {})

        def in_place(self, other):
            if not is_array(self):  # a number, for which += makes a new one
                return forward(self, other)
            self[...] = ufunc(self, other)
            return self

        for kind, function in (("", forward), ("r", backward), ("i", in_place)):
            setattr(TracedComplex, f"__{kind}{name}__", function)

    for ufunc, name in (
        (np.add, "add"), (np.subtract, "sub"), (np.multiply, "mul"), (np.divide, "truediv"),
        (np.power, "pow"), (np.matmul, "matmul"),
    ):  # fmt: skip
        enter(ufunc, name)


def operable(x):
    return _core.all_operable((x,))


_add_operators()


def is_array(z):
    """Whether a traced complex value is an array (possibly 0-d) and not a number."""
    return type(z.re) is _core.TracedArray


def number(re, im):
    """A complex number; a plain one if both parts are plain."""
    if _core.traced(re) or _core.traced(im):
        return TracedComplex(re, im)
    return np.complex128(complex(re, im))


def pair(re, im):
    """The complex array with these parts, which are broadcast against each other."""
    shape = np.broadcast_shapes(np.shape(re), np.shape(im))
    if not shape:
        return number(*(x[()] if _core.traced(x) else float(x) for x in (re, im)))
    return TracedComplex(_filled(re, shape), _filled(im, shape))


def _filled(x, shape):
    """x as a traced array of this shape."""
    if _core.traced(x) and x.shape == shape:
        return x
    x = np.broadcast_to(x, shape)
    return _core.copy_of(x) if _core.traced(x) else np.array(x, dtype=np.float64)


def parts(x):
    """Real and imaginary part of x; the imaginary part of real numbers is 0.0."""
    if type(x) is TracedComplex:
        return x.re, x.im
    if _core.traced(x):
        return x, 0.0
    if isinstance(x, list | tuple):
        x = made(x, copy=False)
        if type(x) is TracedComplex:
            return x.re, x.im
    x = _core.plain_function("asarray")(x)
    if x.dtype == object:
        return parts(made(x.tolist(), copy=False))
    if x.dtype.kind == "c" and x.dtype.itemsize <= 16:
        return x.real.astype(np.float64)[()], x.imag.astype(np.float64)[()]
    if x.dtype.kind in "fiub" and x.dtype.itemsize <= 8:
        return x.astype(np.float64)[()], 0.0
    raise DtypeError(
        f"an operand has dtype {x.dtype}{_core.user_line()}; ad_core computes with float64 and "
        f"complex128 numbers"
    )


def made(x, copy=True, order=None):
    """np.array of complex numbers and traced values during a trace: an array to which traced values
    can be written."""
    z = _made(x, copy, order)
    if order is None or not is_array(z):
        return z
    re, im = (np.asarray(part, order=order) for part in (z.re, z.im))
    return z if re is z.re and im is z.im else TracedComplex(re, im)


def _made(x, copy, order):
    if type(x) is TracedComplex and is_array(x):
        return np.copy(x, order or "K") if copy else x
    if type(x) is TracedComplex:
        return TracedComplex(np.array(x.re), np.array(x.im))
    if _core.traced(x):
        re = _core.copy_of(_core.as_array(x))
        return TracedComplex(re, np.zeros_like(re))
    if isinstance(x, list | tuple) and any(involved((p,)) or _traced_in(p) for p in x):
        x = np.stack([made(p, copy=False) for p in x])
        if type(x) is TracedComplex:
            return TracedComplex(*(np.asarray(part, order="C") for part in (x.re, x.im)))
    plain = _core.plain_function("asarray")(x)
    return TracedComplex(np.array(plain.real, dtype=float), np.array(plain.imag, dtype=float))


def _printed(part):
    """The values of a part that is converted to text; they become guards."""
    if not _core.traced(part):
        return part
    _core.keep_values(part)
    return _core.current_values(part)


def _traced_in(x):
    return _core.traced(x) or (isinstance(x, list | tuple) and any(map(_traced_in, x)))


def involved(items):
    """Whether one of the items is complex, or a list that holds complex numbers."""
    for x in items:
        if type(x) is TracedComplex or isinstance(x, complex | np.complexfloating):
            return True
        if type(x) is np.ndarray:
            if x.dtype.kind == "c":
                return True
        elif isinstance(x, list | tuple) and involved(x):
            return True
    return False


def constant_values(z):
    """The values as a plain array if they do not depend on an input; else None."""
    values = []
    for part in (z.re, z.im):
        if not _core.traced(part):
            values.append(part)
        elif _core.is_constant(part):
            values.append(_core.current_values(part))
        else:
            return None
    result = _core.plain_function("empty_like")(values[0], np.complex128)
    result.real, result.imag = values
    return result


def _release(z, release):
    """A complex value that outlives its trace; release makes such a value of a part."""
    released = TracedComplex(release(z.re), release(z.im))
    plain = plain_if_constant(released)
    return released if plain is None else plain[()]


RELEASES[TracedComplex] = _release


def plain_if_constant(item):
    """The item with its arrays of constants as plain arrays; None if it depends on an input."""
    return only_constants(item, _plain)


def _plain(leaf):
    return constant_values(leaf) if type(leaf) is TracedComplex else plain_constant(leaf)


def refuse_conversion(what):
    """Raise an error: the conversion would lose a derivative. It says what to write."""
    raise TracedValueError(
        f"{what} of a traced complex value would lose its derivative{_core.user_line()}; join "
        f"complex values with np.stack or np.concatenate, or store .real and .imag into "
        f"two arrays made with np.zeros inside the traced function; use NumPy functions instead "
        f"of cmath.*"
    )
