# SPDX-License-Identifier: Apache-2.0
"""Piecewise polynomials: the compiled functions of ``scipy.interpolate._ppoly``, with which SciPy's own
code makes cubic splines, Pchip, Akima, PPoly and BPoly."""

import math

import numpy as np
from scipy.interpolate import _cubic, _interpolate, _ppoly

from ad_core import _core
from ad_core.adapting.stand_ins import supply_names
from ad_core.overrides.numpy.guards import plain, tested
from ad_core.overrides.scipy.dispatch import implements
from ad_core.recording.arrays import as_array
from ad_core.rules.bases import Basis, at

__all__ = ["intervals"]

supply_names(_interpolate, _cubic)


def intervals(x, places):
    """The number of the interval in which each place is; the first or last one outside."""
    order = 1 if x[-1] >= x[0] else -1
    side = "right" if order == 1 else "left"
    found = np.searchsorted(order * x, order * places, side="right" if order == 1 else side) - 1
    return np.clip(found, 0, len(x) - 2)


def _outside(x, places, extrapolate):
    low, high = min(x[0], x[-1]), max(x[0], x[-1])
    inside = np.isfinite(places) | (np.isinf(places) & bool(extrapolate))
    return ~inside if extrapolate else ~((low <= places) & (places <= high))


class _Pieces(Basis):
    """Polynomials of order k on each interval of x, numbered as in c[p, interval]."""

    def __init__(self, function, k, x, extrapolate):
        super().__init__("scipy.interpolate", self.sums, self.terms)
        self.function, self.k, self.x, self.extrapolate = function, k, x, bool(extrapolate)

    def sums(self, c, places, nu):
        shape = self.k, len(self.x) - 1, c.shape[1]
        out = np.empty((len(places[0]), c.shape[1]))
        self.function(np.ascontiguousarray(c).reshape(shape), self.x, np.ascontiguousarray(places[0]),
                      nu[0], self.extrapolate, out)  # fmt: skip
        return out

    def terms(self, places, nu):
        (x,) = places
        m = len(self.x) - 1
        values = [self.sums(np.repeat(unit, m)[:, None], places, nu)[:, 0] for unit in np.eye(self.k)]
        numbers = np.arange(self.k) * m + intervals(self.x, x)[:, None]
        return numbers, np.stack(values, 1)


def _evaluated(function, c, x, places, nu, extrapolate, out):
    k, m, n = c.shape
    c = as_array(c).reshape(k * m, n)
    if not _core.holds_variable(x):
        basis = _Pieces(function, k, np.ascontiguousarray(plain(x)), extrapolate)
        out[...] = at(basis, c, [as_array(places)], (int(nu),))
        return
    _refuse_descending(x)
    found = intervals(plain(x), plain(places))
    begin, end = x[found], x[found + 1]
    _keep(x, found, places)
    out[...] = _on_interval(function, c.reshape(k, m, n)[:, found], begin, end, places, int(nu))
    if not extrapolate:
        missing = _outside(plain(x), plain(places), False)
        out[missing] = np.nan


def _refuse_descending(x):
    tested(np.less_equal, x[:-1], x[1:])


def _keep(x, found, places):
    """Keep as a guard in which interval each place is."""
    inner = found > 0
    tested(np.less_equal, x[found][inner], as_array(places)[inner])
    inner = found < len(x) - 2
    tested(np.less, as_array(places)[inner], x[found + 1][inner])


def _on_interval(function, c, begin, end, places, nu):
    """Polynomials with coefficients c (k x m x n), one for each place, by Horner's rule."""
    s, k = places - begin, len(c)
    if function is _bernstein:
        raise NotImplementedError
    total = np.zeros(c.shape[1:])
    for p in range(k - nu):
        power = k - 1 - p
        total = total * s[:, None] + math.perm(power, nu) * c[p]
    return total


_power, _bernstein = _ppoly.evaluate, _ppoly.evaluate_bernstein


@implements(_ppoly.evaluate)
def evaluate(c, x, xp, dx, extrapolate, out):
    _evaluated(_power, c, x, xp, dx, extrapolate, out)


@implements(_ppoly.evaluate_bernstein)
def evaluate_bernstein(c, x, xp, nu, extrapolate, out):
    _evaluated(_bernstein, c, x, xp, nu, extrapolate, out)


@implements(_ppoly.fix_continuity)
def fix_continuity(c, x, order):
    """Set the constants of integration so that the derivatives up to an order are continuous."""
    k, h = len(c), (x[1:] - x[:-1])[:, None]
    for nu in range(order, -1, -1):
        rise = sum(math.perm(k - 1 - p, nu) * c[p] * h ** (k - 1 - p - nu) for p in range(k - 1 - nu))
        first = c[k - 1 - nu, :1]
        steps = np.cumsum(rise[:-1], axis=0) / math.factorial(nu)
        c[k - 1 - nu, 1:] = first + steps


@implements(_ppoly.integrate)
def integrate(c, x, a, b, extrapolate, out):
    k, m, n = c.shape
    powers = np.arange(k, 0, -1)
    integral = np.zeros((k + 1, m, n))
    integral[:-1] = c / powers[:, None, None]
    fix_continuity(integral, x, 0)
    values = np.zeros((2, n))
    evaluate(integral, x, np.stack([as_array(a), as_array(b)]), 0, extrapolate, values)
    out[...] = values[1] - values[0]
