# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""forward_sensitivities(): a solution of a differential equation together with its derivatives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ad_core import _core
from ad_core.programs.function import compile
from ad_core.recording.trees import flatten
from ad_core.rules.rule import flat, split
from ad_core.solvers.arguments import bound, start, tupled
from ad_core.solvers.ivp import solve_ivp
from ad_core.solvers.sensitivities import InitialValueProblem
from ad_core.transforms import first_order

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from scipy.optimize import OptimizeResult as _OptimizeResult

__all__ = ["forward_sensitivities"]


def forward_sensitivities(
    fun: Callable[..., Any],
    t_span: Sequence[float],
    y0: ArrayLike,
    p: ArrayLike | dict[str, Any],
    method: str = "Radau",
    *,
    args: Any = (),
    wrt: str | Sequence[str] = ("p", "y0"),
    t_eval: ArrayLike | None = None,
    events: Any = None,
    rtol: float = 1e-6,
    atol: ArrayLike = 1e-9,
    sparse: bool | None = None,
    first_step: float | None = None,
    max_step: float = np.inf,
) -> _OptimizeResult:
    """Solve dy/dt = fun(t, y, p, *args) together with dy/dp and dy/dy0, as one larger system.

    Parameters: fun takes a number t, y of shape (n,) and the parameters p, and returns n numbers as
    an array or a list.  t_span = (t0, tf); y0 of shape (n,).  p: an array of shape (m,), a number,
    or a dictionary of names to numbers, arrays or further dictionaries.  args: what fun takes after
    p; no derivative is computed by it.  wrt: "p", "y0" or both, by which derivatives are computed;
    if p is a dictionary also some of its names.  method is one of scipy.integrate.solve_ivp's.
    t_eval: the times (k,) within t_span at which the solution is returned; None: the solver's own
    steps.  events: SciPy's, called as event(t, y, p, *args).  rtol, atol (a number or (n,)),
    first_step and max_step are SciPy's.  The tolerances hold for the derivatives too: those by p[j]
    and y0[j] have atol divided by |p[j]| and |y0[j]| (by 1 where that is 0).  sparse: as in
    :func:`solve_ivp`, for the larger system's Jacobian.

    Returns SciPy's result, t of shape (k,) and y of shape (n, k), with two more fields: dy_dp of
    shape (n, m, k) and dy_dy0 of shape (n, n, k); one that wrt does not name is absent.  For a
    dictionary p, dy_dp is a dictionary of the same names with arrays of shape (n, ..., k), the
    parameter's shape in the middle.  With events, y_events holds states of shape (n,).

    Raises TypeError and ValueError that name arguments and results which do not fit, RuntimeError
    if the solver fails, and ImportError without SciPy.  Cost: a system of n (1 + m + n) equations,
    without those that wrt leaves out.  One program computes its right-hand sides (J S + df/dp, by
    tangents), another one its exact Jacobian.  With many parameters :func:`discrete_adjoint` is
    cheaper.  Source: Hairer, Norsett and Wanner, Solving Ordinary Differential Equations I, section
    I.14.

    >>> import numpy as np
    >>> from ad_core import solvers
    >>> decay = lambda t, y, p: -p[0] * y
    >>> found = solvers.forward_sensitivities(decay, (0, 1), [2.0], [0.5], rtol=1e-10, atol=1e-12)
    >>> found.y[:, -1].round(7), found.dy_dp[..., -1].round(7), found.dy_dy0[..., -1].round(7)
    (array([1.2130613]), array([[-1.2130613]]), array([[0.6065307]]))
    >>> decay = lambda t, y, p: p["source"] - p["rate"] * y
    >>> p = {"rate": 0.5, "source": 1.0}
    >>> found = solvers.forward_sensitivities(decay, (0, 9), [2.0], p, wrt="source", t_eval=[9])
    >>> found.dy_dp["source"].round(3)
    array([[1.978]])
    """
    given = _Parameters(p)
    by_p, by_y0 = given.chosen(wrt)
    args = tupled(args)
    with_args = bound(fun, args)
    of_vector = given.taken_by(with_args)
    problem = InitialValueProblem(
        "forward_sensitivities", of_vector, t_span, y0, given.vector, t_eval, atol
    )
    n, m, plain = problem.n, problem.m, problem.plain
    units = np.eye(m)[by_p]
    starts = np.eye(n) if by_y0 else np.zeros((0, n))
    q = len(units) + len(starts)

    def augmented(t, z, p):
        y, columns = z[:n], z[n:].reshape(q, n)
        if not q:
            return plain(t, y, p)
        rate, push = first_order.linearize(lambda y, p: plain(t, y, p), y, p)
        of_p = [push(s, e) for s, e in zip(columns[: len(units)], units, strict=True)]
        of_y0 = [push(s, np.zeros(m)) for s in columns[len(units) :]]
        return np.concatenate([rate, *of_p, *of_y0])

    augmented.__name__ = _core.name_of(fun)
    sizes = np.concatenate([problem.p[by_p], problem.y0 if by_y0 else []])
    scaled = problem.atol / np.where(sizes == 0.0, 1.0, np.abs(sizes))[:, None]
    begin = np.concatenate([problem.y0, np.zeros(len(units) * n), starts.ravel()])
    options = {} if events is None else {"events": _of_states(events, n, given, problem.p, args)}
    found = solve_ivp(
        compile(augmented), t_span, begin, method, args=(problem.p,), sparse=sparse, rtol=rtol,
        t_eval=problem.t_eval, atol=np.concatenate([problem.atol, scaled.ravel()]),
        first_step=first_step, max_step=max_step, **options,
    )  # fmt: skip
    problem.refuse_failed(found.success, found.message)
    columns = np.reshape(found.y[n:], (q, n, found.t.size)).swapaxes(0, 1)
    found.y = found.y[:n]
    if events is not None:
        found.y_events = [np.reshape(y, (len(y), -1))[:, :n] for y in found.y_events]
    if len(units):
        found.dy_dp = given.derivative(columns[:, : len(units)], by_p)
    if by_y0:
        found.dy_dy0 = columns[:, len(units) :]
    return found


class _Parameters:
    """The parameters as a vector: an array, or a dictionary whose numbers lie end to end."""

    def __init__(self, p):
        self.named = isinstance(p, dict)
        if not self.named:
            self.vector = start(p, "p")
            return
        leaves, self.tree = flatten(p)
        self.shapes = [np.shape(x) for x in leaves]
        self.names = list(p)
        parts = [start(x, "p", shaped=True) for x in leaves]
        if not parts:
            raise ValueError("p must hold at least one parameter, got an empty dictionary")
        self.vector = flat(parts)
        numbers = iter(split(np.arange(self.vector.size), self.shapes))
        self.numbers = self.tree.build(list(numbers))

    def taken_by(self, fun):
        """fun(t, y, p) as a function of the vector."""
        if not self.named:
            return fun

        def of_vector(t, y, p):
            return fun(t, y, self.build(p))

        of_vector.__name__ = _core.name_of(fun)
        return of_vector

    def build(self, vector):
        if not self.named:
            return vector
        return self.tree.build([x[()] for x in split(vector, self.shapes)])

    def chosen(self, wrt):
        """(the numbers of the parameters in wrt, whether y0 is in it)."""
        wrt = (wrt,) if isinstance(wrt, str) else tuple(wrt)
        known = ["p", "y0", *(self.names if self.named else [])]
        for name in wrt:
            if name not in known:
                raise ValueError(f"wrt must be some of {', '.join(map(str, known))}, got {name!r}")
        self.all = "p" in wrt
        self.wanted = [name for name in known[2:] if self.all or name in wrt]
        if not self.named or self.all:
            return np.arange(self.vector.size if self.all else 0), "y0" in wrt
        parts = [flat(flatten(self.numbers[name])[0]) for name in self.wanted]
        return np.concatenate([np.zeros(0, int), *parts]), "y0" in wrt

    def derivative(self, columns, by_p):
        """The derivatives (n, m, k) in the structure of the parameters."""
        if not self.named:
            return columns
        place = np.zeros(self.vector.size, int)
        place[by_p] = np.arange(len(by_p))

        def part(numbers):
            found = columns[:, place[np.ravel(numbers)]]
            return found.reshape(len(columns), *np.shape(numbers), -1)

        found = {}
        for name in self.wanted:
            leaves, tree = flatten(self.numbers[name])
            found[name] = tree.build([part(x) for x in leaves])
        return found


def _of_states(events, n, given, p, args):
    """SciPy's events of the states alone, as events of the larger system."""
    single = callable(events)
    made = [_of_state(event, n, given.build(p), args) for event in ([events] if single else events)]
    return made[0] if single else made


def _of_state(event, n, p, args):
    def of_system(t, z, *_):
        return event(t, z[:n], p, *args)

    for name in ("terminal", "direction"):
        if hasattr(event, name):
            setattr(of_system, name, getattr(event, name))
    return of_system
