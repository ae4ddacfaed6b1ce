# SPDX-License-Identifier: Apache-2.0
"""Objects and arrays of vector (scikit-hep)."""

import numpy as np
import vector

from published import row


def mass(px, py, pz, energy):
    return vector.obj(px=px, py=py, pz=pz, E=energy).mass


def rapidities(pt, phi, eta, mass):
    v = vector.obj(pt=pt, phi=phi, eta=eta, mass=mass)
    return v.E, v.px, v.py, v.pz, v.rapidity, v.beta, v.gamma


def invariant_mass(first, second):
    first = vector.obj(pt=first[0], phi=first[1], eta=first[2], mass=first[3])
    second = vector.obj(pt=second[0], phi=second[1], eta=second[2], mass=second[3])
    return (first + second).mass


def boosted(v, beta):
    found = vector.obj(px=v[0], py=v[1], pz=v[2], E=v[3])
    found = found.boost(vector.obj(x=beta[0], y=beta[1], z=beta[2]))
    return found.px, found.py, found.pz, found.E


def delta_r(first, second):
    first = vector.obj(pt=first[0], phi=first[1], eta=first[2])
    return first.deltaR(vector.obj(pt=second[0], phi=second[1], eta=second[2]))


def rotated(v, angle):
    found = vector.obj(x=v[0], y=v[1], z=v[2]).rotate_axis(vector.obj(x=0.0, y=0.6, z=0.8), angle)
    return found.x, found.y, found.z


def cross(a, b):
    found = vector.obj(x=a[0], y=a[1], z=a[2]).cross(vector.obj(x=b[0], y=b[1], z=b[2]))
    return found.x, found.y, found.z


def polar(x, y):
    v = vector.obj(x=x, y=y)
    return v.rho, v.phi


def of_arrays(pt, phi):
    v = vector.array({"pt": pt, "phi": phi})
    return v.px, v.py


FUNCTIONS = [
    row(mass, 1.0, 2.0, 3.0, 5.0),
    row(rapidities, 30.0, 0.4, 1.2, 0.106),
    row(invariant_mass, np.array([40.0, 0.3, 1.1, 0.1]), np.array([35.0, -2.6, -0.4, 0.1])),
    row(boosted, np.array([1.0, 2.0, 3.0, 5.0]), np.array([0.1, -0.2, 0.3])),
    row(delta_r, np.array([40.0, 0.3, 1.1]), np.array([35.0, -2.6, -0.4])),
    row(rotated, np.array([1.0, 2.0, 3.0]), 0.7),
    row(cross, np.array([1.0, 2.0, 3.0]), np.array([0.5, -1.0, 2.0])),
    row(polar, 3.0, 4.0),
    row(of_arrays, np.array([30.0, 40.0]), np.array([0.4, -0.3]), refused="arrays of records"),
]
