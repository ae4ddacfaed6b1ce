# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Least squares: the gradient of the cost is zero at the parameters that SciPy found, but for those
at bounds."""

import numpy as np
import scipy.optimize as so

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.overrides.scipy.calls import ResultFields, function_of, named, tupled
from ad_core.overrides.scipy.optimize.conditions import Conditions
from ad_core.overrides.scipy.optimize.minima import at_minimum
from ad_core.recording.arrays import as_array
from ad_core.transforms import first_order

__all__ = []

NEAR = 1e-5  # how near to a bound the methods that stay within bounds end

# Losses of least_squares: rho(z) for z = (residual / f_scale)^2.
LOSSES = {
    "linear": lambda z: z,
    "soft_l1": lambda z: 2.0 * (np.sqrt(1.0 + z) - 1.0),
    "huber": lambda z: np.where(z <= 1.0, z, 2.0 * np.sqrt(np.where(z <= 1.0, 1.0, z)) - 1.0),
    "cauchy": np.log1p,
    "arctan": np.arctan,
}


def _half_square(residual):
    return lambda x: 0.5 * np.sum(as_array(residual(x)) ** 2)


@named(so.least_squares)
def least_squares(name, original, given):
    kept = []

    def residual_of(given):
        named_args = given.get("kwargs") or {}
        args = tupled(given.get("args", ()))
        return lambda x: as_array(given["fun"](x, *args, **named_args))

    def cost_of(given):
        loss, scale = given.get("loss", "linear"), given.get("f_scale", 1.0)
        residual = residual_of(given)
        rho = LOSSES.get(loss, lambda z: loss(z)[0]) if isinstance(loss, str) else (
            lambda z: loss(z)[0])  # fmt: skip
        if loss == "linear":
            return _half_square(residual)
        return lambda x: 0.5 * scale**2 * np.sum(rho((residual(x) / scale) ** 2))

    def find(given):
        report = original(**given)
        kept[:] = [report]
        return report.x, None if report.success else report.message

    def conditions(given):
        return Conditions(cost_of(given), *_two_sides(given.get("bounds", (-np.inf, np.inf))))

    x = at_minimum(name, given, find, conditions, NEAR)
    fields = {
        "x": x,
        "fun": lambda: residual_of(given)(x),
        "cost": lambda: cost_of(given)(x),
        "jac": lambda: first_order.jacobian(residual_of(given))(x),
        "grad": lambda: first_order.grad(cost_of(given))(x),
    }
    return ResultFields(kept[0], fields)


def _two_sides(bounds):
    """bounds= of least_squares as two arrays."""
    if isinstance(bounds, so.Bounds):
        return bounds.lb, bounds.ub
    lower, upper = bounds
    return as_array(lower), as_array(upper)


def _covariance(residual, x):
    """The inverse of J^T J for the Jacobian J of the residual at x."""
    J = first_order.jacobian(residual)(x)
    return np.linalg.inv(J.T @ J)


@named(so.leastsq)
def leastsq(name, original, given):
    full = given.pop("full_output", False)
    given["full_output"] = True
    kept = []

    def find(given):
        x, cov, report, message, ier = original(**given)
        kept[:] = [cov, report, message, ier]
        return x, None if ier in (1, 2, 3, 4) else message

    def conditions(given):
        return Conditions(_half_square(function_of(given, "func")))

    x = at_minimum(name, given, find, conditions)
    cov, report, message, ier = kept
    if not full:
        return x, ier

    def residual(x):
        return as_array(function_of(given, "func")(x))

    info = ResultFields(report, {"fvec": lambda: residual(x)}, ("fjac", "qtf"))
    return x, None if cov is None else _covariance(residual, x), info, message, ier


@named(so.curve_fit)
def curve_fit(name, original, given):
    full = given.pop("full_output", False)
    given["full_output"] = True
    if given.get("nan_policy") == "omit":
        raise NoDerivativeError(
            f"{name} with nan_policy='omit' has no derivative in ad_core{_core.user_line()}; leave "
            f"out the points that are NaN beforehand"
        )
    kept = []

    def residual_of(given):
        return lambda p: _weighted(
            np.ravel(as_array(given["f"](_floats(given["xdata"]), *p))) - _floats(given["ydata"]),
            given.get("sigma"),
        )

    def find(given):
        p, cov, report, message, ier = original(**given)
        kept[:] = [cov, report, message, ier]
        return p, None

    def conditions(given):
        bounds = given.get("bounds", (-np.inf, np.inf))
        return Conditions(_half_square(residual_of(given)), *_two_sides(bounds))

    p = at_minimum(name, given, find, conditions, NEAR)
    cov, report, message, ier = kept
    residual = residual_of(given)
    if np.all(np.isfinite(cov)):
        r = residual(p)
        cov = _covariance(residual, p)
        if not (given.get("absolute_sigma", False) and given.get("sigma") is not None):
            cov = cov * (np.sum(r**2) / (np.size(r) - np.size(p)))
    if not full:
        return p, cov
    return (
        p,
        cov,
        ResultFields(report, {"fvec": lambda: residual(p)}, ("fjac", "qtf")),
        message,
        ier,
    )


def _floats(data):
    """Data as SciPy passes them on: lists as arrays, other objects as they are."""
    if isinstance(data, list | tuple):
        data = as_array(data)
    if isinstance(data, np.ndarray) and not _core.traced(data) and data.dtype.kind in "iub":
        return data.astype(np.float64)
    return data


def _weighted(r, sigma):
    if sigma is None:
        return r
    sigma = as_array(sigma)
    if np.ndim(sigma) == 2:
        return np.linalg.solve(np.linalg.cholesky(sigma), r)
    return r / sigma


@named(so.nnls, calls_back=False)
def nnls(name, original, given):
    def find(given):
        return original(**given)[0], None

    x = at_minimum(name, given, find, lambda given: Conditions(
        _half_square(lambda x: given["A"] @ x - given["b"]), 0.0))  # fmt: skip
    return x, np.linalg.norm(given["A"] @ x - given["b"])


@named(so.lsq_linear, calls_back=False)
def lsq_linear(name, original, given):
    kept = []

    def residual_of(given):
        return lambda x: given["A"] @ x - given["b"]

    def find(given):
        report = original(**given)
        kept[:] = [report]
        return report.x, None if report.success else report.message

    def conditions(given):
        bounds = given.get("bounds", (-np.inf, np.inf))
        return Conditions(_half_square(residual_of(given)), *_two_sides(bounds))

    x = at_minimum(name, given, find, conditions, NEAR)
    fields = {
        "x": x,
        "fun": lambda: residual_of(given)(x),
        "cost": lambda: _half_square(residual_of(given))(x),
        "unbounded_sol": None,
    }
    return ResultFields(kept[0], fields, ("unbounded_sol",))
