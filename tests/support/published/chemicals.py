# SPDX-License-Identifier: Apache-2.0
"""Functions of chemicals: correlations of substances and mixtures, water and steam, flashes."""

import chemicals
import chemicals.vectorized
import numpy as np

from published import row

PROPANE_TO_HEXANE = {
    "Tcs": [369.83, 425.12, 469.7, 507.6],
    "Pcs": [4248000.0, 3796000.0, 3370000.0, 3025000.0],
    "omegas": [0.152, 0.193, 0.251, 0.2975],
}
ANTOINE = [(8.92828, 803.997, -26.11), (8.93266, 935.773, -34.361),
           (8.97786, 1064.84, -41.136), (9.00139, 1170.88, -48.833)]  # fmt: skip


def rachford_rice(K1, K2, K3):
    V, xs, ys = chemicals.flash_inner_loop(zs=[0.5, 0.3, 0.2], Ks=[K1, K2, K3])
    return V, xs, ys


def flash_at_point(T, P):
    _, _, VF, xs, ys = chemicals.flash_wilson([0.4, 0.3, 0.2, 0.1], T=T, P=P, **PROPANE_TO_HEXANE)
    return VF, xs, ys


def antoine(coefficients):
    A, B, C = coefficients
    return lambda T: chemicals.Antoine(T, A, B, C)


def bubble_pressure(T):
    funcs = [antoine(c) for c in ANTOINE]
    found = chemicals.flash_ideal(T=T, VF=0, zs=[0.4, 0.3, 0.2, 0.1], funcs=funcs,
                                  Tcs=PROPANE_TO_HEXANE["Tcs"])  # fmt: skip
    return found[1], found[4]


def steam(T, P):
    return chemicals.iapws95_properties(T, P)


def wilke(ys, mus, MWs):
    return chemicals.Wilke(list(ys), list(mus), list(MWs))


def mass_fractions(zs, MWs):
    return chemicals.zs_to_ws(list(zs), list(MWs))


def molar_mass(H, C):
    return chemicals.molecular_weight({"H": H, "C": C})


def combustion(C, H, O):
    return chemicals.HHV_modified_Dulong(
        {"C": C, "H": H, "S": 0.016, "N": 0.016, "O": O, "Ash": 0.105}
    )


FUNCTIONS = [
    row(chemicals.Antoine, 180.0, 8.95894, 510.595, -15.95),
    row(chemicals.Wagner, 100.0, 190.551, 4599200.0, -6.02242, 1.26652, -0.5707, -1.366),
    row(chemicals.Lee_Kesler, 347.2, 617.1, 36e5, 0.299),
    row(chemicals.Rackett, 272.03889, 369.83, 4248000.0, 0.2763),
    row(chemicals.COSTALD, 272.03889, 369.83333, 0.20008161e-3, 0.1532),
    row(chemicals.EQ106, 300.0, 647.096, 0.17766, 2.567, -3.3377, 1.9699),
    row(chemicals.TRCCp, 300.0, 4.0, 7.65e5, 720.0, 3.565, -0.052, -1.55e6, 52.0, 201.0),
    row(chemicals.Lastovka_Shaw, 1000.0, 0.22491),
    row(chemicals.Brock_Bird, 412.15, 447.3, 685.0, 3.952e6),
    row(chemicals.Lucas, 300.0, 500e5, 572.2, 34.7e5, 0.236, 0.0, 0.00068),
    row(chemicals.mu_IAPWS, 298.15, 998.0),
    row(chemicals.iapws95_Psat, 400.0),
    row(chemicals.iapws97_rho, 330.0, 8e5),
    row(chemicals.iapws97_rho, 700.0, 40e6),
    row(chemicals.iapws95_rho, 300.0, 1e6),
    row(steam, 500.0, 1e5),
    row(chemicals.lemmon2000_rho, 300.0, 1e6),
    row(chemicals.BVirial_Tsonopoulos, 510.0, 425.2, 38e5, 0.193),
    row(chemicals.Z_from_virial_density_form, 300.0, 122057.233762653, (1e-4, 1e-5, 1e-6, 1e-7)),
    row(chemicals.collision_integral_Kim_Monroe, 400.0),
    row(rachford_rice, 1.685, 0.742, 0.532),
    row(flash_at_point, 330.0, 1e6),
    row(bubble_pressure, 329.151),
    row(wilke, np.array([0.05, 0.95]), np.array([1.34e-5, 9.5029e-6]), np.array([64.06, 46.07])),
    row(mass_fractions, np.array([0.5, 0.3, 0.2]), np.array([64.06, 46.07, 18.0])),
    row(combustion, 0.716, 0.054, 0.093),
    row(chemicals.vectorized.Antoine, np.linspace(100.0, 200.0, 5), 8.95894, 510.595, -15.95),
]  # fmt: skip
