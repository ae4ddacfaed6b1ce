# SPDX-License-Identifier: Apache-2.0
"""Masked arrays while a function is traced: traced numbers with a plain mask.

A masked entry affects no value and no derivative. Operators and the functions of ``np.ma`` are
NumPy's own code, which runs on objects with ``_data`` and ``_mask``. Where it masks entries by a
test on traced values (a division by zero), the outcome is kept as a guard.
"""

import operator
from functools import partial

import numpy as np

from ad_core import _core
from ad_core.errors import TracedValueError
from ad_core.overrides.numpy.ma_data import on_data
from ad_core.overrides.numpy.own_code import copy_of
from ad_core.recording.record import RELEASES

__all__ = ["TracedMasked", "call_ufunc", "data_of", "knows", "mask_of", "plain_mask", "refuse"]

# Methods that run by NumPy's own code. That of the others calls methods of ndarray, which is not a
# base class here.
OWN = {"anom", "argmax", "argmin", "cumprod", "cumsum", "prod", "round", "std", "sum"}

# np.ma.nomask, which is this object. To name it here would load np.ma, which takes as long as a
# third of ad_core, so this file names np.ma in its functions only.
nomask = np.False_


class TracedMasked:
    """A masked array in a traced function, with the interface of np.ma.MaskedArray."""

    __slots__ = ("_data", "_fill_value", "_known_mask")
    __array_priority__ = 1002.0
    __hash__ = None

    def __init__(self, data, mask=nomask):
        if type(data) not in (_core.TracedArray, _core.TracedScalar):
            refuse(f"dtype {getattr(data, 'dtype', type(data).__name__)}")
        self._data = _core.as_array(data)
        self._fill_value = None
        self._known_mask = nomask
        self._mask = mask

    @property
    def __class__(self):
        # so that isinstance(x, np.ma.MaskedArray) is true, for users and for np.ma
        return np.ma.MaskedArray

    # NumPy's protocols and Python's conversions.

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function, types, args, kwargs):
        name = METHODS.get(function)
        own = bool(args) and type(args[0]) is TracedMasked
        if own and function in FACTS:
            return function(args[0]._data, *args[1:], **kwargs)
        if name is None or not own:
            return on_data(function, args, kwargs, TracedMasked, refuse)
        return getattr(args[0], name)(*args[1:], **kwargs)

    def __array__(self, dtype=None, copy=None):
        refuse("conversion to a plain array")

    def __float__(self):
        refuse("conversion to a number")

    __int__ = __index__ = __complex__ = __float__

    def __bool__(self):
        if self.size != 1:
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. Use a.any() "
                "or a.all()"
            )
        return bool(self._data) and not self.mask.any()

    def __reduce__(self):
        raise TypeError(
            "a traced value can not be pickled: it exists only while its function is traced"
        )

    def __repr__(self):
        return f"TracedMasked({self._data!r}, mask={self.mask!r})"

    def __getattr__(self, name):
        if name in OWN:
            return partial(copy_of(getattr(np.ma.MaskedArray, name)), self)
        raise AttributeError(
            f"a masked array of traced values has no attribute {name!r}{_core.user_line()}; use "
            f".filled(value) or .compressed(), which return traced arrays without a mask"
        )

    # Facts about the shape.

    shape = property(lambda self: self._data.shape)
    ndim = property(lambda self: self._data.ndim)
    size = property(lambda self: self._data.size)
    dtype = property(lambda self: self._data.dtype)
    T = property(lambda self: self.transpose())
    data = property(lambda self: self._data)

    def __len__(self):
        return len(self._data)

    def __iter__(self):
        return iter([self[k] for k in range(len(self))])

    # The mask.

    @property
    def _mask(self):
        return self._known_mask

    @_mask.setter
    def _mask(self, mask):
        if mask is not nomask:
            mask = np.broadcast_to(plain_mask(mask), self.shape).copy()
        self._known_mask = mask

    @property
    def mask(self):
        return self._known_mask

    @mask.setter
    def mask(self, mask):
        self._mask = mask

    def __setmask__(self, mask, copy=False):
        self._mask = mask

    @property
    def fill_value(self):
        return 1e20 if self._fill_value is None else self._fill_value

    @fill_value.setter
    def fill_value(self, value):
        self._fill_value = value

    def _update_from(self, other):
        """Called by np.ma to copy attributes from an operand to its result; there are none."""

    def _full_mask(self):
        return np.zeros(self.shape, bool) if self._mask is nomask else self._mask

    def count(self, axis=None, keepdims=False):
        """The number of entries that are not masked."""
        return np.sum(~self._full_mask(), axis=axis, keepdims=keepdims)

    def filled(self, fill_value=None):
        """A traced array with a number in place of each masked entry."""
        if self._mask is nomask:
            return self._data
        return np.where(
            self._mask, self.fill_value if fill_value is None else fill_value, self._data
        )

    def compressed(self):
        """The entries that are not masked, as a traced array with one axis."""
        return np.ravel(self._data)[~np.ravel(self._full_mask())]

    # Elements, views.

    def view(self, kind=None):
        if kind is np.ndarray:
            return self._data
        if kind is not None and not issubclass(kind, np.ma.MaskedArray | TracedMasked):
            refuse(f"a view as {kind.__name__}")
        return TracedMasked(self._data, self._mask)

    def __getitem__(self, key):
        key = _plain_key(key)
        data, mask = self._data[key], self._full_mask()[key]
        if np.ndim(data) == 0 and np.ndim(mask) == 0 and not _has_ellipsis(key):
            return np.ma.masked if mask else data
        return TracedMasked(data, nomask if self._mask is nomask else mask)

    def __setitem__(self, key, value):
        key = _plain_key(key)
        mask = self._full_mask()
        if value is np.ma.masked:
            mask[key] = True
        else:
            data, hidden = data_of(value), mask_of(value)
            mask[key] = False if hidden is nomask else hidden
            _core.set_items(self._data, key, data)
        self._known_mask = mask if mask.any() else self._known_mask

    def _moved(self, move):
        return TracedMasked(
            move(self._data), nomask if self._mask is nomask else move(self._full_mask())
        )

    def copy(self, order="C"):
        return self._moved(np.copy)

    __copy__ = copy

    def __deepcopy__(self, memo):
        return self.copy()

    def ravel(self, order="C"):
        return self._moved(lambda x: np.ravel(x, order=order))

    flatten = ravel

    def reshape(self, *shape, order="C"):
        shape = shape[0] if len(shape) == 1 else shape
        return self._moved(lambda x: np.reshape(x, shape, order=order))

    def transpose(self, *axes):
        axes = axes[0] if len(axes) == 1 else axes or None
        return self._moved(lambda x: np.transpose(x, axes))

    def swapaxes(self, axis1, axis2):
        return self._moved(lambda x: np.swapaxes(x, axis1, axis2))

    def squeeze(self, axis=None):
        return self._moved(lambda x: np.squeeze(x, axis))

    def astype(self, dtype, copy=True):
        return TracedMasked(self._data.astype(dtype, copy=copy), self._mask)

    def tolist(self, fill_value=None):
        return [part.tolist() if np.ndim(part) else part for part in self]

    # Reductions of entries that are not masked. Where all are masked, the result is masked.

    def _result(self, value, axis, keepdims):
        hidden = np.all(self._full_mask(), axis=axis, keepdims=keepdims)
        if np.ndim(value) == 0:
            return np.ma.masked if hidden else value
        return TracedMasked(value, nomask if self._mask is nomask else hidden)

    def _reduced(self, name, neutral, axis, keepdims):
        value = getattr(np, name)(self.filled(neutral), axis=axis, keepdims=keepdims)
        return self._result(value, axis, keepdims)

    def min(self, axis=None, out=None, fill_value=None, keepdims=False):
        _no_out("min", out)
        return self._reduced("min", np.inf, axis, keepdims)

    def max(self, axis=None, out=None, fill_value=None, keepdims=False):
        _no_out("max", out)
        return self._reduced("max", -np.inf, axis, keepdims)

    def ptp(self, axis=None, out=None, fill_value=None, keepdims=False):
        return self.max(axis, out, keepdims=keepdims) - self.min(axis, out, keepdims=keepdims)

    def any(self, axis=None, out=None, keepdims=False):
        _no_out("any", out)
        return self._reduced("any", False, axis, keepdims)

    def all(self, axis=None, out=None, keepdims=False):
        _no_out("all", out)
        return self._reduced("all", True, axis, keepdims)

    def mean(self, axis=None, dtype=None, out=None, keepdims=False):
        _no_out("mean", out)
        count = self.count(axis, keepdims)
        total = np.sum(self.filled(0.0), axis=axis, keepdims=keepdims)
        return self._result(total / np.maximum(count, 1), axis, keepdims)

    def var(self, axis=None, dtype=None, out=None, ddof=0, keepdims=False):
        _no_out("var", out)
        count = self.count(axis, True)
        total = np.sum(self.filled(0.0), axis=axis, keepdims=True)
        off = np.where(self._full_mask(), 0.0, self._data - total / np.maximum(count, 1))
        left = self.count(axis, keepdims) - ddof
        value = np.sum(off * off, axis=axis, keepdims=keepdims) / np.where(left > 0, left, 1)
        if np.ndim(value) == 0:
            return np.ma.masked if left <= 0 else value
        return TracedMasked(value, left <= 0)

    def dot(self, b, out=None, strict=False):
        _no_out("dot", out)
        return np.ma.dot(self, b, strict=strict)

    def clip(self, min=None, max=None, out=None):
        _no_out("clip", out)
        return TracedMasked(np.clip(self._data, min, max), self._mask)


def _add_operators():
    for name, ufunc in (
        ("add", "add"), ("sub", "subtract"), ("mul", "multiply"), ("truediv", "true_divide"),
        ("floordiv", "floor_divide"), ("pow", "power"), ("mod", "remainder"),
        ("and", "logical_and"), ("or", "logical_or"), ("xor", "logical_xor"),
    ):  # fmt: skip
        forward, reflected = _operation(ufunc)
        setattr(TracedMasked, f"__{name}__", forward)
        setattr(TracedMasked, f"__r{name}__", reflected)
        setattr(TracedMasked, f"__i{name}__", _in_place(forward))
    for name in ("neg", "abs", "pos"):
        ufunc = {"neg": np.negative, "abs": np.absolute, "pos": np.positive}[name]
        setattr(TracedMasked, f"__{name}__", lambda self, f=ufunc: f(self))
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        setattr(TracedMasked, f"__{name}__", _comparison(getattr(operator, name)))


def _operation(ufunc):
    """The methods of an operator, which call the function of np.ma of this name."""
    return (
        lambda self, other: getattr(np.ma, ufunc)(self, other),
        lambda self, other: getattr(np.ma, ufunc)(other, self),
    )


def _in_place(forward):
    def change(self, other):
        result = forward(self, other)
        _core.set_items(self._data, Ellipsis, np.where(self._full_mask(), self._data, result._data))
        self._mask = result._mask
        return self

    return change


def _comparison(compare):
    def compared(self, other):
        hidden = np.ma.mask_or(self._mask, mask_of(other))
        result = compare(self._data, data_of(other))
        if compare in (operator.eq, operator.ne) and hidden is not nomask:
            # as np.ma: entries masked in both count as equal
            both = compare(self._full_mask(), np.broadcast_to(mask_of(other), self.shape))
            result = np.where(hidden, both, result)
        return np.ma.masked if not np.ndim(result) and hidden else TracedMasked(result, hidden)

    return compared


# ------------------------------------------------------------------------------- ufuncs


def knows(operands):
    """Whether all operands are masked arrays of NumPy or TracedMasked."""
    return bool(operands) and all(
        type(x) in (TracedMasked, np.ma.MaskedArray, type(np.ma.masked)) for x in operands
    )


def call_ufunc(ufunc, method, inputs, kwargs):
    """A ufunc call with masked arrays. It is computed on all entries, and masked where an operand
    is masked or where NumPy masks by the domain of the function."""
    if method != "__call__" or kwargs or ufunc.signature is not None:
        refuse(f"np.{ufunc.__name__}{'' if method == '__call__' else '.' + method}")
    if not knows([x for x in inputs if not _core.all_operable((x,))]):
        return NotImplemented
    data = [data_of(x) for x in inputs]
    masks = [mask_of(x) for x in inputs]
    result = ufunc(*data)
    if isinstance(result, tuple):
        return tuple(_masked(part, masks, None, data) for part in result)
    return _masked(result, masks, np.ma.core.ufunc_domain.get(ufunc), data)


def _masked(result, masks, domain, data):
    """A result that is masked where an operand is masked or outside the domain of the function."""
    shape = np.shape(result)
    hidden = np.zeros(shape, bool)
    for mask in masks:
        hidden |= mask
    if domain is not None:
        outside = domain(*data)
        outside = outside if _core.traced(outside) else np.asarray(outside)
        kept = ~hidden
        hidden[kept] |= plain_mask(np.broadcast_to(outside, shape)[kept])
    if not shape:
        return np.ma.masked if hidden else result
    some = any(mask is not nomask for mask in masks) or hidden.any()
    return TracedMasked(result, hidden if some else nomask)


def data_of(x):
    """The data of a masked array; other objects are returned unchanged."""
    if _core.is_masked(x):
        data = x._data
        return data if _core.traced(data) else np.asarray(data)
    return x


def mask_of(x):
    return x._mask if _core.is_masked(x) else nomask


# ------------------------------------------------------------------------------ helpers

METHODS = {
    getattr(np, name): name
    for name in (
        "sum", "prod", "min", "max", "ptp", "any", "all", "mean", "var", "std",
        "cumsum", "cumprod", "argmin", "argmax", "round", "clip", "copy", "ravel", "reshape",
        "transpose", "swapaxes", "squeeze",
    )
}  # fmt: skip
METHODS |= {np.amin: "min", np.amax: "max", np.around: "round"}
FACTS = {np.shape, np.ndim, np.size}  # functions that ignore the mask


def plain_mask(mask):
    """A mask as plain truth values; those of a traced mask are kept as a guard."""
    if type(mask) is TracedMasked:
        mask = mask.filled(False)
    if _core.traced(mask):
        return np.asarray(_core.truth_of(mask if mask.dtype == np.bool_ else mask != 0), bool)
    return np.asarray(np.ma.filled(mask, False), dtype=bool)


def _plain_key(key):
    """An index without masks: NumPy uses all entries of a masked array of truth values."""
    if isinstance(key, tuple):
        return tuple(map(_plain_key, key))
    if type(key) is TracedMasked:
        key = key._data
    return plain_mask(key) if _core.traced(key) and key.dtype == np.bool_ else key


def _has_ellipsis(key):
    return key is Ellipsis or (isinstance(key, tuple) and any(part is Ellipsis for part in key))


def _no_out(name, out):
    if out is not None:
        refuse(f"out= of {name}")


REMEDY = (
    "pass the entries that are not masked, m.compressed() with x[~m.mask], or replace the masked "
    "ones by a number with m.filled(value)"
)


def refuse(what):
    """Raise an error that says what masked arrays with traced values do not support."""
    raise TracedValueError(
        f"{what} is not supported for masked arrays with traced values{_core.user_line()}; {REMEDY}"
    )


def result_of(x, what):
    """The result of a function without its mask; an error if entries are masked."""
    if np.any(x.mask):
        raise TracedValueError(
            f"{what} is a masked array with masked entries{_core.user_line()}, and these have no "
            f"value to differentiate; return m.compressed(), m.filled(value) or a sum"
        )
    return data_of(x)


_add_operators()


def _release(x, release):
    """A masked array that outlives its trace; release makes such a value of its data."""
    data = release(x.data)
    made = TracedMasked if _core.traced(data) else np.ma.MaskedArray
    return made(data, x.mask)


RELEASES[TracedMasked] = _release
