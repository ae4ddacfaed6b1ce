# SPDX-License-Identifier: Apache-2.0
"""Functions of scikit-rf: network parameters, transmission lines, conversions."""

import numpy as np
import skrf

from published import row

S = np.array([[[0.3, 0.1], [0.8, 0.2]], [[0.25, 0.15], [0.7, 0.3]]])
PHASES = np.array([[[0.4, -1.2], [-1.3, 0.7]], [[0.8, -1.0], [-1.1, 0.2]]])
FREQUENCY = skrf.Frequency(1, 3, 3, "ghz")


def both(z):
    return z.real, z.imag


def matrices(size, phase):
    return size * (np.cos(phase) + 1j * np.sin(phase))


def s2z(size, phase):
    return both(skrf.network.s2z(matrices(size, phase)))


def s2y(size, phase):
    return both(skrf.network.s2y(matrices(size, phase)))


def s2t(size, phase):
    return both(skrf.network.s2t(matrices(size, phase)))


def s2a(size, phase):
    return both(skrf.network.s2a(matrices(size, phase)))


def cascade(size, phase):
    network = skrf.Network(frequency=FREQUENCY[:2], s=matrices(size, phase), z0=50)
    return both((network**network).s)


def stability(size, phase):
    return skrf.Network(frequency=FREQUENCY[:2], s=matrices(size, phase), z0=50).stability


def decibels(size, phase):
    return skrf.Network(frequency=FREQUENCY[:2], s=matrices(size, phase), z0=50).s_db


def gamma_of_load(z0, r, x):
    return both(skrf.tlineFunctions.zl_2_Gamma0(z0, r + 1j * x))


def impedance_along(z0, r, theta):
    return both(skrf.tlineFunctions.zl_2_zin(z0, r + 10j, theta))


def line(z0, length):
    media = skrf.media.DefinedGammaZ0(frequency=FREQUENCY, z0=50, gamma=0.1 + 20j)
    return both(media.line(length, "m", z0=z0).s)


def capacitor(c):
    media = skrf.media.DefinedGammaZ0(frequency=FREQUENCY, z0=50, gamma=0.1 + 20j)
    return both(media.capacitor(c).s)


def coaxial(inner, outer):
    media = skrf.media.Coaxial(FREQUENCY, Dint=inner, Dout=outer, epsilon_r=2.1)
    return both(media.z0_characteristic)


FUNCTIONS = [
    row(s2z, S, PHASES, refused="eigenvalues of complex matrices"),
    row(s2y, S, PHASES, refused="eigenvalues of complex matrices"),
    row(s2t, S, PHASES),
    row(s2a, S, PHASES),
    row(cascade, S, PHASES),
    row(stability, S, PHASES),
    row(decibels, S, PHASES),
    row(gamma_of_load, 50.0, 30.0, 20.0),
    row(impedance_along, 50.0, 30.0, 0.7),
    row(line, 60.0, 0.05),
    row(capacitor, 1e-12),
    row(coaxial, 0.9e-3, 3e-3, refused="scaled Bessel functions of complex numbers"),
    row(skrf.mathFunctions.complex_2_db, S[:, 0, 0] + 0.0),
    row(skrf.mathFunctions.db_2_mag, np.array([-3.0, -10.0])),
    row(skrf.tlineFunctions.skin_depth, 1e9, 1.7e-8, 1.0),
    row(skrf.tlineFunctions.surface_resistivity, 1e9, 1.7e-8, 1.0),
]
