# SPDX-License-Identifier: Apache-2.0
"""The methods and attributes of ndarray for traced values, made of the NumPy functions."""

import sys

import numpy as np

from ad_core import _core
from ad_core.errors import NoDerivativeError, TracedValueError
from ad_core.overrides.numpy.complex.array import made
from ad_core.overrides.numpy.flags import Flags
from ad_core.overrides.numpy.flat import Flat
from ad_core.overrides.numpy.foreign import refuse_operand
from ad_core.overrides.numpy.ma import TracedMasked
from ad_core.overrides.numpy.subclasses import class_of_array
from ad_core.overrides.numpy.subclasses import made as made_derived
from ad_core.recording import layouts
from ad_core.recording.arrays import as_array

__all__ = ["array_attributes", "array_methods", "array_setters"]

# Methods that call the NumPy function of the same name.
SAME = [
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "choose",
    "cumprod", "cumsum", "diagonal", "max", "mean", "min", "nonzero", "prod", "put",
    "ptp", "ravel", "repeat",
    "round", "searchsorted", "squeeze", "std", "sum", "swapaxes", "take", "trace", "var",
]  # fmt: skip


def _same(name):
    function = getattr(np, name)

    if isinstance(function, np.ufunc):

        def method(self, *args, **kwargs):
            return function(self, *args, **kwargs)
    else:

        def method(self, *args, **kwargs):
            return _core.call_same(function, self, args, kwargs)

    method.__name__ = name
    return method


def dot(self, b, out=None):
    if not _core.all_operable((b,)):  # the method, unlike np.dot, uses no protocol of the operand
        refuse_operand(b, "dot")
    return np.dot(self, b) if out is None else np.dot(self, b, out=out)


def clip(self, min=None, max=None, out=None, **kwargs):
    return np.clip(self, min, max, out, **kwargs)


def reshape(self, *shape, order="C", copy=None):
    if len(shape) == 1 and np.ndim(shape[0]):
        (shape,) = shape
    copying = {} if copy is None else {"copy": copy}  # NumPy 2.1
    return np.reshape(as_array(self), tuple(shape), order=order, **copying)


def copy(self, order="C"):
    return _core.copy_of(as_array(self), order)


def transpose(self, *axes):
    if len(axes) == 1 and (axes[0] is None or np.ndim(axes[0])):
        (axes,) = axes
    return np.transpose(as_array(self), None if axes is None else tuple(axes) or None)


def compress(self, condition, axis=None):
    return np.compress(condition, self, axis=axis)


def flatten(self, order="C"):
    x = np.ravel(as_array(self), order=order)
    return x if x.size and not np.may_share_memory(x, self) else _core.copy_of(x)


def astype(self, dtype, order="K", casting="unsafe", subok=True, copy=True):
    dtype = np.dtype(dtype)
    if _core.discrete(self):
        return _truth_values_as(self, dtype, (order, casting, subok, copy))
    if dtype == np.float64:
        x = as_array(self)
        index = _core.index_array(x)
        copy = copy or (_core.is_spaced(x) and x.size > 1 and order != "K")
        moved = index.astype(index.dtype, order, copy=copy)
        if moved is index or type(self) is _core.TracedScalar:
            return self
        return _core.from_nodes(x, moved)
    if dtype == np.complex128:
        found = made(self)
        return found if type(self) is _core.TracedArray else found[()]
    if dtype == np.object_:
        return np.asarray(self, dtype=object)
    if dtype == np.bool_:
        return self != 0
    # a conversion to integers is a step function, as int(x) is
    whole = dtype.kind in "iu"
    values = _core.truncated_values(self) if whole else _core.piecewise_constant_values(self)
    if values is not None:
        return values.astype(dtype, order, casting, subok, copy)[()]
    raise TracedValueError(
        f"astype({dtype}) of a traced value would lose its derivative{_core.user_line()}; keep "
        f"float64, or apply np.floor, np.rint or np.trunc first, whose derivative is zero"
    )


def _truth_values_as(self, dtype, options):
    """astype() of truth values and counts: traced for float64, complex128 and bool, else plain."""
    if dtype == np.complex128:
        return made(_core.numbers_of(self))
    if dtype == np.bool_:
        return self != 0 if self.dtype != np.bool_ else _core.copy_of(as_array(self))[()]
    if dtype == np.float64:
        return _core.copy_of(as_array(_core.numbers_of(self)))[()]
    return _core.discrete_values(self).astype(dtype, *options)[()]


def fill(self, value):
    _core.set_items(self, Ellipsis, value)


def item(self, *args):
    x = as_array(self)
    if not args:
        if x.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return x.reshape(-1)[0]
    if len(args) == 1 and not isinstance(args[0], tuple):
        return x.reshape(-1)[args[0]]
    return x[args[0] if isinstance(args[0], tuple) else args]


def tolist(self):
    x = as_array(self)
    return x[()] if x.ndim == 0 else [part.tolist() if np.ndim(part) else part for part in x]


def sort(self, axis=-1, kind=None, order=None, *, stable=None):
    _core.set_items(self, Ellipsis, np.sort(self, axis=axis))


def partition(self, kth, axis=-1, kind="introselect", order=None):
    _core.set_items(self, Ellipsis, np.partition(self, kth, axis=axis))


def conj(self):
    return self


def view(self, *args, **kwargs):
    kinds = tuple(map(class_of_array, (*args, *kwargs.values())))
    if len(kinds) == 1 and isinstance(kinds[0], type):
        # np.ma makes such views of results
        if issubclass(kinds[0], np.ma.MaskedArray | TracedMasked):
            return TracedMasked(self)
        if issubclass(kinds[0], np.matrix):
            raise TracedValueError(
                f"a traced array can not be viewed as an np.matrix"
                f"{_core.user_line()}; pass np.asarray(M) for a matrix M, and write products with @"
            )
    if any(kind not in (np.ndarray, _core.TracedArray) for kind in kinds):
        if _core.discrete(self):
            seen = _core.discrete_values(self).view(*args, **kwargs)
            seen.flags.writeable = False
            return seen
        if len(kinds) == 1 and isinstance(kinds[0], type) and issubclass(kinds[0], np.ndarray):
            return made_derived(kinds[0], as_array(self)[...], self)
        raise TracedValueError(
            f"view() of a traced array as another type would lose its derivative"
            f"{_core.user_line()}; use the array itself"
        )
    return self[...]


def setflags(self, write=None, align=None, uic=None):
    if write is not None:
        Flags(self).writeable = write


def is_integer(self):
    return bool(np.floor(self) == self)


def exp(self, *args, **kwargs):
    """exp(), which object loops call too. That of SciPy's logsumexp would give wrong results."""
    if sys._getframe(1).f_code.co_name in ("logsumexp", "_logsumexp"):
        raise NoDerivativeError(
            f"scipy.special.logsumexp does not take traced values{_core.user_line()}; use "
            f"ad_core.scipy.special.logsumexp (softmax and log_softmax are there too)"
        )
    return np.exp(self, *args, **kwargs)


def array_methods():
    """Name -> function(self, ...) of the methods of traced arrays and scalars. Every elementwise
    function is among them, since NumPy's object loops call np.sin(x) as x.sin()."""
    table = {name: _same(name) for name in SAME}
    for row in _core.op_table():
        if isinstance(getattr(np, row["ufunc"], None), np.ufunc):
            table.setdefault(row["ufunc"], _same(row["ufunc"]))
    for name in _core.op_aliases():
        table.setdefault(name, _same(name))
    for function in (
        dot, clip, reshape, copy, transpose, compress, flatten, astype, fill, item, tolist, sort,
        partition, conj, exp, view, is_integer, setflags,
    ):  # fmt: skip
        table[function.__name__] = function
    table["conjugate"] = conj
    return table


def _unwrapped(array, context=None, return_scalar=False):
    """ndarray.__array_wrap__, by which functions give results the class of their arguments."""
    return array[()] if return_scalar else array


def _imag(self):
    zeros = np.zeros_like(self, order="A")
    return _core.locked(zeros) if _core.traced(zeros) and zeros.ndim else zeros[()]


def _namespace(*, api_version=None):
    """ndarray.__array_namespace__: the module numpy."""
    return _core.plain_function("zeros")(0).__array_namespace__(api_version=api_version)


def array_attributes():
    """Name -> function(self) of the attributes, without shape, ndim, size and dtype."""
    return {
        "real": lambda x: x,
        "imag": _imag,
        "mT": lambda x: np.swapaxes(x, -1, -2),
        "flat": lambda x: Flat(as_array(x)),
        "_data": lambda x: x,  # read by np.ma.getdata
        "base": lambda x: _core.base_of(x) if type(x) is _core.TracedArray else None,
        "flags": lambda x: Flags(as_array(x)),
        "strides": layouts.strides,
        "itemsize": lambda x: x.dtype.itemsize,
        "nbytes": lambda x: x.size * x.dtype.itemsize,
        "device": lambda x: "cpu",
        "__array_wrap__": lambda x: _unwrapped,
        "__array_namespace__": lambda x: _namespace,
    }


def array_setters():
    """Name -> function(self, value) of the attributes that can be set."""

    def imag(self, value):
        raise TypeError("array does not have imaginary part to set")

    def fixed(name):
        def refuse(self, value):
            raise AttributeError(
                f"{name} of a traced array can not be set{_core.user_line()}; make a new array"
            )

        return refuse

    return {
        "flat": lambda self, value: Flat(self).__setitem__(slice(None), value),
        "real": fill,
        "imag": imag,
        **{name: fixed(name) for name in ("strides", "dtype", "data")},
    }
