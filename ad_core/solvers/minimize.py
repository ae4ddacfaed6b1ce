# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scipy.optimize.minimize with exact gradients and, for methods that use them, Hessians."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ad_core.programs.function import compile
from ad_core.solvers.arguments import needed, refuse_given, start
from ad_core.solvers.constraints import adapted
from ad_core.solvers.costs import one_shot_hessian
from ad_core.solvers.evaluation import LEAST, Shared, is_sparse
from ad_core.solvers.trust_constr import of_one_kind, run_to_the_end

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from scipy.optimize import OptimizeResult as _OptimizeResult

__all__ = ["minimize"]

VALUES = ("nelder-mead", "powell", "cobyla", "cobyqa")
HESSIAN = ("dogleg", "trust-exact")  # take a dense matrix only
PRODUCTS = ("newton-cg", "trust-ncg", "trust-krylov", "trust-constr")  # take the matrix or products
FEW = 10  # variables up to which the Hessian is cheaper than its products
DIFFERENCES = ("eps", "finite_diff_rel_step")  # SciPy's options for the gradient


def minimize(
    fun: Callable[..., Any],
    x0: ArrayLike,
    *,
    method: str | Callable[..., Any] | None = None,
    args: Any = (),
    constraints: Any = (),
    **options: Any,
) -> _OptimizeResult:
    """Minimise fun(x, *args) by scipy.optimize.minimize, with the exact derivatives that the method
    uses.

    ============================================  =============================================
    method                                        gets
    ============================================  =============================================
    Nelder-Mead, Powell, COBYLA, COBYQA           values
    CG, BFGS, L-BFGS-B, TNC, SLSQP                the gradient
    dogleg, trust-exact                           gradient and dense Hessian
    Newton-CG, trust-ncg, trust-krylov            gradient and dense Hessian for n < 100 if it is
                                                  no dearer than Hessian-vector products, which
                                                  they get otherwise
    trust-constr                                  the same, but a sparse Hessian if less than
                                                  20 % of it is different from zero and n >= 100
    ============================================  =============================================

    Parameters: fun takes x of shape (n,) and returns one number; an ad_core.Function keeps its
    recordings between solves.  method: None is SciPy's choice; a callable gets the gradient and
    the Hessian or its products.  constraints: one or several of SciPy's.  Dicts and
    NonlinearConstraints without their own Jacobian get exact Jacobians, and Hessians if the method
    is trust-constr.  options are SciPy's, except jac, eps and finite_diff_rel_step; your own hess
    or hessp (such as SR1()) is used.  Returns SciPy's OptimizeResult.

    trust-constr: the constraints' Jacobians are all sparse or all dense, as is faster for them
    together (the option sparse_jacobian overrides this).  With inequalities or bounds, SciPy's test
    of the gradient may hold before the barrier parameter has fallen, far from the solution; here
    the solver continues until the barrier parameter is at most barrier_tol too.

    Raises TypeError for an x0 that does not hold real numbers and for the options named, ValueError
    for results of wrong shapes, and ImportError without SciPy.  Cost: values are fun's own and
    derivatives one-shot, until programs for them pay.

    >>> import numpy as np
    >>> from ad_core import solvers
    >>> rosenbrock = lambda x: np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)
    >>> found = solvers.minimize(rosenbrock, np.zeros(4), method="trust-exact", tol=1e-9)
    >>> found.x.round(6), found.nhev < 20
    (array([1., 1., 1., 1.]), True)
    """
    optimize = needed("scipy.optimize", "scipy", "minimize")
    refuse_given(options, ["jac"], "minimize")
    x0 = start(x0)
    name = "callable" if callable(method) else str(method).lower()
    derivatives = name not in VALUES
    shared = Shared(fun, args, scalar=True, together=derivatives)
    shared.begin(x0)
    if not derivatives:
        return optimize.minimize(
            shared.value, x0, method=method, constraints=constraints, **options
        )
    refuse_given(options.get("options") or {}, DIFFERENCES, "minimize")
    options["jac"] = shared.derivative
    if options.get("hess") is None and options.get("hessp") is None:
        options |= second_derivatives(shared, x0, name)
    several = constraints if isinstance(constraints, list | tuple) else [constraints]
    constraints = [adapted(c, optimize, name == "trust-constr") for c in several]
    if name != "trust-constr":
        return optimize.minimize(
            shared.value, x0, method=method, constraints=constraints, **options
        )
    constraints, options = of_one_kind(constraints, options, x0)
    return run_to_the_end(optimize.minimize, shared.value, x0, constraints, options)


def second_derivatives(shared, x0, name):
    """The option hess or hessp, whichever the method uses."""
    n = x0.size
    if name not in (*HESSIAN, *PRODUCTS, "callable"):
        return {}

    def sparse_at_start():
        return shared.hessian(x0, sparse=True)

    sparse = name == "trust-constr" and is_sparse(None, n * n, sparse_at_start)
    if sparse or name in HESSIAN or (n * n < LEAST and _cheap(shared, x0)):
        return {"hess": lambda x: shared.hessian(shared.point(x), sparse)}
    if shared.kept:
        # Compiled for x alone, since products by fun's other arguments are not needed.
        products = compile(shared.plain) if shared.args else shared.function
        return {"hessp": lambda x, v: products.hvp(shared.point(x), shared.point(v))}
    return {"hessp": lambda x, v: shared.function.hvp(shared.point(x), shared.point(v))}


def _cheap(shared, x0):
    """Whether a Hessian costs no more than the products that a method takes in its place."""
    if shared.kept or x0.size <= FEW:
        return True
    return one_shot_hessian(shared.function.size(x0), x0.size)
