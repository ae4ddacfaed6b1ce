# SPDX-License-Identifier: Apache-2.0
"""Fixed points of iterations as functions of their parameters."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from ad_core.errors.integers import integer
from ad_core.implicit.theorem import solution
from ad_core.recording.trees import flatten
from ad_core.rules.rule import flat

__all__ = ["fixed_point"]

X = TypeVar("X")  # an array, a number (of which the result is a float64), or a container


def fixed_point(
    g: Callable[..., Any],
    x0: X,
    *params: Any,
    solver: Callable[..., Any] | None = None,
    tol: float = 1e-12,
    max_iter: int = 10_000,
) -> X | Any:
    """Solve x = g(x, *params); the solution x is a differentiable function of params.

    Parameters: g returns x's structure and shapes.  x0 is the start, an array or nested tuples,
    lists and dicts of arrays; it has no influence on the derivative.  params are arrays or nested
    containers of arrays.  solver(fun, x0) -> x solves x = fun(x) (None: fun is applied repeatedly,
    at most max_iter times).  tol is the largest |x - g(x)| that counts as zero, relative to the
    largest number in x (with a solver, to the first step), if this is more than 1.
    Traced values that g closes over are parameters too.  Returns x in x0's structure.

    Raises RuntimeError if no fixed point is found, LinAlgError if I - dg/dx is singular there,
    and ValueError for results of wrong shapes.  Cost: the iteration; for a derivative, the
    Jacobian of g by x and one linear system for each direction, however long the iteration was.
    Source: implicit function theorem; Christianson, Reverse accumulation and attractive fixed
    points, 1994.

    >>> import numpy as np, ad_core
    >>> kepler = lambda e: ad_core.implicit.fixed_point(lambda E, e: 1.0 + e * np.sin(E), 1.0, e)
    >>> E = kepler(0.1)
    >>> slope = ad_core.grad(kepler)(0.1)
    >>> bool(np.isclose(slope, np.sin(E) / (1.0 - 0.1 * np.cos(E)), rtol=1e-11))
    True
    """
    max_iter = integer(max_iter, "max_iter", "a number of steps, at least 1", least=1)

    def find(equation):
        remedy = "start nearer to it, raise max_iter or tol, or pass a solver"
        if solver is not None:
            x = equation.by(solver)
            equation.refuse(x, tol, remedy)
            return x
        x = equation.start
        for _ in range(max_iter):
            step = equation.residual(x)
            x = x + step
            size = np.max(np.abs(step))
            if not np.isfinite(size):
                break
            if size <= tol * max(1.0, np.max(np.abs(x))):
                return x
        raise RuntimeError(
            f"implicit.fixed_point found no fixed point of {equation.what}: the last step was "
            f"{size:.3g}, which is not within tol={tol:g}; {remedy}"
        )

    return solution("implicit.fixed_point", g, _step, x0, params, find)


def _step(g, x):
    """g(x) - x as a vector."""
    y = g(x)
    (old, tree), (new, other) = flatten(x), flatten(y)
    shapes = [np.shape(leaf) for leaf in old], [np.shape(leaf) for leaf in new]
    if tree != other or shapes[0] != shapes[1]:
        raise ValueError(
            f"implicit.fixed_point: g must return the structure {tree!r} of shapes {shapes[0]}, "
            f"as x0 has, got {other!r} of {shapes[1]}"
        )
    return flat(new) - flat(old)
