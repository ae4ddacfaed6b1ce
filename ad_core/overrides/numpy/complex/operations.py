# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Ufuncs of complex traced values, computed from their real and imaginary parts."""

import sys

import numpy as np

from ad_core import _core
from ad_core.errors import TracedValueError
from ad_core.overrides.numpy.complex.array import (
    TracedComplex,
    involved,
    pair,
    parts,
    plain_if_constant,
)
from ad_core.overrides.numpy.constants import refuse_complex as refuse
from ad_core.overrides.numpy.dispatch import any_traced
from ad_core.recording import layouts

__all__ = ["OPERATIONS", "operate", "refuse", "store"]

OPERATIONS = {}  # ufunc -> function of complex, real and plain operands
LARGEST_POWER = 100  # largest exponent for which NumPy multiplies repeatedly


def enter(*ufuncs):
    def add(function):
        for ufunc in ufuncs:
            OPERATIONS[ufunc] = function
        return function

    return add


@enter(np.add)
def add(a, b):
    (a, p), (b, q) = parts(a), parts(b)
    return pair(a + b, p + q)


@enter(np.subtract)
def subtract(a, b):
    (a, p), (b, q) = parts(a), parts(b)
    return pair(a - b, p - q)


@enter(np.multiply)
def multiply(a, b):
    (a, p), (b, q) = parts(a), parts(b)
    return pair(a * b - p * q, a * q + p * b)


@enter(np.divide)
def divide(a, b):
    """Smith's algorithm, as in NumPy: no part is squared, since that might overflow."""
    (a, p), (b, q) = parts(a), parts(b)
    if type(q) is float and q == 0.0:
        return pair(a / b, p / b)
    real = np.absolute(b) >= np.absolute(q)
    large, small = np.where(real, b, q), np.where(real, q, b)
    ratio = small / large
    scale = 1.0 / (large + small * ratio)
    re = np.where(real, a + p * ratio, a * ratio + p) * scale
    im = np.where(real, p - a * ratio, p * ratio - a) * scale
    return pair(re, im)


@enter(np.negative)
def negative(z):
    a, p = parts(z)
    return pair(-a, -p)


@enter(np.positive)
def positive(z):
    a, p = parts(z)
    return pair(+a, +p)


@enter(np.conjugate)
def conjugate(z):
    a, p = parts(z)
    return pair(+a, -p)


@enter(np.square)
def square(z):
    a, p = parts(z)
    return pair(a * a - p * p, a * p + p * a)


@enter(np.reciprocal)
def reciprocal(z):
    return divide(1.0, z)


@enter(np.absolute)
def absolute(z):
    return np.hypot(*parts(z))


@enter(np.exp)
def exp(z):
    a, p = parts(z)
    size = np.exp(a)
    return pair(size * np.cos(p), size * np.sin(p))


@enter(np.exp2)
def exp2(z):
    return exp(multiply(z, np.log(2.0)))


@enter(np.expm1)
def expm1(z):
    a, p = parts(z)
    half = np.sin(0.5 * p)
    return pair(np.expm1(a) * np.cos(p) - 2.0 * half * half, np.exp(a) * np.sin(p))


@enter(np.log)
def log(z):
    a, p = parts(z)
    return pair(np.log(np.hypot(a, p)), np.arctan2(p, a))


@enter(np.log2)
def log2(z):
    return divide(log(z), np.log(2.0))


@enter(np.log10)
def log10(z):
    return divide(log(z), np.log(10.0))


@enter(np.log1p)
def log1p(z):
    a, p = parts(z)
    return pair(0.5 * np.log1p(a * (2.0 + a) + p * p), np.arctan2(p, 1.0 + a))


@enter(np.sqrt)
def sqrt(z):
    """The root in the right half plane; on the branch cut it has the sign of the imaginary zero."""
    a, p = parts(z)
    right = np.greater_equal(a, 0.0)
    # not abs(a), which has no slope at 0
    t = np.sqrt(0.5 * (np.where(right, a, -a) + np.hypot(a, p)))
    sign = np.copysign(1.0, p)
    other = p / np.where(np.equal(t, 0.0), 1.0, 2.0 * t)
    return pair(np.where(right, t, sign * other), np.where(right, other, sign * t))


@enter(np.sin)
def sin(z):
    a, p = parts(z)
    return pair(np.sin(a) * np.cosh(p), np.cos(a) * np.sinh(p))


@enter(np.cos)
def cos(z):
    a, p = parts(z)
    return pair(np.cos(a) * np.cosh(p), -(np.sin(a) * np.sinh(p)))


@enter(np.sinh)
def sinh(z):
    a, p = parts(z)
    return pair(np.sinh(a) * np.cos(p), np.cosh(a) * np.sin(p))


@enter(np.cosh)
def cosh(z):
    a, p = parts(z)
    return pair(np.cosh(a) * np.cos(p), np.sinh(a) * np.sin(p))


@enter(np.tanh)
def tanh(z):
    """Kahan's formula. Above 170 the result is 1 to all digits, and squares would overflow."""
    a, p = parts(z)
    near = np.clip(a, -170.0, 170.0)
    t, s = np.tan(p), np.sinh(near)
    secant = 1.0 + t * t
    below = 1.0 + secant * s * s
    return pair(secant * np.cosh(near) * s / below, t / below)


@enter(np.tan)
def tan(z):
    a, p = parts(z)
    re, im = parts(tanh(pair(-p, a)))
    return pair(im, -re)


@enter(np.power, np.float_power)
def power(a, b):
    if not (type(b) is TracedComplex or any_traced((b,))):
        exponent = np.asarray(b)
        if exponent.ndim == 0 and exponent.imag == 0 and exponent.real == int(exponent.real):
            n = int(exponent.real)
            if abs(n) <= LARGEST_POWER:
                return _integer_power(a, n)
        elif exponent.ndim == 0 and exponent == 0.5:
            return sqrt(a)
    (re, im), (exponent, im_exponent) = parts(a), parts(b)
    zero = np.logical_and(np.equal(re, 0.0), np.equal(im, 0.0))
    # the logarithm of zero is avoided: 0 ** b is 0, and 0 ** 0 is 1
    found = parts(exp(multiply(b, log(pair(np.where(zero, 1.0, re), im)))))
    at_zero = np.where(
        np.logical_and(np.equal(exponent, 0.0), np.equal(im_exponent, 0.0)), 1.0, 0.0
    )
    return pair(np.where(zero, at_zero, found[0]), np.where(zero, 0.0, found[1]))


def _integer_power(z, n):
    if n == 0:
        return pair(np.ones(np.shape(z)), 0.0)
    result, factor, left = None, z, abs(n)
    while left:
        if left & 1:
            result = factor if result is None else multiply(result, factor)
        left >>= 1
        factor = square(factor) if left else factor
    return reciprocal(result) if n < 0 else positive(result)


@enter(np.equal)
def equal(a, b):
    (a, p), (b, q) = parts(a), parts(b)
    return np.logical_and(np.equal(a, b), np.equal(p, q))


@enter(np.not_equal)
def not_equal(a, b):
    (a, p), (b, q) = parts(a), parts(b)
    return np.logical_or(np.not_equal(a, b), np.not_equal(p, q))


def _ordered(ufunc, strict):
    """NumPy's order of complex numbers: by the real parts, and by the imaginary ones if those are
    equal."""

    @enter(ufunc)
    def compared(a, b):
        (a, p), (b, q) = parts(a), parts(b)
        return np.logical_or(strict(a, b), np.logical_and(np.equal(a, b), ufunc(p, q)))


_ordered(np.less, np.less)
_ordered(np.less_equal, np.less)
_ordered(np.greater, np.greater)
_ordered(np.greater_equal, np.greater)


def _enter_test(test, combine):
    def of_parts(z):
        a, p = parts(z)
        return combine(test(a), test(p))

    enter(test)(of_parts)


_enter_test(np.isnan, np.logical_or)
_enter_test(np.isinf, np.logical_or)
_enter_test(np.isfinite, np.logical_and)


@enter(np.rint)
def rint(z):
    a, p = parts(z)
    return pair(np.rint(a), np.rint(p))


def operate(ufunc, operands):
    """A ufunc of operands, one of which is complex."""
    operation = OPERATIONS.get(ufunc) or _of_scipy(ufunc)
    if operation is None:
        plain = plain_if_constant(list(operands))
        if plain is not None:
            return ufunc(*plain)
        refuse(ufunc.__name__)
    result = operation(*operands)
    if not _core.has_axes(result):
        return result
    if ufunc.signature is not None:
        return layouts.in_numpy_layout(ufunc, operands, {}, result)
    arrays = [x.re if type(x) is TracedComplex else x for x in operands]
    return layouts.in_elementwise_layout(arrays, result)


def _of_scipy(ufunc):
    """The operation of a ufunc of scipy.special, else None."""
    if "scipy.special" not in sys.modules or getattr(np, ufunc.__name__, None) is ufunc:
        return None
    from ad_core.overrides.scipy.holomorphic import operation

    return operation(ufunc)


def store(out, result, name):
    """Write a result into the array given as out=."""
    if type(out) is TracedComplex:
        out[...] = result
    elif _core.traced(out):
        if involved((result,)):
            raise TracedValueError(
                f"out= of {name} is a real array, which can not hold complex values"
                f"{_core.user_line()}; make it with dtype=complex"
            )
        _core.set_items(out, Ellipsis, result)
    elif type(result) is TracedComplex or any_traced((result,)):
        raise TracedValueError(
            f"out= of {name} is a plain array, which can not hold traced values"
            f"{_core.user_line()}; leave out out="
        )
    else:
        np.copyto(out, result)
    return out
