# SPDX-License-Identifier: Apache-2.0
"""Discrete Fourier transforms as linear functions of real and imaginary parts. The rule for
cotangents is the opposite transform. Rules transform the last axis, so that the others are those of
a stack. Transforms over several axes are made of those over one."""

import numpy as np

from ad_core.overrides.numpy.complex.array import involved, made, pair, parts, plain_if_constant
from ad_core.overrides.numpy.complex.functions import implements as implements_complex
from ad_core.overrides.numpy.dispatch import implements
from ad_core.recording.arrays import as_array
from ad_core.rules.rule import call

__all__ = ["fft", "ifft", "irfft", "rfft"]

# The norm with which the opposite transform has the factor of this one.
OTHER = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}
INVERSE = {"fft": "ifft", "ifft": "fft"}


def _enter(function):
    def add(implementation):
        implements(function, lists=True)(implementation)
        implements_complex(function)(implementation)
        return implementation

    return add


def _other(norm):
    if norm not in OTHER:
        raise ValueError(f'Invalid norm value {norm}; should be "backward", "ortho" or "forward".')
    return OTHER[norm]


def _plain(function, *settings):
    """NumPy's transform as a function that takes parts and returns parts."""

    def value(*xs):
        y = function(xs[0] if len(xs) == 1 else xs[0] + 1j * xs[1], *settings)
        return (y.real, y.imag) if y.dtype.kind == "c" else (y,)

    return value


def _fitted(x, n):
    """x, cut off or padded with zeros to n elements along the last axis."""
    if x.shape[-1] < n:
        zeros = np.zeros((*x.shape[:-1], n - x.shape[-1]))
        x = np.concatenate([x, zeros], axis=-1)
    return x[..., :n]


def _weighted(x, inner, n):
    """Half a spectrum of length n, times a factor at the frequencies that have a mirror image."""
    factors = np.full(n // 2 + 1, inner)
    factors[0] = 1.0
    if n % 2 == 0:
        factors[-1] = 1.0
    return x * factors


# These functions take and return parts, plain or traced: one for real and two for complex numbers.


def _full(name, xs, n, norm):
    size, count = xs[0].shape[-1], len(xs)

    def jvp(arrays, results, tangents):
        return _full(name, tangents, n, norm)

    def vjp(arrays, results, cotangents):
        found = _full(INVERSE[name], cotangents, n, _other(norm))
        return [_fitted(x, size) for x in found[:count]]

    return _called(name, xs, n, norm, jvp, vjp)


def _half(xs, n, norm):
    size = xs[0].shape[-1]

    def jvp(arrays, results, tangents):
        return _half(tangents, n, norm)

    def vjp(arrays, results, cotangents):
        spectrum = [_weighted(w, 0.5, n) for w in cotangents]
        return [_fitted(x, size) for x in _of_half(spectrum, n, _other(norm))]

    return _called("rfft", xs, n, norm, jvp, vjp)


def _of_half(xs, n, norm):
    size, count = xs[0].shape[-1], len(xs)

    def jvp(arrays, results, tangents):
        return _of_half(tangents, n, norm)

    def vjp(arrays, results, cotangents):
        found = [_weighted(x, 2.0, n) for x in _half(cotangents, n, _other(norm))]
        return [_fitted(x, size) for x in found[:count]]

    return _called("irfft", xs, n, norm, jvp, vjp)


def _called(name, xs, n, norm, jvp, vjp):
    value = _plain(getattr(np.fft, name), n, -1, norm)
    return call(f"np.fft.{name}", value, xs, jvp, vjp, raises=False, stack=xs[0].shape[:-1])


def _parts_of(a):
    """The parts of an argument, real or complex, plain or traced."""
    if not involved((a,)):
        return (as_array(a),)
    return tuple(as_array(x) for x in parts(made(a, copy=False)))


def _applied(function, transform, xs, n, axis, norm):
    """The transform of parts, as a real or complex array."""
    _other(norm)
    if n < 1:
        raise ValueError(f"Invalid number of FFT data points ({n}) specified.")
    plain = plain_if_constant(list(xs))
    if plain is not None:  # an array of constants, to which traced values can be written
        found = _plain(function, n, axis, norm)(*plain)
        return np.array(*found) if len(found) == 1 else made(_joined(*found))
    found = transform([np.moveaxis(x, axis, -1) for x in xs], n, norm)
    return _joined(*(np.moveaxis(x, -1, axis) for x in found))


def _joined(re, im=None):
    return re if im is None else pair(re, im)


def _enter_full(name):
    function = getattr(np.fft, name)

    @_enter(function)
    def transform(a, n=None, axis=-1, norm=None):
        xs = _parts_of(a)
        n = xs[0].shape[axis] if n is None else n
        return _applied(function, lambda *given: _full(name, *given), xs, n, axis, norm)

    return transform


fft, ifft = _enter_full("fft"), _enter_full("ifft")


@_enter(np.fft.rfft)
def rfft(a, n=None, axis=-1, norm=None):
    if involved((a,)):
        raise TypeError(
            "np.fft.rfft takes real values, got complex ones; pass .real, or use np.fft.fft"
        )
    xs = _parts_of(a)
    return _applied(np.fft.rfft, _half, xs, xs[0].shape[axis] if n is None else n, axis, norm)


@_enter(np.fft.irfft)
def irfft(a, n=None, axis=-1, norm=None):
    xs = _parts_of(a)
    n = 2 * (xs[0].shape[axis] - 1) if n is None else n
    return _applied(np.fft.irfft, _of_half, xs, n, axis, norm)


@_enter(np.fft.hfft)
def hfft(a, n=None, axis=-1, norm=None):
    return irfft(np.conjugate(a), n, axis, _other(norm))


@_enter(np.fft.ihfft)
def ihfft(a, n=None, axis=-1, norm=None):
    return np.conjugate(rfft(a, n, axis, _other(norm)))


def _lengths(a, s, axes, halved=False):
    """Length and axis of each transform; halved: the input of the last one is half a spectrum."""
    shape = np.shape(a)
    given = s is not None
    if axes is None:
        axes = range(-len(s), 0) if given else range(len(shape))
    s = list(s) if given else [shape[d] for d in axes]
    if len(s) != len(axes):
        raise ValueError("Shape and axes have different lengths.")
    if halved and not given:
        s[-1] = 2 * (shape[axes[-1]] - 1)
    return [(shape[d] if n == -1 else n, d) for n, d in zip(s, axes, strict=True)]


def _enter_several(name, transform):
    def several(a, s=None, axes=None, norm=None):
        for n, d in reversed(_lengths(a, s, axes)):
            a = transform(a, n, d, norm)
        return a

    _enter(getattr(np.fft, f"{name}n"))(several)
    _enter_two(f"{name}2", several)


def _enter_two(name, several):
    def two(a, s=None, axes=(-2, -1), norm=None):
        return several(a, s, axes, norm)

    _enter(getattr(np.fft, name))(two)


def rfftn(a, s=None, axes=None, norm=None):
    *others, (n, d) = _lengths(a, s, axes)
    a = rfft(a, n, d, norm)
    for n, d in reversed(others):
        a = fft(a, n, d, norm)
    return a


def irfftn(a, s=None, axes=None, norm=None):
    *others, last = _lengths(a, s, axes, halved=True)
    for n, d in others:
        a = ifft(a, n, d, norm)
    return irfft(a, *last, norm)


_enter_several("fft", fft)
_enter_several("ifft", ifft)
for _name, _several in (("rfft", rfftn), ("irfft", irfftn)):
    _enter(getattr(np.fft, f"{_name}n"))(_several)
    _enter_two(f"{_name}2", _several)


def _shift(x, axes, sign):
    x = as_array(x)
    if axes is None:
        axes = tuple(range(x.ndim))
    axes = axes if isinstance(axes, tuple | list) else (axes,)
    return np.roll(x, [sign * (x.shape[d] // 2) for d in axes], tuple(axes))


@implements(np.fft.fftshift)
def fftshift(x, axes=None):
    return _shift(x, axes, 1)


@implements(np.fft.ifftshift)
def ifftshift(x, axes=None):
    return _shift(x, axes, -1)
