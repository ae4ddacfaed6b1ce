# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""B-splines: at traced places and with traced coefficients, and their coefficients from traced
values, which are linear in these. Knots are plain."""

import numpy as np
from scipy.interpolate import BSpline, NdBSpline, _bsplines, _fitpack_repro, _ndbspline
from scipy.sparse.linalg import spsolve

from ad_core import _core
from ad_core.adapting.stand_ins import supply_names
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy.guards import plain
from ad_core.overrides.scipy.dispatch import implements, implements_method
from ad_core.recording.arrays import as_array
from ad_core.rules.bases import Basis, at, linear

__all__ = ["antiderivative_at", "plain_knots", "spline_at"]

supply_names(_bsplines, _fitpack_repro, _ndbspline)

_evaluate = vars(BSpline)["__call__"]


def plain_knots(what, *arrays):
    """The arrays as plain ones; NoDerivativeError if they depend on an input."""
    if _core.holds_variable(arrays):
        raise NoDerivativeError(
            f"{what} has no derivative by its knots or places of data{_core.user_line()}; "
            f"pass plain ones, or use CubicSpline"
        )
    return [None if x is None else plain(as_array(x)) for x in arrays]


class _Splines(Basis):
    """The B-splines of degree k on the knots t. Outside they go on, or are NaN."""

    def __init__(self, t, k, extrapolate):
        super().__init__("scipy.interpolate.BSpline", self.sums, self.terms)
        self.t, self.k, self.extrapolate = t, k, extrapolate

    def sums(self, c, places, nu):
        if nu[0] > self.k:
            c, nu = 0.0 * c, (0,)
        spline = BSpline.construct_fast(self.t, np.ascontiguousarray(c), self.k, self.extrapolate)
        return _evaluate(spline, places[0], nu[0])

    def terms(self, places, nu):
        n = len(self.t) - self.k - 1
        values = self.sums(np.eye(n), places, nu)
        last = np.clip(np.searchsorted(self.t, places[0], side="right") - 1, self.k, n - 1)
        numbers = last[:, None] - np.arange(self.k, -1, -1)
        return numbers, np.take_along_axis(values, numbers, axis=1)


def spline_at(t, c, k, x, nu=0, extrapolate=True):
    """Values at places x of a spline with coefficients c (n x q), as an array of m x q."""
    n = len(t) - k - 1
    return at(_Splines(t, k, extrapolate), c[:n], [x], (nu,))


@implements_method(BSpline, "__call__", calls_back=True)
def evaluated(self, x, nu=0, extrapolate=None):
    x, c = as_array(x), self.c
    (t,) = plain_knots("BSpline", self.t)
    if not _core.holds_variable((x, c)):
        return _core.untraced(lambda: _evaluate(_as_plain(self, t), plain(x), nu, extrapolate))
    extrapolate = self.extrapolate if extrapolate is None else extrapolate
    flat = x.reshape(-1)
    if extrapolate == "periodic":
        begin, end = t[self.k], t[len(t) - self.k - 1]
        flat, extrapolate = begin + (flat - begin) % (end - begin), False
    columns = as_array(c).reshape(c.shape[0], -1)
    y = spline_at(t, columns, self.k, flat, int(nu), bool(extrapolate))
    y = y.reshape(x.shape + c.shape[1:])
    if self.axis:
        order = list(range(y.ndim))
        order = order[x.ndim : x.ndim + self.axis] + order[: x.ndim] + order[x.ndim + self.axis :]
        y = y.transpose(order)
    return y


def _as_plain(spline, t):
    c = spline.c
    if not _core.traced(spline.t) and not _core.traced(c):
        return spline
    return BSpline.construct_fast(t, plain(c), spline.k, spline.extrapolate, spline.axis)


def antiderivative_at(t, c, k, places, low=None, high=None):
    """The antiderivative of a spline with coefficients c (n x q) that is zero at the begin, at a
    list of places, each taken into the interval from low to high if these are given."""
    n = len(t) - k - 1
    widths = (t[k + 1 : k + 1 + n] - t[:n])[:, None] / (k + 1)
    sums = np.concatenate([np.zeros((1, c.shape[1])), np.cumsum(c[:n] * widths, axis=0)])
    knots = np.concatenate([t[:1], t, t[-1:]])
    places = np.stack([as_array(x) for x in places])
    if low is not None:
        places = np.clip(places, low, high)
    return spline_at(knots, sums, k + 1, places)


@implements_method(BSpline, "integrate", calls_back=True)
def integrate(self, a, b, extrapolate=None):
    extrapolate = self.extrapolate if extrapolate is None else extrapolate
    (t,) = plain_knots("BSpline", self.t)
    c = as_array(self.c)
    columns, begin, end = c.reshape(c.shape[0], -1), t[self.k], t[len(t) - self.k - 1]
    if extrapolate == "periodic":
        a, b = as_array(a), as_array(b)
        turns = [np.floor((x - begin) / (end - begin)) for x in (a, b)]
        inner = [begin + (x - begin) % (end - begin) for x in (a, b)]
        at_ends = antiderivative_at(t, columns, self.k, [*inner, begin, end])
        total = at_ends[1] - at_ends[0] + (turns[1] - turns[0]) * (at_ends[3] - at_ends[2])
    else:
        limits = () if extrapolate else (begin, end)
        values = antiderivative_at(t, columns, self.k, [a, b], *limits)
        total = values[1] - values[0]
    return total.reshape(c.shape[1:])


def _coefficients(name, make, y, axis, homogeneous=None):
    """The spline that `make` returns for plain values, with coefficients that are linear in traced
    ones. make takes values whose first axis is that of the data."""
    y = np.moveaxis(as_array(y), axis, 0)
    flat = y.reshape(y.shape[0], -1)
    spline = _core.untraced(make, plain(y))
    shape = spline.c.shape

    def function(columns):
        return make(columns.reshape(y.shape)).c.reshape(shape[0], -1)

    c = linear(name, function, flat, homogeneous or (lambda columns: make(columns).c))
    t = spline.t
    axis = axis % y.ndim
    return BSpline.construct_fast(t, c.reshape(shape), spline.k, spline.extrapolate, axis)


@implements(_bsplines.make_interp_spline)
def make_interp_spline(x, y, k=3, t=None, bc_type=None, axis=0, check_finite=True):
    make = _bsplines.make_interp_spline
    x, t = plain_knots("make_interp_spline", x, t)
    y = as_array(y)
    if _core.holds_variable(bc_type):
        raise NoDerivativeError(
            f"make_interp_spline has no derivative by the values in bc_type in ad_core"
            f"{_core.user_line()}; pass plain ones"
        )
    if not y.size or not _core.holds_variable(y):
        return _core.untraced(lambda: make(x, plain(y), k, t, bc_type, axis, check_finite))

    def homogeneous(columns):
        kind = bc_type
        if bc_type == "periodic":
            columns = columns.copy()
            columns[0] = columns[-1] = 0.5 * (columns[0] + columns[-1])
        elif bc_type is not None and not isinstance(bc_type, str):
            zero = np.zeros(columns.shape[1])
            kind = [side if side is None or isinstance(side, str) else [(nu, zero) for nu, _ in
            side] for side in bc_type]  # fmt: skip
        return make(x, columns, k, t, kind).c

    return _coefficients(
        "scipy.interpolate.make_interp_spline",
        lambda values: make(x, values, k, t, bc_type, 0, check_finite), y, axis, homogeneous,
    )  # fmt: skip


@implements(_bsplines.make_lsq_spline)
def make_lsq_spline(x, y, t, k=3, w=None, axis=0, check_finite=True, **kwargs):
    make = _bsplines.make_lsq_spline
    x, t, w = plain_knots("make_lsq_spline", x, t, w)
    return _coefficients(
        "scipy.interpolate.make_lsq_spline",
        lambda values: make(x, values, t, k, w, 0, check_finite, **kwargs), y, axis,
    )  # fmt: skip


@implements(_bsplines.make_smoothing_spline)
def make_smoothing_spline(x, y, w=None, lam=None, **kwargs):
    make, axis = _bsplines.make_smoothing_spline, kwargs.pop("axis", 0)
    x, w = plain_knots("make_smoothing_spline", x, w)
    if lam is None or _core.holds_variable(lam):
        raise NoDerivativeError(
            f"make_smoothing_spline has no derivative by lam, nor where SciPy chooses it"
            f"{_core.user_line()}; pass a plain number as lam"
        )

    def made(values):
        splines = [make(x, column, w, plain(lam)) for column in values.reshape(len(values), -1).T]
        c = np.stack([spline.c for spline in splines], axis=1)
        first = splines[0]
        return BSpline.construct_fast(first.t, c.reshape(-1, *values.shape[1:]), first.k)

    return _coefficients("scipy.interpolate.make_smoothing_spline", made, y, axis)


class _Products(Basis):
    """Products of B-splines of several coordinates."""

    def __init__(self, t, k, extrapolate):
        super().__init__("scipy.interpolate.NdBSpline", self.sums, self.terms)
        self.t, self.k, self.extrapolate = t, k, extrapolate
        self.sizes = [len(t[d]) - k[d] - 1 for d in range(len(t))]

    def sums(self, c, places, nu):
        if any(order > k for order, k in zip(nu, self.k, strict=True)):
            c, nu = 0.0 * c, (0,) * len(nu)
        spline = NdBSpline(self.t, c.reshape(*self.sizes, -1), self.k, extrapolate=self.extrapolate)
        return _nd_evaluate(spline, np.stack(places, axis=-1), nu=nu)

    def terms(self, places, nu):
        numbers, weights = np.zeros((len(places[0]), 1), int), np.ones((len(places[0]), 1))
        for d, x in enumerate(places):
            own, values = _Splines(self.t[d], self.k[d], self.extrapolate).terms([x], nu[d : d + 1])
            numbers = (numbers[:, :, None] * self.sizes[d] + own[:, None, :]).reshape(len(x), -1)
            weights = (weights[:, :, None] * values[:, None, :]).reshape(len(x), -1)
        return numbers, weights


_nd_evaluate = vars(NdBSpline)["__call__"]


@implements_method(NdBSpline, "__call__", calls_back=True)
def nd_evaluated(self, xi, *, nu=None, extrapolate=None):
    xi, c = as_array(xi), self.c
    extrapolate = bool(self.extrapolate if extrapolate is None else extrapolate)
    t, k = tuple(plain(x) for x in self.t), self.k
    nu = (0,) * len(t) if nu is None else tuple(map(int, nu))
    basis = _Products(t, k, extrapolate)
    places = xi.reshape(-1, xi.shape[-1])
    columns = as_array(c).reshape(int(np.prod(basis.sizes)), -1)
    y = at(basis, columns, [places[:, d] for d in range(len(t))], nu)
    return y.reshape(xi.shape[:-1] + c.shape[len(t) :])


@implements(_ndbspline.make_ndbspl)
def make_ndbspl(points, values, k=3, **kwargs):
    make = _ndbspline.make_ndbspl
    points = plain_knots("make_ndbspl", *points)
    values = as_array(values)
    n = int(np.prod(values.shape[: len(points)]))
    spline = _core.untraced(lambda: make(points, plain(values), k, **kwargs))

    def function(columns, **options):
        shape = *values.shape[: len(points)], columns.shape[1]
        return make(points, columns.reshape(shape), k, **options).c.reshape(-1, columns.shape[1])

    c = linear(
        "scipy.interpolate.make_ndbspl", lambda columns: function(columns, **kwargs),
        values.reshape(n, -1), lambda columns: function(columns, solver=spsolve),
    )  # fmt: skip
    return NdBSpline(spline.t, c.reshape(spline.c.shape), spline.k)
