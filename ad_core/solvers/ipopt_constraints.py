# SPDX-License-Identifier: Apache-2.0
"""SciPy's forms of constraints as one function with bounds, which Ipopt takes."""

import numpy as np

from ad_core.solvers.arguments import array_function, tupled

__all__ = ["combined"]


def combined(constraints):
    """(function, bounds) of one or several constraints in SciPy's forms.

    The forms are dicts of type "eq" or "ineq", NonlinearConstraint and LinearConstraint.
    function(x) returns all values, (m,); bounds(x) returns (cl, cu), each of shape (m,), for which
    it calls every constraint at x.

    >>> import numpy as np
    >>> from ad_core.solvers.ipopt_constraints import combined
    >>> function, bounds = combined({"type": "ineq", "fun": lambda x: x[0] - 1.0})
    >>> function(np.array([3.0])), bounds(np.array([3.0]))
    (array([2.]), (array([0.]), array([inf])))
    """
    several = constraints if isinstance(constraints, list | tuple) else [constraints]
    parts = [_part(one) for one in several]

    def function(x):
        return np.concatenate([fun(x) for fun, _, _ in parts]) if parts else np.zeros(0)

    def bounds(x):
        sides = [], []
        for fun, *given in parts:
            size = np.size(fun(x))
            for side, bound in zip(sides, given, strict=True):
                side.append(np.broadcast_to(np.asarray(bound, dtype=np.float64), (size,)))
        return tuple(np.concatenate(side) if side else np.zeros(0) for side in sides)

    return function, bounds


def _part(constraint):
    """(function, lower bound, upper bound) of one constraint."""
    if isinstance(constraint, dict):
        kind, fun = str(constraint.get("type")).lower(), constraint.get("fun")
        if kind not in ("eq", "ineq") or not callable(fun):
            raise ValueError(
                f"a constraint must have type 'eq' or 'ineq' and a function fun, got {constraint!r}"
            )
        args = tupled(constraint.get("args", ()))
        return array_function(fun, args), 0.0, 0.0 if kind == "eq" else np.inf
    if hasattr(constraint, "A"):
        return _product(constraint.A), constraint.lb, constraint.ub
    if hasattr(constraint, "fun") and hasattr(constraint, "lb"):
        exact = getattr(constraint.fun, "__self__", None)  # of our own NonlinearConstraint
        return array_function(getattr(exact, "plain", constraint.fun)), constraint.lb, constraint.ub
    raise TypeError(
        f"constraints must be a function, or SciPy's dicts, NonlinearConstraints and "
        f"LinearConstraints, got {type(constraint).__name__}"
    )


def _product(matrix):
    """x -> matrix @ x, for a matrix that may be one of scipy.sparse."""
    if not hasattr(matrix, "tocsr"):
        matrix = np.atleast_2d(matrix)
        return lambda x: matrix @ x
    matrix = matrix.tocsr()
    # Each row gets an entry, since reduceat takes the next row's for an empty one.
    starts, rows = matrix.indptr[:-1], np.flatnonzero(np.diff(matrix.indptr) == 0)
    columns = np.insert(matrix.indices, starts[rows], 0)
    data = np.insert(matrix.data, starts[rows], 0.0)
    starts = starts + np.searchsorted(rows, np.arange(starts.size))
    return lambda x: np.add.reduceat(data * x[columns], starts)
