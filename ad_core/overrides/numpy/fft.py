# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Discrete Fourier transforms as linear functions of real and imaginary parts. The rule for
cotangents is the opposite transform. Rules transform the last axis, so that the others are those of
a stack. NumPy's own code makes all its transforms of one function, which calls compiled code."""

import numpy as np
from numpy.fft import _pocketfft as pocketfft

from ad_core import _core
from ad_core.overrides.numpy.complex.array import involved, made, pair, parts, plain_if_constant
from ad_core.overrides.numpy.complex.operations import store
from ad_core.overrides.numpy.dispatch import only_plain
from ad_core.overrides.numpy.own_code import stands_for
from ad_core.recording import layouts
from ad_core.recording.arrays import as_array
from ad_core.rules.rule import call

__all__ = ["opposite"]

# The norm with which the opposite transform has the factor of this one.
opposite = pocketfft._swap_direction
INVERSE = {"fft": "ifft", "ifft": "fft"}


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
        found = _full(INVERSE[name], cotangents, n, opposite(norm))
        return [_fitted(x, size) for x in found[:count]]

    return _called(name, xs, n, norm, jvp, vjp)


def _half(xs, n, norm):
    size = xs[0].shape[-1]

    def jvp(arrays, results, tangents):
        return _half(tangents, n, norm)

    def vjp(arrays, results, cotangents):
        spectrum = [_weighted(w, 0.5, n) for w in cotangents]
        return [_fitted(x, size) for x in _of_half(spectrum, n, opposite(norm))]

    return _called("rfft", xs, n, norm, jvp, vjp)


def _of_half(xs, n, norm):
    size, count = xs[0].shape[-1], len(xs)

    def jvp(arrays, results, tangents):
        return _of_half(tangents, n, norm)

    def vjp(arrays, results, cotangents):
        found = [_weighted(x, 2.0, n) for x in _half(cotangents, n, opposite(norm))]
        return [_fitted(x, size) for x in found[:count]]

    return _called("irfft", xs, n, norm, jvp, vjp)


def _called(name, xs, n, norm, jvp, vjp):
    value = _plain(getattr(np.fft, name), n, -1, norm)
    return call(f"np.fft.{name}", value, xs, jvp, vjp, raises=False, stack=xs[0].shape[:-1])


def _parts_of(a):
    """The parts of an argument, real or complex, plain or traced, as arrays of floats."""
    if not involved((a,)):
        return (as_array(_core.numbers_of(a)),)
    return tuple(as_array(x) for x in parts(made(a, copy=False)))


def _joined(re, im=None):
    return re if im is None else pair(re, im)


def _raw_fft(a, n, axis, is_real, is_forward, norm, out=None):
    """numpy.fft._pocketfft._raw_fft, where compiled code begins."""
    n, axis = only_plain(np.fft.fft, n, axis)
    if n < 1:
        raise ValueError(f"Invalid number of FFT data points ({n}) specified.")
    opposite(norm)
    name = f"{'' if is_forward else 'i'}{'r' if is_real else ''}fft"
    xs = _parts_of(a)
    if name == "rfft" and len(xs) == 2:
        raise TypeError(
            "np.fft.rfft takes real values, got complex ones; pass .real, or use np.fft.fft"
        )
    plain = plain_if_constant(list(xs))
    if plain is not None:  # an array of constants, to which traced values can be written
        found = _plain(getattr(np.fft, name), n, axis, norm)(*plain)
        result = np.array(*found) if len(found) == 1 else made(_joined(*found))
    else:
        xs = [np.moveaxis(x, axis, -1) for x in xs]
        found = TRANSFORMS[name](xs, n, norm)
        result = _joined(*(np.moveaxis(x, -1, axis) for x in found))
    if _core.has_axes(result):
        numpys = getattr(np.fft, name)
        result = layouts.in_numpy_layout(numpys, (a, n, axis, norm), {}, result)
    return result if out is None else store(out, result, name)


TRANSFORMS = {
    "fft": lambda *given: _full("fft", *given),
    "ifft": lambda *given: _full("ifft", *given),
    "rfft": _half,
    "irfft": _of_half,
}
stands_for(pocketfft._raw_fft, _raw_fft)
