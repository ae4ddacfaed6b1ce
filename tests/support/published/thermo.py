# SPDX-License-Identifier: Apache-2.0
"""Functions of thermo: equations of state, activities, properties of chemicals, flashes."""

import functools

import numpy as np
import thermo
import thermo.unifac
from thermo.interaction_parameters import IPDB

from published import row

HEXANE = {"Tc": 507.6, "Pc": 3025000.0, "omega": 0.2975}


def peng_robinson(T, P):
    eos = thermo.PR(T=T, P=P, **HEXANE)
    return eos.V_l, eos.H_dep_l, eos.S_dep_l, eos.Cp_dep_l, eos.fugacity_l


def critical_data(Tc, Pc, omega):
    eos = thermo.SRK(Tc=Tc, Pc=Pc, omega=omega, T=400.0, P=1e6)
    return eos.V_l, eos.V_g, eos.dP_dT_g


def pressure_of_volume(T, V):
    return thermo.PR(T=T, V=V, **HEXANE).P


def vapor_pressure(T):
    return thermo.PR(T=400.0, P=1e6, **HEXANE).Psat(T)


def mixture_of_gases(T, P, zs):
    data = {"Tcs": [126.1, 190.6], "Pcs": [33.94e5, 46.04e5], "omegas": [0.04, 0.011]}
    eos = thermo.PRMIX(T=T, P=P, zs=list(zs), kijs=[[0.0, 0.0289], [0.0289, 0.0]], **data)
    return eos.V_g, eos.H_dep_g, eos.phis_g


def nrtl(T, x):
    R, calorie = 8.31446261815324, 4.184
    zero = [[0.0] * 2 for _ in range(2)]
    tausB = [[0, -121.2691 / R * calorie], [1337.8574 / R * calorie, 0]]
    alphaC = [[0, 0.2974], [0.2974, 0]]
    model = thermo.NRTL(T=T, xs=[x, 1.0 - x],
                        ABEFGHCD=(zero, tausB, zero, zero, zero, zero, alphaC, zero))  # fmt: skip
    return model.gammas(), model.GE(), model.HE()


def uniquac(xs, taus):
    return thermo.uniquac.UNIQUAC_gammas(
        xs=list(xs), rs=[2.1055, 0.9200], qs=[1.972, 1.400], taus=[list(row) for row in taus]
    )


def wilson(T, x):
    model = thermo.Wilson(T=T, xs=[x, 1.0 - x], lambda_bs=[[0.0, -458.4], [-28.3, 0.0]])
    return model.gammas(), model.GE()


def wilson_of_arrays(T, xs):
    model = thermo.Wilson(T=T, xs=xs, lambda_bs=np.array([[0.0, -458.4], [-28.3, 0.0]]))
    return model.gammas(), model.GE()


def unifac(T, x):
    return thermo.UNIFAC_gammas(
        T=T, xs=[x, 1.0 - x], chemgroups=[{1: 2, 2: 4}, {1: 1, 2: 1, 18: 1}]
    )


def regular_solution(T, V1, SP1):
    model = thermo.RegularSolution(T=T, xs=[0.5, 0.5], Vs=[V1, 109e-6], SPs=[SP1, 16769.0])
    return model.gammas(), model.GE()


def saturation(T):
    water = thermo.VaporPressure(CASRN="7732-18-5", Tb=373.124, Tc=647.14, Pc=22048320.0,
                                 omega=0.344, extrapolation="AntoineAB|DIPPR101_ABC")  # fmt: skip
    return water(T), water.T_dependent_property_derivative(T)


def heat(T1, T2):
    gas = thermo.HeatCapacityGas(CASRN="74-82-8", MW=16.04246, similarity_variable=0.311672)
    return gas.T_dependent_property_integral(T1, T2), gas.T_dependent_property(T2)


def chemical(T, P):
    nitrogen = thermo.Chemical("nitrogen", T=T, P=P)
    return nitrogen.rho, nitrogen.mu, nitrogen.Cp


@functools.cache
def _flasher():
    names = ["methane", "ethane", "nitrogen"]
    constants, properties = thermo.ChemicalConstantsPackage.from_IDs(names)
    kijs = IPDB.get_ip_asymmetric_matrix("ChemSep PR", constants.CASs, "kij")
    data = {"Pcs": constants.Pcs, "Tcs": constants.Tcs, "omegas": constants.omegas, "kijs": kijs}
    phases = [kind(thermo.PRMIX, eos_kwargs=data, HeatCapacityGases=properties.HeatCapacityGases)
              for kind in (thermo.CEOSGas, thermo.CEOSLiquid)]  # fmt: skip
    return thermo.FlashVL(constants, properties, gas=phases[0], liquid=phases[1])


def flash(T, P):
    found = _flasher().flash(T=T, P=P, zs=[0.965, 0.018, 0.017])
    return found.VF, found.gas.zs, found.liquid0.zs


def flash_enthalpy(T, P):
    return _flasher().flash(T=T, P=P, zs=[0.965, 0.018, 0.017]).H()


FUNCTIONS = [
    row(peng_robinson, 299.0, 1e6),
    row(critical_data, 507.6, 3025000.0, 0.2975),
    row(pressure_of_volume, 400.0, 0.003),
    row(vapor_pressure, 400.0),
    row(mixture_of_gases, 115.0, 1e6, np.array([0.5, 0.5])),
    row(nrtl, 343.15, 0.252),
    row(uniquac, np.array([0.252, 0.748]), np.array([[1.0, 1.0919744], [0.3745290, 1.0]])),
    row(wilson, 331.42, 0.252),
    row(wilson_of_arrays, 331.42, np.array([0.252, 0.748])),
    row(unifac, 333.15, 0.5),
    row(regular_solution, 353.15, 89e-6, 18818.0),
    row(saturation, 320.0),
    row(heat, 300.0, 500.0),
    row(chemical, 300.0, 1e5),
    row(flash, 110.0, 1e5),
    row(flash_enthalpy, 110.0, 1e5),
]
