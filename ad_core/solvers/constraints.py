# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Nonlinear constraints of scipy.optimize with exact Jacobians and Hessians."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ad_core.solvers.arguments import needed
from ad_core.solvers.evaluation import Shared, is_sparse

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from scipy.optimize import NonlinearConstraint as _NonlinearConstraint

__all__ = ["NonlinearConstraint", "adapted", "exact_of"]


class Constraint(Shared):
    """A vector function with the Hessian of its product with multipliers."""

    def __init__(self, fun, args=(), sparse=None):
        super().__init__(fun, args)
        self.wanted = sparse
        self.sparse_hessian = None

    def anew(self):
        """The same function, whose Jacobian has no form yet."""
        return Constraint(self.function if self.kept else self.plain, self.args)

    def hessian(self, x, v):
        """sum_k v_k H_k, of shape (n, n), for multipliers v of shape (m,)."""
        m = self.value(x).size
        x, v = self.point(x), np.asarray(v, dtype=np.float64)
        if v.shape != (m,):
            raise ValueError(f"the multipliers must have shape ({m},), got {v.shape}")
        if self.sparse_hessian is None:
            self.sparse_hessian = is_sparse(
                self.wanted, x.size**2, lambda: self.lagrangian_hessian(x, v, sparse=True)
            )
        return self.lagrangian_hessian(x, v, self.sparse_hessian)

    def entries(self, x):
        """The number of entries of the Jacobian."""
        return self.checked(self.plain(x)).size * x.size

    def filled(self, x):
        """The number of those that may be different from zero."""
        size = self.entries(x)
        dense = not self.kept and self.function.dense_jacobian(size, x) is not None
        return size if dense else self.jacobian(x, sparse=True).nnz

    def settle(self, x, sparse):
        """Give the Jacobian its form at all points; that of the Hessian is still found."""
        self.n, self.sparse = x.size, sparse

    def _at(self, what, x):
        if self.n is None:  # there is no start, so the first point takes its place
            self.begin(self.point(x), self.wanted)
        return super()._at(what, x)


def NonlinearConstraint(
    fun: Callable[..., Any],
    lb: ArrayLike,
    ub: ArrayLike,
    *,
    args: Any = (),
    sparse: bool | None = None,
    keep_feasible: ArrayLike = False,
) -> _NonlinearConstraint:
    """Return scipy.optimize.NonlinearConstraint lb <= fun(x, *args) <= ub with exact derivatives.

    Parameters: fun takes x of shape (n,) and returns the m constraints as an array (m,), a list or
    one number.  lb, ub and keep_feasible are as in SciPy, numbers or of shape (m,).  sparse says
    whether the Jacobian (m, n) and the Hessian (n, n) are csr_arrays, which method="trust-constr"
    accepts; None makes those sparse that have at least 10,000 entries, less than 20 % of them
    different from zero.  (In :func:`ad_core.solvers.minimize` it is one form for all constraints.)

    The result is for scipy.optimize.minimize and for :func:`ad_core.solvers.minimize`.  Its Hessian
    is that of v @ fun(x) by x, for multipliers v of shape (m,).

    Raises ImportError without SciPy and, when it is evaluated, ValueError for results and
    multipliers of wrong shapes.  Cost: values are fun's own and derivatives one-shot, until
    programs for them pay.

    >>> import numpy as np
    >>> from ad_core import solvers
    >>> disc = solvers.NonlinearConstraint(lambda x: x @ x, 0.0, 2.0)
    >>> disc.jac(np.array([1.0, 2.0])), disc.hess(np.array([1.0, 2.0]), np.array([3.0]))
    (array([[2., 4.]]), array([[6., 0.],
           [0., 6.]]))
    """
    optimize = needed("scipy.optimize", "scipy", "NonlinearConstraint")
    exact = Constraint(fun, args, sparse)
    return optimize.NonlinearConstraint(
        exact.value, lb, ub, jac=exact.derivative, hess=exact.hessian, keep_feasible=keep_feasible
    )


def adapted(constraint, optimize, hessians):
    """A constraint of minimize() with exact derivatives, unless it has its own.

    hessians: whether the method uses Hessians of constraints; other methods warn about them.
    """
    if isinstance(constraint, dict):
        return _adapted_dict(constraint, hessians)
    if not isinstance(constraint, optimize.NonlinearConstraint):
        return constraint
    ours = exact_of(constraint)
    if callable(constraint.jac) and (ours is None or (hessians and ours.wanted is not None)):
        return constraint
    exact = Constraint(constraint.fun) if ours is None else ours.anew()
    kept = {"keep_feasible": constraint.keep_feasible}
    if hessians:
        default = ours is not None or isinstance(constraint.hess, optimize.BFGS)
        kept["hess"] = exact.hessian if default else constraint.hess
    return optimize.NonlinearConstraint(
        exact.value, constraint.lb, constraint.ub, jac=exact.derivative, **kept
    )


def exact_of(constraint):
    """The Constraint that a NonlinearConstraint has its functions from, or None."""
    exact = getattr(getattr(constraint, "fun", None), "__self__", None)
    return exact if isinstance(exact, Constraint) else None


def _adapted_dict(constraint, hessians):
    if callable(constraint.get("jac")) or "fun" not in constraint:
        return constraint
    fun, args = constraint["fun"], constraint.get("args", ())
    kind = str(constraint.get("type")).lower()
    if hessians and kind in ("eq", "ineq"):
        return NonlinearConstraint(fun, 0.0, 0.0 if kind == "eq" else np.inf, args=args)
    exact = Constraint(fun, args, sparse=False)
    return {**constraint, "fun": exact.value, "jac": exact.derivative, "args": ()}
