# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Solutions of ordinary differential equations. The equations of their derivatives have the
tolerances of the solution."""

import numpy as np
import scipy.integrate as si

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.implicit.equations import refuse_unsolved
from ad_core.implicit.odeint import solution
from ad_core.implicit.trajectories import trajectory
from ad_core.overrides.scipy.calls import named, tupled
from ad_core.overrides.scipy.integrate.results import Solution, Trajectory
from ad_core.recording.arrays import as_array

__all__ = []

DEFAULT = 1.49012e-8  # of odeint: rtol and atol


def _again(method, rtol, atol):
    """implicit.odeint with these tolerances, for adjoints and second derivatives."""
    atol = float(np.min(atol))

    def solve(rate, y0, t, *p):
        return solution(rate, y0, t, *p, rtol=rtol, atol=atol, method=method, repeated=True)

    return solve


def _plain_tolerance(name, x, default):
    if x is None:
        return default
    if _core.holds_variable(x):
        raise NoDerivativeError(
            f"{name} has no derivative by a tolerance{_core.user_line()}; pass plain numbers"
        )
    return _core.current_values(x) if _core.traced(x) else x


@named(si.odeint)
def odeint(name, original, given):
    y0, t = as_array(given["y0"]), as_array(given["t"])
    full = given.get("full_output", 0)
    rtol = _plain_tolerance(name, given.get("rtol"), DEFAULT)
    atol = _plain_tolerance(name, given.get("atol"), DEFAULT)
    rest = {key: x for key, x in given.items() if key not in ("y0", "t")}
    kept = []

    def find(rest, y0, t):
        found = original(y0=y0, t=t, **{**rest, "full_output": True})
        if found[1]["message"] != "Integration successful.":
            refuse_unsolved(name, found[1]["message"])
        kept[:] = [found[1]]
        return found[0]

    def make(rest):
        func, args = rest["func"], tupled(rest.get("args", ()))
        if rest.get("tfirst"):
            return lambda y, t: np.ravel(as_array(func(t, y, *args)))
        return lambda y, t: np.ravel(as_array(func(y, t, *args)))

    rtol = float(np.min(rtol))
    ys = trajectory(
        name, rest, make, np.ravel(y0) * 1.0, t * 1.0, find, _again("LSODA", rtol, atol),
        ("LSODA", rtol, atol),
    )  # fmt: skip
    return (ys, kept[0]) if full else ys


@named(si.solve_ivp)
def solve_ivp(name, original, given):
    if given.get("vectorized"):
        given = {**given, "vectorized": False, "fun": _unvectorized(given["fun"])}
    for key in ("rtol", "atol", "first_step", "max_step"):
        if key in given:
            given[key] = _plain_tolerance(name, given[key], None)
    return Solution(Trajectory(name, original, given)).found()


def _unvectorized(fun):
    return lambda t, y, *args: as_array(fun(t, y[:, None], *args))[:, 0]
