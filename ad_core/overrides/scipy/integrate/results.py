# SPDX-License-Identifier: Apache-2.0
"""The result of solve_ivp with traced values: the solution at the solver's or the given times, its
dense output, and the times of events."""

import functools

import numpy as np

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.implicit.equations import refuse_unsolved, solved
from ad_core.implicit.odeint import solution
from ad_core.implicit.trajectories import trajectory
from ad_core.overrides.scipy.calls import ResultFields
from ad_core.recording.arrays import as_array
from ad_core.rules.closures import hoisted

__all__ = ["Solution", "Trajectory"]

SOLVER = ("method", "vectorized", "rtol", "atol", "first_step", "max_step", "jac", "jac_sparsity",
          "lband", "uband", "min_step")  # fmt: skip
OF_SCIPY = ("RK45", "RK23", "DOP853", "Radau", "BDF", "LSODA")


class Trajectory:
    """The solution of one initial value problem at any times, as SciPy computes it."""

    def __init__(self, name, original, given):
        self.name = name
        self.original = original
        self.given = given
        t0, self.end = given["t_span"]
        self.t0 = 1.0 * t0
        self.y0 = np.ravel(as_array(given["y0"])) * 1.0
        if self.y0.dtype.kind == "c" or _core.traced_complex(given["y0"]):
            raise NoDerivativeError(
                f"{name} of complex numbers has no derivative in ad_core{_core.user_line()}; solve "
                f"for the real and the imaginary part"
            )
        self.args = given.get("args") or ()
        self.options = {key: given[key] for key in SOLVER if key in given}

    def at(self, times, values=None):
        """The solution (n, k) at times (k), traced or not. values: those of SciPy's own result at
        this point, which is not repeated."""
        if np.size(times) == 0:
            return np.zeros((np.size(self.y0), 0))
        items = self.given["fun"], self.args, self.options, _plain(self.end)
        find = functools.partial(_found, self.name, self.original, _Once(values))
        rtol, atol = self.options.get("rtol", 1e-3), self.options.get("atol", 1e-6)
        method = self.options.get("method", "RK45")
        method = method if method in OF_SCIPY else "Radau"
        again = functools.partial(_again, method, rtol, float(np.min(atol)))
        t = np.concatenate([np.reshape(self.t0, (1,)), np.ravel(times)])
        ys = trajectory(self.name, items, _rate, self.y0, t, find, again, (method, rtol, atol))
        return ys[1:].T


class _Once:
    """The values that SciPy has found where the function is recorded, for the first call."""

    def __init__(self, values):
        self.values = values

    def take(self):
        values, self.values = self.values, None
        return values


def _rate(items):
    fun, args = items[:2]
    return lambda y, t: np.ravel(as_array(fun(t, y, *args)))


def _again(method, rtol, atol, rate, y0, t, *p):
    return solution(rate, y0, t, *p, rtol=rtol, atol=atol, method=method, repeated=True)


def _found(name, original, once, items, y0, t):
    """The solution at the times t[1:], with the start before it."""
    values = once.take()
    if values is None:
        fun, args, options, end = items
        if t[-1] == t[0] and end == t[0]:
            values = np.broadcast_to(y0[:, None], (y0.size, t.size - 1))
        else:
            # the direction in which the times lie, and an end that is not before them
            last = max(t[1:], key=lambda time: abs(time - t[0]))
            if (end - t[0]) * (last - t[0]) < 0 or abs(last - t[0]) > abs(end - t[0]):
                end = last
            report = original(fun, (t[0], end), y0, dense_output=True, args=args or None, **options)
            if not report.success:
                refuse_unsolved(name, report.message)
            values = report.sol(t[1:])
    return np.concatenate([y0[None], values.T])


class Solution:
    """SciPy's result with traced times and states."""

    def __init__(self, path):
        self.path = path
        given = path.given
        values, rebuild = hoisted(given)
        given = rebuild([_core.current_values(x)[()] if _core.traced(x) else x for x in values])
        self.report = _core.untraced(lambda: path.original(**given))
        if not self.report.success:
            refuse_unsolved(path.name, self.report.message)
        self.wants_dense = bool(given.get("dense_output"))

    def found(self):
        path, report = self.path, self.report
        fields = {}
        end = path.end
        if report.t_events is not None:
            times, states = self.events()
            fields.update(t_events=times, y_events=states)
            if report.status == 1:  # a terminal event
                end = self.last_event(times)
        fields["t"] = times = self.times(end)
        fields["y"] = path.at(times, report.y)
        if self.wants_dense:
            fields["sol"] = _Dense(path, report.sol)
        return _fields(report, fields)

    def times(self, end):
        """The times of the result. Those of the solver's own steps keep their places in the
        interval at other points."""
        path = self.path
        given = path.given.get("t_eval")
        if given is not None:
            return as_array(given)[: self.report.t.size] * 1.0
        t0, last = _plain(path.t0), self.report.t[-1]
        if not (_core.traced(path.t0) or _core.traced(end)):
            return self.report.t
        shares = (self.report.t - t0) / (last - t0) if last != t0 else 0.0 * self.report.t
        return path.t0 + shares * (end - path.t0)

    def last_event(self, times):
        """The time of the event at which the solver ended."""
        last = self.report.t[-1]
        for found in times:
            if np.size(found) and _plain(found)[-1] == last:
                return found[-1]
        return last

    def events(self):
        """The times at which event functions are zero, and the states there."""
        path, report = self.path, self.report
        functions = path.given["events"]
        functions = (functions,) if callable(functions) else functions
        times, states = [], []
        for function, at, y in zip(functions, report.t_events, report.y_events, strict=True):
            if np.size(at) == 0:
                times.append(at)
                states.append(y)
                continue
            found = np.stack([self.event(function, number, at) for number in range(len(at))])
            times.append(found)
            states.append(path.at(found, y.T).T)
        return times, states

    def event(self, function, number, at):
        path = self.path
        given = path.given, function

        def find(given):
            whole, function = given
            report = path.original(**{**whole, "events": function, "t_eval": None})
            found = report.t_events[0]
            if len(found) != len(at):
                refuse_unsolved(path.name, f"{len(found)} events, not {len(at)}")
            return (np.asarray(found[number]),)

        def residual(x, given):
            whole, function = given
            inner = Trajectory(path.name, path.original, whole)
            t = x[0]
            y = inner.at(np.reshape(t, (1,)))[:, 0]
            return function(t[()], y, *inner.args)

        return solved(path.name, given, find, residual, local=True)[0]


class _Dense:
    """The dense output: a function of times, traced or not."""

    def __init__(self, path, own):
        self.path = path
        self.own = own

    def __call__(self, t):
        times = as_array(t)
        flat = np.ravel(times)
        order = np.argsort(_plain(flat), kind="stable")
        if self.own.t_max == self.own.ts[0]:  # backwards in time
            order = order[::-1]
        back = np.argsort(order)
        found = self.path.at(flat[order], self.own(_plain(flat))[:, order])[:, back]
        return found[:, 0] if np.ndim(times) == 0 else found

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.own, name)


def _fields(report, fields):
    found = ResultFields(report, {})
    for name, value in fields.items():
        found[name] = value
    return found


def _plain(x):
    return _core.current_values(x)[()] if _core.traced(x) else x
