# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""NumPy functions of complex traced values. Linear ones are applied to each part."""

import numpy as np

from ad_core import _core
from ad_core.errors.integers import check_parameters
from ad_core.overrides.numpy import dispatch
from ad_core.overrides.numpy.accumulations import fold_last, fold_running
from ad_core.overrides.numpy.complex.array import (
    TracedComplex,
    involved,
    made,
    pair,
    parts,
    plain_if_constant,
)
from ad_core.overrides.numpy.complex.operations import (
    add,
    conjugate,
    enter,
    multiply,
    refuse,
    store,
)
from ad_core.overrides.numpy.dispatch import name_of, refuse_dtype
from ad_core.overrides.numpy.own_code import own_code
from ad_core.overrides.numpy.reductions import NO_VALUE, axes_last, kept, last_in_one
from ad_core.recording import layouts

__all__ = ["REDUCTIONS", "TABLE", "call_function"]

TABLE = {}  # NumPy function -> implementation for complex numbers among its arguments

# Functions that are linear in the first argument; the others are real or plain.
LINEAR = [
    np.reshape, np.ravel, np.transpose, np.swapaxes, np.moveaxis, np.rollaxis, np.squeeze,
    np.expand_dims, np.broadcast_to, np.flip, np.fliplr, np.flipud, np.rot90, np.roll, np.repeat,
    np.tile, np.resize, np.diagonal, np.delete, np.split, np.array_split, np.hsplit, np.vsplit,
    np.dsplit, np.matrix_transpose, np.copy, np.take, np.trace, np.sum, np.mean, np.cumsum,
    np.nan_to_num, np.round, np.around, np.fix, np.gradient,
    np.lib.stride_tricks.sliding_window_view,
]  # fmt: skip
if hasattr(np, "unstack"):  # NumPy 2.1
    LINEAR.append(np.unstack)
# Functions that are linear in each of the first two arguments.
BILINEAR = [
    np.dot, np.inner, np.outer, np.tensordot, np.kron, np.convolve, np.cross,
]  # fmt: skip
JOINERS = [np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack]


LIKE = {np.zeros_like, np.ones_like, np.empty_like}


def implements(*functions):
    def add(implementation):
        for function in functions:
            TABLE[function] = implementation
        return implementation

    return add


def call_function(function, types, args, kwargs):
    """``__array_function__``, with or without complex numbers among the arguments."""
    if not (involved(args) or involved(kwargs.values())):
        return dispatch.call_function(function, types, args, kwargs)
    check_parameters(function, args, kwargs)
    implementation = TABLE.get(function)
    if implementation is None and function not in dispatch.table and (own := own_code(function)):
        return own(*args, **kwargs)
    if implementation is None:
        plain = plain_if_constant([list(args), kwargs])
        if plain is None:
            refuse(name_of(function))
        result = function(*plain[0], **plain[1])
        return made(result) if np.iscomplexobj(result) else result
    out = kwargs.pop("out", None)
    if function not in LIKE:
        dtype = kwargs.pop("dtype", None)
        if dtype is not None and np.dtype(dtype) != np.complex128:
            refuse_dtype(dtype, name_of(function), "complex traced values are complex128")
    result = implementation(*args, **kwargs)
    if out is not None:
        return store(out, result, function.__name__)
    if function in dispatch.in_order or not _core.has_axes(result):
        return result
    return layouts.in_numpy_layout(function, args, kwargs, result)


def joined(re, im):
    """Complex results from those of both parts; lists are joined element by element."""
    if isinstance(re, list | tuple):
        return type(re)(map(joined, re, im))
    return TracedComplex(re, im) if type(re) is _core.TracedArray else pair(re, im)


def _linear(function):
    def by_parts(a, *args, **kwargs):
        if involved(args) or involved(kwargs.values()):
            refuse(f"{name_of(function)} with a complex second argument")
        if "initial" in kwargs:  # it is added to each part
            refuse(f"{name_of(function)} with initial")
        re, im = parts(a)
        return joined(function(re, *args, **kwargs), function(im, *args, **kwargs))

    return by_parts


for _function in LINEAR:
    implements(_function)(_linear(_function))


@implements(np.compress)
def compress(condition, a, axis=None):
    if involved((condition,)):
        condition = np.not_equal(condition, 0.0)
    re, im = _both_parts(a)
    return pair(np.compress(condition, re, axis=axis), np.compress(condition, im, axis=axis))


def _joiner(function):
    def join(arrays, *args, **kwargs):
        both = [_both_parts(x) for x in arrays]
        return pair(*(function([x[k] for x in both], *args, **kwargs) for k in (0, 1)))

    return join


def _both_parts(x):
    """Both parts, with the same shape."""
    re, im = parts(x)
    return (re, im) if np.shape(im) == np.shape(re) else (re, np.zeros(np.shape(re)))


for _function in JOINERS:
    implements(_function)(_joiner(_function))


@implements(np.where)
def where(condition, *choices):
    if involved((condition,)):
        condition = np.not_equal(condition, 0.0)
    if len(choices) != 2 or not involved(choices):
        return np.where(condition, *choices)
    (a, p), (b, q) = map(parts, choices)
    return pair(np.where(condition, a, b), np.where(condition, p, q))


def product(function, a, b, **kwargs):
    """A bilinear function of two arrays; one of them may be real."""
    (re, im), (re_b, im_b) = parts(a), parts(b)
    if not involved((a,)):
        return pair(function(re, re_b, **kwargs), function(re, im_b, **kwargs))
    if not involved((b,)):
        return pair(function(re, re_b, **kwargs), function(im, re_b, **kwargs))
    return pair(
        function(re, re_b, **kwargs) - function(im, im_b, **kwargs),
        function(re, im_b, **kwargs) + function(im, re_b, **kwargs),
    )


def _bilinear(function, conjugated=None):
    def by_parts(a, b, *args, **kwargs):
        if conjugated == 0 and involved((a,)):
            a = conjugate(a)
        if conjugated == 1 and involved((b,)):
            b = conjugate(b)
        return product(lambda a, b, **kwargs: function(a, b, *args, **kwargs), a, b, **kwargs)

    return by_parts


for _function in BILINEAR:
    implements(_function)(_bilinear(_function))
implements(np.vdot)(_bilinear(np.vdot, 0))
implements(np.correlate)(_bilinear(np.correlate, 1))
enter(np.matmul)(_bilinear(np.matmul))
for _name, _conjugated in (("vecdot", 0), ("matvec", None), ("vecmat", 0)):
    if hasattr(np, _name):
        enter(getattr(np, _name))(_bilinear(getattr(np, _name), _conjugated))


@implements(np.einsum)
def einsum(subscripts, *operands, **kwargs):
    """np.einsum is linear in each operand: the complex operands are replaced by their parts, one
    after the other."""
    items = [subscripts, *operands]
    arrays = len(operands) if isinstance(subscripts, str) else len(items) // 2
    for k, x in enumerate(items):
        if involved((x,)):
            halves = [
                np.einsum(*items[:k], part, *items[k + 1 :], **kwargs) for part in _both_parts(x)
            ]
            if arrays == 1:  # views of both parts if NumPy returns a view
                return joined(*halves)
            return add(halves[0], multiply(1j, halves[1]))
    return np.einsum(*items, **kwargs)


@implements(np.prod)
def prod(a, axis=None, keepdims=False, initial=NO_VALUE):
    z = made(a, copy=False)
    moved, n, axes = axes_last(z, axis)
    flat = last_in_one(moved, n)
    if not flat.shape[-1]:
        result = pair(np.ones(flat.shape[:-1]), 0.0)
    else:
        result = fold_last(np.multiply, +flat if flat.shape[-1] == 1 else flat)
    result = kept(result, z.shape, axes, keepdims)
    return result if initial is NO_VALUE else result * initial


@implements(np.cumprod)
def cumprod(a, axis=None):
    z = made(a, copy=False)
    if axis is None:
        z, axis = np.ravel(z), 0
    return np.moveaxis(fold_running(np.multiply, np.moveaxis(z, axis, -1)), -1, axis)


@implements(np.var)
def var(a, *args, **kwargs):
    """np.var of each part: NumPy's own code is a method of arrays."""
    re, im = parts(a)
    return np.var(re, *args, **kwargs) + np.var(im, *args, **kwargs)


@implements(np.std)
def std(a, *args, **kwargs):
    return np.sqrt(var(a, *args, **kwargs))


def _reduced(test):
    def reduced(a, *args, **kwargs):
        return test(np.not_equal(made(a, copy=False), 0), *args, **kwargs)

    return reduced


for _function in (np.all, np.any, np.count_nonzero, np.nonzero):
    implements(_function)(_reduced(_function))


def _like(value):
    def like(a, dtype=None, order="K", subok=True, shape=None, **kwargs):
        re = parts(a)[0]
        if dtype is not None and np.dtype(dtype) != np.complex128:
            return np.full_like(re, value, np.dtype(dtype), order, shape=shape)
        return TracedComplex(
            np.full_like(re, value, float, order, shape=shape),
            np.zeros_like(re, float, order, shape=shape),
        )

    return like


implements(np.zeros_like, np.empty_like)(_like(0.0))
implements(np.ones_like)(_like(1.0))


@implements(np.copyto)
def copyto(dst, src, casting="same_kind", where=True):
    store(dst, src if where is True else np.where(where, src, dst), "copyto")


@implements(np.isreal)
def isreal(x):
    return np.imag(x) == 0.0


def _leading(p):
    """Coefficients without the zeros before the first that is not zero."""
    p = np.atleast_1d(np.asarray(p))
    places = np.flatnonzero(np.not_equal(p, 0.0))
    return p[places[0] :] if len(places) else np.zeros(1)


@implements(np.polymul)
def polymul(a1, a2):
    return np.convolve(_leading(a1), _leading(a2))


@implements(np.poly)
def poly(seq_of_zeros):
    """np.poly of complex zeros. That they are pairs, so that the polynomial is real, is a guard."""
    zeros = np.atleast_1d(np.asarray(seq_of_zeros))
    if zeros.ndim != 1:
        refuse("np.poly of a complex matrix")
    p = np.ones(1)
    for zero in zeros:
        p = np.convolve(p, np.stack([np.ones(()), -zero]))
    return np.real(p).copy() if _are_in_pairs(zeros) else p


def _are_in_pairs(z):
    """Whether the numbers and their conjugates are the same, in some order."""
    re, im = parts(z)
    values = _core.current_values(re) + 1j * _core.current_values(im)
    order, mirrored = np.argsort(values), np.argsort(np.conjugate(values))
    return bool(
        np.all(np.equal(re[order], re[mirrored])) and np.all(np.equal(im[order], -im[mirrored]))
    )


def _blocks(a):
    """The real matrix that maps (re, im) as the complex matrix a maps complex vectors."""
    re, im = parts(a)
    im = np.zeros(np.shape(re)) if np.ndim(im) == 0 else im
    upper, lower = np.concatenate([re, -im], axis=-1), np.concatenate([im, re], axis=-1)
    return np.concatenate([upper, lower], axis=-2)


@implements(np.linalg.inv)
def inv(a):
    """np.linalg.inv, where compiled code begins."""
    n = np.shape(a)[-1]
    inverse = np.linalg.inv(_blocks(a))
    return pair(inverse[..., :n, :n], inverse[..., n:, :n])


@implements(np.linalg.solve)
def solve(a, b):
    """np.linalg.solve, where compiled code begins."""
    n, vector = np.shape(a)[-1], np.ndim(b) == 1
    re, im = _both_parts(b)
    sides = np.concatenate([re, im], axis=0 if vector else -2)
    x = np.linalg.solve(_blocks(a), sides)
    return pair(x[:n], x[n:]) if vector else pair(x[..., :n, :], x[..., n:, :])


@implements(np.linalg.lstsq)
def lstsq(a, b, rcond=None):
    m, n = np.shape(a)
    if rcond is None:
        rcond = max(m, n) * np.finfo(float).eps
    sides = np.concatenate(_both_parts(b), axis=0)
    x, residuals, rank, s = np.linalg.lstsq(_blocks(a), sides, rcond)
    # the real matrix has each singular value twice
    return pair(x[:n], x[n:]), residuals, rank // 2, s[::2]


REDUCTIONS = {
    (np.add, "reduce"): np.sum,
    (np.multiply, "reduce"): prod,
    (np.add, "accumulate"): np.cumsum,
    (np.multiply, "accumulate"): cumprod,
}
