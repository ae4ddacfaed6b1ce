# SPDX-License-Identifier: Apache-2.0
"""Exact derivatives for the solvers of SciPy, Ipopt and SUNDIALS.

Each function passes the values, Jacobians and Hessians of the user's function to the solver in the
form that the solver expects, and compiles the function when that pays.  A solver is imported when
it is called; the package itself needs NumPy alone.

>>> import numpy as np
>>> from ad_core import solvers
>>> line = lambda b, t, y: b[0] + b[1] * t - y
>>> t = np.array([0.0, 1.0, 2.0])
>>> solvers.least_squares(line, [0, 0], args=(t, 3.0 - 2.0 * t)).x.round(6)
array([ 3., -2.])
"""

from ad_core.solvers.constraints import NonlinearConstraint
from ad_core.solvers.curve_fit import curve_fit
from ad_core.solvers.forward import forward_sensitivities
from ad_core.solvers.ipopt import IpoptProblem, solve_ipopt
from ad_core.solvers.ivp import solve_ivp
from ad_core.solvers.least_squares import least_squares
from ad_core.solvers.minimize import minimize
from ad_core.solvers.root import root
from ad_core.solvers.sensitivities import discrete_adjoint
from ad_core.solvers.sundials import cvode, ida

__all__ = [
    "IpoptProblem",
    "NonlinearConstraint",
    "curve_fit",
    "cvode",
    "discrete_adjoint",
    "forward_sensitivities",
    "ida",
    "least_squares",
    "minimize",
    "root",
    "solve_ipopt",
    "solve_ivp",
]
