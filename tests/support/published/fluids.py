# SPDX-License-Identifier: Apache-2.0
"""Functions of fluids: pipes, fittings, atmospheres, tanks, valves, two phases."""

import fluids
import fluids.vectorized
import numpy as np

from published import row


def atmosphere(z):
    air = fluids.ATMOSPHERE_1976(z)
    return air.T, air.P, air.rho, air.mu, air.k, air.v_sonic


def tank_volume(h, D, L):
    tank = fluids.TANK(D=D, L=L, horizontal=True, sideA="conical", sideB="conical",
                       sideA_a=0.5, sideB_a=0.5)  # fmt: skip
    return tank.V_from_h(h), tank.SA_from_h(h)


def curve(Re, eD):
    return fluids.vectorized.friction_factor(Re, eD)


def pressure_drop(V, D, rho, mu, roughness):
    """The example of fluids' tutorial: a pipe with an entrance, bends and an exit."""
    Re = fluids.Reynolds(V=V, D=D, rho=rho, mu=mu)
    fd = fluids.friction_factor(Re, eD=roughness / D)
    K = fluids.K_from_f(fd=fd, L=100.0, D=D)
    K += fluids.entrance_sharp() + fluids.exit_normal()
    K += 3 * fluids.bend_miter(Di=D, angle=45.0, Re=Re, roughness=roughness, method="Crane")
    return fluids.dP_from_K(K, rho=rho, V=V)


FUNCTIONS = [
    row(fluids.Reynolds, 2.5, 0.25, 1.1613, 1.9e-5),
    row(fluids.friction_factor, 1e5, 1e-4),
    row(fluids.friction_factor, 2.9e5, 1e-5, Method="Serghides_2"),
    row(fluids.friction_factor_curved, 1e5, 0.02, 0.5),
    row(fluids.one_phase_dP, 10.0, 1000.0, 1e-5, 0.1, 1e-5, 2.0),
    row(pressure_drop, 3.0, 0.5, 998.0, 1e-3, 1e-5),
    row(atmosphere, 5000.0),
    row(atmosphere, 15000.0),
    row(fluids.bend_rounded, 4.02, 30.0, None, 20.0, None, 1e5),
    row(fluids.diffuser_conical, 1 / 3.0, 1.0, None, 50.0, None, 1e6),
    row(fluids.contraction_round, 1.0, 0.4, 0.04),
    row(fluids.isothermal_gas, 11.3, 0.00185, 1e6, 9e5, 1000.0, 0.5),
    row(fluids.isothermal_gas, 11.3, 0.00185, 1e6, None, 1000.0, 0.5, 145.484757),
    row(fluids.P_isothermal_critical_flow, 1e6, 0.00185, 0.5, 1000.0),
    row(fluids.Lockhart_Martinelli, 0.6, 0.1, 915.0, 2.67, 180e-6, 14e-6, 0.05),
    row(fluids.two_phase_dP, 0.6, 0.1, 915.0, 0.05, 1.0, 2.67, 180e-6, 14e-6, 0.0487, 1e5),
    row(fluids.liquid_gas_voidage, 0.4, 800.0, 2.5),
    row(fluids.drag_sphere, 200.0),
    row(fluids.v_terminal, 70e-6, 2600.0, 1000.0, 1e-3),
    row(fluids.integrate_drag_sphere, 0.001, 2200.0, 1.2, 1.78e-5, 0.5, 30.0, distance=True),
    row(tank_volume, 0.7, 1.5, 5.0),
    row(fluids.size_control_valve_l, 965.4, 70.1e3, 22120e3, 3.1472e-4, 680e3, 220e3, 0.1,
        0.15, 0.15, 0.1, 0.9, 0.46),
    row(fluids.differential_pressure_meter_solver, 0.07366, 999.1, 0.0011, 1.33, 0.05, 200000.0,
        183000.0, meter_type="ISO 5167 orifice", taps="D"),
    row(fluids.dP_packed_bed, 8e-4, 0.4, 1e-3, 1e3, 1e-3),
    row(fluids.API520_A_g, 24270 / 3600.0, 348.0, 0.90, 51.0, 1.11, 670e3, 532e3),
    row(curve, np.array([1e4, 1e5, 1e6]), np.array([1e-4, 1e-3, 1e-5])),
]  # fmt: skip
