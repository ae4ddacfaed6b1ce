# SPDX-License-Identifier: Apache-2.0
"""Results in the order of memory that NumPy gives them.

Elementwise operations and functions that move elements lie so as they are made.  Of any other
function NumPy itself is asked, once for each layout of arguments: it is carried out on their
values, and the strides of what it makes are kept.
"""

import numpy as np

from ad_core import _core

__all__ = [
    "Flags", "as_elementwise", "as_numpy_lays", "flags", "in_named_order",
    "laid", "order_of", "placed",
    "strides",
]  # fmt: skip

MOST = 4096  # layouts kept
known = {}  # (function, arguments but for their values): strides of the result, or of its parts

# What is in C's order if all arguments are; asked of NumPy only otherwise.
PLAIN = {
    np.sum, np.mean, np.var, np.std, np.max, np.min, np.amax, np.amin, np.prod, np.cumsum, np.ptp,
    np.cumprod, np.sort, np.clip, np.where, np.dot, np.matmul, np.tensordot, np.outer, np.round,
    np.linalg.solve, np.linalg.inv, np.linalg.cholesky, np.nansum, np.nanmean, np.nan_to_num,
}  # fmt: skip


class _Unkept(Exception):
    """Arguments that are no key, or that NumPy can not be asked with."""


def has_axes(result):
    """Whether a result has an order of memory that could be seen."""
    if type(result) is tuple or type(result) is list:
        return any(map(has_axes, result))
    return (_core.traced(result) or _core.traced_complex(result)) and result.ndim > 1


def as_numpy_lays(function, args, kwargs, result, name=None):
    """The result with its axes in memory as in NumPy's result of the same call."""
    if function in PLAIN and _core.all_in_c_order((result, args, kwargs)):
        return result
    if function in PLAIN and _core.all_in_c_order((args, kwargs)):
        return laid(result, range(8 * np.ndim(result), 0, -8))
    try:
        key = (name or function, _described(args), _described(kwargs))
    except _Unkept:
        return result
    found = known.get(key)
    if found is None:
        if len(known) >= MOST:
            known.clear()
        found = known[key] = _asked(function, args, kwargs)
    return laid(result, found)


def _described(item):
    """An argument but for the values of its arrays; what is no number and no array is itself."""
    kind = type(item)
    if _core.traced_complex(item):
        return kind, item.shape, strides(item)
    if kind is _core.TracedArray or isinstance(item, np.ndarray):
        return kind, item.shape, strides(item), item.dtype
    if kind is _core.TracedScalar:
        return kind
    if kind is list or kind is tuple:
        return kind, *map(_described, item)
    if kind is dict:
        return tuple((k, _described(x)) for k, x in item.items())
    if callable(item) and kind is not type:
        raise _Unkept
    try:
        hash(item)
    except TypeError:
        raise _Unkept from None
    return kind, item


def _asked(function, args, kwargs):
    """The strides of what NumPy makes of the arguments' values; None where it can not tell."""
    try:
        with np.errstate(all="ignore"):
            return _strides_of(function(*_plain(list(args)), **_plain(kwargs)))
    except Exception:
        return None


def _plain(item):
    if _core.traced_complex(item):
        values = _plain(item.re) + 1j * _plain(item.im)
        return _with_strides(values, strides(item)) if np.ndim(values) else values
    if _core.traced(item):
        if type(item) is _core.TracedScalar:
            return _core.current_values(item)[()]
        return _with_strides(_core.current_values(item), strides(item))
    if type(item) is dict:
        return {k: _plain(x) for k, x in item.items()}
    return type(item)(map(_plain, item)) if type(item) in (list, tuple) else item


def _with_strides(values, strides):
    """A plain array of these values with just these strides, which NumPy may go by."""
    if not values.size:
        return values
    ends = [step * (n - 1) for step, n in zip(strides, values.shape, strict=True)]
    low, high = (sum(end for end in ends if (end > 0) is up) for up in (False, True))
    memory = _core.plain_function("zeros")((high - low) // values.itemsize + 1, values.dtype)
    start = memory[-low // values.itemsize :]
    found = np.lib.stride_tricks.as_strided(start, values.shape, strides)
    found[...] = values
    return found


def _strides_of(made):
    if isinstance(made, list | tuple):
        return [_strides_of(part) for part in made]
    return made.strides if isinstance(made, np.ndarray) else None


def as_elementwise(operands, result):
    """The result of an elementwise operation on these operands in NumPy's order of memory."""
    asarray = _core.plain_function("asarray")
    arrays = [_core.as_array(x) if _core.traced(x) else asarray(x) for x in operands]
    return laid(result, _core.elementwise_strides(arrays) or range(8 * np.ndim(result), 0, -8))


def in_named_order(order, operands, result):
    """The result in the order that order= names: "C", "F", or "A", which is F's if all operands
    have that one alone."""
    arrays = [x for x in operands if np.ndim(x)]
    fortran = order.upper() == "F" or (
        order.upper() == "A" and all(x.flags.fnc for x in arrays if hasattr(x, "flags"))
    )
    ndim = np.ndim(result[0] if isinstance(result, tuple) else result)
    return laid(result, range(8, 8 * ndim + 8, 8) if fortran else range(8 * ndim, 0, -8))


def laid(result, found):
    """The result, or a tuple of them, with its axes in memory as these strides do."""
    if isinstance(found, list):
        if not isinstance(result, list | tuple) or len(result) != len(found):
            return result
        parts = [laid(*pair) for pair in zip(result, found, strict=True)]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    if found is None or not has_axes(result):
        return result
    if isinstance(result, list | tuple):
        return type(result)(laid(part, found) for part in result)
    if len(found) != result.ndim:
        return result
    if _core.traced_complex(result):
        found = [step // 2 for step in found]
        return type(result)(*(_core.in_order_of(x, found) for x in (result.re, result.im)))
    return _core.in_order_of(result, found)


def order_of(x):
    """Strides in the order of those of an array's memory; None if that is C's order."""
    if _core.all_in_c_order(x):
        return None
    return _core.elementwise_strides([x])


def placed(x, order):
    """An array with its axes in memory as these strides have them; None: x as it is."""
    if order is None:
        return x
    if _core.traced(x):
        return _core.in_order_of(x, order)
    axes = sorted(range(x.ndim), key=lambda d: -order[d])
    return np.ascontiguousarray(np.transpose(x, axes)).transpose(np.argsort(axes))


def strides(x):
    """Bytes from element to element along each axis, as of NumPy's array of these numbers."""
    if _core.traced_complex(x):
        return tuple(2 * step for step in strides(x.re))
    if not _core.traced(x):
        return x.strides
    size = x.dtype.itemsize
    index = _core.index_array(x)
    size *= 1 + _core.is_spaced(x)
    return tuple(step // index.itemsize * size for step in index.strides)


def flags(x):
    """What NumPy's flags tell of an array."""
    return Flags(x)


SHORT = {
    "C": "c_contiguous", "F": "f_contiguous", "O": "owndata", "W": "writeable", "A": "aligned",
    "X": "writebackifcopy", "B": "behaved", "CA": "carray", "FA": "farray",
    "CONTIGUOUS": "c_contiguous", "FORTRAN": "f_contiguous",
}  # fmt: skip


class Flags:
    """The flags of a traced array, to read, and to make it read-only."""

    aligned = True
    writebackifcopy = False

    def __init__(self, x):
        object.__setattr__(self, "_array", x)
        real = x.re if _core.traced_complex(x) else x
        index = _core.index_array(real)
        dense = not _core.is_spaced(real) or index.size < 2
        object.__setattr__(self, "c_contiguous", dense and index.flags.c_contiguous)
        object.__setattr__(self, "f_contiguous", dense and index.flags.f_contiguous)
        object.__setattr__(self, "owndata", _core.base_of(real) is None)
        object.__setattr__(self, "writeable", not _core.is_locked(real))

    behaved = property(lambda self: self.writeable)
    carray = property(lambda self: self.c_contiguous and self.writeable)
    farray = property(lambda self: self.f_contiguous and self.writeable and not self.c_contiguous)
    contiguous = property(lambda self: self.c_contiguous)
    fortran = property(lambda self: self.f_contiguous)
    fnc = property(lambda self: self.f_contiguous and not self.c_contiguous)
    forc = property(lambda self: self.f_contiguous or self.c_contiguous)
    num = property(
        lambda self: 0x1 * self.c_contiguous + 0x2 * self.f_contiguous + 0x4 * self.owndata
        + 0x100 + 0x400 * self.writeable
    )  # fmt: skip

    def __getitem__(self, name):
        found = SHORT.get(name, name.lower())
        if found.startswith("_") or not hasattr(self, found):
            raise KeyError("Unknown flag")
        return getattr(self, found)

    def __setitem__(self, name, value):
        setattr(self, SHORT.get(name, name.lower()), value)

    def __setattr__(self, name, value):
        if name != "writeable":
            raise AttributeError(f"the flag {name!r} of a traced array can not be set")
        x = self._array
        for part in (x.re, x.im) if _core.traced_complex(x) else (x,):
            _core.set_locked(part, not value)
        object.__setattr__(self, "writeable", bool(value))

    def __repr__(self):
        names = ("C_CONTIGUOUS", "F_CONTIGUOUS", "OWNDATA", "WRITEABLE", "ALIGNED")
        lines = [f"  {name} : {self[name]}" for name in (*names, "WRITEBACKIFCOPY")]
        return "\n".join(lines) + "\n"
