# SPDX-License-Identifier: Apache-2.0
"""scipy.optimize.root with exact Jacobians."""

from ad_core.solvers.arguments import needed, refuse_given, start
from ad_core.solvers.evaluation import Shared

__all__ = ["root"]

NEWTONIAN = ("hybr", "lm")  # SciPy's other methods do not use a Jacobian


def root(fun, x0, *, method="hybr", args=(), **options):
    """Solve fun(x, *args) = 0 by scipy.optimize.root, with fun's exact Jacobian.

    Parameters: fun takes x of shape (n,) and returns n numbers as an array (n,) or a list; an
    ad_core.Function keeps its recordings between solves.  method: "hybr" and "lm" use the
    Jacobian ("lm" also for m > n equations); SciPy's other methods, such as "krylov", do not, and
    get compiled values alone.  options are those of SciPy's root, except jac.  Returns SciPy's
    OptimizeResult.

    Raises TypeError for an x0 that does not hold real numbers and for jac, ValueError for results
    of wrong shapes, and ImportError without SciPy.  Cost: one recording for each path of fun.  Each
    x takes an evaluation of the value's program, and one of the Jacobian's program if the method
    calls it, which "hybr" seldom does.

    >>> import numpy as np
    >>> from ad_core import solvers
    >>> solvers.root(lambda x: [x[0] + 0.5 * (x[0] - x[1]) ** 3 - 1.0, x[0] + x[1] - 2.0], [0, 0]).x
    array([1., 1.])
    """
    optimize = needed("scipy.optimize", "scipy", "root")
    refuse_given(options, ["jac"], "root")
    x0 = start(x0)
    newtonian = str(method).lower() in NEWTONIAN
    shared = Shared(fun, args, together=False)
    m = shared.begin(x0).size
    if m < x0.size or (m > x0.size and str(method).lower() != "lm"):
        raise ValueError(
            f"{shared.plain.__name__} must return {x0.size} numbers, one equation for each unknown "
            f"in x0, got {m}"
        )
    jac = shared.derivative if newtonian else None
    return optimize.root(shared.value, x0, jac=jac, method=method, **options)
