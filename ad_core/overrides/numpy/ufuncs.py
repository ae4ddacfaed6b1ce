# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Ufunc calls with out= and where=, methods of ufuncs, and ufuncs that are not in the op table."""

import sys
from functools import partial

import numpy as np

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy import (
    accumulations,
    exponents,
    in_place,
    products,
    reductions,
    truth_values,
)
from ad_core.overrides.numpy.complex import protocols as complexes
from ad_core.overrides.numpy.complex.array import involved
from ad_core.overrides.numpy.dispatch import (
    any_traced,
    is_complex128,
    is_float64,
    only_constants,
    only_plain,
    refuse_dtype,
    store,
)
from ad_core.overrides.numpy.iteration import call_python_ufunc, is_python_ufunc
from ad_core.recording import layouts
from ad_core.recording.arrays import as_array, as_traced

__all__ = ["COMPOSED", "call_ufunc", "refuse"]

# Ufuncs that are not in the op table: they are written with its functions or block operations.
COMPOSED = {
    np.matmul: products.matmul,
    np.divmod: lambda a, b: (np.floor_divide(a, b), np.remainder(a, b)),
    np.modf: exponents.modf,
    np.frexp: exponents.frexp,
    np.ldexp: exponents.ldexp,
    np.conjugate: lambda a: +a,
    np.invert: lambda a: ~a,
    np._core.umath.clip: lambda a, low, high: np.minimum(np.maximum(a, low), high),
}
for _bits in (np.bitwise_and, np.bitwise_or, np.bitwise_xor):
    COMPOSED[_bits] = partial(_core.bits, _bits)
for _name in ("vecdot", "matvec", "vecmat"):  # if this version of NumPy has them
    if hasattr(np, _name):
        COMPOSED[getattr(np, _name)] = getattr(products, _name)

REDUCTIONS = {
    np.add: reductions.sum_,
    np.multiply: reductions.prod,
    np.maximum: reductions.max_,
    np.minimum: reductions.min_,
    np.logical_and: reductions.all_,
    np.logical_or: reductions.any_,
}
ACCUMULATIONS = {np.add: reductions.cumsum, np.multiply: reductions.cumprod}
SUMS = {"reduce": reductions.sum_, "accumulate": reductions.cumsum}

# ufunc -> ufunc that combines several operands for one place, before ufunc.at applies them.
GATHERED = {f: f for f in accumulations.ASSOCIATIVE} | {np.subtract: np.add, np.divide: np.multiply}


def call_ufunc(ufunc, method, inputs, kwargs):
    """``__array_ufunc__`` of a traced value, for all but the simplest calls."""
    if involved((*inputs, *kwargs.get("out", ()))):
        return complexes.call_ufunc(ufunc, method, inputs, kwargs)
    out = kwargs.pop("out", None)
    if isinstance(out, tuple) and all(part is None for part in out):
        out = None
    elif isinstance(out, tuple) and out[0] is Ellipsis:  # NumPy 2.3: an array also for scalars
        return as_array(call_ufunc(ufunc, method, inputs, kwargs))
    if method == "at":
        return _at(ufunc, *inputs)
    held = None
    if out is not None and in_place.is_candidate(method, inputs, out):
        held = sys.getrefcount(out[0])
        if in_place.measure(held):
            return out[0]
    if is_python_ufunc(ufunc):
        return call_python_ufunc(ufunc, method, inputs, kwargs)
    where = kwargs.pop("where", True)
    where = True if where is np._NoValue else where
    dtype = kwargs.pop("dtype", None)
    discrete = _core.only_discrete(inputs)
    if not discrete and dtype is not None and is_complex128(dtype):
        inputs = tuple([np.asarray(x, dtype=complex) for x in inputs])
        given = {"where": where} if out is None else {"where": where, "out": out}
        return complexes.call_ufunc(ufunc, method, inputs, {**kwargs, **given})
    if not discrete and not is_float64(dtype):
        refuse_dtype(dtype, ufunc.__name__)
    order = kwargs.pop("order", "K")
    for ignored in ("casting", "subok"):
        kwargs.pop(ignored, None)
    if discrete and out is not None and method != "__call__":
        return _into(out[0], ufunc, method, inputs, {"where": where, "dtype": dtype, **kwargs})
    options = kwargs if where is True else {**kwargs, "where": where}
    if discrete:
        if out is not None and not any_traced(out):
            inputs = _core.plain_values(inputs)
        result = _on_truth_values(ufunc, method, inputs, dict(kwargs), where, dtype)
    else:
        result = _compute(ufunc, method, inputs, dict(kwargs), where)
    if result is NotImplemented:
        return result
    if out is None and _core.has_axes(result):
        result = _in_order(ufunc, method, inputs, options, result)
        if order not in ("K", "k"):
            result = layouts.in_named_order(order, inputs, result)
    if where is not True and method == "__call__":
        result = _only_where(where, result, out)
    if out is None:
        return result
    if isinstance(result, tuple):
        shape = np.broadcast_shapes(*(np.shape(o) for o in out if o is not None))
        result = [np.broadcast_to(r, shape) for r in result]
        pairs = zip(out, result, strict=True)
        return tuple(r if o is None else store(o, r, ufunc.__name__) for o, r in pairs)
    if held is not None and any_traced((_core.plain_values(result),)):
        taken = in_place.replaced(out[0], held, inputs[1], result)
        if taken is not None:
            return taken
    return store(out, result, ufunc.__name__)


def _on_truth_values(ufunc, method, inputs, kwargs, where, dtype):
    """A call whose traced operands are all truth values or counts."""
    if dtype is not None:
        kwargs["dtype"] = dtype
    if where is not True and method != "__call__":
        kwargs["where"] = where
    if not any_traced(inputs):
        return _core.plain_call(ufunc, method, inputs, kwargs)
    if method == "__call__" and not kwargs:
        if _core.has_row(ufunc):
            return _core.ufunc_on(ufunc, inputs)
        if isinstance(COMPOSED.get(ufunc), partial):  # a bitwise function
            return COMPOSED[ufunc](*inputs)
    elif method in ("reduce", "accumulate") and ufunc is np.add:
        array, axis = _array_and_axis(*inputs, **kwargs)
        inputs, kwargs["axis"] = (array,), axis
        return truth_values.sum_on(ufunc, method, SUMS[method], inputs, kwargs)
    return truth_values.ufunc_on(ufunc, method, inputs, kwargs, COMPOSED.get(ufunc))


def _into(out, ufunc, method, inputs, kwargs):
    """A method of a ufunc on truth values and counts with out=. The type of out= affects what is
    computed, so NumPy computes it on plain values."""
    kwargs = {k: x for k, x in kwargs.items() if x is not None and (k, x) != ("where", True)}
    result = _core.current_values(out) if _core.traced(out) else out
    _core.plain_call(ufunc, method, inputs, {**kwargs, "out": result})
    return store(out, result, ufunc.__name__) if _core.traced(out) else out


def _in_order(ufunc, method, inputs, kwargs, result):
    """The result of a ufunc with NumPy's memory layout."""
    if method == "__call__" and ufunc.signature is None:  # elementwise: the layout of the operands
        return layouts.in_elementwise_layout(inputs, result)
    name = (ufunc, method)
    return layouts.in_numpy_layout(getattr(ufunc, method), inputs, kwargs, result, name)


def _only_where(where, result, out):
    """The result where the mask is true; elsewhere the value of out=, or zero."""
    if isinstance(result, tuple):
        outs = (None,) * len(result) if out is None else out
        return tuple(_only_where(where, r, (o,)) for r, o in zip(result, outs, strict=True))
    base = out[0] if out is not None and out[0] is not None else None
    if base is None:
        shape = np.broadcast_shapes(np.shape(result), np.shape(where))
        base = np.zeros(shape)
    return np.where(where, result, base)


def _compute(ufunc, method, inputs, kwargs, where):
    if not any_traced(inputs):  # only out= or where= is traced
        if where is not True and method != "__call__":
            inputs = (as_traced(inputs[0]), *inputs[1:])
        else:
            return getattr(ufunc, method)(*inputs, **kwargs)
    if method == "__call__":
        composed = COMPOSED.get(ufunc) or _of_scipy(ufunc)
        if composed is None and _core.has_row(ufunc) and not kwargs:
            return _core.ufunc_on(ufunc, inputs)
        if composed is not None and (
            not kwargs or (ufunc.__name__ == "vecdot" and "axis" in kwargs)
        ):
            return composed(*inputs, **kwargs)
    elif method == "reduce" and ufunc in REDUCTIONS:
        array, axis = _array_and_axis(*inputs, **kwargs)
        kwargs.pop("axis", None)
        if where is not True:
            kwargs["where"] = where
        return REDUCTIONS[ufunc](array, axis=axis, **kwargs)
    elif method == "accumulate" and ufunc in ACCUMULATIONS:
        return ACCUMULATIONS[ufunc](*_array_and_axis(*inputs, **kwargs))
    elif method == "outer":
        a, b = (as_array(x) for x in inputs)
        return ufunc(a[(..., *(None,) * b.ndim)], b, **kwargs)
    elif ufunc.nin == 2 and ufunc.nout == 1 and _core.has_row(ufunc):
        if method == "reduce":
            return _fold(ufunc, where, *inputs, **kwargs)
        if method == "accumulate":
            array, axis = _array_and_axis(*inputs, **kwargs)
            return accumulations.accumulate(ufunc, _operand(ufunc, array), axis)
    if method == "reduceat":
        return _pieces(ufunc, *inputs, **kwargs)
    plain = only_constants((inputs, kwargs))
    if plain is not None:
        return getattr(ufunc, method)(*plain[0], **plain[1])
    refuse(ufunc, method, kwargs)


def _of_scipy(ufunc):
    """The function for traced values of a ufunc of scipy.special, else None."""
    if getattr(np, ufunc.__name__, None) is ufunc or "scipy.special" not in sys.modules:
        return None
    from ad_core.overrides.scipy.holomorphic import operation
    from ad_core.rules.special import UFUNCS

    return UFUNCS.get(ufunc) or operation(ufunc)


def _array_and_axis(array, axis=0, dtype=None, out=None, **others):
    return array, axis


def _operand(ufunc, array):
    """The array; as truth values if the ufunc is a logical one."""
    x = as_array(array)
    return x != 0 if ufunc.__name__.startswith("logical") and x.dtype != np.bool_ else x


def _fold(
    ufunc, where, array, axis=0, dtype=None, out=None, keepdims=False, initial=reductions.NO_VALUE
):
    """ufunc.reduce along the axes: by halves, or one after the other if the order matters."""
    x = _operand(ufunc, array)
    start = ufunc.identity if initial is reductions.NO_VALUE else initial
    if where is not True:
        if start is None:
            raise ValueError(
                f"reduction operation '{ufunc.__name__}' does not have an identity, so to use a "
                f"where mask one has to specify 'initial'"
            )
        if ufunc not in accumulations.ASSOCIATIVE:
            refuse(ufunc, "reduce", {"where": where})
        neutral = start if ufunc.identity is None else ufunc.identity
        x = np.where(where, x, np.float64(neutral) if not _core.traced(neutral) else neutral)
    moved, n, axes = reductions.axes_last(x, axis)
    flat = reductions.last_in_one(moved, n)
    if not flat.shape[-1] and start is None:
        raise ValueError(
            f"zero-size array to reduction operation {ufunc.__name__} which has no identity"
        )
    if initial is not reductions.NO_VALUE or not flat.shape[-1]:
        ahead = np.broadcast_to(as_array(start) * 1.0, (*flat.shape[:-1], 1))
        flat = np.concatenate([ahead, flat], axis=-1)
    elif ufunc is np.hypot and flat.shape[-1] == 1:  # not negative for one element either
        flat = np.absolute(flat)
    if ufunc in accumulations.ASSOCIATIVE:
        result = accumulations.fold_last(ufunc, flat)
    else:
        result = flat[..., 0]
        for k in range(1, flat.shape[-1]):
            result = ufunc(result, flat[..., k])
    if flat.shape[-1] == 1 and result.ndim:  # a copy, not a view of the only element
        result = _core.copy_of(result)
    return reductions.kept(result, x.shape, axes, keepdims)


def _pieces(ufunc, array, indices, axis=0, dtype=None, out=None):
    """ufunc.reduceat: a reduction from each index to the next; one element if that is no larger."""
    moved = np.moveaxis(_operand(ufunc, array), axis, 0)
    indices = only_plain(ufunc, indices)
    starts = np.asarray(indices, dtype=np.intp)
    if starts.size and not (starts.min() >= 0 and starts.max() < len(moved)):
        raise IndexError(
            f"the indices of {ufunc.__name__}.reduceat must be in [0, {len(moved)}), got "
            f"{starts.min()} to {starts.max()}"
        )
    ends = np.append(starts[1:], len(moved))
    if ufunc in accumulations.ASSOCIATIVE:
        counts = np.maximum(ends - starts, 1)
        if (starts < ends).all():  # the pieces follow one another
            pieces = moved[starts[0] :] if starts.size else moved[:0]
        else:
            first = np.repeat(starts - np.cumsum(counts) + counts, counts)
            pieces = moved[first + np.arange(counts.sum())]
        return np.moveaxis(accumulations.fold_groups(ufunc, pieces, counts), 0, axis)
    parts = [
        ufunc.reduce(moved[i:j], axis=0) if i < j else moved[i]
        for i, j in zip(starts, ends, strict=True)
    ]
    return np.moveaxis(np.stack(parts), 0, axis)


def refuse(ufunc, method, kwargs):
    """Raise an error that names the call without a derivative and says what to do."""
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    extra = f" with {', '.join(kwargs)}" if kwargs else ""
    rule = "" if getattr(np, ufunc.__name__, None) is ufunc else (
        "give it a derivative by ad_core.external, "
    )  # fmt: skip
    message = (
        f"the ufunc {name}{extra} has no derivative in ad_core{_core.user_line()}; {rule}write it "
        f"with the functions listed in docs/numpy-coverage.md, or apply it to plain numbers "
        f"outside the derivative"
    )
    if not any("d" in loop for loop in ufunc.types):  # gcd, isnat: not for floats in NumPy either
        raise NoDerivativeError.as_numpy_raises(message)
    raise NoDerivativeError(message)


def _at(ufunc, array, indices, values=None):
    """ufunc.at, which is applied once for each of repeated indices, in their order."""
    indices = only_plain(ufunc, indices)
    if not _core.traced(array):
        values = _core.plain_values(values)
        if any_traced((values,)):
            store(array, values, f"{ufunc.__name__}.at")
        return ufunc.at(array, indices, *(() if values is None else (values,)))
    if _core.discrete(array):
        return _at_truth_values(ufunc, array, indices, values)
    values = _core.numbers_of(values)
    places = _places(array, indices)
    flat = np.ravel(array)
    operands = None
    if values is not None:
        operands = np.ravel(np.broadcast_to(as_array(values), np.shape(places)))
    places = np.ravel(places)
    gathered = GATHERED.get(ufunc)
    if operands is not None and gathered is not None and places.size:
        touched, folds = accumulations.fold_places(gathered, operands, places, flat.size)
        found = ufunc(flat[touched], folds)
    else:
        touched, flat = np.unique(places), flat.copy()
        for k, place in enumerate(places):
            flat[place] = (
                ufunc(flat[place]) if operands is None else ufunc(flat[place], operands[k])
            )
        found = flat[touched]
    # only these elements: others may share their memory
    key = touched if array.ndim == 1 else np.unravel_index(touched, array.shape)
    _core.set_items(array, key, found)


def _places(array, indices):
    """The numbers in C order of the elements array[indices]."""
    whole = type(indices) is np.ndarray and indices.dtype.kind in "iu" and indices.size > 0
    if array.ndim == 1 and whole and indices.min() >= 0 and indices.max() < array.size:
        return indices
    return np.arange(array.size).reshape(array.shape)[indices]


def _at_truth_values(ufunc, array, indices, values):
    """ufunc.at for traced truth values or counts, computed by NumPy on plain ones."""
    result, name = _core.discrete_values(array).copy(), f"{ufunc.__name__}.at"
    operands = () if values is None else (_core.plain_values(values),)
    if any_traced(operands):
        _core.check_cast(array, values, "same_kind", f"the result of {name}")
    _core.plain_call(ufunc, "at", (result, indices, *operands), {})
    _core.set_items(array, Ellipsis, result)
