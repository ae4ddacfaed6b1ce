# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Integrals of functions. The integrals of the derivatives have the tolerances of the integral."""

import numpy as np
import scipy.integrate as si

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.implicit.integrals import integral
from ad_core.overrides.scipy.calls import named, tupled
from ad_core.rules.closures import depend, hoisted

__all__ = []

OPTIONS = ("epsabs", "epsrel", "limit", "points", "weight", "wvar", "maxp1", "limlst")
OF_VECTORS = ("epsabs", "epsrel", "norm", "cache_size", "limit", "points", "quadrature")


def _refuse(name, what, remedy):
    raise NoDerivativeError(
        f"{name} with {what} has no derivative in ad_core{_core.user_line()}; {remedy}"
    )


def _integrand(given, name="func"):
    function, args = given[name], tupled(given.get("args", ()))
    return lambda t: function(t, *args)


def _options(given, names):
    return {name: given[name] for name in names if name in given}


@named(si.quad)
def quad(name, original, given):
    full = given.get("full_output", 0)
    if given.get("complex_func"):
        _refuse(name, "complex_func", "integrate the real and the imaginary part")
    if given.get("weight") is not None:
        fixed = [given.get(part) for part in ("a", "b", "wvar", "wopts")]
        if depend(hoisted(fixed)[0]):
            _refuse(name, "weight= and limits or wvar= that depend on an input",
                    "write the weight into the function")  # fmt: skip
    if not callable(given["func"]):
        _refuse(name, "compiled code as its function", "pass a function of Python")
    kept = []

    def find(given):
        value, *more = original(**given)
        kept[:] = more
        return np.asarray(value)

    def parts(given):
        f = _integrand(given)
        return (lambda t: np.reshape(_array(f(t)), ())), given["a"], given["b"]

    value = integral(name, given, find, parts, _again)
    return (value, *kept) if full else (value, kept[0])


def _array(x):
    return x if _core.traced(x) else np.asarray(x)


def _again(given, f, a, b):
    return quad(f, a, b, **_options(given, OPTIONS))[0]


@named(si.quad_vec)
def quad_vec(name, original, given):
    kept = []

    def find(given):
        value, *more = original(**given)
        kept[:] = more
        return np.asarray(value)

    value = integral(
        name, given, find, lambda given: (_integrand(given, "f"), given["a"], given["b"]),
        lambda given, f, a, b: quad_vec(f, a, b, **_options(given, OF_VECTORS))[0], vectors=True,
    )  # fmt: skip
    return (value, *kept)


class _Levels:
    """The integrals of nquad within one another, and the largest error that the outermost reports.
    It makes functions that refer to the user's functions directly, so that these are searched for
    traced values."""

    @staticmethod
    def integral(func, ranges, opts, args):
        low, high = ranges[-1](*args) if callable(ranges[-1]) else ranges[-1]
        opt = dict(opts[-1](*args) if callable(opts[-1]) else opts[-1])
        if "points" in opt:
            opt["points"] = [x for x in opt["points"] if low <= x <= high]
        f, make = func, _Levels.integral
        if len(ranges) > 1:
            inner = ranges[:-1], opts[:-1]
            f = lambda x, *args: make(func, *inner, (x, *args))[0]  # noqa: E731
        return quad(f, low, high, args=args, **opt)


@named(si.nquad)
def nquad(name, original, given):
    if given.get("full_output"):
        _refuse(name, "full_output", "leave it out")
    ranges, opts = list(given["ranges"]), given.get("opts")
    if opts is None:
        opts = {}
    opts = [opts] * len(ranges) if isinstance(opts, dict) or callable(opts) else list(opts)
    args = given.get("args")
    return _Levels.integral(given["func"], ranges, opts, () if args is None else tupled(args))


def _bound(limit):
    """A limit that may be a function of the variables outside, as a function."""
    return limit if callable(limit) else lambda *variables: limit


@named(si.dblquad)
def dblquad(name, original, given):
    low, high = _bound(given["gfun"]), _bound(given["hfun"])
    ranges = [lambda y, *args: [low(y), high(y)], [given["a"], given["b"]]]
    return nquad(given["func"], ranges, args=given.get("args", ()), opts=_tolerances(given))


@named(si.tplquad)
def tplquad(name, original, given):
    low, high = _bound(given["gfun"]), _bound(given["hfun"])
    lowest, highest = _bound(given["qfun"]), _bound(given["rfun"])
    ranges = [
        lambda y, x, *args: [lowest(x, y), highest(x, y)],
        lambda x, *args: [low(x), high(x)],
        [given["a"], given["b"]],
    ]
    return nquad(given["func"], ranges, args=given.get("args", ()), opts=_tolerances(given))


def _tolerances(given):
    return {"epsabs": given.get("epsabs", 1.49e-8), "epsrel": given.get("epsrel", 1.49e-8)}
