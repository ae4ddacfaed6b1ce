# SPDX-License-Identifier: Apache-2.0
"""The ten-bar truss: compliance, stresses and the lightest bars for a given compliance.

Size: 6 joints in the plane, 10 bars, 8 free displacements. The 10 cross-sections are the design;
derivatives by the positions of the joints are computed too.

Source: R. T. Haftka and Z. Gürdal, Elements of Structural Optimization, 3rd ed. (1992): the
ten-bar truss, in inches and pounds, and derivatives of compliance by the adjoint (chapter 7).
"""

from functools import partial

import numpy as np
from scipy.optimize import minimize

import ad_core

YOUNG, DENSITY, LOAD = 1e7, 0.1, 1e5  # psi, lb/in^3, lb
NODES = 360.0 * np.array([[2, 1], [2, 0], [1, 1], [1, 0], [0, 1], [0, 0]], dtype=float)  # in
BARS = [(4, 2), (2, 0), (5, 3), (3, 1), (3, 2), (1, 0), (4, 3), (5, 2), (2, 1), (3, 0)]
FREE = np.setdiff1d(np.arange(12), [8, 9, 10, 11])  # joints 4 and 5 are fixed to the wall


def load_vector():
    f = np.zeros(12)
    f[[3, 7]] = -LOAD
    return f


def stiffness(areas, nodes):
    """The global matrix, assembled bar by bar; shape (12, 12)."""
    K = np.zeros((2 * len(nodes), 2 * len(nodes)))
    for area, (i, j) in zip(areas, BARS, strict=True):
        d = nodes[j] - nodes[i]
        length = np.linalg.norm(d)
        c, s = d / length
        b = np.array([-c, -s, c, s])
        dofs = [2 * i, 2 * i + 1, 2 * j, 2 * j + 1]
        K[np.ix_(dofs, dofs)] += YOUNG * area / length * np.outer(b, b)
    return K


def displacements(areas, nodes=NODES):
    """The displacements of all 12 degrees of freedom; zero at the wall."""
    u = np.zeros(2 * len(nodes))
    K = stiffness(areas, nodes)
    u[FREE] = np.linalg.solve(K[np.ix_(FREE, FREE)], load_vector()[FREE])
    return u


def compliance(areas, nodes=NODES):
    """The work of the load, in inch pounds."""
    return load_vector() @ displacements(areas, nodes)


def compliance_by_penalty(areas, nodes=NODES):
    """The compliance with stiff springs on the diagonal as supports, without slicing the matrix."""
    K = stiffness(areas, nodes)
    wall = np.setdiff1d(np.arange(len(K)), FREE)
    K[wall, wall] += 1e12
    f = load_vector()
    return f.dot(np.linalg.inv(K).dot(f))


def stresses(areas, nodes=NODES):
    """The stresses of the 10 bars, in psi."""
    u = displacements(areas, nodes).reshape(-1, 2)
    out = np.empty(len(BARS))
    for k, (i, j) in enumerate(BARS):
        d = nodes[j] - nodes[i]
        out[k] = YOUNG * (d @ (u[j] - u[i])) / (d @ d)
    return out


def aggregated_stress(areas, allowed=25e3, p=8.0):
    """A smooth approximation of the ratio of the largest stress to the allowed stress."""
    return np.sum((np.abs(stresses(areas)) / allowed) ** p) ** (1.0 / p)


def weight(areas, nodes=NODES):
    i, j = np.transpose(BARS)
    return DENSITY * np.sum(areas * np.linalg.norm(nodes[j] - nodes[i], axis=1))


def main():
    areas = np.full(10, 10.0)
    value, gradient = ad_core.value_and_grad(compliance)(areas)
    u = displacements(areas)
    # The load does not depend on the areas, so the adjoint is -u.
    by_hand = [-u @ (stiffness(row, NODES) @ u) for row in np.eye(10)]
    print(f"compliance {value:.1f} in lb; gradient agrees with -u k u to", end=" ")
    print(f"{np.max(np.abs(gradient - by_hand)) / np.max(np.abs(gradient)):.0e}")

    # Weight and compliance are scaled to some tens, to which the optimiser's tolerances fit.
    fit = minimize(
        lambda a: weight(a) / 100.0,
        areas,
        jac=ad_core.grad(lambda a: weight(a) / 100.0),
        bounds=[(0.1, None)] * 10,
        constraints={
            "type": "ineq",
            "fun": lambda a: (value - compliance(a)) / 1e4,
            "jac": lambda a: -ad_core.grad(compliance)(a) / 1e4,
        },
        method="SLSQP",
        options={"maxiter": 200},
    )
    print(f"weight {weight(areas):.0f} lb -> {weight(fit.x):.0f} lb at the same compliance")
    print("areas (sq in):", fit.x.round(2))


_areas = np.linspace(4.0, 13.0, 10)

CASES = [
    ("compliance", lambda a: compliance(a) / 1e5, (_areas,)),
    ("by penalty", lambda a: compliance_by_penalty(a) / 1e5, (_areas,)),
    ("shape", lambda a, x: compliance(a, x) / 1e5, (_areas, NODES)),
    ("stresses", lambda a: stresses(a) / 1e4, (_areas,)),
    ("aggregated stress", aggregated_stress, (_areas,)),
    ("weight", partial(weight), (_areas, NODES)),
    ("stiffness", lambda a, x: stiffness(a, x) / 1e5, (_areas, NODES)),
]

if __name__ == "__main__":
    main()
