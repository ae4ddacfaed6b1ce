# SPDX-License-Identifier: Apache-2.0
"""scipy.optimize.least_squares with exact Jacobians, dense or sparse."""

from ad_core.solvers.arguments import needed, refuse_given, start
from ad_core.solvers.evaluation import Shared

__all__ = ["least_squares"]


def least_squares(fun, x0, *, args=(), kwargs=None, sparse=None, **options):
    """scipy.optimize.least_squares of fun(x, *args, **kwargs), with fun's exact Jacobian.

    Parameters: fun, of x of shape (n,), returns the residuals, shape (m,), one number, or a list;
    an ad_core.Function keeps its recordings between solves.  x0 of shape (n,), or a number.
    sparse: True hands SciPy csr_arrays, False dense arrays; None takes sparse ones for at least
    10,000 entries of which less than 20 % are not zero, unless method="lm" or tr_solver="exact".
    options: SciPy's, but for jac.  Returns SciPy's OptimizeResult.

    Raises TypeError for an x0 that is not of real numbers and for jac, ValueError for results of
    wrong shapes, ImportError without SciPy.  Cost: one recording a path of fun; each new x costs
    one program, of the value and the dense Jacobian at once, or two, if it is sparse.

    >>> import numpy as np
    >>> from ad_core import solvers
    >>> rosenbrock = lambda x: [10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]]
    >>> solvers.least_squares(rosenbrock, [-2, 1]).x.round(6)
    array([1., 1.])
    """
    optimize = needed("scipy.optimize", "scipy", "least_squares")
    refuse_given(options, ["jac"], "least_squares")
    x0 = start(x0)
    shared = Shared(fun, args, kwargs)
    dense = options.get("method") == "lm" or options.get("tr_solver") == "exact"
    shared.begin(x0, False if sparse is None and dense else sparse)
    return optimize.least_squares(shared.value, x0, jac=shared.derivative, **options)
