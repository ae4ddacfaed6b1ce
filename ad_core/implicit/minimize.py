# SPDX-License-Identifier: Apache-2.0
"""Minima as functions of the parameters of what is minimized."""

import numpy as np

from ad_core.implicit.theorem import solution
from ad_core.implicit.unknown import scipy_module
from ad_core.transforms import first_order

__all__ = ["minimize"]

POLISH = 10  # Newton steps at most


def minimize(f, x0, *params, solver=None, tol=1e-6):
    """The x where f(x, *params) is least, as a differentiable function of params.

    Parameters: f returns a number; x0, the start, an array or nested tuples, lists and dicts of
    them, has no influence on the derivative; params, arrays or nested containers of them;
    solver(fun, x0) -> x minimizes fun(x) (None: scipy.optimize.minimize by BFGS with ad_core's
    gradient, then Newton steps); tol, the largest gradient that is taken for zero, relative to
    that at x0 if this is more than 1.  Traced values that f closes over are parameters too.
    Returns x in x0's structure and shapes: a minimum without constraints, where the gradient is 0.

    Raises RuntimeError where no such point was found, LinAlgError where the Hessian of f by x is
    singular there, TypeError for results that are no numbers, ImportError where the default
    solver finds no SciPy.  Cost: the solver's; a derivative, the Hessian of f by x (n, n) and one
    linear system each direction.  Source: implicit function theorem at grad f = 0 (bilevel
    optimization; Gould et al., 2016).

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
            x = _polished(equation.residual, x)
        equation.refuse(x, tol, "start nearer to it, pass another solver or a larger tol")
        return x

    gradient = lambda f, x: first_order.grad(f)(x)  # noqa: E731
    return solution("implicit.minimize", f, gradient, x0, params, find)


def _polished(gradient, x):
    """x after Newton steps, as long as they lead downhill and make the gradient smaller."""
    g = gradient(x)
    for _ in range(POLISH):
        hessian = first_order.jacobian(gradient)(x)
        try:
            np.linalg.cholesky(hessian)  # refuses the way to a saddle or a maximum
            new = x - np.linalg.solve(hessian, g)
        except np.linalg.LinAlgError:
            return x
        g_new = gradient(new)
        if not np.max(np.abs(g_new)) < np.max(np.abs(g)):
            return x
        x, g = new, g_new
    return x
