# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scipy.fft on traced values: Fourier transforms by NumPy's functions of the same names, cosine and
sine transforms as linear maps. The transpose of each follows from the types of these transforms
(https://docs.scipy.org/doc/scipy/tutorial/fft.html)."""

import numpy as np
import scipy.fft as sf

from ad_core import _core
from ad_core.overrides.numpy.complex.array import involved, made, pair
from ad_core.overrides.numpy.fft import opposite
from ad_core.overrides.scipy.dispatch import implements
from ad_core.recording.arrays import as_array
from ad_core.rules.linear_maps import linear_map

__all__ = []


def _as_numpys(name):
    """Enter a transform that NumPy has too, with fewer parameters."""
    transform = getattr(np.fft, name)

    @implements(getattr(sf, name))
    def function(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
        return transform(x, n, axis, norm)

    @implements(getattr(sf, f"{name}2"))
    def two(x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, *, plan=None):
        return _of_several(name, x, s, axes, norm)

    @implements(getattr(sf, f"{name}n"))
    def several(x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, plan=None):
        return _of_several(name, x, s, axes, norm)


def _of_several(name, x, s, axes, norm):
    x = as_array(x) if not involved((x,)) else made(x)
    if s is not None and axes is None:
        axes = tuple(range(-np.size(s), 0))
    if s is not None:
        s = tuple(np.atleast_1d(s))
    axes = None if axes is None else tuple(np.atleast_1d(axes))
    if name == "hfft":  # with the factor of the opposite transform
        return np.fft.irfftn(np.conjugate(x), s, axes, opposite(norm))
    if name == "ihfft":
        return np.conjugate(np.fft.rfftn(x, s, axes, opposite(norm)))
    return getattr(np.fft, f"{name}n")(x, s, axes, norm)


for _name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"):
    _as_numpys(_name)


@implements(sf.fftshift)
def fftshift(x, axes=None):
    return np.fft.fftshift(x, axes)


@implements(sf.ifftshift)
def ifftshift(x, axes=None):
    return np.fft.ifftshift(x, axes)


INVERSE_TYPE = {1: 1, 2: 3, 3: 2, 4: 4}
ORIGINALS = {"dct": sf.dct, "dst": sf.dst}


def _real_transform(name, x, kind, n, axis, norm, orthogonalize):
    """dct or dst of a real or complex array along one axis."""
    if involved((x,)):
        x = made(x)
        return pair(*(_real_transform(name, part, kind, n, axis, norm, orthogonalize)
                      for part in (x.re, x.im)))  # fmt: skip
    x = np.moveaxis(as_array(x), axis, -1)
    if n is not None and n != x.shape[-1]:
        if n < 1:
            raise ValueError(f"invalid number of data points ({n}) specified")
        missing = max(0, n - x.shape[-1])
        x = np.concatenate([x, np.zeros((*x.shape[:-1], missing))], axis=-1)[..., :n]
    orthogonalize = norm == "ortho" if orthogonalize is None else bool(orthogonalize)
    transform, transposed = _core.untraced(_pair_of, name, kind, x.shape[-1], norm, orthogonalize)
    found = linear_map(f"scipy.fft.{name}", transform, transposed, x, stack=x.shape[:-1])
    return np.moveaxis(found, -1, axis)


def _pair_of(name, kind, n, norm, orthogonalize):
    """A transform along the last axis and its transpose, as functions of plain arrays."""
    function = ORIGINALS[name]

    def of(kind, norm=norm):
        return lambda x: function(x, kind, norm=norm, orthogonalize=orthogonalize)

    if orthogonalize and kind != 4:  # an orthogonal matrix times a number
        unit = np.zeros(n)
        unit[0] = 1.0
        square = np.sum(of(kind)(unit) ** 2)
        back = of(INVERSE_TYPE[kind], opposite(norm))
        return of(kind), lambda w: square * back(w)
    # The matrix of type 1 is A D, and those of types 2 and 3 are 2 B and B^T D, where D is diagonal
    # and A symmetric; that of type 4, and of type 1 for sines, is symmetric itself.
    d = np.full(n, 2.0)
    if name == "dct":
        d[0] = 1.0
    if name == "dst" or kind == 1:
        d[-1] = 1.0
    if kind == 1 and name == "dct":
        return of(1), lambda w: d * of(1)(w / d)
    if kind == 2:
        return of(2), lambda w: of(3)(2.0 / d * w)
    if kind == 3:
        return of(3), lambda w: d / 2.0 * of(2)(w)
    return of(kind), of(kind)


def _enter_real(name):
    def forward(x, type=2, n=None, axis=-1, norm=None, overwrite_x=False, workers=None,
                orthogonalize=None):  # fmt: skip
        return _real_transform(name, x, type, n, axis, norm, orthogonalize)

    def inverse(x, type=2, n=None, axis=-1, norm=None, overwrite_x=False, workers=None,
                orthogonalize=None):  # fmt: skip
        orthogonalize = norm == "ortho" if orthogonalize is None else orthogonalize
        kind = INVERSE_TYPE[type]
        return _real_transform(name, x, kind, n, axis, opposite(norm), orthogonalize)

    def several(one):
        def transform(x, type=2, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *,
                      orthogonalize=None):  # fmt: skip
            if s is not None:
                s = list(np.atleast_1d(s))
            if axes is None:
                axes = range(np.ndim(x)) if s is None else range(-len(s), 0)
            axes = list(np.atleast_1d(axes))
            if s is not None and len(s) != len(axes):
                raise ValueError(
                    "when given, axes and shape arguments have to be of the same length"
                )
            for d, n in zip(axes, s or [None] * len(axes), strict=True):
                n = np.shape(x)[d] if n == -1 else n
                x = one(x, type, n, d, norm, orthogonalize=orthogonalize)
            return x

        return transform

    for prefix, one in (("", forward), ("i", inverse)):
        implements(getattr(sf, f"{prefix}{name}"))(one)
        implements(getattr(sf, f"{prefix}{name}n"))(several(one))


_enter_real("dct")
_enter_real("dst")


def _enter_hankel(name):
    """The fast Hankel transforms: products with symmetric matrices, since the convolution that they
    consist of is reversed, and the same factors up to a number come before and after it."""
    function = getattr(sf, name)

    @implements(function)
    def transform(a, dln, mu, offset=0.0, bias=0.0):
        x = as_array(a)

        def of(x):
            return function(x, dln, mu, offset, bias)

        return linear_map(f"scipy.fft.{name}", of, of, x, stack=x.shape[:-1])


_enter_hankel("fht")
_enter_hankel("ifht")
