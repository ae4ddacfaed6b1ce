# SPDX-License-Identifier: Apache-2.0
"""Fifteen stiff differential equations with their solutions at the end.

The first five and their solutions are of Hairer and Wanner, Solving Ordinary Differential Equations
II, section IV.10, and of the Test Set for IVP Solvers (Mazzia and Magherini).  The others have
solutions in closed form.
"""

import math
from dataclasses import dataclass

import numpy as np

__all__ = ["PROBLEMS", "Stiff"]


@dataclass(frozen=True)
class Stiff:
    """dy/dt = fun(t, y) from y0 at 0 to y at tf."""

    name: str
    fun: object
    y0: tuple
    tf: float
    y: tuple
    atol: float
    """The absolute tolerance of a solution with rtol = 1e-6."""


def van_der_pol(t, y):
    return [y[1], 1000.0 * (1.0 - y[0] ** 2) * y[1] - y[0]]


def robertson(t, y):
    a, b, c = 0.04 * y[0], 1e4 * y[1] * y[2], 3e7 * y[1] ** 2
    return [b - a, a - b - c, c]


def hires(t, y):
    p = 280.0 * y[5] * y[7]
    return [
        -1.71 * y[0] + 0.43 * y[1] + 8.32 * y[2] + 0.0007, 1.71 * y[0] - 8.75 * y[1],
        -10.03 * y[2] + 0.43 * y[3] + 0.035 * y[4], 8.32 * y[1] + 1.71 * y[2] - 1.12 * y[3],
        -1.745 * y[4] + 0.43 * y[5] + 0.43 * y[6],
        -p + 0.69 * y[3] + 1.71 * y[4] - 0.43 * y[5] + 0.69 * y[6], p - 1.81 * y[6],
        -p + 1.81 * y[6],
    ]  # fmt: skip


def oregonator(t, y):
    return [
        77.27 * (y[1] + y[0] * (1.0 - 8.375e-6 * y[0] - y[1])),
        (y[2] - (1.0 + y[0]) * y[1]) / 77.27,
        0.161 * (y[0] - y[2]),
    ]


LEVELS = np.array([1.0, 3.0, 2.0, 5.0, 4.0, 6.0])


def levels(t, y):
    """A state that follows the steps of a table."""
    return [-1e3 * (y[0] - LEVELS[int(t)])]


def pollution(t, y):
    r = [
        0.35 * y[0], 26.6 * y[1] * y[3], 1.23e4 * y[4] * y[1], 8.6e-4 * y[6], 8.2e-4 * y[6],
        1.5e4 * y[6] * y[5], 1.3e-4 * y[8], 2.4e4 * y[8] * y[5], 1.65e4 * y[10] * y[1],
        9e3 * y[10] * y[0], 0.022 * y[12], 1.2e4 * y[9] * y[1], 1.88 * y[13],
        1.63e4 * y[0] * y[5], 4.8e6 * y[2], 3.5e-4 * y[3], 0.0175 * y[3], 1e8 * y[15],
        4.44e11 * y[15], 1.24e3 * y[16] * y[5], 2.1 * y[18], 5.78 * y[18], 0.0474 * y[0] * y[3],
        1.78e3 * y[18] * y[0], 3.12 * y[19],
    ]  # fmt: skip
    return [
        -r[0] - r[9] - r[13] - r[22] - r[23] + r[1] + r[2] + r[8] + r[10] + r[11] + r[21] + r[24],
        -r[1] - r[2] - r[8] - r[11] + r[0] + r[20],
        -r[14] + r[0] + r[16] + r[18] + r[21],
        -r[1] - r[15] - r[16] - r[22] + r[14],
        -r[2] + 2.0 * r[3] + r[5] + r[6] + r[12] + r[19],
        -r[5] - r[7] - r[13] - r[19] + r[2] + 2.0 * r[17],
        -r[3] - r[4] - r[5] + r[12],
        r[3] + r[4] + r[5] + r[6],
        -r[6] - r[7],
        -r[11] + r[6] + r[8],
        -r[8] - r[9] + r[7] + r[10],
        r[8],
        -r[10] + r[9],
        -r[12] + r[11],
        r[13],
        -r[17] - r[18] + r[15],
        -r[19],
        r[19],
        -r[20] - r[21] - r[23] + r[22] + r[24],
        -r[24] + r[23],
    ]


def prothero_robinson(t, y):
    return [-1e6 * (y[0] - math.cos(t)) - math.sin(t)]


def kaps(t, y):
    return [-(1e5 + 2.0) * y[0] + 1e5 * y[1] ** 2, y[0] - y[1] * (1.0 + y[1])]


def curtiss_hirschfelder(t, y):
    return [-50.0 * (y[0] - np.cos(t))]


def davis_skodje(t, y):
    g = 1e4
    return [-y[0], -g * y[1] + ((g - 1.0) * y[0] + g * y[0] ** 2) / (1.0 + y[0]) ** 2]


def flame(t, y):
    return [y[0] ** 2 - y[0] ** 3]


def real_spectrum(t, y):
    """Problem A1 of Enright, Hull and Lindberg (1975)."""
    return np.array([-0.5, -1.0, -100.0, -90.0]) * y


def complex_spectrum(t, y):
    """Problem B5 of Enright, Hull and Lindberg (1975)."""
    return [
        -10.0 * y[0] + 100.0 * y[1], -100.0 * y[0] - 10.0 * y[1], -4.0 * y[2], -y[3], -0.5 * y[4],
        -0.1 * y[5],
    ]  # fmt: skip


HEAT = 60


def heat(t, y):
    return (HEAT + 1.0) ** 2 * np.diff(np.concatenate([[0.0], y, [0.0]]), 2)


def heat_at(t):
    """The lowest mode of the line, which decays with the eigenvalue of the difference matrix."""
    rate = 4.0 * (HEAT + 1.0) ** 2 * np.sin(np.pi / (2.0 * (HEAT + 1.0))) ** 2
    return tuple(np.exp(-rate * t) * np.sin(np.pi * np.arange(1, HEAT + 1) / (HEAT + 1)))


def logistic_chain(t, y):
    """A fast logistic equation, and a slow one with its rate."""
    return [1e3 * y[0] * (1.0 - y[0]), y[0] * y[1] * (1.0 - y[1])]


def _curtiss(t):
    a = 50.0
    return (a * a * math.cos(t) + a * math.sin(t)) / (a * a + 1.0) - math.exp(-a * t) * a * a / (
        a * a + 1.0
    )


def _skodje(t):
    """The slow manifold x / (1 + x), on which the start is not, and the fast part."""
    x = math.exp(-t)
    return x / (1.0 + x) + 0.5 * math.exp(-1e4 * t)


def _logistic(t):
    """The area under the fast component is (log(1 - y + y exp(k t))) / k, from y = 0.5."""
    area = t + math.log(0.5 + 0.5 * math.exp(-1e3 * t)) / 1e3
    return 1.0 / (1.0 + math.exp(-1e3 * t)), 1.0 / (1.0 + 99.0 * math.exp(-area))


POLLUTED = (
    0.05646255480022769, 0.1342484130422339, 4.139734331099427e-9, 5.523140207484359e-3,
    2.018977262302196e-7, 1.464541863493966e-7, 0.07784249118997964, 0.3245075353396018,
    7.494013383880406e-3, 1.622293157301561e-8, 1.135863833257075e-8, 2.230505975721359e-3,
    2.087162882798630e-4, 1.396921016840158e-5, 8.964884856898295e-3, 4.352846369330103e-18,
    6.899219696263405e-3, 1.007803037365946e-4, 1.772146513969984e-6, 5.682943292316392e-5,
)  # fmt: skip
CLEAN = [0.0] * 20
CLEAN[1], CLEAN[3], CLEAN[6], CLEAN[7], CLEAN[8], CLEAN[16] = 0.2, 0.04, 0.1, 0.3, 0.01, 0.007

PROBLEMS = (
    Stiff("van der Pol", van_der_pol, (2.0, 0.0), 2000.0,
          (1.706167732170469, -8.928097010248125e-4), 1e-6),
    Stiff("Robertson", robertson, (1.0, 0.0, 0.0), 1e11,
          (2.083340149701255e-8, 8.333360770334713e-14, 0.9999999791665050), 1e-15),
    Stiff("HIRES", hires, (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0057), 321.8122,
          (7.371312573325668e-4, 1.442485726316185e-4, 5.888729740967575e-5, 1.175651343283149e-3,
           2.386356198831331e-3, 6.238968252742796e-3, 2.849998395185769e-3,
           2.850001604814231e-3), 1e-9),
    Stiff("Oregonator", oregonator, (1.0, 2.0, 3.0), 360.0,
          (1.000814870318523, 1228.178521549917, 132.0554942846706), 1e-6),
    Stiff("pollution", pollution, tuple(CLEAN), 60.0, POLLUTED, 1e-12),
    Stiff("Prothero and Robinson", prothero_robinson, (1.0,), 10.0, (math.cos(10.0),), 1e-9),
    Stiff("Kaps", kaps, (1.0, 1.0), 1.0, (math.exp(-2.0), math.exp(-1.0)), 1e-9),
    Stiff("Curtiss and Hirschfelder", curtiss_hirschfelder, (0.0,), 1.5, (_curtiss(1.5),), 1e-9),
    Stiff("Davis and Skodje", davis_skodje, (1.0, 1.0), 2.0, (math.exp(-2.0), _skodje(2.0)), 1e-9),
    Stiff("flame", flame, (1e-4,), 2e4, (1.0,), 1e-9),
    Stiff("A1, real spectrum", real_spectrum, (1.0,) * 4, 20.0,
          (math.exp(-10.0), math.exp(-20.0), 0.0, 0.0), 1e-12),
    Stiff("B5, complex spectrum", complex_spectrum, (1.0,) * 6, 1.0,
          (math.exp(-10.0) * (math.cos(100.0) + math.sin(100.0)),
           math.exp(-10.0) * (math.cos(100.0) - math.sin(100.0)), math.exp(-4.0), math.exp(-1.0),
           math.exp(-0.5), math.exp(-0.1)), 1e-9),
    Stiff("heat", heat, heat_at(0.0), 0.5, heat_at(0.5), 1e-9),
    Stiff("steps of a table", levels, (1.0,), 5.5, (6.0,), 1e-9),
    Stiff("two logistic equations", logistic_chain, (0.5, 0.01), 8.0, _logistic(8.0), 1e-9),
)  # fmt: skip
