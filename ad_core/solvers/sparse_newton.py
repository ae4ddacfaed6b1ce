# SPDX-License-Identifier: Apache-2.0
"""Newton's method with a line search, for equations with sparse Jacobians."""

import numpy as np

from ad_core.solvers.arguments import needed
from ad_core.solvers.newton import factors

__all__ = ["sparse_newton"]

ENOUGH = 1e-4  # share of the decrease that the slope promises, Dennis and Schnabel's alpha
SHORTEST, LONGEST = 0.1, 0.5  # the next step of a line search over the last one
XTOL = 1.49012e-8  # SciPy's default for "hybr"
MAXITER = 200


def sparse_newton(fun, jac, x0, xtol=None, maxiter=MAXITER):
    """Solve fun(x) = 0 by Newton's method from x0 (n,), and return an OptimizeResult.

    fun(x) returns (n,), jac(x) a sparse array (n, n), or a dense one.  The step is shortened until
    |fun|^2 / 2 decreases enough; a step to a point where fun is not finite is too long.  It ends
    when a full step changes no unknown by more than xtol (None: 1.5e-8) times the largest one, or
    when fun is exactly zero.  success is False if no step decreases |fun|, if a Jacobian is
    singular or not finite, or after maxiter steps.  Source: Dennis and Schnabel, Numerical Methods
    for Unconstrained Optimization and Nonlinear Equations, algorithms A6.3.1 and D6.1.3.

    >>> import numpy as np, scipy.sparse
    >>> from ad_core.solvers.sparse_newton import sparse_newton
    >>> jac = lambda x: scipy.sparse.diags_array(2.0 * x).tocsc()
    >>> sparse_newton(lambda x: x**2 - 4.0, jac, np.array([1.0, 5.0])).x
    array([2., 2.])
    """
    xtol = XTOL if xtol is None else xtol
    search = Search(fun, x0)
    njev, message = 0, f"no solution after {maxiter} steps"
    for _ in range(maxiter):
        if not search.f.any():
            message = None
            break
        njev += 1
        step = _step(jac(search.x), search.f)
        if step is None:
            message = "the Jacobian is singular or not finite"
            break
        full = search.along(step)
        if full is None:
            message = "no step along Newton's direction decreases the residual enough"
            break
        if full and np.abs(step).max() <= xtol * np.abs(search.x).max():
            message = None
            break
    optimize = needed("scipy.optimize", "scipy", "root")
    return optimize.OptimizeResult(
        x=search.x, fun=search.f, success=message is None, status=1 if message is None else 0,
        message=message or "The solution converged.", nfev=search.nfev, njev=njev, method="newton",
    )  # fmt: skip


def _step(J, f):
    """The solution of J step = -f, or None."""
    if not hasattr(J, "tocsc"):
        J = needed("scipy.sparse", "scipy", "root").csc_array(J)
    try:
        step = factors(J.tocsc()).solve(-f)
    except RuntimeError:  # SuperLU found an exact zero
        return None
    return step if np.isfinite(step).all() else None


class Search:
    """The point x, its residual f, and backtracking along a direction."""

    def __init__(self, fun, x0):
        self.fun = fun
        self.x, self.f = x0, fun(x0)
        self.nfev = 1

    def along(self, step):
        """Move along a Newton step; returns whether by all of it, or None if nothing is gained."""
        slope = -float(self.f @ self.f)  # of |f|^2 / 2, since J step = -f
        start = -slope / 2.0
        shortest = np.finfo(float).eps ** (2 / 3) / max(
            np.max(np.abs(step) / np.maximum(np.abs(self.x), 1.0)), 1e-300
        )
        length, last = 1.0, None
        while True:
            x = self.x + length * step
            f = self.fun(x)
            self.nfev += 1
            size = float(f @ f) / 2.0
            if size <= start + ENOUGH * length * slope:
                self.x, self.f = x, f
                return length == 1.0
            if length < shortest:
                return None
            if not np.isfinite(size):
                length, last = length * SHORTEST, None
                continue
            shorter = _shorter(length, size, last, start, slope)
            last = length, size
            length = float(np.clip(shorter, SHORTEST * length, LONGEST * length))


def _shorter(length, size, last, start, slope):
    """The minimum of the parabola, or of the cubic, through what is known on the line."""
    rest = size - start - length * slope
    if last is None:
        return -slope * length**2 / (2.0 * rest)
    other, rest_other = last[0], last[1] - start - last[0] * slope
    a = (rest / length**2 - rest_other / other**2) / (length - other)
    b = (length * rest_other / other**2 - other * rest / length**2) / (length - other)
    if a == 0.0:
        return -slope / (2.0 * b)
    inner = b * b - 3.0 * a * slope
    return (-b + np.sqrt(inner)) / (3.0 * a) if inner >= 0.0 else LONGEST * length
