# SPDX-License-Identifier: Apache-2.0
"""Functions of FElupe: materials and nonlinear finite elements."""

import felupe
import numpy as np
from felupe.math import det, dot, eigh, inv, sqrt, tovoigt, transpose

from published import row

F = np.eye(3) + np.array([[0.1, 0.05, 0.0], [-0.02, 0.2, 0.03], [0.01, 0.0, -0.1]])
F = F[..., None, None] * np.array([1.0, 1.02])  # one quadrature point of two cells


def stress(F, mu, bulk):
    return felupe.NeoHooke(mu=mu, bulk=bulk).gradient([F, None])[0]


def tangent(F, mu, bulk):
    return felupe.NeoHooke(mu=mu, bulk=bulk).hessian([F, None])[0]


def strain_energy(F, mu, lmbda):
    return felupe.NeoHookeCompressible(mu=mu, lmbda=lmbda).function([F, None])[0]


def linear_stress(F, E, nu):
    return felupe.LinearElastic(E=E, nu=nu).gradient([F, None])[0]


def cauchy(F, mu):
    P = felupe.NeoHooke(mu=mu, bulk=2.0).gradient([F, None])[0]
    return dot(P, transpose(F)) / det(F)


def strains(F):
    C = dot(transpose(F), F)
    return tovoigt(C), sqrt(eigh(C)[0]), inv(C)


def forces(u, mu):
    mesh = felupe.Rectangle(n=3)
    field = felupe.FieldContainer([felupe.FieldPlaneStrain(felupe.RegionQuad(mesh), dim=2)])
    field[0].values = u
    solid = felupe.SolidBody(felupe.NeoHooke(mu=mu, bulk=2.0), field)
    return solid.assemble.vector(field).toarray().ravel()


FUNCTIONS = [
    row(stress, F, 1.0, 2.0),
    row(tangent, F, 1.0, 2.0),
    row(strain_energy, F, 1.0, 2.0),
    row(linear_stress, F, 1.0, 0.3),
    row(cauchy, F, 1.0),
    row(strains, F),
    row(forces, 0.03 * np.sin(np.arange(18.0) ** 2).reshape(9, 2), 1.0),
]
