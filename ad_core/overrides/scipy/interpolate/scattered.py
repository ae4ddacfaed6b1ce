# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Interpolation of scattered data: linear on triangles, the nearest point, and radial functions."""

import numpy as np
from scipy.interpolate import (
    LinearNDInterpolator,
    NearestNDInterpolator,
    Rbf,
    RBFInterpolator,
    _interpnd,
    _ndgriddata,
)
from scipy.special import xlogy

from ad_core import _core
from ad_core.adapting.stand_ins import supply_names
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy.guards import plain
from ad_core.overrides.scipy.dispatch import implements_method
from ad_core.overrides.scipy.interpolate.bsplines import plain_knots
from ad_core.overrides.scipy.interpolate.grids import coordinates
from ad_core.recording.arrays import as_array
from ad_core.rules.bases import Basis, at, linear

__all__ = []

supply_names(_ndgriddata)

VALUES = "_traced_values"  # attribute of an interpolator with the values from which it was made


class _Triangles(Basis):
    """The functions that are 1 at one vertex, and linear on each simplex; NaN outside of all."""

    def __init__(self, tri):
        super().__init__("scipy.interpolate.LinearNDInterpolator", self.sums, self.terms)
        self.tri = tri

    def sums(self, c, places, nu):
        numbers, weights = self.terms(places, nu)
        return np.sum(weights[:, :, None] * c[numbers], axis=1)

    def terms(self, places, nu):
        x = np.stack(places, axis=-1)
        simplex = self.tri.find_simplex(x)
        transform, n = self.tri.transform[simplex], x.shape[1]
        if sum(nu) == 0:
            inner = np.einsum("jab,jb->ja", transform[:, :n], x - transform[:, n])
            weights = np.concatenate([inner, 1.0 - np.sum(inner, axis=1, keepdims=True)], axis=1)
        elif sum(nu) == 1:
            inner = transform[:, :n, nu.index(1)]
            weights = np.concatenate([inner, -np.sum(inner, axis=1, keepdims=True)], axis=1)
        else:
            weights = np.zeros((len(x), n + 1))
        weights[simplex < 0] = np.nan
        return self.tri.simplices[simplex], weights


class _Nearest(Basis):
    """The functions that are 1 where one point is the nearest one."""

    def __init__(self, tree):
        super().__init__("scipy.interpolate.NearestNDInterpolator", self.sums, self.terms)
        self.tree = tree

    def sums(self, c, places, nu):
        numbers, weights = self.terms(places, nu)
        return weights * c[numbers[:, 0]]

    def terms(self, places, nu):
        _, numbers = self.tree.query(np.stack(places, axis=-1))
        return numbers[:, None], np.full((len(numbers), 1), float(not any(nu)))


def _keeps_values(kind):
    """Let a class of interpolators keep traced values; its own code gets plain ones."""
    original = vars(kind)["__init__"]

    @implements_method(kind, "__init__", calls_back=True)
    def init(self, points, values, *args, **kwargs):
        points = _points(kind.__name__, points)
        values = as_array(values)
        args = [plain(x) if _core.traced(x) else x for x in args]
        _core.untraced(lambda: original(self, points, plain(values), *args, **kwargs))
        if _core.holds_variable(values):
            setattr(self, VALUES, values)


def _points(name, points):
    if isinstance(points, tuple | list):
        return type(points)(plain_knots(name, *points))
    return plain_knots(name, points)[0] if _core.traced(points) else points


_keeps_values(LinearNDInterpolator)
_keeps_values(NearestNDInterpolator)


def _at_points(self, basis, args, values):
    x = coordinates(tuple(args), ndim=self.points.shape[1])
    if x.shape[-1] != self.points.shape[1]:
        raise ValueError(
            f"number of dimensions in xi does not match x: {x.shape[-1]} and {self.points.shape[1]}"
        )
    shape = x.shape[:-1]
    if self.scale is not None:
        x = (x - self.offset) / self.scale
    places = [x[..., d].reshape(-1) for d in range(x.shape[-1])]
    y = at(basis, values.reshape(len(values), -1), places, (0,) * len(places))
    return y.reshape(shape + values.shape[1:])


_on_triangles = _interpnd.NDInterpolatorBase.__call__
_to_nearest = vars(NearestNDInterpolator)["__call__"]


@implements_method(_interpnd.NDInterpolatorBase, "__call__", calls_back=True)
def on_triangles(self, *args, **options):  # the tolerance of the search, from SciPy 1.18 on
    values = getattr(self, VALUES, None)
    if values is None and not _core.holds_variable(args):
        return _core.untraced(lambda: _on_triangles(self, *map(plain, args), **options))
    if not isinstance(self, LinearNDInterpolator):
        raise NoDerivativeError(
            f"{type(self).__name__} has no derivative in ad_core{_core.user_line()}; use "
            f"LinearNDInterpolator or RBFInterpolator"
        )
    if values is None:
        values = self.values.reshape(-1, *self.values_shape)
    y = _at_points(self, _Triangles(self.tri), args, values)
    return y if np.isnan(self.fill_value) else np.where(np.isnan(y), self.fill_value, y)


@implements_method(NearestNDInterpolator, "__call__", calls_back=True)
def to_nearest(self, *args, **options):
    values = getattr(self, VALUES, None)
    if values is None and not _core.holds_variable(args):
        return _core.untraced(lambda: _to_nearest(self, *map(plain, args), **options))
    if options:
        raise NoDerivativeError(
            f"NearestNDInterpolator takes no options of the search on traced values"
            f"{_core.user_line()}; leave them out"
        )
    return _at_points(self, _Nearest(self.tree), args, self.values if values is None else values)


# Kernels of radial functions, by the squared distance.
KERNELS = {
    "linear": lambda s: -np.sqrt(s),
    "thin_plate_spline": lambda s: 0.5 * xlogy(s, s),
    "cubic": lambda s: s**1.5,
    "quintic": lambda s: -(s**2.5),
    "multiquadric": lambda s: -np.sqrt(s + 1.0),
    "inverse_multiquadric": lambda s: 1.0 / np.sqrt(s + 1.0),
    "inverse_quadratic": lambda s: 1.0 / (s + 1.0),
    "gaussian": lambda s: np.exp(-s),
}

_fit, _radial = (vars(RBFInterpolator)[name] for name in ("__init__", "__call__"))


@implements_method(RBFInterpolator, "__init__", calls_back=True)
def fitted(self, y, d, *args, **kwargs):
    if _core.holds_variable((args, kwargs)):
        plain_knots("RBFInterpolator", *args, *kwargs.values())
    (y,) = plain_knots("RBFInterpolator", y)
    d = as_array(d)
    _core.untraced(lambda: _fit(self, y, plain(d), *args, **kwargs))
    if not _core.holds_variable(d):
        return
    if self.neighbors is not None:
        raise NoDerivativeError(
            f"RBFInterpolator with neighbors has no derivative by its values in ad_core"
            f"{_core.user_line()}; leave out neighbors"
        )

    def coefficients(columns):
        return RBFInterpolator(y, columns, *args, **kwargs)._coeffs

    self.d = d.reshape(len(d), -1)
    self._coeffs = linear("scipy.interpolate.RBFInterpolator", coefficients, self.d)


@implements_method(RBFInterpolator, "__call__", calls_back=True)
def radial(self, x):
    x = as_array(x)
    if not _core.holds_variable((x, self.d)):
        return _core.untraced(lambda: _radial(self, plain(x)))
    if self.neighbors is not None:
        raise NoDerivativeError(
            f"RBFInterpolator with neighbors has no derivative{_core.user_line()}; leave "
            f"out neighbors"
        )
    if x.ndim != 2 or x.shape[1] != self.y.shape[1]:
        raise ValueError(f"Expected the second axis of `x` to have length {self.y.shape[1]}.")
    squares = sum((self.epsilon * (x[:, d, None] - self.y[:, d])) ** 2 for d in range(x.shape[1]))
    terms = [KERNELS[self.kernel](squares)]
    if len(self.powers):
        moved = (x - self._shift) / self._scale
        terms.append(np.prod(moved[:, None, :] ** self.powers, axis=2))
    y = np.concatenate(terms, axis=1) @ self._coeffs
    return y.reshape(x.shape[:1] + tuple(self.d_shape))


def _refused(kind, name, remedy):
    @implements_method(kind, name)
    def method(self, *args, **kwargs):
        raise NoDerivativeError(
            f"{kind.__name__} has no derivative in ad_core{_core.user_line()}; {remedy}"
        )


_refused(Rbf, "__init__", "use RBFInterpolator")
_refused(Rbf, "__call__", "use RBFInterpolator")
