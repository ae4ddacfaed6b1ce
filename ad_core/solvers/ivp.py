# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scipy.integrate.solve_ivp with exact Jacobians for its methods for stiff equations."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ad_core.solvers.arguments import needed, refuse_given, start, tupled
from ad_core.solvers.blas import limited
from ad_core.solvers.newton import ordered
from ad_core.solvers.rates import Rates

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from scipy.optimize import OptimizeResult as _OptimizeResult

__all__ = ["solve_ivp"]

STIFF = ("Radau", "BDF", "LSODA")
OURS = ("jac", "jac_sparsity", "lband", "uband", "vectorized")  # SciPy's options for the Jacobian


def solve_ivp(
    fun: Callable[..., Any],
    t_span: Sequence[float],
    y0: ArrayLike,
    method: str | type[Any] = "Radau",
    *,
    sparse: bool | None = None,
    args: Any = (),
    **options: Any,
) -> _OptimizeResult:
    """Solve dy/dt = fun(t, y, *args) by scipy.integrate.solve_ivp, with the exact Jacobian by y.

    Parameters: fun takes a number t and y of shape (n,), and returns n numbers as an array or a
    list; an ad_core.Function keeps its recordings between solves.  t_span = (t0, tf); y0 of shape
    (n,).  method: "Radau", "BDF" and "LSODA" get the Jacobian; others get values alone.
    sparse says whether the Jacobian is sparse, which LSODA does not support; None makes it sparse
    if it has at least 10,000 entries and less than 20 % of them are different from zero.  A sparse
    Jacobian with a nearly symmetric pattern is factorised in an order that keeps its factors
    sparser than SciPy's order does.  options are SciPy's, except jac, jac_sparsity, vectorized,
    lband and uband.  Events are called as events(t, y, *args).

    Returns SciPy's result: t of shape (k,), y of shape (n, k), and so on.  Its blas_threads is 1 if
    BLAS was held at one thread in the factorisations of sparse matrices and the solutions with
    them, which needs threadpoolctl, and None if its threads were left as they were.

    Raises TypeError for a y0 that does not hold real numbers and for the options named, ValueError
    for results of wrong shapes and for LSODA with sparse=True, and ImportError without SciPy.
    Cost: values are fun's own and Jacobians one-shot, until programs for them pay.  A fun that uses
    t as a plain number only (math.sin(t), table[int(t)]) gets no programs.

    >>> import numpy as np
    >>> from ad_core import solvers
    >>> van_der_pol = lambda t, y, mu: [y[1], mu * (1.0 - y[0] ** 2) * y[1] - y[0]]
    >>> found = solvers.solve_ivp(van_der_pol, (0, 2000), [2, 0], args=(1000.0,), rtol=1e-8)
    >>> found.y[0, -1].round(5), found.status
    (np.float64(1.7061...), 0)
    """
    integrate = needed("scipy.integrate", "scipy", "solve_ivp")
    refuse_given(options, OURS, "solve_ivp")
    y0 = start(y0, "y0")
    taken = stiff(method)
    if taken == "LSODA" and sparse:
        raise ValueError(
            "LSODA does not support sparse Jacobians; use Radau or BDF, or sparse=False"
        )
    dense = taken in (None, "LSODA")
    rates = Rates(fun, float(t_span[0]), y0, args, False if dense else sparse)
    if taken:
        options["jac"] = rates.jacobian
    if rates.sparse:
        method = ordered(getattr(integrate, method) if isinstance(method, str) else method)
    args = tupled(args) or None  # None, since SciPy wraps each function that has arguments
    found = integrate.solve_ivp(rates.light(), t_span, y0, method, args=args, **options)
    found.blas_threads = 1 if rates.sparse and limited() else None
    return found


def stiff(method):
    """The name in STIFF of a method or of a class that it is derived from; None for others."""
    bases = inspect.getmro(method) if inspect.isclass(method) else ()
    names = [method, *(base.__name__ for base in bases)]
    return next((name for name in STIFF if name in names), None)
