# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""splrep, splev and their kin, UnivariateSpline and splines of two coordinates."""

import copy

import numpy as np
from scipy.interpolate import _fitpack2, _fitpack_impl, _fitpack_py

from ad_core import _core
from ad_core.adapting.stand_ins import module_stand_in, supply_names
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy.guards import plain
from ad_core.overrides.scipy.dispatch import implements, implements_method, refuses
from ad_core.overrides.scipy.interpolate.bsplines import antiderivative_at, plain_knots, spline_at
from ad_core.recording.arrays import as_array
from ad_core.rules.bases import linear
from ad_core.rules.elementwise import elementwise

__all__ = []

supply_names(_fitpack_py, _fitpack2)

EXTRAPOLATE, ZEROS, RAISE, BOUNDARY = range(4)


def _parametric(c):
    return isinstance(c, list | tuple) or np.ndim(c) == 2


def _spline(x, t, c, k, der, ext):
    """A spline at flat places x, or its derivative; c: one column."""
    (t,) = plain_knots("splev", t)
    begin, end = t[k], t[len(t) - k - 1]
    c = as_array(c)[: len(t) - k - 1, None]
    inside = (begin <= x) & (x <= end)
    if ext == RAISE and not np.all(inside):
        raise ValueError("Found x value not in the domain")
    if ext == BOUNDARY:
        x = np.where(inside, x, np.where(x < begin, begin, end))
    y = spline_at(t, c, k, x, der)[:, 0]
    return np.where(inside, y, 0.0) if ext == ZEROS else y


@implements(_fitpack_impl.splev)
def splev(x, tck, der=0, ext=0):
    t, c, k = tck
    if _parametric(c):
        return [splev(x, (t, one, k), der, ext) for one in c]
    if not 0 <= der <= k:
        raise ValueError(f"0<=der={der}<=k={k} must hold")
    if ext not in (EXTRAPOLATE, ZEROS, RAISE, BOUNDARY):
        raise ValueError(f"ext = {ext} not in (0, 1, 2, 3) ")
    x = as_array(x)
    return _spline(x.reshape(-1), t, c, k, int(der), int(ext)).reshape(x.shape)


@implements(_fitpack_impl.splint)
def splint(a, b, tck, full_output=0):
    t, c, k = tck
    if _parametric(c):
        return [splint(a, b, (t, one, k)) for one in c]
    (t,) = plain_knots("splint", t)
    c = as_array(c)[:, None]
    values = antiderivative_at(t, c, k, [a, b], t[k], t[len(t) - k - 1])[:, 0]
    integral = values[1] - values[0]
    return (integral, None) if full_output else integral


@implements(_fitpack_impl.spalde)
def spalde(x, tck):
    t, c, k = tck
    if _parametric(c):
        return [spalde(x, (t, one, k)) for one in c]
    x = np.atleast_1d(as_array(x))
    columns = [_spline(x, t, c, k, nu, RAISE) for nu in range(k + 1)]
    found = np.stack(columns, axis=1)
    return found[0] if len(x) == 1 else list(found)


@implements(_fitpack_impl.splrep)
def splrep(x, y, w=None, xb=None, xe=None, k=3, task=0, s=None, t=None, full_output=0, per=0,
           quiet=1):  # fmt: skip
    x, w, xb, xe, t = plain_knots("splrep", x, w, xb, xe, t)
    task = -1 if t is not None else task
    if task != -1 and (s if s is not None else w is not None):
        raise NoDerivativeError(
            f"splrep with s > 0 chooses its knots by the values, so it has no derivative by them"
            f"{_core.user_line()}; pass s=0, or the knots as t"
        )
    y = np.atleast_1d(as_array(y))

    def made(values):
        inner = None if t is None else t.copy()
        return _fitpack_impl.splrep(x, values, w, xb, xe, k, task, s, inner, 0, per, quiet)

    def function(columns):
        return np.stack([_padded(made(column)) for column in columns.T], axis=1)

    known = _core.untraced(made, plain(y))
    c = linear("scipy.interpolate.splrep", function, y[:, None])[:, 0]
    tck = known[0], c, known[2]
    return (tck, None, 0, "") if full_output else tck


def _padded(tck):
    return np.pad(tck[1], (0, len(tck[0]) - len(tck[1])))


def _fitted(kind, name, knots):
    """Let a class of splines take traced values, in which its coefficients are linear."""
    original = vars(kind)["__init__"]

    @implements_method(kind, "__init__", calls_back=True)
    def init(self, x, y, *args, **kwargs):
        if not _core.holds_variable((x, y, args, kwargs)):
            _core.untraced(lambda: original(self, plain(x), plain(y), *args, **kwargs))
            return
        plain_knots(name, x, *args, *kwargs.values()) if _core.holds_variable(
            (x, args, kwargs)
        ) else None
        x, y = plain(as_array(x)), as_array(y)
        s = kwargs.get("s", args[3] if len(args) > 3 else None)
        if not knots and kind is _fitpack2.UnivariateSpline and s != 0:
            raise NoDerivativeError(
                f"{name} with s > 0 chooses its knots by the values, and has no derivative"
                f"{_core.user_line()}; pass s=0, or use LSQUnivariateSpline"
            )

        def function(columns):
            return np.stack(
                [_coefficients(original, x, column, args, kwargs) for column in columns.T], 1
            )

        _core.untraced(lambda: original(self, x, plain(y), *args, **kwargs))
        t, c, k = self._eval_args
        c = linear(f"scipy.interpolate.{name}", function, y[:, None])[:, 0]
        self._eval_args = t, c, k
        self._data = (*self._data[:9], c, *self._data[10:])


def _coefficients(original, x, column, args, kwargs):
    made = object.__new__(_fitpack2.UnivariateSpline)
    original(made, x, column, *args, **kwargs)
    return made._eval_args[1]


_fitted(_fitpack2.UnivariateSpline, "UnivariateSpline", False)
_fitted(_fitpack2.InterpolatedUnivariateSpline, "InterpolatedUnivariateSpline", True)
_fitted(_fitpack2.LSQUnivariateSpline, "LSQUnivariateSpline", True)

_surface = vars(_fitpack2._BivariateSplineBase)["__call__"]


def _of_plain_numbers(spline):
    """A spline of two coordinates whose knots and coefficients are plain; its numbers are constants
    of the trace if it was made by the traced function, and its derivatives outlive the trace."""
    knots = plain_knots(type(spline).__name__, *spline.tck[:3])
    if all(x is y for x, y in zip(knots, spline.tck, strict=False)):
        return spline
    found = copy.copy(spline)
    found.tck = (*knots, *spline.tck[3:])
    return found


def _surface_function(spline, dx, dy):
    """A spline of two coordinates with plain numbers, elementwise."""
    orders = dx, dy

    def value(x, y):
        return _surface_value(spline, (x, y), orders)

    def partial(d):
        t, k = spline.tck[d], spline.degrees[d]

        def slope(x, y, z):
            if orders[d] == k:
                return 0.0 * z
            higher = _surface_function(spline, dx + (d == 0), dy + (d == 1))
            place = (x, y)[d]  # outside the spline is constant
            return np.where((t[k] <= place) & (place <= t[-k - 1]), higher(x, y), 0.0)

        return slope

    return elementwise(f"scipy.interpolate.{type(spline).__name__}", value, partial(0), partial(1))


def _surface_value(spline, places, orders):
    """A derivative of plain numbers. FITPACK has none of the order of the degree: there the
    derivative below is linear between knots, so that its slope is a quotient of differences."""
    for d in range(2):
        t, k = spline.tck[d], spline.degrees[d]
        if orders[d] == k:
            knots = np.unique(t[k : len(t) - k])
            at = np.clip(np.searchsorted(knots, places[d], side="right"), 1, len(knots) - 1)
            width = knots[at] - knots[at - 1]
            lower = orders[0] - (d == 0), orders[1] - (d == 1)
            ends = [
                _surface_value(
                    spline,
                    tuple(knots[at - 1] + share * width if j == d else places[j] for j in range(2)),
                    lower,
                )
                for share in (0.25, 0.75)
            ]
            return (ends[1] - ends[0]) / (0.5 * width)
    return _surface(spline, *places, *orders, grid=False)


@implements_method(_fitpack2._BivariateSplineBase, "__call__")
def surface(self, x, y, dx=0, dy=0, grid=True):
    x, y = as_array(x), as_array(y)
    if grid:
        for name, each in (("x", x), ("y", y)):
            if each.size >= 2 and not np.all(np.diff(each) >= 0.0):
                raise ValueError(f"{name} must be strictly increasing when `grid` is True")
        x, y = x.reshape(-1, 1), y.reshape(1, -1)
    x, y = np.broadcast_arrays(x, y)
    if not (0 <= dx < self.degrees[0] and 0 <= dy < self.degrees[1]):
        _core.untraced(lambda: _surface(self, *map(plain, (x, y)), dx, dy, grid=False))  # raises
    return _surface_function(_of_plain_numbers(self), int(dx), int(dy))(x, y)


@implements(_fitpack_impl.bisplev)
def bisplev(x, y, tck, dx=0, dy=0):
    plain_knots("bisplev", *tck[:3])
    z = surface(_fitpack2.BivariateSpline._from_tck(tck), np.atleast_1d(as_array(x)), y, dx, dy)
    return z if z.size > 1 else z[0, 0]


refuses(_fitpack_py.splprep, "interpolate each coordinate by make_interp_spline")

# The module's own functions, by the names under which other modules look them up there.
module_stand_in(_fitpack_impl, {
    name: _core.StandIn(getattr(_fitpack_impl, name), traced) for name, traced in (
        ("bisplev", bisplev), ("spalde", spalde), ("splev", splev), ("splint", splint),
        ("splrep", splrep))
})  # fmt: skip
