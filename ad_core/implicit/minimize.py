# SPDX-License-Identifier: Apache-2.0
"""Minima as functions of the parameters of the objective."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ad_core.implicit.theorem import solution
from ad_core.implicit.unknown import scipy_module
from ad_core.transforms import first_order

__all__ = ["minimize"]

X = TypeVar("X")  # an array, a number (of which the result is a float64), or a container

POLISH = 10  # Newton steps at most


def minimize(
    f: Callable[..., Any],
    x0: X,
    *params: Any,
    solver: Callable[..., Any] | None = None,
    tol: float = 1e-6,
) -> X | Any:
    """Minimise f(x, *params) over x; the minimum x is a differentiable function of params.

    Parameters: f returns a number.  x0 is the start, an array or nested tuples, lists and dicts of
    arrays; it has no influence on the derivative.  params are arrays or nested containers of
    arrays.  solver(fun, x0) -> x minimises fun(x) (None: scipy.optimize.minimize by BFGS with
    ad_core's gradient, then Newton steps).  tol is the largest gradient that counts as zero,
    relative to that at x0 if this is more than 1.  Traced values that f closes over are parameters
    too.  Returns x in x0's structure and shapes: a minimum without constraints, where the gradient
    is 0.

    Raises RuntimeError if no such point is found, LinAlgError if the Hessian of f by x is
    singular there, TypeError for results that are not numbers, and ImportError if the default
    solver is used without SciPy.  Cost: the solver; for a derivative, the Hessian of f by x (n, n)
    and one linear system for each direction.  Source: implicit function theorem at grad f = 0
    (bilevel optimisation; Gould et al., 2016).

    >>> import numpy as np, ad_core
    >>> X, y = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), np.array([0.0, 1.0, 3.0])
    >>> ridge = lambda w, k: np.sum((X @ w - y) ** 2) + k * np.sum(w**2)
    >>> fit = lambda k: ad_core.implicit.minimize(ridge, np.zeros(2), k)
    >>> w = fit(0.5)
    >>> exact = -np.linalg.solve(X.T @ X + 0.5 * np.eye(2), w)
    >>> np.allclose(ad_core.jacobian(fit)(0.5), exact, rtol=1e-10)
    True
    """

    def find(equation):
        if solver is not None:
            x = equation.by(solver)
        else:
            optimize = scipy_module("optimize", "implicit.minimize")
            unknown = equation.unknown
            value_and_grad = first_order.value_and_grad(
                lambda x: equation.function(unknown.build(x))
            )
            x = optimize.minimize(value_and_grad, equation.start, jac=True, method="BFGS").x
            x = _newton_refined(equation.residual, x)
        equation.refuse(x, tol, "start nearer to it, pass another solver or a larger tol")
        return x

    gradient = lambda f, x: first_order.grad(f)(x)  # noqa: E731
    return solution("implicit.minimize", f, gradient, x0, params, find)


def _newton_refined(gradient, x):
    """x after Newton steps, which are taken while they descend and make the gradient smaller."""
    g = gradient(x)
    for _ in range(POLISH):
        hessian = first_order.jacobian(gradient)(x)
        try:
            np.linalg.cholesky(hessian)  # raises LinAlgError near a saddle or a maximum
            new = x - np.linalg.solve(hessian, g)
        except np.linalg.LinAlgError:
            return x
        g_new = gradient(new)
        if not np.max(np.abs(g_new)) < np.max(np.abs(g)):
            return x
        x, g = new, g_new
    return x
