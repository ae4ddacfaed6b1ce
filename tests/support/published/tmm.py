# SPDX-License-Identifier: Apache-2.0
"""Functions of tmm: light in layers of thin films."""

import numpy as np
import tmm

from published import row

THICKNESS = np.array([100.0, 300.0])


def coherent(thickness, angle, wavelength, polarization):
    found = tmm.coh_tmm(
        polarization, [1.0, 2.2, 3.3 + 0.3j, 1.0], [np.inf, *thickness, np.inf], angle, wavelength
    )
    return found["R"], found["T"]


def of_indices(n, wavelength):
    found = tmm.coh_tmm("s", [1.0, *n, 1.5], [np.inf, 120.0, 80.0, np.inf], 0.2, wavelength)
    return found["R"], found["T"]


def absorption(thickness, wavelength):
    found = tmm.coh_tmm(
        "p", [1.0, 2.2, 3.3 + 0.3j, 1.0], [np.inf, *thickness, np.inf], 0.3, wavelength
    )
    return tmm.absorp_in_each_layer(found)


def ellipsometry(thickness, wavelength):
    found = tmm.ellips([1.0, 2.2, 3.3 + 0.3j], [np.inf, thickness, np.inf], 0.8, wavelength)
    return found["psi"], found["Delta"]


def incoherent(thickness, wavelength):
    found = tmm.inc_tmm(
        "s",
        [1.0, 2.0 + 0.01j, 3.0 + 0.1j, 1.0],
        [np.inf, thickness[0], thickness[1], np.inf],
        ["i", "c", "i", "i"],
        0.2,
        wavelength,
    )
    return found["R"], found["T"]


def poynting(depth):
    found = tmm.coh_tmm(
        "p", [1.0, 2.2 + 0.2j, 3.3 + 0.3j, 1.0], [np.inf, 100, 300, np.inf], 0.3, 400
    )
    at = tmm.position_resolved(1, depth, found)
    return at["poyn"], at["absor"]


def snell(n, angle):
    return tmm.snell(1.0, n, angle)


FUNCTIONS = [
    row(coherent, THICKNESS, 0.3, 400.0, "s"),
    row(coherent, THICKNESS, 0.3, 400.0, "p"),
    row(of_indices, np.array([1.4, 2.3]), 500.0),
    row(absorption, THICKNESS, 450.0),
    row(ellipsometry, 120.0, 500.0),
    row(incoherent, THICKNESS, 450.0),
    row(poynting, 37.0),
    row(snell, 1.5, 0.4),
    row(
        tmm.unpolarized_RT,
        [1.0, 2.2, 1.5],
        [np.inf, 100.0, np.inf],
        0.3,
        500.0,
        of=lambda d: [d["R"], d["T"]],
    ),
    row(tmm.interface_r, "s", 1.0, 1.5, 0.4, 0.26),
    row(tmm.R_from_r, 0.3),
]
