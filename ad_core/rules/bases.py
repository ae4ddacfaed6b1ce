# SPDX-License-Identifier: Apache-2.0
"""Functions of a place that are linear in coefficients: splines, interpolants on grids and on
triangles. The interval of a place is no guard, so that recordings hold at all places."""

import numpy as np

from ad_core import _core
from ad_core.recording.arrays import as_array
from ad_core.rules.elementwise import elementwise
from ad_core.rules.rule import call

__all__ = ["Basis", "at", "linear"]


class Basis:
    """The functions of a basis. name: in messages.

    value(c, places, nu): the sums at the places, an array of m x n, for coefficients c of P x n and
    a list of arrays of m coordinates; nu has the order of the derivative by each coordinate.
    weights(places, nu): for each place the numbers of some basis functions and their values or
    derivatives, two arrays of m x q; all other basis functions are zero there. Both take plain
    arrays.
    """

    def __init__(self, name, value, weights):
        self.name = name
        self.value = value
        self.weights = weights


def at(basis, c, places, nu):
    """The sum of coefficients (P x n) times basis functions at places, an array of m x n."""
    places = [as_array(x) for x in places]
    fixed = not any(map(_core.holds_variable, places))
    if fixed:
        places = [_core.current_values(x) if _core.traced(x) else x for x in places]
    if not _core.holds_variable(c):
        c = _core.current_values(c) if _core.traced(c) else c
        if fixed:
            return _core.untraced(basis.value, c, places, nu)
        columns = [_column(basis, c[:, j : j + 1], nu)(*places) for j in range(c.shape[1])]
        return np.stack(columns, axis=1) if columns else np.zeros((places[0].size, 0))
    elif fixed:
        numbers, weights = _core.untraced(basis.weights, places, nu)
        return np.sum(weights[:, :, None] * c[numbers], axis=1)
    each = _one_function(basis, nu)(*(x[:, None] for x in places), np.arange(len(c), dtype=float))
    return each @ c


def _raised(nu, d):
    """The orders of derivatives with one more by coordinate d."""
    return tuple(order + (k == d) for k, order in enumerate(nu))


def _column(basis, c, nu):
    """The sum for one column of coefficients, as an elementwise function of the coordinates."""

    def value(*places):
        places = np.broadcast_arrays(*places)
        flat = basis.value(c, [x.ravel() for x in places], nu)
        return flat.reshape(places[0].shape)

    def partial(d):
        higher = _raised(nu, d)

        def slope(*places_and_value):
            places = np.broadcast_arrays(*map(as_array, places_and_value[:-1]))
            shape = places[0].shape
            return at(basis, c, [x.reshape(-1) for x in places], higher).reshape(shape)

        return slope

    return elementwise(basis.name, value, *map(partial, range(len(nu))))


def _one_function(basis, nu):
    """One of the basis functions, as an elementwise function of the coordinates and its number."""

    def value(*places_and_number):
        *places, number = (x.ravel() for x in np.broadcast_arrays(*places_and_number))
        numbers, weights = basis.weights(places, nu)
        shape = np.broadcast_shapes(*map(np.shape, places_and_number))
        chosen = np.where(numbers == number[:, None], weights, 0.0)
        return np.sum(chosen, axis=1).reshape(shape)

    def partial(d):
        higher = _one_function(basis, _raised(nu, d)) if sum(nu) < MOST_ORDERS else None
        return None if higher is None else lambda *given: higher(*given[:-1])

    return elementwise(basis.name, value, *map(partial, range(len(nu))), None)


MOST_ORDERS = 4  # of derivatives by the place of what depends on its coefficients as well


def linear(name, function, y, homogeneous=None):
    """An affine function of the columns of a traced array (n x q): function takes plain arrays and
    returns p x q. homogeneous: the same without its constant part, of any number of columns. Its
    matrix is computed from the unit vectors when a derivative first needs it."""
    homogeneous, n, kept = homogeneous or function, y.shape[0], []

    def matrix():
        if not kept:
            kept.append(homogeneous(np.eye(n)))
        return kept[0]

    def linear_map(arrays, results, backward):
        m = _core.untraced(matrix)
        m = m.T if backward else m
        return lambda seeds: (m @ seeds[0],)

    (result,) = call(name, lambda y: (function(y),), (y,), linear=linear_map, raises=False)
    return result
