# SPDX-License-Identifier: Apache-2.0
"""Scattering of light by spheres: functions of miepython."""

import miepython
import numpy as np

from published import row

MU = np.array([0.2, 0.7])


def efficiencies(real, imaginary, size):
    return miepython.efficiencies_mx(real - 1j * imaginary, size)


def amplitudes(size, mu):
    first, second = miepython.S1_S2(1.5 - 0.1j, size, mu)
    return first.real, first.imag, second.real, second.imag


FUNCTIONS = [
    row(efficiencies, 1.5, 0.1, 2.4),
    row(efficiencies, 1.33, 0.01, np.array([0.5, 2.4, 7.0])),
    row(miepython.efficiencies, 1.5, 400.0, 550.0),
    row(miepython.i_unpolarized, 1.5, 2.4, MU),
    row(miepython.i_par, 1.5, 2.4, MU),
    row(miepython.i_per, 1.5, 2.4, MU),
    row(miepython.intensities, 1.5, 400.0, 550.0, MU),
    row(miepython.phase_matrix, 1.5, 2.4, MU),
    row(amplitudes, 2.4, MU),
]
