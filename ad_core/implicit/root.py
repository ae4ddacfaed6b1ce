# SPDX-License-Identifier: Apache-2.0
"""Roots of equations as functions of their parameters."""

from collections.abc import Callable
from typing import Any, TypeVar

from ad_core.implicit.theorem import solution
from ad_core.implicit.unknown import scipy_module
from ad_core.transforms import first_order

__all__ = ["root"]

X = TypeVar("X")  # an array, a number (of which the result is a float64), or a container

EXACT = 1e-14  # relative step at which SciPy stops


def root(
    f: Callable[..., Any],
    x0: X,
    *params: Any,
    solver: Callable[..., Any] | None = None,
    tol: float = 1e-6,
) -> X | Any:
    """Solve f(x, *params) = 0 for x; the solution x is a differentiable function of params.

    Parameters: f returns as many numbers as x has.  x0 is the start, an array or nested tuples,
    lists and dicts of arrays; it has no influence on the derivative.  params are arrays or nested
    containers of arrays.  solver(fun, x0) -> x solves fun(x) = 0 from x0, in x0's structure (None:
    scipy.optimize.root by Powell's hybrid method with ad_core's Jacobian).  tol is the largest
    residual that counts as zero, relative to that at x0 if this is more than 1.
    Traced values that f closes over are parameters too.  Returns x in x0's structure and shapes.

    Raises RuntimeError if no solution is found, LinAlgError if the Jacobian of f by x is
    singular at the solution, ValueError for results of wrong shapes, and ImportError if the
    default solver is used without SciPy.  Cost: the solver; for a derivative, the Jacobian of f by
    x (n, n) and one linear system for each direction.  Source: implicit function theorem,
    dx/dp = -(df/dx)^-1 df/dp; Griewank and Walther, Evaluating Derivatives, section 15.

    >>> import numpy as np, ad_core
    >>> circle_and_line = lambda x, r: np.array([x[0] ** 2 + x[1] ** 2 - r**2, x[0] - x[1]])
    >>> meet = lambda r: ad_core.implicit.root(circle_and_line, np.array([1.0, 0.5]), r)
    >>> meet(2.0).round(9), ad_core.jacobian(meet)(2.0).round(9)
    (array([1.41421356, 1.41421356]), array([0.70710678, 0.70710678]))
    """

    def find(equation):
        if solver is not None:
            x = equation.by(solver)
        else:
            optimize = scipy_module("optimize", "implicit.root")
            fun, jacobian = equation.residual, first_order.jacobian(equation.residual)
            x = optimize.root(fun, equation.start, jac=jacobian, tol=EXACT).x
        equation.refuse(x, tol, "start nearer to it, pass another solver or a larger tol")
        return x

    return solution("implicit.root", f, lambda f, x: f(x), x0, params, find)
