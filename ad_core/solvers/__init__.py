# SPDX-License-Identifier: Apache-2.0
"""Exact derivatives for the solvers of others: SciPy, Ipopt and SUNDIALS.

Each function compiles what it is given and hands the solver values, Jacobians and Hessians in the
form that it takes.  The solvers are imported when they are called; this package needs NumPy alone.

>>> import numpy as np
>>> from ad_core import solvers
>>> line = lambda b, t, y: b[0] + b[1] * t - y
>>> t = np.array([0.0, 1.0, 2.0])
>>> solvers.least_squares(line, [0, 0], args=(t, 3.0 - 2.0 * t)).x.round(6)
array([ 3., -2.])
"""

from ad_core.solvers.constraints import NonlinearConstraint
from ad_core.solvers.ipopt import IpoptProblem, solve_ipopt
from ad_core.solvers.ivp import solve_ivp
from ad_core.solvers.least_squares import least_squares
from ad_core.solvers.minimize import minimize
from ad_core.solvers.root import root
from ad_core.solvers.sensitivities import discrete_adjoint, forward_sensitivities
from ad_core.solvers.sundials import cvode, ida

__all__ = [
    "IpoptProblem",
    "NonlinearConstraint",
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
