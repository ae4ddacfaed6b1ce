# SPDX-License-Identifier: Apache-2.0
"""scipy.optimize.minimize with exact gradients and, for methods that use them, Hessians."""

from ad_core.programs.function import compile
from ad_core.solvers.arguments import needed, refuse_given, start
from ad_core.solvers.constraints import adapted
from ad_core.solvers.evaluation import LEAST, Shared, is_sparse

__all__ = ["minimize"]

VALUES = ("nelder-mead", "powell", "cobyla", "cobyqa")
HESSIAN = ("dogleg", "trust-exact")  # take a dense matrix only
PRODUCTS = ("newton-cg", "trust-ncg", "trust-krylov", "trust-constr")  # take the matrix or products


def minimize(fun, x0, *, method=None, args=(), constraints=(), **options):
    """Minimise fun(x, *args) by scipy.optimize.minimize, with the exact derivatives that the method
    uses.

    ============================================  =============================================
    method                                        gets
    ============================================  =============================================
    Nelder-Mead, Powell, COBYLA, COBYQA           compiled values
    CG, BFGS, L-BFGS-B, TNC, SLSQP                the gradient
    dogleg, trust-exact                           gradient and dense Hessian
    Newton-CG, trust-ncg, trust-krylov            gradient and dense Hessian for n < 100,
                                                  Hessian-vector products from there on
    trust-constr                                  the same, but a sparse Hessian if less than
                                                  20 % of it is different from zero and n >= 100
    ============================================  =============================================

    Parameters: fun takes x of shape (n,) and returns one number; an ad_core.Function keeps its
    recordings between solves.  method: None is SciPy's choice; a callable gets the gradient and
    the Hessian or its products.  constraints: one or several of SciPy's.  Dicts and
    NonlinearConstraints without their own Jacobian get exact Jacobians, and Hessians if the method
    is trust-constr.  options are SciPy's, except jac; your own hess or hessp (such as SR1()) is
    used.  Returns SciPy's OptimizeResult.

    Raises TypeError for an x0 that does not hold real numbers and for jac, ValueError for results
    of wrong shapes, and ImportError without SciPy.  Cost: one recording for each path of fun and of
    each constraint.  Each new x takes one evaluation of a program for value and gradient, and
    another one for a Hessian or its product.

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
    if derivatives:
        options["jac"] = shared.derivative
        if options.get("hess") is None and options.get("hessp") is None:
            options |= second_derivatives(shared, x0, name)
        several = constraints if isinstance(constraints, list | tuple) else [constraints]
        constraints = [adapted(c, optimize, name == "trust-constr") for c in several]
    return optimize.minimize(shared.value, x0, method=method, constraints=constraints, **options)


def second_derivatives(shared, x0, name):
    """The option hess or hessp, whichever the method uses."""
    n = x0.size
    if name not in (*HESSIAN, *PRODUCTS, "callable"):
        return {}

    def hessian(x, sparse):
        return shared.compiled.hessian(shared.point(x), *shared.args, sparse=sparse)

    small = n * n < LEAST
    sparse = name == "trust-constr" and is_sparse(None, n * n, lambda: hessian(x0, sparse=True))
    if small or sparse or name in HESSIAN:
        return {"hess": lambda x: hessian(x, sparse)}
    # Compiled for x alone, since products by fun's other arguments are not needed.
    products = compile(shared.plain) if shared.args else shared.compiled
    return {"hessp": lambda x, v: products.hvp(shared.point(x), shared.point(v))}
