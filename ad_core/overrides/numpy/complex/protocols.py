# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""NumPy's protocols for complex traced values: calls of ufuncs, their methods and functions."""

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.complex.array import (
    TracedComplex,
    involved,
    parts,
    plain_if_constant,
)
from ad_core.overrides.numpy.complex.functions import REDUCTIONS, call_function
from ad_core.overrides.numpy.complex.operations import operate, refuse, store
from ad_core.overrides.numpy.dispatch import refuse_dtype
from ad_core.overrides.numpy.iteration import call_python_ufunc, is_python_ufunc
from ad_core.recording import layouts

__all__ = ["call_ufunc"]


def call_ufunc(ufunc, method, inputs, kwargs):
    """``__array_ufunc__`` with a complex number among the operands."""
    if is_python_ufunc(ufunc):
        return call_python_ufunc(ufunc, method, inputs, kwargs)
    if method == "at":
        return _at(ufunc, *inputs)
    out = kwargs.pop("out", None)
    out = out[0] if isinstance(out, tuple) else out
    where = kwargs.pop("where", True)
    order = kwargs.pop("order", "K")
    for ignored in ("casting", "subok"):
        kwargs.pop(ignored, None)
    if kwargs.get("dtype") is not None and np.dtype(kwargs["dtype"]) != np.complex128:
        refuse_dtype(kwargs["dtype"], ufunc.__name__, "complex traced values are complex128")
    kwargs.pop("dtype", None)
    if ufunc.nout > 1:
        refuse(ufunc.__name__)
    elif not involved(inputs) and method == "__call__":  # only out= is complex
        result = ufunc(*inputs, **kwargs)
    elif method == "__call__" and not kwargs:
        result = operate(ufunc, inputs)
        if where is not True:
            result = np.where(where, result, np.zeros(result.shape) if out is None else out)
    elif (ufunc, method) in REDUCTIONS and where is True:
        if len(inputs) < 2:
            kwargs.setdefault("axis", 0)
        result = REDUCTIONS[ufunc, method](*inputs, **kwargs)
    elif method == "outer" and where is True:
        a, b = (np.reshape(x, np.shape(x)) for x in inputs)
        result = ufunc(a[(..., *(None,) * np.ndim(b))], b)
    else:
        plain = plain_if_constant(list(inputs))
        if plain is None or where is not True:
            refuse(f"{ufunc.__name__}.{method}")
        result = getattr(ufunc, method)(*plain, **kwargs)
    if out is not None:
        return store(out, result, ufunc.__name__)
    if order in ("K", "k") or not _core.has_axes(result):
        return result
    return layouts.in_named_order(order, inputs, result)


def _at(ufunc, array, indices, values=None):
    """ufunc.at, which is applied once for each of repeated indices, in their order."""
    if type(array) is not TracedComplex:
        return store(array, values, f"{ufunc.__name__}.at")
    if ufunc in (np.add, np.subtract):
        re, im = parts(values)
        ufunc.at(array.re, indices, re)
        ufunc.at(array.im, indices, im)
        return None
    places = np.arange(array.size).reshape(array.shape)[indices]
    others = () if values is None else np.broadcast_arrays(values, places)[:1]
    for k, place in np.ndenumerate(places):
        at = np.unravel_index(place, array.shape)
        array[at] = ufunc(array[at], *(x[k] for x in others))
    return None


def _array_ufunc(self, ufunc, method, *inputs, **kwargs):
    if not _core.all_operable([x for x in (*inputs, *kwargs.get("out", ())) if x is not None]):
        return _core.ask_ufunc(ufunc, method, inputs, kwargs)
    if method == "at":
        return call_ufunc(ufunc, method, inputs, kwargs)
    implementation = lambda *inputs, **kwargs: call_ufunc(ufunc, method, inputs, kwargs)  # noqa: E731
    return _core.as_numpy(getattr(ufunc, method), implementation, inputs, kwargs)


def _array_function(self, function, types, args, kwargs):
    if not _core.all_known(types):
        return _core.ask_function(function, types, args, kwargs)
    implementation = lambda *args, **kwargs: call_function(function, types, args, kwargs)  # noqa: E731
    return _core.as_numpy(function, implementation, args, kwargs)


TracedComplex.__array_ufunc__ = _array_ufunc
TracedComplex.__array_function__ = _array_function
