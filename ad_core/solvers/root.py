# SPDX-License-Identifier: Apache-2.0
"""scipy.optimize.root with exact Jacobians."""

from ad_core.solvers.arguments import needed, refuse_given, start
from ad_core.solvers.evaluation import Shared

__all__ = ["root"]

NEWTONIAN = ("hybr", "lm")  # SciPy's other methods take no Jacobian


def root(fun, x0, *, method="hybr", args=(), **options):
    """scipy.optimize.root of fun(x, *args) = 0, with fun's exact Jacobian.

    Parameters: fun, of x of shape (n,), returns as many numbers, as an array (n,) or a list; an
    ad_core.Function keeps its recordings between solves.  method: "hybr" and "lm" take the
    Jacobian ("lm" also of m > n equations); SciPy's others, as "krylov", take none and get
    compiled values alone.  options: SciPy's root's, but for jac.  Returns SciPy's OptimizeResult.

    Raises TypeError for an x0 that is not of real numbers and for jac, ValueError for results of
    wrong shapes, ImportError without SciPy.  Cost: one recording a path of fun; a program of the
    value at each x, another of the Jacobian where it is asked for, which "hybr" seldom does.

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
        raise ValueError(f"{shared.plain.__name__} gives {m} equations for {x0.size} unknowns")
    jac = shared.derivative if newtonian else None
    return optimize.root(shared.value, x0, jac=jac, method=method, **options)
