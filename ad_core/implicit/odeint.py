# SPDX-License-Identifier: Apache-2.0
"""Solutions of ordinary differential equations as functions of start, times and parameters."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ad_core import _core
from ad_core.implicit.trajectories import trajectory
from ad_core.implicit.unknown import Unknown, scipy_module
from ad_core.recording.arrays import as_array

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["odeint", "solution"]


def odeint(
    func: Callable[..., Any],
    y0: Any,
    t: ArrayLike,
    *args: Any,
    rtol: float = 1e-8,
    atol: float = 1e-8,
    method: str = "DOP853",
    solver: Callable[..., Any] | None = None,
) -> NDArray[np.float64] | Any:
    """Solve dy/dt = func(y, t, *args), y(t[0]) = y0, at the times t; the solution is a
    differentiable function of y0, t and args.

    Parameters: func returns dy/dt in y0's structure and shapes.  y0 is an array or nested tuples,
    lists and dicts of arrays.  t has one or more times (T), rising or falling.  args are arrays or
    nested containers of arrays.  rtol and atol are the tolerances of the solution and of its
    derivatives (for these, relative to the direction's largest number).  method is one of
    scipy.integrate.solve_ivp's ("LSODA" or "Radau" for stiff equations).
    solver(fun, y0, t) -> ys of shape (T, n) replaces SciPy; it solves for a vector y0 (n) with
    fun(y, t).  Traced values that func closes over are arguments too.  Returns y0's structure, in
    which each array has one more axis: (T, ...).

    Raises RuntimeError if the solver fails, ValueError for times and results of wrong shapes,
    and ImportError without SciPy.  Cost of one tangent: the equation is solved together with its
    tangent.  Several tangents at a point, and cotangents for up to some thousand numbers in them,
    come from one system of the equation and its tangents by all q numbers to differentiate by,
    n (1 + q) equations, whose rates take one program; it is kept for the next sweep at the point.
    Cost of a cotangent beyond: the adjoint equation is solved backwards from each time to the one
    before, or, if that would be unstable (stiff equations), one tangent for each number.  Source:
    as jax.experimental.ode.odeint; Chen et al., Neural ordinary differential equations, 2018.

    >>> import numpy as np, ad_core
    >>> decay = lambda k: ad_core.implicit.odeint(lambda y, t, k: -k * y, 1.0, [0.0, 2.0], k)[1]
    >>> value, slope = ad_core.value_and_grad(decay)(0.5)
    >>> round(float(value), 7), round(float(slope), 7)
    (0.3678794, -0.7357589)
    """
    if not callable(func):
        raise TypeError(f"implicit.odeint takes a function, got {type(func).__name__}")
    return solution(func, y0, t, *args, rtol=rtol, atol=atol, method=method, solver=solver)


def solution(func, y0, t, *args, rtol, atol, method, solver=None, repeated=False):
    """odeint(), in which times may be given twice if `repeated`."""
    name = _core.name_of(func)
    if isinstance(t, (list, tuple)):
        t = np.array(t)
    unknown = Unknown("implicit.odeint", "y0", y0)
    if np.ndim(t) != 1:
        raise ValueError(_not_times(t))
    integrate = functools.partial(_integrated, name, rtol, atol, method, solver, repeated)

    def rate(items):
        func, args = items
        return lambda y, t: unknown.vector(func(unknown.build(y), t, *args), name)

    def find(items, y0, t):
        return integrate(rate(items), y0.astype(np.float64), np.asarray(t, dtype=np.float64))

    again = functools.partial(
        solution, rtol=rtol, atol=atol, method=method, solver=solver, repeated=True
    )
    ys = trajectory(
        "implicit.odeint", (func, args), rate, unknown.vector(y0, name), as_array(t), find, again,
        None if solver is not None else (method, rtol, atol),
    )  # fmt: skip
    return _unstacked(unknown, ys)


def _unstacked(unknown, ys):
    """A matrix (T, n) as y0's structure of arrays (T, ...)."""
    parts, first = [], 0
    for shape in unknown.shapes:
        last = first + math.prod(shape)
        parts.append(np.reshape(ys[:, first:last], (len(ys), *shape)))
        first = last
    return unknown.tree.build(parts)


def _not_times(t):
    return f"t of implicit.odeint must be a vector (T,) of times that rise or fall, got {t!r}"


def _integrated(name, rtol, atol, method, solver, repeated, rate, y0, t):
    """The solution at the times t, a matrix (T, n); all values are plain."""
    steps = np.diff(t)
    if repeated and not np.all(steps):
        keep = np.concatenate([[True], steps != 0])
        ys = _integrated(name, rtol, atol, method, solver, False, rate, y0, t[keep])
        return ys[np.cumsum(keep) - 1]
    if t.size == 0 or not (np.all(steps > 0) or np.all(steps < 0)):
        raise ValueError(_not_times(t))
    if t.size == 1:
        return y0[None]
    if solver is not None:
        ys = np.asarray(solver(rate, y0, t), dtype=np.float64)
        if ys.shape != (t.size, y0.size):
            raise ValueError(
                f"the solver of implicit.odeint must return shape {(t.size, y0.size)}, got "
                f"{ys.shape}"
            )
        failed = None if np.all(np.isfinite(ys)) else "the solution is not finite"
    else:
        integrate = scipy_module("integrate", "implicit.odeint")
        found = integrate.solve_ivp(
            lambda t, y: rate(y, t), (t[0], t[-1]), y0, method, t, rtol=rtol, atol=atol
        )
        ys, failed = found.y.T, None if found.success else found.message.rstrip(".")
    if failed is not None:
        raise RuntimeError(
            f"implicit.odeint did not solve {name} from t={t[0]:g} to {t[-1]:g}: {failed}; check "
            f"that the solution exists there, or pass another method, tolerance or solver"
        )
    return ys
