# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Piecewise polynomials: the compiled functions of ``scipy.interpolate._ppoly``, with which SciPy's
own code makes cubic splines, Pchip, Akima, PPoly and BPoly."""

import math

import numpy as np
from scipy.interpolate import CubicSpline, _cubic, _interpolate, _polyint, _ppoly

from ad_core import _core
from ad_core.adapting.stand_ins import supply_names
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy.guards import plain, tested
from ad_core.overrides.scipy.dispatch import implements, implements_method
from ad_core.recording.arrays import as_array
from ad_core.rules.bases import Basis, at, linear

__all__ = ["intervals"]

supply_names(_interpolate, _cubic, _polyint)

POWER, BERNSTEIN = _ppoly.evaluate, _ppoly.evaluate_bernstein


def intervals(x, places):
    """The number of the interval in which each place is; the first or last one outside. x ascends,
    or it descends."""
    order, side = (1, "right") if x[-1] >= x[0] else (-1, "right")
    found = np.searchsorted(order * x, order * places, side=side) - 1
    return np.clip(found, 0, len(x) - 2)


class _Pieces(Basis):
    """Polynomials with k coefficients on each interval of x, numbered as in c[p, interval]."""

    def __init__(self, function, k, x, extrapolate):
        super().__init__("scipy.interpolate", self.sums, self.terms)
        self.function, self.k, self.x, self.extrapolate = function, k, x, bool(extrapolate)

    def sums(self, c, places, nu):
        (x,) = (np.ascontiguousarray(x, np.float64) for x in places)
        out = np.empty((len(x), c.shape[1]))
        if nu[0] >= self.k:
            c, nu = 0.0 * c, (0,)
        shape = self.k, len(self.x) - 1, c.shape[1]
        c = np.ascontiguousarray(c, np.float64).reshape(shape)
        self.function(c, self.x, x, nu[0], self.extrapolate, out)
        return out

    def terms(self, places, nu):
        m = len(self.x) - 1
        values = [
            self.sums(np.repeat(unit, m)[:, None], places, nu)[:, 0] for unit in np.eye(self.k)
        ]
        return np.arange(self.k) * m + intervals(self.x, places[0])[:, None], np.stack(values, 1)


def _evaluated(function, c, x, places, nu, extrapolate, out):
    k, m, n = c.shape
    if not _core.holds_variable(x):
        basis = _Pieces(function, k, np.ascontiguousarray(plain(x)), extrapolate)
        out[...] = at(basis, as_array(c).reshape(k * m, n), [as_array(places)], (int(nu),))
        return
    if function is BERNSTEIN:
        raise NoDerivativeError(
            f"BPoly has no derivative by its breakpoints in ad_core{_core.user_line()}; use PPoly"
        )
    places = as_array(places)
    found = _kept_intervals(x, places)
    s, total = places - x[found], np.zeros((places.size, n))
    for p in range(k - int(nu)):  # by Horner's rule
        total = total * s[:, None] + math.perm(k - 1 - p, int(nu)) * c[p][found]
    if not extrapolate:
        total = np.where((np.min(x) <= places) & (places <= np.max(x)), total.T, np.nan).T
    out[...] = total


def _kept_intervals(x, places):
    """The interval of each place between breakpoints that depend on an input, kept as a guard."""
    found = intervals(plain(x), plain(places))
    tested(np.less_equal, x[:-1], x[1:])
    inner = found > 0
    tested(np.less_equal, x[found][inner], places[inner])
    inner = found < len(x) - 2
    tested(np.less, places[inner], x[found + 1][inner])
    return found


@implements(POWER, calls_back=True)
def evaluate(c, x, xp, dx, extrapolate, out):
    _evaluated(POWER, c, x, xp, dx, extrapolate, out)


@implements(BERNSTEIN, calls_back=True)
def evaluate_bernstein(c, x, xp, nu, extrapolate, out):
    _evaluated(BERNSTEIN, c, x, xp, nu, extrapolate, out)


@implements(_ppoly.fix_continuity, calls_back=True)
def fix_continuity(c, x, order):
    """Set the constants of integration so that the derivatives up to an order are continuous."""
    k, h = len(c), (x[1:] - x[:-1])[:, None]
    for nu in range(order, -1, -1):
        rise = sum(
            math.perm(k - 1 - p, nu) * c[p] * h ** (k - 1 - p - nu) for p in range(k - 1 - nu)
        )
        c[k - 1 - nu, 1:] = c[k - 1 - nu, :1] + np.cumsum(rise[:-1], axis=0) / math.factorial(nu)


@implements(_ppoly.integrate, calls_back=True)
def integrate(c, x, a, b, extrapolate, out):
    k, m, n = c.shape
    integral = np.zeros((k + 1, m, n))
    integral[:-1] = c / np.arange(k, 0, -1)[:, None, None]
    fix_continuity(integral, x, 0)
    values = np.zeros((2, n))
    evaluate(integral, x, np.stack([as_array(a), as_array(b)]), 0, extrapolate, values)
    out[...] = values[1] - values[0]


_cubic_spline = vars(CubicSpline)["__init__"]


@implements_method(CubicSpline, "__init__", calls_back=True)
def cubic_spline(self, x, y, axis=0, bc_type="not-a-knot", extrapolate=None):
    """The coefficients are linear in y. Traced places x run through SciPy's own code."""
    if not _core.holds_variable(y) or _core.holds_variable((x, bc_type)) or as_array(y).size == 0:
        _cubic_spline(self, x, y, axis, bc_type, extrapolate)
        return
    x, y = plain(as_array(x)), as_array(y)
    _core.untraced(lambda: _cubic_spline(self, x, plain(y), axis, bc_type, extrapolate))
    moved = np.moveaxis(y, axis, 0)

    def coefficients(columns, kind):
        return CubicSpline(x, columns, bc_type=kind).c.reshape(-1, columns.shape[1])

    def homogeneous(columns):
        if bc_type == "periodic":
            return _periodic(coefficients, columns)
        if isinstance(bc_type, str):
            return coefficients(columns, bc_type)
        zero = np.zeros(columns.shape[1])
        return coefficients(columns, [
            kind if isinstance(kind, str) else (kind[0], zero) for kind in bc_type])  # fmt: skip

    def function(columns):
        spline = CubicSpline(x, columns.reshape(moved.shape), bc_type=bc_type)
        return spline.c.reshape(-1, columns.shape[1])

    flat = moved.reshape(len(x), -1)
    self.c = linear("scipy.interpolate.CubicSpline", function, flat, homogeneous).reshape(
        self.c.shape
    )


def _periodic(coefficients, columns):
    """The first and last value are one: half of each."""
    columns = columns.copy()
    columns[0] = columns[-1] = 0.5 * (columns[0] + columns[-1])
    return coefficients(columns, "periodic")
