# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Interpolation of scipy.ndimage on traced values: its compiled functions, in images and places.

The value at a place is a sum over the nodes of the grid around it (taps), with B-spline weights
that are polynomials of the place in its cell. Which cell that is, and how the image goes on outside
of its borders there, is a guard. Splines of order 1 have two slopes at a node, of which the mean
is taken, but the inner one where the image ends in a jump."""

from itertools import product
from math import comb, factorial
from typing import NamedTuple

import numpy as np
from scipy.ndimage import _interpolation, _ni_support

from ad_core import _core
from ad_core.adapting.stand_ins import supply_names
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy.guards import holds, plain
from ad_core.overrides.scipy.dispatch import implements
from ad_core.recording.arrays import as_array, as_floats
from ad_core.rules.linear_maps import linear_map

__all__ = []

compiled = _interpolation._nd_image
original_filter = compiled.spline_filter1d
supply_names(_ni_support)

SHORT = 32  # nodes of an axis, from which on SciPy's filters are inverse up to rounding
# SciPy's codes of the ways to extend an image.
NEAREST, WRAP, REFLECT, MIRROR, CONSTANT, GRID_WRAP, GRID_CONSTANT = range(7)
# By which of them the taps of a place within the image go on outside of it.
OF_TAPS = {WRAP: MIRROR, CONSTANT: MIRROR}


class Mapped(NamedTuple):
    """Places outside of an axis as places on it: sign * place + offset, with outside where the
    value is that outside of the image."""

    sign: object
    offset: object
    outside: object


def _mapped(at, n, mode):
    """How plain places on an axis with n nodes are mapped to it."""
    one, zero, none = np.ones(at.shape), np.zeros(at.shape), np.zeros(at.shape, bool)
    beyond = (at < 0) | (at > n - 1)
    if mode == CONSTANT:
        return Mapped(one, zero, beyond | np.isnan(at))
    if mode == GRID_CONSTANT:
        return Mapped(one, zero, none)
    if mode == NEAREST:
        return Mapped(np.where(beyond, 0.0, one), np.where(at > n - 1, n - 1.0, 0.0), none)
    if n == 1:
        return Mapped(np.where(beyond, 0.0, one), zero, none)
    if mode == GRID_WRAP:
        period = np.where(at < 0, -np.trunc((-1 - at) / n) - 1, np.floor(at / n))
        return Mapped(one, np.where(beyond, -n * period, 0.0), none)
    if mode == WRAP:  # a place at the end of a period is mapped to the far end
        size = n - 1
        period = np.where(at < 0, -np.floor(-at / size) - 1, np.floor(at / size))
        return Mapped(one, np.where(beyond, -size * period, 0.0), none)
    size = 2 * n - 2 if mode == MIRROR else 2 * n
    middle = 0.0 if mode == MIRROR else -1.0  # the sum of a place and its mirror image
    start = size * np.floor(at / size)
    back = at - start > n - 1 if mode == MIRROR else at - start >= n
    sign = np.where(beyond & back, -1.0, 1.0)
    return Mapped(sign, np.where(beyond, np.where(back, size + middle + start, -start), 0.0), none)


def _polynomials(order):
    """For each tap, the coefficients of its weight, from the highest power of the place in the cell
    on: the B-spline as a sum of truncated powers, in exact fractions."""
    half = 1 - order % 2  # cells of even orders begin half a step before a node
    return [
        [
            sum((-1) ** k * comb(order + 1, k) * comb(order, j)
                * (2 * (order - tap - k) + half) ** (order - j) for k in range(order - tap + 1))
            / (2 ** (order - j) * factorial(order))
            for j in range(order, -1, -1)
        ]
        for tap in range(order + 1)
    ]  # fmt: skip


POLYNOMIALS = [_polynomials(order) for order in range(6)]


class Tap(NamedTuple):
    """One tap of places along an axis: plain nodes, weights (None for 1), and where the node is
    outside of an image that goes on with a constant (None for nowhere)."""

    node: object
    weight: object
    missing: object


def _taps(place, n, order, mode):
    """The taps of places, of any shape, along an axis with n nodes, and which of the places are
    outside of the image."""
    # If the image goes on with its last value, taps do, not places.
    mapped = _core.untraced(_mapped, plain(place), n, GRID_CONSTANT if mode == NEAREST else mode)
    inside = ~mapped.outside
    if not inside.all():
        _keep_outside(place, n, mapped.outside)
        place = np.where(inside, place, 0.0)
    if np.any(mapped.sign != 1.0) or np.any(mapped.offset):
        place = mapped.sign * place + mapped.offset
    value = plain(place)
    if not np.all(np.isfinite(value)):
        raise ValueError(
            f"a place at which scipy.ndimage interpolates is not finite{_core.user_line()}"
        )
    step = 1.0 if order % 2 else 0.5  # within it, weights are polynomials and taps are fixed
    cell = np.floor(value / step) * step
    ends = ((value == 0.0) | (value == n - 1)) & (mode in (WRAP, CONSTANT))
    exactly = ends | (value == cell) if order == 1 else ends
    _keep_cells(place, cell, step, inside & exactly, inside & ~exactly)
    node = np.floor(value if order % 2 else value + 0.5)
    x = place - node
    if order == 1 and _core.traced(place) and exactly.any():
        before = np.where(exactly, 0.5, 0.0)  # the part of the slope before the node
        before = np.where(ends, np.where(value == 0.0, 0.0, 1.0), before)
        weights = [-before * x, 1.0 + (2.0 * before - 1.0) * x, (1.0 - before) * x]
        first = node - 1
    else:
        weights = [_polynomial(c, x) if order else None for c in POLYNOMIALS[order]]
        first = node - order // 2
    return [_tap(first + k, weight, n, mode) for k, weight in enumerate(weights)], ~inside


def _keep_outside(place, n, outside):
    """Keep that places are outside of the image."""
    at = plain(place)
    for test, end, where in ((np.less, 0.0, at < 0), (np.greater, n - 1.0, at > n - 1)):
        if where.any():
            holds(test, place[where], end)
    if np.isnan(at).any():
        holds(np.isnan, place[np.isnan(at)])


def _keep_cells(place, cell, step, exactly, within):
    """Keep that places are at the beginning of their cell, or somewhere in it."""
    if exactly.any():
        holds(np.equal, place[exactly], cell[exactly])
    if within.any():
        place, cell = (place, cell) if within.all() else (place[within], cell[within])
        holds(np.greater_equal, place, cell)
        holds(np.less, place, cell + step)


def _polynomial(coefficients, x):
    value = coefficients[0]
    for c in coefficients[1:]:
        value = value * x + c
    return value


def _tap(node, weight, n, mode):
    mapped = _core.untraced(_mapped, node, n, OF_TAPS.get(mode, mode))
    node = mapped.sign * node + mapped.offset
    missing = None
    if mode == GRID_CONSTANT:
        missing = (node < 0) | (node > n - 1)
        node = np.where(missing, 0, node)
    return Tap(node.astype(int), weight, missing if np.any(missing) else None)


def _interpolated(image, places, order, mode, cval):
    """The values of an image at places, which are one array for each axis; these broadcast."""
    image = as_floats(image)
    axes = [_taps(as_floats(c), n, order, mode) for c, n in zip(places, image.shape, strict=True)]
    flat, total = image.reshape(-1), 0.0
    for taps in product(*(taps for taps, _ in axes)):
        index, missing = 0, False
        for tap, n in zip(taps, image.shape, strict=True):
            index = index * n + tap.node
            missing = missing if tap.missing is None else missing | tap.missing
        part = flat[index]
        if np.any(missing):
            part = np.where(missing, cval, part)
        for tap in taps:
            part = part if tap.weight is None else part * tap.weight
        total = total + part
    outside = np.any(np.broadcast_arrays(*(outside for _, outside in axes)), axis=0)
    return np.where(outside, cval, total) if outside.any() else total


def _store(output, found):
    if np.dtype(output.dtype).kind != "f":
        raise NoDerivativeError(
            f"scipy.ndimage rounds its results to {output.dtype}{_core.user_line()}; give it an "
            f"image of floats, as by image.astype(float), or output=float"
        )
    _core.set_items(output, Ellipsis, found)


@implements(compiled.geometric_transform, calls_back=True)
def geometric_transform(
    image, mapping, coordinates, matrix, offset, output, order, mode, cval, padded, args, kwargs
):
    shape = np.shape(output)
    if mapping is not None:
        grid = [mapping(k, *(args or ()), **(kwargs or {})) for k in np.ndindex(*shape)]
        places = [np.reshape(np.stack(c), shape) for c in zip(*grid, strict=True)]
    elif matrix is not None:
        matrix, offset = as_array(matrix), as_array(offset)
        grid = np.indices(shape, float).reshape(len(shape), -1)
        places = (matrix @ grid + offset[:, None]).reshape(-1, *shape)
    else:
        places = as_floats(coordinates)
    places = [c + float(padded) for c in places] if padded else list(places)
    _store(output, _interpolated(image, places, order, mode, cval))


@implements(compiled.zoom_shift, calls_back=True)
def zoom_shift(image, zoom, shift, output, order, mode, cval, padded, grid_mode):
    shape = np.shape(output)
    places = []
    for d, n in enumerate(shape):
        c = np.arange(n, dtype=float)
        c = c if shift is None else c + shift[d]
        if zoom is not None:
            c = (c + 0.5) * zoom[d] - 0.5 if grid_mode else c * zoom[d]
        places.append(
            np.reshape(c + float(padded), [-1 if k == d else 1 for k in range(len(shape))])
        )
    _store(output, _interpolated(image, places, order, mode, cval))


@implements(compiled.spline_filter1d, calls_back=True)
def spline_filter1d(image, order, axis, output, mode):
    """The coefficients of splines along an axis: a product with the inverse of the matrix of the
    B-splines at the nodes. That is symmetric; if the image is mirrored at its last nodes, after
    these are halved. Where it is mirrored between nodes, SciPy's inverse of a short axis is
    approximate and not symmetric."""
    image = np.moveaxis(as_floats(image), axis, -1)
    n = image.shape[-1]
    between = mode in (REFLECT, NEAREST)
    halves = _core.plain_function("ones")(n)
    if n > 1 and not between and mode != GRID_WRAP:
        halves[0] = halves[-1] = 0.5

    def filtered(x):
        found = _core.plain_function("empty")(x.shape)
        original_filter(np.ascontiguousarray(x), order, x.ndim - 1, found, mode)
        return found

    def transposed(w):
        return halves * filtered(w / halves)

    if between and n < SHORT:
        columns = _core.untraced(lambda: filtered(np.eye(n)).T)

        def transposed(w):
            return w @ columns

    found = linear_map("scipy.ndimage.spline_filter1d", filtered, transposed, image,
                       stack=image.shape[:-1])  # fmt: skip
    _store(output, np.moveaxis(found, -1, axis))
