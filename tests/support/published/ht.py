# SPDX-License-Identifier: Apache-2.0
"""Functions of ht: heat transfer coefficients, heat exchangers, conduction and radiation."""

import ht
import ht.vectorized
import numpy as np

from published import row


def exchanger(mh, mc, Thi, Tci, UA):
    found = ht.effectiveness_NTU_method(mh=mh, mc=mc, Cph=4180.0, Cpc=1900.0, UA=UA, Thi=Thi,
                                        Tci=Tci, subtype="counterflow")  # fmt: skip
    return found["Q"], found["Tho"], found["Tco"], found["effectiveness"]


def exchanger_area(mh, Thi, Tho, Tci):
    return ht.effectiveness_NTU_method(mh=mh, mc=1.45, Cph=4180.0, Cpc=1900.0, Thi=Thi, Tho=Tho,
                                       Tci=Tci, subtype="crossflow approximate")["UA"]  # fmt: skip


def wall(Ti, To, hi, ho, Di):
    found = ht.cylindrical_heat_transfer(Ti=Ti, To=To, hi=hi, ho=ho, Di=Di, ts=[0.0054864, 0.05],
                                         ks=[56.045, 0.0598535265])  # fmt: skip
    return found["Q"], found["UA"]


def p_ntu(m1, m2, UA, T1i, T2i):
    found = ht.P_NTU_method(m1=m1, m2=m2, Cp1=4180.0, Cp2=1900.0, UA=UA, T1i=T1i, T2i=T2i,
                            subtype="E", Ntp=4)  # fmt: skip
    return found["Q"], found["T1o"], found["T2o"]


FUNCTIONS = [
    row(ht.LMTD, 100.0, 60.0, 30.0, 40.2),
    row(ht.F_LMTD_Fakheri, 130.0, 110.0, 15.0, 85.0),
    row(ht.effectiveness_from_NTU, 5.0, 0.7, subtype="crossflow"),
    row(ht.effectiveness_from_NTU, 5.0, 0.7, subtype="S&T"),
    row(ht.NTU_from_effectiveness, 0.8444821799748551, 0.7, subtype="crossflow"),
    row(exchanger, 5.2, 1.45, 130.0, 15.0, 3000.0),
    row(exchanger_area, 5.2, 130.0, 125.0, 15.0),
    row(p_ntu, 5.2, 1.45, 3041.75, 130.0, 15.0),
    row(ht.NTU_from_P_E, 0.58, 1 / 3.0, 2),
    row(ht.temperature_effectiveness_TEMA_J, 1 / 3.0, 1.0, 1),
    row(ht.temperature_effectiveness_air_cooler, 0.5, 2.0, rows=2, passes=2),
    row(ht.Nu_conv_internal, 1e5, 0.7),
    row(ht.turbulent_Gnielinski, 1e5, 1.2, 0.0185),
    row(ht.Nu_external_cylinder, 6071.0, 0.7),
    row(ht.Nu_free_vertical_plate, 0.69, 2.63e9, False),
    row(ht.Nu_horizontal_cylinder, 0.72, 1e7),
    row(ht.Nu_Zukauskas_Bejan, 1e4, 7.0, 10, 0.05, 0.05),
    row(ht.Nu_Nusselt_Rayleigh_Hollands, 0.7, 3.21e6, buoyancy=True),
    row(ht.Rohsenow, 957.854, 0.595593, 2.79e-4, 0.680, 4217.0, 2.257e6, 0.0589, 4.9),
    row(ht.Nusselt_laminar, 370.0, 350.0, 7.0, 585.0, 0.091, 158.9e-6, 776900.0, 0.1),
    row(ht.fin_efficiency_Kern_Kraus, 0.0254, 0.05715, 3.8e-4, 200.0, 58.0),
    row(ht.S_isothermal_pipe_eccentric_to_isothermal_pipe, 0.1, 0.4, 0.05, 10.0),
    row(ht.Ft_aircooler, 125.0, 45.0, 25.0, 95.0, 1, 4),
    row(ht.blackbody_spectral_radiance, 800.0, 4e-6),
    row(wall, 453.15, 301.15, 1e3, 22.697193, 0.0779272),
    row(ht.vectorized.LMTD, np.array([100.0, 90.0]), np.array([60.0, 55.0]), 30.0, 40.2),
]  # fmt: skip
