# SPDX-License-Identifier: Apache-2.0
"""Problems of Hock and Schittkowski, Test Examples for Nonlinear Programming Codes (1981), by their
numbers: objective, constraints, bounds, start, and the published minimum."""

from dataclasses import dataclass

import numpy as np

__all__ = ["PROBLEMS", "Program"]

SQ3 = np.sqrt(3.0)


@dataclass(frozen=True)
class Program:
    """Minimise fun(x), (n,), with equal(x) = 0, above(x) >= 0 and bounds, from x0."""

    number: int
    fun: object
    x0: tuple
    minimum: float
    above: object = None
    equal: object = None
    bounds: tuple | None = None

    @property
    def name(self):
        """The problem's name in a table."""
        return f"HS{self.number}"

    @property
    def constraints(self):
        """As scipy.optimize.minimize takes them."""
        kinds = ("ineq", self.above), ("eq", self.equal)
        return [{"type": kind, "fun": fun} for kind, fun in kinds if fun is not None]


def valley(x):
    return 100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2


def wood(x):
    return (
        100.0 * (x[1] - x[0] ** 2) ** 2 + (1.0 - x[0]) ** 2 + 90.0 * (x[3] - x[2] ** 2) ** 2
        + (1.0 - x[2]) ** 2 + 10.1 * ((x[1] - 1.0) ** 2 + (x[3] - 1.0) ** 2)
        + 19.8 * (x[1] - 1.0) * (x[3] - 1.0)
    )  # fmt: skip


def rosen_suzuki(x):
    return (
        x[0] ** 2 + x[1] ** 2 + 2.0 * x[2] ** 2 + x[3] ** 2 - 5.0 * x[0] - 5.0 * x[1]
        - 21.0 * x[2] + 7.0 * x[3]
    )  # fmt: skip


def rosen_suzuki_above(x):
    a, b, c, d = x
    return [
        8.0 - a * a - b * b - c * c - d * d - a + b - c + d,
        10.0 - a * a - 2.0 * b * b - c * c - 2.0 * d * d + a + d,
        5.0 - 2.0 * a * a - b * b - c * c - 2.0 * a + b + d,
    ]


def hs35(x):
    return (
        9.0 - 8.0 * x[0] - 6.0 * x[1] - 4.0 * x[2] + 2.0 * x[0] ** 2 + 2.0 * x[1] ** 2 + x[2] ** 2
        + 2.0 * x[0] * x[1] + 2.0 * x[0] * x[2]
    )  # fmt: skip


def hs76(x):
    return (
        x[0] ** 2 + 0.5 * x[1] ** 2 + x[2] ** 2 + 0.5 * x[3] ** 2 - x[0] * x[2] + x[2] * x[3]
        - x[0] - 3.0 * x[1] + x[2] - x[3]
    )  # fmt: skip


def hs76_above(x):
    return [
        5.0 - x[0] - 2.0 * x[1] - x[2] - x[3],
        4.0 - 3.0 * x[0] - x[1] - 2.0 * x[2] + x[3],
        x[1] + 4.0 * x[2] - 1.5,
    ]


def hs78_equal(x):
    return [x @ x - 10.0, x[1] * x[2] - 5.0 * x[3] * x[4], x[0] ** 3 + x[1] ** 3 + 1.0]


def hs51_equal(x):
    return [x[0] + 3.0 * x[1] - 4.0, x[2] + x[3] - 2.0 * x[4], x[1] - x[4]]


def hs51(x, a=1.0):
    return (a * x[0] - x[1]) ** 2 + (x[1] + x[2] - 2.0) ** 2 + (x[3] - 1.0) ** 2 + (x[4] - 1.0) ** 2


FREE = (None, None)
HALF = (-0.5, 0.5)

PROBLEMS = (
    Program(1, valley, (-2.0, 1.0), 0.0, bounds=(FREE, (-1.5, None))),
    Program(3, lambda x: x[1] + 1e-5 * (x[1] - x[0]) ** 2, (10.0, 1.0), 0.0,
            bounds=(FREE, (0.0, None))),
    Program(4, lambda x: (x[0] + 1.0) ** 3 / 3.0 + x[1], (1.125, 0.125), 8.0 / 3.0,
            bounds=((1.0, None), (0.0, None))),
    Program(5, lambda x: np.sin(x[0] + x[1]) + (x[0] - x[1]) ** 2 - 1.5 * x[0] + 2.5 * x[1] + 1.0,
            (0.0, 0.0), -SQ3 / 2.0 - np.pi / 3.0, bounds=((-1.5, 4.0), (-3.0, 3.0))),
    Program(6, lambda x: (1.0 - x[0]) ** 2, (-1.2, 1.0), 0.0,
            equal=lambda x: 10.0 * (x[1] - x[0] ** 2)),
    Program(7, lambda x: np.log(1.0 + x[0] ** 2) - x[1], (2.0, 2.0), -SQ3,
            equal=lambda x: (1.0 + x[0] ** 2) ** 2 + x[1] ** 2 - 4.0),
    Program(9, lambda x: np.sin(np.pi * x[0] / 12.0) * np.cos(np.pi * x[1] / 16.0), (0.0, 0.0),
            -0.5, equal=lambda x: 4.0 * x[0] - 3.0 * x[1]),
    Program(10, lambda x: x[0] - x[1], (-10.0, 10.0), -1.0,
            lambda x: -3.0 * x[0] ** 2 + 2.0 * x[0] * x[1] - x[1] ** 2 + 1.0),
    Program(11, lambda x: (x[0] - 5.0) ** 2 + x[1] ** 2 - 25.0, (4.9, 0.1), -8.498464223,
            lambda x: x[1] - x[0] ** 2),
    Program(12, lambda x: 0.5 * x[0] ** 2 + x[1] ** 2 - x[0] * x[1] - 7.0 * x[0] - 7.0 * x[1],
            (0.0, 0.0), -30.0, lambda x: 25.0 - 4.0 * x[0] ** 2 - x[1] ** 2),
    Program(14, lambda x: (x[0] - 2.0) ** 2 + (x[1] - 1.0) ** 2, (2.0, 2.0),
            9.0 - 2.875 * np.sqrt(7.0), lambda x: 1.0 - 0.25 * x[0] ** 2 - x[1] ** 2,
            lambda x: x[0] - 2.0 * x[1] + 1.0),
    Program(18, lambda x: 0.01 * x[0] ** 2 + x[1] ** 2, (2.0, 2.0), 5.0,
            lambda x: [x[0] * x[1] - 25.0, x[0] ** 2 + x[1] ** 2 - 25.0],
            bounds=((2.0, 50.0), (0.0, 50.0))),
    Program(20, valley, (-2.0, 1.0), 81.5 - 25.0 * SQ3,
            lambda x: [x[0] + x[1] ** 2, x[0] ** 2 + x[1], x[0] ** 2 + x[1] ** 2 - 1.0],
            bounds=(HALF, FREE)),
    Program(21, lambda x: 0.01 * x[0] ** 2 + x[1] ** 2 - 100.0, (-1.0, -1.0), -99.96,
            lambda x: 10.0 * x[0] - x[1] - 10.0, bounds=((2.0, 50.0), (-50.0, 50.0))),
    Program(22, lambda x: (x[0] - 2.0) ** 2 + (x[1] - 1.0) ** 2, (2.0, 2.0), 1.0,
            lambda x: [2.0 - x[0] - x[1], x[1] - x[0] ** 2]),
    Program(23, lambda x: x @ x, (3.0, 1.0), 2.0,
            lambda x: [x[0] + x[1] - 1.0, x @ x - 1.0, 9.0 * x[0] ** 2 + x[1] ** 2 - 9.0,
                       x[0] ** 2 - x[1], x[1] ** 2 - x[0]], bounds=((-50.0, 50.0),) * 2),
    Program(24, lambda x: ((x[0] - 3.0) ** 2 - 9.0) * x[1] ** 3 / (27.0 * SQ3), (1.0, 0.5), -1.0,
            lambda x: [x[0] / SQ3 - x[1], x[0] + SQ3 * x[1], 6.0 - x[0] - SQ3 * x[1]],
            bounds=((0.0, None),) * 2),
    Program(26, lambda x: (x[0] - x[1]) ** 2 + (x[1] - x[2]) ** 4, (-2.6, 2.0, 2.0), 0.0,
            equal=lambda x: (1.0 + x[1] ** 2) * x[0] + x[2] ** 4 - 3.0),
    Program(27, lambda x: 0.01 * (x[0] - 1.0) ** 2 + (x[1] - x[0] ** 2) ** 2, (2.0, 2.0, 2.0), 0.04,
            equal=lambda x: x[0] + x[2] ** 2 + 1.0),
    Program(28, lambda x: (x[0] + x[1]) ** 2 + (x[1] + x[2]) ** 2, (-4.0, 1.0, 1.0), 0.0,
            equal=lambda x: x[0] + 2.0 * x[1] + 3.0 * x[2] - 1.0),
    Program(29, lambda x: -x[0] * x[1] * x[2], (1.0, 1.0, 1.0), -16.0 * np.sqrt(2.0),
            lambda x: 48.0 - x[0] ** 2 - 2.0 * x[1] ** 2 - 4.0 * x[2] ** 2),
    Program(30, lambda x: x @ x, (1.0, 1.0, 1.0), 1.0, lambda x: x[0] ** 2 + x[1] ** 2 - 1.0,
            bounds=((1.0, 10.0), (-10.0, 10.0), (-10.0, 10.0))),
    Program(31, lambda x: 9.0 * x[0] ** 2 + x[1] ** 2 + 9.0 * x[2] ** 2, (1.0, 1.0, 1.0), 6.0,
            lambda x: x[0] * x[1] - 1.0, bounds=((-10.0, 10.0), (1.0, 10.0), (-10.0, 1.0))),
    Program(32, lambda x: (x[0] + 3.0 * x[1] + x[2]) ** 2 + 4.0 * (x[0] - x[1]) ** 2,
            (0.1, 0.7, 0.2), 1.0, lambda x: 6.0 * x[1] + 4.0 * x[2] - x[0] ** 3 - 3.0,
            lambda x: 1.0 - x[0] - x[1] - x[2], bounds=((0.0, None),) * 3),
    Program(34, lambda x: -x[0], (0.0, 1.05, 2.9), -np.log(np.log(10.0)),
            lambda x: [x[1] - np.exp(x[0]), x[2] - np.exp(x[1])],
            bounds=((0.0, 100.0), (0.0, 100.0), (0.0, 10.0))),
    Program(35, hs35, (0.5, 0.5, 0.5), 1.0 / 9.0, lambda x: 3.0 - x[0] - x[1] - 2.0 * x[2],
            bounds=((0.0, None),) * 3),
    Program(36, lambda x: -x[0] * x[1] * x[2], (10.0, 10.0, 10.0), -3300.0,
            lambda x: 72.0 - x[0] - 2.0 * x[1] - 2.0 * x[2],
            bounds=((0.0, 20.0), (0.0, 11.0), (0.0, 42.0))),
    Program(37, lambda x: -x[0] * x[1] * x[2], (10.0, 10.0, 10.0), -3456.0,
            lambda x: [72.0 - x[0] - 2.0 * x[1] - 2.0 * x[2], x[0] + 2.0 * x[1] + 2.0 * x[2]],
            bounds=((0.0, 42.0),) * 3),
    Program(38, wood, (-3.0, -1.0, -3.0, -1.0), 0.0, bounds=((-10.0, 10.0),) * 4),
    Program(39, lambda x: -x[0], (2.0,) * 4, -1.0,
            equal=lambda x: [x[1] - x[0] ** 3 - x[2] ** 2, x[0] ** 2 - x[1] - x[3] ** 2]),
    Program(40, lambda x: -np.prod(x), (0.8,) * 4, -0.25,
            equal=lambda x: [x[0] ** 3 + x[1] ** 2 - 1.0, x[0] ** 2 * x[3] - x[2],
                             x[3] ** 2 - x[1]]),
    Program(42, lambda x: np.sum((x - np.arange(1.0, 5.0)) ** 2), (1.0,) * 4,
            28.0 - 10.0 * np.sqrt(2.0),
            equal=lambda x: [x[0] - 2.0, x[2] ** 2 + x[3] ** 2 - 2.0]),
    Program(43, rosen_suzuki, (0.0,) * 4, -44.0, rosen_suzuki_above),
    Program(48, lambda x: (x[0] - 1.0) ** 2 + (x[1] - x[2]) ** 2 + (x[3] - x[4]) ** 2,
            (3.0, 5.0, -3.0, 2.0, -2.0), 0.0,
            equal=lambda x: [np.sum(x) - 5.0, x[2] - 2.0 * (x[3] + x[4]) + 3.0]),
    Program(51, hs51, (2.5, 0.5, 2.0, -1.0, 0.5), 0.0, equal=hs51_equal),
    Program(52, lambda x: hs51(x, 4.0), (2.0,) * 5, 1859.0 / 349.0,
            equal=lambda x: hs51_equal(x) + np.array([4.0, 0.0, 0.0])),
    Program(71, lambda x: x[0] * x[3] * np.sum(x[:3]) + x[2], (1.0, 5.0, 5.0, 1.0), 17.0140173,
            lambda x: np.prod(x) - 25.0, lambda x: x @ x - 40.0, ((1.0, 5.0),) * 4),
    Program(76, hs76, (0.5,) * 4, -4.681818181, hs76_above, bounds=((0.0, None),) * 4),
    Program(78, np.prod, (-2.0, 1.5, 2.0, -1.0, -1.0), -2.91970041, equal=hs78_equal),
    Program(80, lambda x: np.exp(np.prod(x)), (-2.0, 2.0, 2.0, -1.0, -1.0), 0.0539498478,
            equal=hs78_equal, bounds=((-2.3, 2.3),) * 2 + ((-3.2, 3.2),) * 3),
)  # fmt: skip
