# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""The array API in SciPy: to its helpers, traced arrays are arrays of NumPy; choices by a condition
are ``np.where``, so that they hold at all points."""

import sys

import numpy as np
from scipy._lib import _util

try:  # from SciPy 1.18 on
    from scipy._external import array_api_compat
    from scipy._external import array_api_extra as xpx
    from scipy._external.array_api_compat import numpy as compat
except ImportError:
    import scipy._lib.array_api_extra as xpx
    from scipy._lib import array_api_compat
    from scipy._lib.array_api_compat import numpy as compat

from ad_core import _core
from ad_core.adapting.stand_ins import supply, supply_module, supply_names
from ad_core.overrides.numpy.complex import TracedComplex
from ad_core.overrides.numpy.dispatch import any_traced, plain_constant
from ad_core.overrides.scipy.dispatch import implements, implements_method
from ad_core.recording.arrays import as_array

__all__ = []

supply_names(compat, *(module for name, module in list(sys.modules.items()) if module is not None
                       and name.startswith((f"{compat.__name__}.", f"{xpx.__name__}."))),
             sys.modules["scipy._lib._array_api"])  # fmt: skip


def _as_if_plain(original):
    """Let a function that asks for the classes of arrays see arrays and numbers of NumPy."""
    array, number = _core.plain_function("empty")(0), np.float64(0.0)

    def like(x):
        if type(x) is TracedComplex:
            return array.astype(complex)
        return (array if isinstance(x, np.ndarray) else number) if _core.traced(x) else x

    def asked(*args, **kwargs):
        args = [like(x) for x in args]
        return _core.untraced(lambda: original(*args, **kwargs))

    supply(original, asked)


for _name in ("array_namespace", "device", "is_numpy_array", "is_array_api_obj", "is_lazy_array",
              "is_writeable_array"):  # fmt: skip
    _as_if_plain(getattr(array_api_compat, _name))


def _creates(name):
    """Let a creation function make arrays to which traced values can be written."""

    def made(*args, device=None, **kwargs):
        return getattr(np, name)(*args, **kwargs)

    supply(getattr(compat, name), made)


for _name in ("empty", "zeros", "ones", "full", "empty_like", "zeros_like", "ones_like",
"full_like", "eye"):  # fmt: skip
    if getattr(compat, _name) is not _core.plain_function(_name):
        _creates(_name)


@implements(compat.linalg.solve)
def solve(x1, x2, /):
    if np.ndim(x2) == 1:
        return np.linalg.solve(x1, as_array(x2)[:, None])[..., 0]
    return np.linalg.solve(x1, x2)


supply_module(compat.linalg)

_apply_where = xpx.apply_where


@implements(_apply_where, calls_back=True)
def apply_where(cond, args, f1, f2=None, /, *, fill_value=None, xp=None):
    args = args if isinstance(args, tuple) else (args,)
    if not any_traced((cond, *args, fill_value)):
        return _apply_where(cond, args, f1, f2, fill_value=fill_value, xp=xp)
    shape = np.broadcast_shapes(*map(np.shape, (cond, *args)))
    return _spread(_chosen(cond, args, f1, f2, fill_value), shape)


@implements(_util._lazyselect, calls_back=True)
def lazyselect(condlist, choicelist, arrays, default=0):
    shape = np.broadcast_shapes(*map(np.shape, arrays))
    found = default
    for cond, choice in zip(condlist, choicelist, strict=True):  # the last one that holds wins
        found = _chosen(cond, arrays, choice, None, found)
    return _spread(found, shape)


_change = xpx.at._op


@implements_method(xpx.at, "_op", calls_back=True)
def change(self, *args, **kwargs):
    """Change elements of an array to traced ones; the array may be plain."""
    if type(self._x) is np.ndarray and self._x.dtype == np.float64 and any_traced(args):
        self = xpx.at(np.array(self._x), self._idx)
    return _change(self, *args, **kwargs)


def _spread(x, shape):
    """A new array of this shape, from one of at least one dimension."""
    return np.array(np.broadcast_to(x, shape or (1,))).reshape(shape)


def _chosen(cond, args, f1, f2, other):
    """f1 where the condition holds, else f2 or the other value. A function whose values are needed
    nowhere, whatever the inputs are, is not called. As in SciPy, they get no 0-d arrays."""
    known, args = plain_constant(cond), [np.atleast_1d(x) for x in args]
    if known is not None:
        if np.all(known):
            return as_array(f1(*args))
        if not np.any(known):
            return as_array(f2(*args)) if f2 is not None else other
    with np.errstate(all="ignore"):  # outside of their domains
        chosen = as_array(f1(*args))
        if f2 is not None:
            other = as_array(f2(*args))
    return np.where(cond, chosen, other)
