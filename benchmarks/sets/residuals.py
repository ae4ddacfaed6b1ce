# SPDX-License-Identifier: Apache-2.0
"""The problems of More, Garbow and Hillstrom, Testing unconstrained optimization software, ACM
TOMS 7 (1981): residuals, the standard start, and the published sums of squares."""

from dataclasses import dataclass

import numpy as np

__all__ = ["PROBLEMS", "LeastSquares"]


@dataclass(frozen=True)
class LeastSquares:
    """Residuals fun(x), (m,), of x (n,) from x0; minima: the sums of squares at local minima."""

    name: str
    fun: object
    x0: tuple
    minima: tuple = (0.0,)
    system: bool = False
    """Whether the paper lists it as a system of equations, with as many residuals as unknowns."""


def rosenbrock(x):
    return [10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]]


def freudenstein_roth(x):
    return [
        -13.0 + x[0] + ((5.0 - x[1]) * x[1] - 2.0) * x[1],
        -29.0 + x[0] + ((x[1] + 1.0) * x[1] - 14.0) * x[1],
    ]


def powell_badly_scaled(x):
    return [1e4 * x[0] * x[1] - 1.0, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001]


def brown_badly_scaled(x):
    return [x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2.0]


def beale(x):
    return [y - x[0] * (1.0 - x[1] ** i) for i, y in ((1, 1.5), (2, 2.25), (3, 2.625))]


def jennrich_sampson(x):
    i = np.arange(1.0, 11.0)
    return 2.0 + 2.0 * i - (np.exp(i * x[0]) + np.exp(i * x[1]))


def helical_valley(x):
    turn = np.arctan(x[1] / x[0]) / (2.0 * np.pi) + (0.5 if x[0] < 0.0 else 0.0)
    return [10.0 * (x[2] - 10.0 * turn), 10.0 * (np.sqrt(x[0] ** 2 + x[1] ** 2) - 1.0), x[2]]


BARD = np.array([
    0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39,
])  # fmt: skip


def bard(x):
    u = np.arange(1.0, 16.0)
    v = 16.0 - u
    return BARD - (x[0] + u / (v * x[1] + np.minimum(u, v) * x[2]))


GAUSSIAN = np.array([0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989])


def gaussian(x):
    t = (8.0 - np.arange(1.0, 16.0)) / 2.0
    y = np.concatenate([GAUSSIAN, GAUSSIAN[-2::-1]])
    return x[0] * np.exp(-x[1] * (t - x[2]) ** 2 / 2.0) - y


MEYER = np.array([
    34780.0, 28610.0, 23650.0, 19630.0, 16370.0, 13720.0, 11540.0, 9744.0, 8261.0, 7030.0, 6005.0,
    5147.0, 4427.0, 3820.0, 3307.0, 2872.0,
])  # fmt: skip


def meyer(x):
    t = 45.0 + 5.0 * np.arange(1.0, 17.0)
    return x[0] * np.exp(x[1] / (t + x[2])) - MEYER


def gulf(x):
    t = np.arange(1.0, 100.0) / 100.0
    y = 25.0 + (-50.0 * np.log(t)) ** (2.0 / 3.0)
    return np.exp(-(np.abs(y - x[1]) ** x[2]) / x[0]) - t


def box(x):
    t = 0.1 * np.arange(1.0, 11.0)
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10.0 * t))


def powell_singular(x):
    return [
        x[0] + 10.0 * x[1], np.sqrt(5.0) * (x[2] - x[3]), (x[1] - 2.0 * x[2]) ** 2,
        np.sqrt(10.0) * (x[0] - x[3]) ** 2,
    ]  # fmt: skip


def wood(x):
    return [
        10.0 * (x[1] - x[0] ** 2), 1.0 - x[0], np.sqrt(90.0) * (x[3] - x[2] ** 2), 1.0 - x[2],
        np.sqrt(10.0) * (x[1] + x[3] - 2.0), (x[1] - x[3]) / np.sqrt(10.0),
    ]  # fmt: skip


KOWALIK = np.array([
    0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246,
])  # fmt: skip
DOSES = np.array([4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])


def kowalik_osborne(x):
    u = DOSES
    return KOWALIK - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def brown_dennis(x):
    t = np.arange(1.0, 21.0) / 5.0
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


OSBORNE1 = np.array([
    0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685,
    0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448,
    0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406,
])  # fmt: skip


def osborne1(x):
    t = 10.0 * np.arange(33.0)
    return OSBORNE1 - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))


def biggs(x):
    t = 0.1 * np.arange(1.0, 14.0)
    y = np.exp(-t) - 5.0 * np.exp(-10.0 * t) + 3.0 * np.exp(-4.0 * t)
    return x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - y


OSBORNE2 = np.array([
    1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608,
    0.655, 0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661,
    0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428,
    0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559,
    0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054,
])  # fmt: skip


def osborne2(x):
    t = np.arange(65.0) / 10.0
    peaks = sum(x[k] * np.exp(-((t - x[k + 7]) ** 2) * x[k + 4]) for k in (1, 2, 3))
    return OSBORNE2 - (x[0] * np.exp(-t * x[4]) + peaks)


def watson(x):
    t, j = np.arange(1.0, 30.0)[:, None] / 29.0, np.arange(x.size)
    slopes = (j[1:] * t ** (j[1:] - 1)) @ x[1:]
    r = slopes - (t**j @ x) ** 2 - 1.0
    return np.concatenate([r, [x[0], x[1] - x[0] ** 2 - 1.0]])


def extended_rosenbrock(x):
    return np.stack([10.0 * (x[1::2] - x[::2] ** 2), 1.0 - x[::2]], axis=1).ravel()


def extended_powell(x):
    a, b, c, d = x.reshape(-1, 4).T
    parts = a + 10.0 * b, np.sqrt(5.0) * (c - d), (b - 2.0 * c) ** 2, np.sqrt(10.0) * (a - d) ** 2
    return np.stack(parts, axis=1).ravel()


def penalty1(x):
    return np.append(np.sqrt(1e-5) * (x - 1.0), np.sum(x**2) - 0.25)


def penalty2(x):
    n, a = x.size, np.sqrt(1e-5)
    i, e = np.arange(2.0, n + 1.0), np.exp(x / 10.0)
    y = np.exp(i / 10.0) + np.exp((i - 1.0) / 10.0)
    last = np.sum(np.arange(n, 0.0, -1.0) * x**2) - 1.0
    return np.concatenate(
        [[x[0] - 0.2], a * (e[1:] + e[:-1] - y), a * (e[1:] - np.exp(-0.1)), [last]]
    )


def variably_dimensioned(x):
    s = np.sum(np.arange(1.0, x.size + 1.0) * (x - 1.0))
    return np.concatenate([x - 1.0, [s, s**2]])


def trigonometric(x):
    i = np.arange(1.0, x.size + 1.0)
    return x.size - np.sum(np.cos(x)) + i * (1.0 - np.cos(x)) - np.sin(x)


def brown_almost_linear(x):
    return np.append(x[:-1] + np.sum(x) - (x.size + 1.0), np.prod(x) - 1.0)


def discrete_boundary(x):
    h = 1.0 / (x.size + 1.0)
    t = h * np.arange(1.0, x.size + 1.0)
    return h**2 * (x + t + 1.0) ** 3 / 2.0 - np.diff(np.concatenate([[0.0], x, [0.0]]), 2)


def discrete_integral(x):
    n = x.size
    h = 1.0 / (n + 1.0)
    t = h * np.arange(1.0, n + 1.0)
    cubes = (x + t + 1.0) ** 3
    left = np.cumsum(t * cubes)
    rest = (1.0 - t) * cubes
    right = np.sum(rest) - np.cumsum(rest)
    return x + h * ((1.0 - t) * left + t * right) / 2.0


def broyden_tridiagonal(x):
    before, after = np.append(0.0, x[:-1]), np.append(x[1:], 0.0)
    return (3.0 - 2.0 * x) * x - before - 2.0 * after + 1.0


def broyden_banded(x):
    n = x.size
    g = x * (1.0 + x)
    found = []
    for i in range(n):
        near = [g[j] for j in range(max(0, i - 5), min(n, i + 2)) if j != i]
        found.append(x[i] * (2.0 + 5.0 * x[i] ** 2) + 1.0 - sum(near))
    return found


def linear_full_rank(x):
    s = 2.0 * np.sum(x) / 20.0
    return np.concatenate([x - s - 1.0, np.full(20 - x.size, -1.0) - s])


def linear_rank_one(x):
    s = np.sum(np.arange(1.0, x.size + 1.0) * x)
    return np.arange(1.0, 21.0) * s - 1.0


def linear_rank_one_zeros(x):
    s = np.sum(np.arange(2.0, x.size) * x[1:-1])
    inner = np.arange(1.0, 19.0) * s - 1.0
    return np.concatenate([[-1.0], inner, [-1.0]])


def chebyquad(x):
    n, y = x.size, 2.0 * x - 1.0
    last, now, found = np.ones(n), y, []
    for i in range(1, n + 1):
        found.append(np.sum(now) / n + (1.0 / (i * i - 1.0) if i % 2 == 0 else 0.0))
        last, now = now, 2.0 * y * now - last
    return found


def _starts(n):
    t = np.arange(1.0, n + 1.0) / (n + 1.0)
    return tuple(t * (t - 1.0))


TENTHS = tuple(np.arange(1.0, 11.0) / 10.0)

PROBLEMS = (
    LeastSquares("Rosenbrock", rosenbrock, (-1.2, 1.0), system=True),
    LeastSquares("Freudenstein and Roth", freudenstein_roth, (0.5, -2.0), (0.0, 48.9842)),
    LeastSquares("Powell badly scaled", powell_badly_scaled, (0.0, 1.0), system=True),
    LeastSquares("Brown badly scaled", brown_badly_scaled, (1.0, 1.0)),
    LeastSquares("Beale", beale, (1.0, 1.0)),
    LeastSquares("Jennrich and Sampson", jennrich_sampson, (0.3, 0.4), (124.362,)),
    LeastSquares("helical valley", helical_valley, (-1.0, 0.0, 0.0), system=True),
    LeastSquares("Bard", bard, (1.0, 1.0, 1.0), (8.21487e-3, 17.4286)),
    LeastSquares("Gaussian", gaussian, (0.4, 1.0, 0.0), (1.12793e-8,)),
    LeastSquares("Meyer", meyer, (0.02, 4000.0, 250.0), (87.9458,)),
    LeastSquares("Gulf", gulf, (5.0, 2.5, 0.15)),
    LeastSquares("Box", box, (0.0, 10.0, 20.0)),
    LeastSquares("Powell singular", powell_singular, (3.0, -1.0, 0.0, 1.0), system=True),
    LeastSquares("Wood", wood, (-3.0, -1.0, -3.0, -1.0)),
    LeastSquares(
        "Kowalik and Osborne", kowalik_osborne, (0.25, 0.39, 0.415, 0.39), (3.07505e-4, 1.02734e-3)
    ),
    LeastSquares("Brown and Dennis", brown_dennis, (25.0, 5.0, -5.0, -1.0), (85822.2,)),
    LeastSquares("Osborne 1", osborne1, (0.5, 1.5, -1.0, 0.01, 0.02), (5.46489e-5,)),
    LeastSquares("Biggs EXP6", biggs, (1.0, 2.0, 1.0, 1.0, 1.0, 1.0), (0.0, 5.65565e-3)),
    LeastSquares(
        "Osborne 2",
        osborne2,
        (1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5),
        (4.01377e-2,),
    ),
    LeastSquares("Watson 6", watson, (0.0,) * 6, (2.28767e-3,)),
    LeastSquares("Watson 9", watson, (0.0,) * 9, (1.39976e-6,)),
    LeastSquares("Watson 12", watson, (0.0,) * 12, (4.72238e-10,)),
    LeastSquares("extended Rosenbrock", extended_rosenbrock, (-1.2, 1.0) * 5, system=True),
    LeastSquares("extended Powell", extended_powell, (3.0, -1.0, 0.0, 1.0) * 3, system=True),
    LeastSquares("penalty I 4", penalty1, (1.0, 2.0, 3.0, 4.0), (2.24997e-5,)),
    LeastSquares("penalty I 10", penalty1, tuple(np.arange(1.0, 11.0)), (7.08765e-5,)),
    LeastSquares("penalty II 4", penalty2, (0.5,) * 4, (9.37629e-6,)),
    LeastSquares("penalty II 10", penalty2, (0.5,) * 10, (2.93660e-4,)),
    LeastSquares(
        "variably dimensioned",
        variably_dimensioned,
        tuple(1.0 - np.array(TENTHS)),
    ),
    LeastSquares("trigonometric", trigonometric, (0.1,) * 10, (0.0, 2.79506e-5), system=True),
    LeastSquares("Brown almost linear", brown_almost_linear, (0.5,) * 10, (0.0, 1.0), system=True),
    LeastSquares("discrete boundary value", discrete_boundary, _starts(10), system=True),
    LeastSquares("discrete integral equation", discrete_integral, _starts(10), system=True),
    LeastSquares("Broyden tridiagonal", broyden_tridiagonal, (-1.0,) * 10, system=True),
    LeastSquares("Broyden banded", broyden_banded, (-1.0,) * 10, system=True),
    LeastSquares("linear, full rank", linear_full_rank, (1.0,) * 10, (10.0,)),
    LeastSquares("linear, rank 1", linear_rank_one, (1.0,) * 10, (190.0 / 41.0,)),
    LeastSquares("linear, rank 1, zeros", linear_rank_one_zeros, (1.0,) * 10, (227.0 / 37.0,)),
    LeastSquares("Chebyquad 8", chebyquad, tuple(np.arange(1.0, 9.0) / 9.0), (3.51687e-3,)),
    LeastSquares("Chebyquad 9", chebyquad, TENTHS[:9], system=True),
)
