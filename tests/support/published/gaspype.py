# SPDX-License-Identifier: Apache-2.0
"""Functions of gaspype: properties and equilibria of mixtures of gases."""

import gaspype
import gaspype.membrane
import numpy as np

from published import row

SYSTEM = gaspype.fluid_system("H2, H2O, CO2, CO, CH4, O2")


def mixture(composition):
    return gaspype.fluid(composition, SYSTEM)


def heat_capacity(composition, t):
    return mixture(composition).get_cp(t)


def enthalpy(composition, t):
    return mixture(composition).get_h(t), mixture(composition).get_H(t)


def entropy(composition, t, p):
    return mixture(composition).get_s(t, p)


def density(composition, t, p):
    return mixture(composition).get_density(t, p)


def gibbs_energy(composition, t, p):
    return mixture(composition).get_g(t, p), mixture(composition).get_g_rt(t, p)


def temperatures(t):
    return gaspype.fluid({"H2O": 1, "H2": 2}).get_cp(t)


def fractions(composition):
    return mixture(composition).get_x(["H2", "H2O"]), mixture(composition).get_molar_mass()


def reformed(composition, t, p):
    return gaspype.equilibrium(mixture(composition), t, p).get_x()


def reformed_fuel(carbon_ratio, t):
    fuel = gaspype.fluid({"CH4": 1}, SYSTEM) + carbon_ratio * gaspype.fluid({"H2O": 1}, SYSTEM)
    return gaspype.equilibrium(fuel, t, 1e5).get_x("H2")


def oxygen(composition, t, p):
    return gaspype.oxygen_partial_pressure(mixture(composition), t, p)


def cell_voltage(composition, t):
    air = gaspype.fluid({"O2": 1, "N2": 4})
    return gaspype.membrane.voltage_potential(mixture(composition), air, t)


# Properties are interpolated linearly in a table with steps of 1 K, over which the differences go.
TABLE = 3e-3
GAS = np.array([0.5, 0.2, 0.1, 0.15, 0.04, 0.01])

FUNCTIONS = [
    row(heat_capacity, GAS, 1073.15, tolerance=TABLE),
    row(enthalpy, GAS, 800.0, tolerance=TABLE),
    row(entropy, GAS, 900.0, 2e5, tolerance=TABLE),
    row(density, GAS, 600.0, 1e5),
    row(gibbs_energy, GAS, 900.0, 2e5, tolerance=TABLE),
    row(temperatures, np.array([400.0, 800.0, 1273.15]), tolerance=TABLE),
    row(fractions, GAS),
    row(reformed, GAS, 1073.15, 1e5, tolerance=TABLE),
    row(reformed_fuel, 2.0, 1000.0, tolerance=TABLE),
    row(oxygen, GAS, 1073.15, 1e5, tolerance=TABLE),
    row(cell_voltage, GAS, 1073.15, tolerance=TABLE),
]
