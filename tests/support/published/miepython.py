# SPDX-License-Identifier: Apache-2.0
"""Scattering of light by spheres: functions of miepython."""

import miepython
import numpy as np

from published import row


def efficiencies(real, imaginary, size):
    return miepython.efficiencies_mx(real - 1j * imaginary, size)


FUNCTIONS = [
    row(efficiencies, 1.5, 0.1, 2.4),
    row(miepython.efficiencies, 1.5, 400.0, 550.0),
    row(miepython.i_unpolarized, 1.5, 2.4, np.array([0.2, 0.7])),
]
