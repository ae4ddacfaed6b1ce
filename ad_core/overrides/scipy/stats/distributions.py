# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Densities, distribution functions and quantiles of all distributions of scipy.stats, frozen or
not: the formulas are those of the distributions, and outside of the support the value is chosen by
np.where, so that recordings hold on both sides of its ends."""

import numpy as np
from scipy.stats import (
    _continuous_distns,
    _discrete_distns,
    _distn_infrastructure,
    rv_continuous,
    rv_discrete,
)

from ad_core import _core
from ad_core.adapting.stand_ins import supply_names
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy.dispatch import plain_constant
from ad_core.overrides.numpy.guards import plain
from ad_core.overrides.scipy.dispatch import implements, implements_method
from ad_core.overrides.scipy.stats.formulas import evaluate
from ad_core.recording.arrays import as_array

__all__ = ["chosen", "parameters", "valid"]

supply_names(_distn_infrastructure, _continuous_distns, _discrete_distns)


def chosen(condition, x, other):
    """np.where, without an operation where the condition is true for all inputs."""
    known = plain_constant(condition)
    return x if known is not None and np.all(known) else np.where(condition, x, other)


def parameters(dist, args, kwds):
    """The shapes, loc and scale as arrays."""
    shapes, loc, scale = dist._parse_args(*args, **kwds)
    _refuse_whole(dist, [as_array(x) for x in shapes])
    return [as_array(x) for x in shapes], as_array(loc), as_array(scale)


def valid(dist, shapes, scale):
    """Whether the parameters are allowed; NaN is not."""
    return np.logical_and(dist._argcheck(*shapes), scale > 0)


def _inner(a, b):
    """A point in the support, at which nothing infinite arises."""
    both, middle = np.isfinite(a) & np.isfinite(b), 0.5 * a + 0.5 * b
    return chosen(
        both, middle, np.where(np.isfinite(a), a + 1.0, np.where(np.isfinite(b), b - 1.0, 0.5))
    )


def _bounded(a, b):
    known = plain_constant(a), plain_constant(b)
    return None in [None if x is None else 0 for x in known] or bool(
        np.any(np.isfinite(known[0])) or np.any(np.isfinite(known[1]))
    )


def _result(x, shape):
    return np.broadcast_to(x, shape)[()] if np.shape(x) != shape else as_array(x)[()]


def _shape_of(*arrays):
    return np.broadcast_shapes(*map(np.shape, arrays))


def _continuous(name, ends, below, above):
    """Enter a function of x. ends: whether the formula holds at the ends of the support too; below
    and above: the values outside."""
    log = name.startswith("log")
    density = name.endswith("pdf")

    @implements_method(rv_continuous, name)
    def method(self, x, *args, **kwds):
        shapes, loc, scale = parameters(self, args, kwds)
        x = (as_array(x) - loc) / scale
        allowed = valid(self, shapes, scale)
        a, b = (as_array(end) for end in self._get_support(*shapes))
        shape = _shape_of(x, *shapes, scale)
        if _bounded(a, b):
            inside = (a <= x) & (x <= b) if ends else (a < x) & (x < b)
            y = evaluate(self, name, (np.where(inside, x, _inner(a, b)), *shapes))
            inside = inside & allowed
        else:
            inside = (x > -np.inf) & (x < np.inf) & allowed
            y = evaluate(self, name, (x, *shapes))
        if density:
            y = y - np.log(scale) if log else y / scale
            outside = below
        else:
            outside = np.where(x >= b, above, below)
        outside = np.where(np.isnan(x) | np.logical_not(allowed), self.badvalue, outside)
        return _result(np.where(inside, y, outside), shape)

    return method


if hasattr(_continuous_distns, "_log_diff"):

    @implements(_continuous_distns._log_diff)
    def log_difference(log_p, log_q):
        return log_p + np.log(-np.expm1(log_q - log_p))


_continuous("pdf", True, 0.0, 0.0)
_continuous("logpdf", True, -np.inf, -np.inf)
_continuous("cdf", False, 0.0, 1.0)
_continuous("logcdf", False, -np.inf, 0.0)
_continuous("sf", False, 1.0, 0.0)
_continuous("logsf", False, 0.0, -np.inf)


def _quantile(kind, name):
    """Enter a function of a probability q."""
    first = name == "ppf"
    lowered = 1.0 if kind is rv_discrete else 0.0  # a discrete one begins below its support

    @implements_method(kind, name)
    def method(self, q, *args, **kwds):
        shapes, loc, scale = parameters(self, args, kwds)
        if kind is rv_discrete:
            scale = np.float64(1.0)
        q = as_array(q)
        allowed = valid(self, shapes, scale) & (loc == loc)
        a, b = (as_array(end) for end in self._get_support(*shapes))
        inside = (q > 0) & (q < 1)
        y = evaluate(self, name, (np.where(inside, q, 0.5), *shapes))
        inside = inside & allowed
        lower, upper = (a - lowered) * scale + loc, b * scale + loc
        outside = np.where(q == (0 if first else 1), lower, np.nan)
        outside = np.where(q == (1 if first else 0), upper, outside)
        outside = np.where(allowed, outside, self.badvalue)
        return _result(
            np.where(inside, y * scale + loc, outside), _shape_of(q, *shapes, loc, scale)
        )

    return method


for _kind in (rv_continuous, rv_discrete):
    for _name in ("ppf", "isf"):
        _quantile(_kind, _name)


def _discrete(name, below, above):
    """Enter a function of a whole number k."""
    probability = name.endswith("pmf")

    @implements_method(rv_discrete, name)
    def method(self, k, *args, **kwds):
        shapes, loc, _ = parameters(self, args, kwds)
        if probability:
            _refuse_float(self, name, k, loc)
        k = as_array(k) - loc
        allowed = np.logical_and(self._argcheck(*shapes), True)
        a, b = (as_array(end) for end in self._get_support(*shapes))
        inside = (k >= a) & (k <= b if probability else k < b)
        if probability:
            inside = inside & self._nonzero(k, *shapes)
        else:
            inside = inside & np.isfinite(k)
            k = chosen(np.isfinite(k), np.floor(k), k) if _core.traced(k) else k
        y = evaluate(self, name, (np.where(inside, k, np.where(np.isfinite(a), a, 0.0)), *shapes))
        inside = inside & allowed
        if not name.startswith("log"):  # np.clip would halve the derivative at 0 and 1
            y = np.where(y > 1.0, 1.0, np.where(y < 0.0, 0.0, y))
        outside = below if probability else np.where(k >= b, above, below)
        outside = np.where(np.isnan(k) | np.logical_not(allowed), self.badvalue, outside)
        return _result(np.where(inside, y, outside), _shape_of(k, *shapes))

    return method


def _refuse_float(dist, name, k, loc):
    for x in (k, loc):
        if _core.holds_variable(x) and as_array(x).dtype.kind == "f":
            raise NoDerivativeError(
                f"{name} of {dist.name} is defined for whole numbers k, so it has no derivative by "
                f"k or loc{_core.user_line()}; pass plain numbers or int(k)"
            )


def _refuse_whole(dist, shapes):
    """Raise NoDerivativeError for a traced shape that must be a whole number."""
    if len(shapes) != dist.numargs:  # shapes that are lists
        return
    for j, x in enumerate(shapes):
        if not _core.holds_variable(x) or x.dtype.kind != "f":
            continue
        values = [plain(each) for each in shapes]
        moved = [
            [each + step if i == j else each for i, each in enumerate(values)]
            for step in (0.25, -0.25)
        ]
        allowed = [np.any(dist._argcheck(*given)) for given in (values, *moved)]
        if allowed == [True, False, False]:
            label = (dist.shapes or "").replace(" ", "").split(",")[j]
            raise NoDerivativeError(
                f"{label} of {dist.name} must be a whole number, so there is no derivative by "
                f"it{_core.user_line()}; pass a plain number or int({label})"
            )


_discrete("pmf", 0.0, 0.0)
_discrete("logpmf", -np.inf, -np.inf)
_discrete("cdf", 0.0, 1.0)
_discrete("logcdf", -np.inf, 0.0)
_discrete("sf", 1.0, 0.0)
_discrete("logsf", 0.0, -np.inf)


def _refused(kind, name, remedy):
    @implements_method(kind, name)
    def method(self, *args, **kwds):
        raise NoDerivativeError(
            f"{name} of {self.name} has no derivative in ad_core{_core.user_line()}; {remedy}"
        )


for _kind in (rv_continuous, rv_discrete):
    _refused(_distn_infrastructure.rv_generic if _kind is rv_continuous else _kind, "rvs",
             "draw random numbers outside of the function, at fixed parameters")  # fmt: skip
_refused(rv_continuous, "fit", "minimize -np.sum(dist.logpdf(data, ...)) with its gradient")
_refused(rv_continuous, "fit_loc_scale", "write it by the mean and the variance of the data")
