# SPDX-License-Identifier: Apache-2.0
"""scipy.optimize.minimize with exact gradients and, where the method takes them, Hessians."""

from ad_core.programs.function import compile
from ad_core.solvers.arguments import needed, refuse_given, start
from ad_core.solvers.constraints import adapted
from ad_core.solvers.evaluation import LEAST, Shared, is_sparse

__all__ = ["minimize"]

VALUES = ("nelder-mead", "powell", "cobyla", "cobyqa")
HESSIAN = ("dogleg", "trust-exact")  # the matrix alone, dense
PRODUCTS = ("newton-cg", "trust-ncg", "trust-krylov", "trust-constr")  # the matrix, or its products


def minimize(fun, x0, *, method=None, args=(), constraints=(), **options):
    """scipy.optimize.minimize of fun(x, *args), with the exact derivatives that the method takes.

    ============================================  =============================================
    method                                        gets
    ============================================  =============================================
    Nelder-Mead, Powell, COBYLA, COBYQA           compiled values
    CG, BFGS, L-BFGS-B, TNC, SLSQP                the gradient
    dogleg, trust-exact                           gradient and dense Hessian
    Newton-CG, trust-ncg, trust-krylov            gradient and dense Hessian for n < 100,
                                                  Hessian-vector products from there on
    trust-constr                                  the same, but a sparse Hessian where less than
                                                  20 % of it is not zero and n >= 100
    ============================================  =============================================

    Parameters: fun, of x of shape (n,), returns one number; an ad_core.Function keeps its
    recordings between solves.  method: None is SciPy's choice; a callable gets the gradient and
    the Hessian or its products.  constraints: one of SciPy's or several.  Dicts and
    NonlinearConstraints without a Jacobian of their own get exact ones, and Hessians if the method
    is trust-constr.  options: SciPy's, but for jac; a hess or hessp of yours (SR1(), say) is
    taken.  Returns SciPy's OptimizeResult.

    Raises TypeError for an x0 that is not of real numbers and for jac, ValueError for results of
    wrong shapes, ImportError without SciPy.  Cost: one recording a path of fun and of each
    constraint; each new x costs one program, of value and gradient; a Hessian (product) another.

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
    """hess or hessp as the method takes them."""
    n = x0.size
    if name not in (*HESSIAN, *PRODUCTS, "callable"):
        return {}

    def hessian(x, sparse):
        return shared.compiled.hessian(shared.point(x), *shared.args, sparse=sparse)

    small = n * n < LEAST
    sparse = name == "trust-constr" and is_sparse(None, n * n, lambda: hessian(x0, sparse=True))
    if small or sparse or name in HESSIAN:
        return {"hess": lambda x: hessian(x, sparse)}
    # By x alone: products by fun's other arguments are not asked for.
    products = compile(shared.plain) if shared.args else shared.compiled
    return {"hessp": lambda x, v: products.hvp(shared.point(x), shared.point(v))}
