# SPDX-License-Identifier: Apache-2.0
"""Functions of iapws: water, steam, ice, heavy water, sea water, humid air."""

import iapws
from iapws._iapws import _Henry, _Kw
from iapws.iapws97 import _PSat_T, _Region1, _Region3, _TSat_P

from published import row


def steam(P, T):
    state = iapws.IAPWS97(P=P, T=T)
    return state.v, state.h, state.s, state.cp, state.w, state.mu, state.k


def enthalpy_and_pressure(P, h):
    state = iapws.IAPWS97(P=P, h=h)
    return state.T, state.s, state.v


def expansion(P, T, p):
    """A turbine: the work of an isentropic expansion."""
    inlet = iapws.IAPWS97(P=P, T=T)
    outlet = iapws.IAPWS97(P=p, s=inlet.s)
    return inlet.h - outlet.h, outlet.x


def saturated(T, x):
    state = iapws.IAPWS97(T=T, x=x)
    return state.P, state.h, state.s


def liquid_vapor(P):
    state = iapws.IAPWS97(P=P, x=0)
    return state.Liquid.h, state.Liquid.rho, state.sigma


def scientific(rho, T):
    state = iapws.IAPWS95(rho=rho, T=T)
    return state.P, state.h, state.cp


def scientific_at_pressure(P, T):
    state = iapws.IAPWS95(P=P, T=T)
    return state.rho, state.h, state.w


def sea(T, P, S):
    state = iapws.SeaWater(T=T, P=P, S=S)
    return state.rho, state.h, state.cp


def ice(T, P):
    found = iapws._Ice(T, P)
    return found["rho"], found["h"], found["cp"]


def region1(T, P):
    found = _Region1(T, P)
    return found["v"], found["h"], found["s"]


def region3(rho, T):
    found = _Region3(rho, T)
    return found["P"], found["h"], found["cp"]


FUNCTIONS = [
    row(steam, 3.0, 573.15),
    row(steam, 10.0, 373.15),
    row(enthalpy_and_pressure, 3.0, 500.0),
    row(enthalpy_and_pressure, 0.001, 3000.0),
    row(expansion, 8.0, 773.15, 0.01),
    row(saturated, 373.15, 0.3),
    row(liquid_vapor, 1.0),
    row(scientific, 200.0, 900.0),
    row(scientific_at_pressure, 10.0, 350.0),
    row(sea, 303.15, 0.1, 0.035),
    row(ice, 270.0, 0.1),
    row(region1, 300.0, 3.0),
    row(region3, 500.0, 650.0),
    row(_PSat_T, 500.0),
    row(_TSat_P, 10.0),
    row(iapws._Viscosity, 998.0, 298.15),
    row(iapws._ThCond, 998.0, 298.15),
    row(iapws._Tension, 300.0),
    row(iapws._Dielectric, 999.242866, 298.15),
    row(iapws._Refractive, 997.047435, 298.15, 0.5893),
    row(iapws._Sublimation_Pressure, 230.0),
    row(iapws._Melting_Pressure, 260.0),
    row(_Kw, 1000.0, 300.0),
    row(_Henry, 400.0, gas="O2"),
]
