# SPDX-License-Identifier: Apache-2.0
"""The methods and attributes of ndarray on traced values, from the functions."""

import sys

import numpy as np

from ad_core import _core
from ad_core.complexes.array import made
from ad_core.errors import NoDerivativeError, TracedValueError
from ad_core.tracing import shapes
from ad_core.tracing.elementwise import as_array

__all__ = ["array_attributes", "array_methods"]

# Methods that are the NumPy function of the same name.
SAME = [
    "all", "any", "argmax", "argmin", "argpartition", "argsort", "choose", "clip",
    "copy", "cumprod", "cumsum", "diagonal", "dot", "max", "mean", "min", "nonzero", "prod", "put",
    "ptp", "ravel", "repeat",
    "round", "searchsorted", "squeeze", "std", "sum", "swapaxes", "take", "trace", "var",
]  # fmt: skip


def _same(name):
    function = getattr(np, name)

    def method(self, *args, **kwargs):
        return function(self, *args, **kwargs)

    method.__name__ = name
    return method


def reshape(self, *shape, order="C", copy=None):
    if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
        (shape,) = shape
    return np.reshape(as_array(self), tuple(shape), order=order)


def transpose(self, *axes):
    if len(axes) == 1 and (axes[0] is None or isinstance(axes[0], (tuple, list))):
        (axes,) = axes
    return np.transpose(as_array(self), axes or None)


def compress(self, condition, axis=None):
    return np.compress(condition, self, axis=axis)


def flatten(self, order="C"):
    return _core.copy_of(np.ravel(as_array(self), order=order))


def astype(self, dtype, order="K", casting="unsafe", subok=True, copy=True):
    dtype = np.dtype(dtype)
    truth = self.dtype == np.bool_
    if dtype == np.float64:
        if truth:
            return self * 1.0
        return _core.copy_of(as_array(self))[()] if copy else self
    if dtype == np.complex128:
        return made(self * 1.0 if truth else self)
    if dtype == np.object_:
        return np.asarray(self, dtype=object)
    if truth and dtype == np.bool_:
        return self
    if dtype == np.bool_:
        return self != 0
    values = _core.settled(self)
    if values is not None:
        return values.astype(dtype, order, casting, subok, copy)[()]
    raise TracedValueError(
        f"astype({dtype}) of a traced value would lose its derivative{_core.user_line()}; keep "
        f"float64, or take np.floor, np.rint or np.trunc of it first, whose derivative is zero"
    )


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
    if any(kind is not np.ndarray for kind in (*args, *kwargs.values())):
        raise TracedValueError(
            f"view() of a traced array as another type would lose its derivative"
            f"{_core.user_line()}; compute with the array itself"
        )
    return self[...]


def is_integer(self):
    return bool(np.floor(self) == self)


class Flat:
    """x.flat: the elements in C order, to read, count and assign."""

    def __init__(self, x):
        self.base = x

    def __len__(self):
        return self.base.size

    def __iter__(self):
        return iter(self.base.reshape(-1))

    def __getitem__(self, key):
        found = self.base.reshape(-1)[key]
        return found if np.ndim(found) == 0 else found.copy()  # never a view, as NumPy's

    def __setitem__(self, key, value):
        flat = np.ravel(np.arange(self.base.size)[key])
        shapes.set_flat(self.base, flat, value, "flat")

    def __array__(self, dtype=None, copy=None):
        return self.base.reshape(-1).__array__(dtype)

    def copy(self):
        return self.base.reshape(-1).copy()


def exp(self, *args, **kwargs):
    """Called by object loops too, such as that of SciPy's logsumexp, which then goes wrong."""
    if sys._getframe(1).f_code.co_name in ("logsumexp", "_logsumexp"):
        raise NoDerivativeError(
            f"scipy.special.logsumexp takes no traced values{_core.user_line()}; use "
            f"ad_core.scipy.special.logsumexp (softmax and log_softmax are there too)"
        )
    return np.exp(self, *args, **kwargs)


def array_methods():
    """Name -> function(self, ...), for traced arrays and scalars alike: also every
    elementwise function, since NumPy's object loops call np.sin(x) as x.sin()."""
    table = {name: _same(name) for name in SAME}
    for row in _core.op_table():
        if isinstance(getattr(np, row["ufunc"], None), np.ufunc):
            table.setdefault(row["ufunc"], _same(row["ufunc"]))
    for name in _core.op_aliases():
        table.setdefault(name, _same(name))
    for function in (
        reshape, transpose, compress, flatten, astype, fill, item, tolist, sort, partition,
        conj, exp, view,
        is_integer,
    ):  # fmt: skip
        table[function.__name__] = function
    table["conjugate"] = conj
    return table


def array_attributes():
    """Name -> function(self) for the attributes that are no plain facts about the shape."""
    return {
        "real": lambda x: x,
        "imag": np.imag,
        "mT": lambda x: np.swapaxes(x, -1, -2),
        "flat": Flat,
        "base": lambda x: None,
    }
