# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Functions and classes of scipy.integrate without a derivative."""

import scipy.integrate as si
from scipy.integrate import _quadrature

from ad_core import _core
from ad_core.adapting.stand_ins import supply_names
from ad_core.errors import NoDerivativeError
from ad_core.overrides.scipy.dispatch import implements_method, refuses
from ad_core.rules.closures import depend, hoisted

__all__ = []

supply_names(_quadrature)  # the cumulative rules make arrays for their results

QUAD = "call scipy.integrate.quad, dblquad, nquad or quad_vec, which have one"
SOLVE_IVP = "call scipy.integrate.solve_ivp or odeint, which have one"
SHOOTING = "solve the boundary conditions by scipy.optimize.root with scipy.integrate.solve_ivp"

for _original, _remedy in {
    si.cubature: QUAD, si.tanhsinh: QUAD, si.qmc_quad: QUAD, si.solve_bvp: SHOOTING,
    si.nsum: "add the terms by np.sum",
}.items():  # fmt: skip
    refuses(_original, _remedy, calls_back=True)


def _refuses_objects(kind, method):
    """Refuse the objects of a class if the function or the numbers in them depend on an input."""
    original = vars(kind)[method]

    @implements_method(kind, method, calls_back=True)
    def refuse(self, *args, **kwargs):
        if depend(hoisted((self, args, kwargs))[0]):
            name = f"scipy.integrate.{type(self).__name__}"
            raise NoDerivativeError(
                f"{name} has no derivative in ad_core{_core.user_line()}; {SOLVE_IVP}"
            )
        return _core.untraced(lambda: original(self, *args, **kwargs))


_refuses_objects(si.OdeSolver, "__init__")
_refuses_objects(si.ode, "integrate")
_refuses_objects(si.complex_ode, "integrate")
