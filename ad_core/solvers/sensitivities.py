# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Solutions of differential equations, and their derivatives by parameters and initial state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ad_core.errors import NotDifferentiable
from ad_core.solvers.arguments import array_function, needed, refuse_traced, start
from ad_core.solvers.evaluation import is_sparse
from ad_core.solvers.gradual import Gradual
from ad_core.solvers.steps import KINDS
from ad_core.transforms import first_order

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray
    from scipy.optimize import OptimizeResult as _OptimizeResult

    _Array: TypeAlias = NDArray[np.float64]

__all__ = ["InitialValueProblem", "discrete_adjoint"]


def discrete_adjoint(
    fun: Callable[..., Any],
    t_span: Sequence[float],
    y0: ArrayLike,
    p: ArrayLike,
    method: str = "Radau",
    *,
    t_eval: ArrayLike | None = None,
    rtol: float = 1e-6,
    atol: ArrayLike = 1e-9,
    sparse: bool | None = None,
    first_step: float | None = None,
    max_step: float = np.inf,
) -> tuple[_OptimizeResult, Callable[[ArrayLike], tuple[_Array, _Array]]]:
    """Solve dy/dt = fun(t, y, p), and return the exact adjoint of the steps that computed it.

    Parameters: those of :func:`forward_sensitivities` of the same names, p an array or a number.
    method: "RK23", "RK45", "DOP853", "Radau" or "BDF".  With t_eval the solver ends a step at each
    of these times (BDF restarts there, with order 1).  Without t_eval, y has the states at the
    start and after each of the solver's steps.

    Returns ``(found, pullback)``: found has t of shape (k,), y of shape (n, k), and SciPy's nfev,
    njev, nlu.  ``pullback(w)`` takes a cotangent w of y's shape (n, k) and returns ``(dy0, dp)``
    of shapes (n,) and (m,): w times the derivatives of y by y0 and p.  It may be called again.

    These are the derivatives of the discrete solution, with the sizes (and orders) of the accepted
    steps held fixed.  Runge-Kutta stages are traversed backwards.  The stages of Radau and BDF are
    equations in the state, so each step takes one transposed linear system with the exact
    Jacobians there.  So a gradient agrees with the values that a minimiser sees, up to the solver's
    Newton tolerance.

    Raises TypeError and ValueError that name arguments and results which do not fit, RuntimeError
    if the solver fails, and ImportError without SciPy.  Cost of a pullback: a product with J^T for
    each stage and, for Radau and BDF, a linear system of 3n or n unknowns for each step (sparse
    by the rule of :func:`solve_ivp`), independently of m.  The states of all steps are kept.
    Source: Hager, Runge-Kutta methods in optimal control and the transformed adjoint system, 2000;
    Sandu, On the properties of Runge-Kutta discrete adjoints, 2006.

    >>> import numpy as np
    >>> from ad_core import solvers
    >>> decay = lambda t, y, p: -p[0] * y
    >>> found, pullback = solvers.discrete_adjoint(
    ...     decay, (0, 1), [2.0], [0.5], "RK45", t_eval=[1.0], rtol=1e-10, atol=1e-12
    ... )
    >>> dy0, dp = pullback(np.ones((1, 1)))
    >>> found.y.round(7), dy0.round(7), dp.round(7)
    (array([[1.2130613]]), array([0.6065307]), array([-1.2130613]))
    """
    problem = InitialValueProblem("discrete_adjoint", fun, t_span, y0, p, t_eval, atol)
    integrate = needed("scipy.integrate", "scipy", "discrete_adjoint")
    if method not in KINDS:
        raise ValueError(
            f"method of discrete_adjoint must be one of {', '.join(KINDS)}, got {method!r}"
        )
    options = {"rtol": rtol, "atol": problem.atol, "max_step": max_step}
    implicit = method in ("Radau", "BDF")
    rates = ParameterRates(problem, sparse if implicit else False)
    if implicit:
        options["jac"] = rates.jacobian
    ends = [float(t_span[1])] if problem.t_eval is None else problem.t_eval
    t, y = float(t_span[0]), problem.y0
    segments, counts = [], np.zeros(3, dtype=int)
    for end in ends:
        segment = KINDS[method](getattr(integrate, method), rates)
        if end != t:
            solver, message = segment.solve(t, y, end, {**options, "first_step": first_step})
            problem.refuse_failed(solver.status == "finished", f"{message} At t={solver.t:g}.")
            counts += [solver.nfev, solver.njev, solver.nlu]
            t, y = end, solver.y
            if method != "BDF":  # its first step has order 1, so its size is not that of the last
                first_step = segment.next_step(ends)
        segments.append(segment)
    return _solution(problem, segments, counts, rates)


def _solution(problem, segments, counts, rates):
    """The states at the times of the result, and the pullback through all segments."""
    optimize = needed("scipy.optimize", "scipy", "discrete_adjoint")
    n, inner = problem.n, problem.t_eval is None
    if inner:
        times = [*segments[0].t]
        states = [*segments[0].y]
    else:
        times = problem.t_eval
        states, last = [], problem.y0
        for segment in segments:
            last = segment.y[-1] if len(segment.t) else last
            states.append(last)
    found = optimize.OptimizeResult(
        t=np.array(times), y=np.array(states).T.reshape(n, -1), nfev=int(counts[0]),
        njev=int(counts[1]), nlu=int(counts[2]),
    )  # fmt: skip

    def pullback(w):
        refuse_traced(w, "the cotangent")
        w = np.asarray(w)
        if w.dtype.kind not in "fiu":
            raise TypeError(f"the cotangent must be real numbers, got {w.dtype}")
        if w.shape != found.y.shape:
            raise ValueError(f"the cotangent must have y's shape {found.y.shape}, got {w.shape}")
        dy, dp = np.zeros(n), np.zeros(problem.m)
        for k in range(len(segments) - 1, -1, -1):
            segment, steps = segments[k], len(segments[k].t)
            if inner:
                rows = w.T.astype(np.float64)
            else:
                rows = np.zeros((max(steps, 1), n))
                rows[-1] = w[:, k] + dy
            if steps > 1:
                dy, part = segment.pull(rows)
                dp += part
            else:
                dy = rows[-1]
        return dy, dp

    return found, pullback


class InitialValueProblem:
    """The arguments of dy/dt = fun(t, y, p) from y0, checked."""

    def __init__(self, name, fun, t_span, y0, p, t_eval, atol):
        self.name = name
        self.plain = array_function(fun)
        self.y0, self.p = start(y0, "y0"), start(p, "p")
        self.n, self.m = self.y0.size, self.p.size
        refuse_traced([t_span, t_eval], "t_span or t_eval")
        span = np.asarray(t_span, dtype=np.float64)
        if span.shape != (2,) or not np.all(np.isfinite(span)) or span[0] == span[1]:
            raise ValueError(f"t_span must be two different times (t0, tf), got {t_span!r}")
        self.span = span
        self.t_eval = None if t_eval is None else self._times(t_eval, *span)
        self.atol = np.asarray(atol, dtype=np.float64)
        if self.atol.shape not in ((), (self.n,)):
            raise ValueError(
                f"atol must be a number or have shape ({self.n},), got {self.atol.shape}"
            )
        self.atol = np.broadcast_to(self.atol, (self.n,)).copy()
        rate = self.plain(float(span[0]), self.y0.copy(), self.p.copy())
        if not isinstance(rate, np.ndarray) or rate.shape != (self.n,):
            got = f"shape {rate.shape}" if hasattr(rate, "shape") else type(rate).__name__
            raise ValueError(
                f"{self.plain.__name__} must return the derivative of y, of shape ({self.n},), "
                f"got {got}"
            )

    @staticmethod
    def _times(t_eval, first, last):
        times = np.array(t_eval, dtype=np.float64)
        if times.ndim != 1 or times.size == 0:
            raise ValueError(f"t_eval must be times of shape (k,), k > 0, got {times.shape}")
        low, high = min(first, last), max(first, last)
        outside = times[~((times >= low) & (times <= high))]
        if outside.size:
            raise ValueError(
                f"t_eval must be within t_span=({first:g}, {last:g}), got {outside[0]:g}"
            )
        if np.any(np.diff(times) * np.sign(last - first) <= 0.0):
            raise ValueError(
                f"t_eval must rise or fall strictly, in the direction of t_span=({first:g}, "
                f"{last:g}), got {times!r}"
            )
        return times

    def refuse_failed(self, solved, message):
        if not solved:
            raise RuntimeError(
                f"{self.name} did not solve {self.plain.__name__} from t={self.span[0]:g} to "
                f"{self.span[1]:g}: {message} Check that the solution exists there, or pass "
                f"another method or tolerance"
            )


class ParameterRates:
    """fun at fixed p for a solver, and its vector-Jacobian products for the adjoint."""

    def __init__(self, problem, sparse):
        plain, self.p = problem.plain, problem.p
        # y comes first, since programs for argnums=0 are found fastest.
        self._gradual = Gradual(lambda y, t, p: plain(t, y, p))
        self._plain = plain
        self._traces_t = True
        self.n, self.m = problem.n, problem.m
        self.sparse = is_sparse(
            sparse,
            self.n**2,
            lambda: self._gradual.jacobian(problem.y0, problem.span[0], self.p, sparse=True),
        )

    def value(self, t, y):
        return self._gradual(y, float(t), self.p)

    def jacobian(self, t, y):
        """The Jacobian by y, (n, n): a csr_array if self.sparse is true."""
        return self._gradual.jacobian(y, float(t), self.p, sparse=self.sparse)

    def values(self, t, y):
        """The rates (N, n) at times (N,) and states (N, n)."""
        return self._of_many(
            lambda: self._gradual.program(y, t, self.p[None], batch_dims=1),
            lambda: np.array([self._plain(*at, self.p) for at in zip(t.tolist(), y, strict=True)]),
        )

    def pull(self, t, y, w):
        """The cotangents (n,) of y and (m,) of p for a cotangent of the rate."""
        t = float(t)

        def compiled():
            dy, _, dp = self._gradual.program.vjp((y, t, self.p), w)
            return dy, dp

        def once():
            return first_order.vjp(lambda y, p: self._plain(t, y, p), y, self.p)[1](w)

        return self._of_many(compiled, once)

    def pull_many(self, t, y, w):
        """The sum over N states of the cotangents of p."""
        return self._of_many(
            lambda: self._gradual.program.vjp((y, t, self.p[None]), w, batch_dims=1)[2].sum(axis=0),
            lambda: sum(self.pull(*at)[1] for at in zip(t, y, w, strict=True)),
        )

    def _of_many(self, compiled, once):
        """compiled(), or once() from where on fun refuses a traced t."""
        if self._traces_t:
            try:
                return compiled()
            except NotDifferentiable:
                self._traces_t = False
        return once()
