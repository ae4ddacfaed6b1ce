# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Elliptic integrals and functions of scipy.special.

Partials are written with Carlson's symmetric integrals, which have no removable singularities and
cancel nowhere: DLMF 19.18 and 19.25.
"""

import functools
import math

import numpy as np
import scipy.special as sp

from ad_core.rules.special.hypergeometric import hyp2f1
from ad_core.rules.special.table import POSITIVE, by_size, inner, outputs, row

__all__ = []

BELOW_ONE = (-3.0, 0.95)
# of D near m = 0, the highest power first
D_SERIES = [
    math.pi / 2.0 * sp.poch(0.5, k) * sp.poch(0.5, k + 1) / sp.factorial(k) / sp.factorial(k + 1)
    for k in range(17, -1, -1)
]
STEP = 1e-100  # of a derivative by an imaginary step, which has no error of a difference
RADIUS, AROUND = 0.25, 24  # of Cauchy's integrals for further derivatives, relative; their points


def _derivatives(ufunc, first):
    """The derivatives of a symmetric integral, which SciPy computes for complex numbers: a function
    of an order for each operand, and of the operands.

    first(ufunc, k, operands): the first derivative by operand k, or None for Cauchy's integral.
    """
    count = ufunc.nin

    def value(*given):
        orders, at = [int(n) for n in given[:count]], [np.asarray(x) for x in given[count:]]
        if first is not None and sum(orders) == 1:
            found = first(ufunc, orders.index(1), at)
        else:
            found = _around(ufunc, orders, at, AROUND // 2)
        # for negative p of elliprj SciPy's values are principal values, which are not continued
        real = functools.reduce(np.logical_and, [np.greater_equal(x, 0.0) for x in at])
        return np.where(real, found, np.nan)[()]

    def partial(k):
        def by(*given):
            orders = [n + 1 if j == k else n for j, n in enumerate(given[:count])]
            return function(*orders, *given[count:-1])

        return by

    name = f"derivative of {ufunc.__name__}"
    function = inner(name, value, *[None] * count, *map(partial, range(count)))
    return function


def _by_imaginary_step(ufunc, k, at):
    """At 0 the integral is as steep as a root, and infinite in its last operand."""
    found = np.imag(ufunc(*(x + 1j * STEP if j == k else x for j, x in enumerate(at)))) / STEP
    return np.where(np.equal(at[k], 0.0), -np.inf if k < 2 else np.nan, found)


def _around(ufunc, orders, at, points=AROUND):
    """The derivative by Cauchy's integrals on circles away from 0. The function is real on the real
    axis: half of the outermost circle suffices."""
    which = next((k for k, n in enumerate(orders) if n), None)
    if which is None:
        return ufunc(*at)
    n, radius, total = orders[which], RADIUS * np.absolute(at[which]), 0.0
    rest = [0 if k == which else m for k, m in enumerate(orders)]
    for j in range(points):
        angle = 2j * math.pi * (j + 0.5) / AROUND
        moved = [x + radius * np.exp(angle) if k == which else x for k, x in enumerate(at)]
        total = total + np.exp(-n * angle) * _around(ufunc, rest, moved)
    found = math.factorial(n) / points * total / radius**n
    return np.real(found) if points < AROUND else found


# Carlson's integrals
_elliprd = _derivatives(sp.elliprd, _by_imaginary_step)
elliprd = row(
    "elliprd",
    [POSITIVE, POSITIVE, POSITIVE],
    lambda x, y, z, v: _elliprd(1, 0, 0, x, y, z),
    lambda x, y, z, v: _elliprd(0, 1, 0, x, y, z),
    lambda x, y, z, v: _elliprd(0, 0, 1, x, y, z),
)
elliprf = row(
    "elliprf",
    [POSITIVE, POSITIVE, POSITIVE],
    lambda x, y, z, v: -elliprd(y, z, x) / 6.0,
    lambda x, y, z, v: -elliprd(x, z, y) / 6.0,
    lambda x, y, z, v: -elliprd(x, y, z) / 6.0,
)
row(
    "elliprc",
    [POSITIVE, POSITIVE],
    lambda x, y, v: -elliprd(y, y, x) / 6.0,
    lambda x, y, v: -elliprd(x, y, y) / 3.0,
)
row(
    "elliprg",
    [POSITIVE, POSITIVE, POSITIVE],
    lambda x, y, z, v: elliprf(x, y, z) / 4.0 - x * elliprd(y, z, x) / 12.0,
    lambda x, y, z, v: elliprf(x, y, z) / 4.0 - y * elliprd(x, z, y) / 12.0,
    lambda x, y, z, v: elliprf(x, y, z) / 4.0 - z * elliprd(x, y, z) / 12.0,
)
# SciPy's complex values of elliprj are not smooth enough for a step where operands are equal
_elliprj = _derivatives(sp.elliprj, None)
row(
    "elliprj",
    [POSITIVE, POSITIVE, POSITIVE, POSITIVE],
    lambda x, y, z, p, v: _elliprj(1, 0, 0, 0, x, y, z, p),
    lambda x, y, z, p, v: _elliprj(0, 1, 0, 0, x, y, z, p),
    lambda x, y, z, p, v: _elliprj(0, 0, 1, 0, x, y, z, p),
    lambda x, y, z, p, v: _elliprj(0, 0, 0, 1, x, y, z, p),
)
row(
    "agm",
    [POSITIVE, POSITIVE],
    lambda a, b, y: _agm_slope(a, b, y),
    lambda a, b, y: _agm_slope(b, a, y),
)


def _agm_slope(a, b, mean):
    """The mean is pi / 2 over elliprf(0, a^2, b^2), and negative if a and b are."""
    return 2.0 / (3.0 * math.pi) * np.absolute(a) * mean * mean * elliprd(0.0, b * b, a * a)


# Legendre's complete integrals. K, E and D = (K - E) / m are closed under differentiation by m,
# D by hypergeometric functions.
def _d(m, k, e):
    """D from m, K and E, by its power series where the difference would cancel."""
    m = np.asarray(m, dtype=float)
    near = np.less(np.absolute(m), 0.1)
    found = (k - e) / np.where(near, 1.0, m)
    if near.any():
        small, series = m[near], 0.0
        for factor in D_SERIES:
            series = series * small + factor
        found[near] = series
    return found


_integral_d = inner(
    "integral D",
    by_size(
        64,
        lambda m: sp.elliprd(0.0, 1.0 - m, 1.0) / 3.0,
        lambda m: _d(m, sp.ellipk(m), sp.ellipe(m)),
    ),
    lambda m, y: 3.0 * math.pi / 32.0 / (1.0 - m) * hyp2f1(1.5, 0.5, 3.0, m),
)
_integral_d_of = inner(
    "integral D",
    by_size(
        64,
        lambda p: sp.elliprd(0.0, p, 1.0) / 3.0,
        lambda p: _d(1.0 - p, sp.ellipkm1(p), sp.ellipe(1.0 - p)),
    ),
    lambda p, y: -3.0 * math.pi / 32.0 / p * hyp2f1(1.5, 0.5, 3.0, 1.0 - p),
)
ellipk = row("ellipk", [BELOW_ONE], lambda m, y: 0.5 * (y - _integral_d(m)) / (1.0 - m))
row("ellipkm1", [(0.05, 4.0)], lambda p, y: -0.5 * (y - _integral_d_of(p)) / p)
row("ellipe", [BELOW_ONE], lambda m, y: -0.5 * _integral_d(m))


# Legendre's incomplete integrals: of n half turns and a rest between -pi / 2 and pi / 2
def _reduced(phi):
    """n, and sine^3 and squared cosine of the rest."""
    n = np.rint(phi / math.pi)
    rest = phi - n * math.pi
    return n, np.sin(rest) ** 3, np.cos(rest) ** 2


def _delta_squared(phi, m):
    """1 - m sin(phi)^2, which would cancel where both are near 1."""
    return np.cos(phi) ** 2 + (1.0 - m) * np.sin(phi) ** 2


def _first_of_turns_value(n, m):
    if not np.any(n):
        return 0.0 * (n + m)
    m = np.where(np.equal(n, 0.0), 0.0, m)
    return (n * (sp.ellipk(m) - sp.elliprd(0.0, 1.0 - m, 1.0) / 3.0) / (1.0 - m))[()]


def _second_of_turns_value(n, m):
    if not np.any(n):
        return 0.0 * (n + m)
    return (-n * sp.elliprd(0.0, 1.0 - m, 1.0) / 3.0)[()]


def _first_of_turns_slope(n, m, y):
    d = _integral_d(m)
    slope = hyp2f1(1.5, 0.5, 3.0, m) * (3.0 * math.pi / 32.0)
    difference = ellipk(m) - d
    return n * (1.5 * difference - slope) / (1.0 - m) ** 2


# The derivatives by m of n half turns; n is a step, whose derivative is 0
_first_of_turns = inner(
    "derivative of ellipk", _first_of_turns_value, lambda n, m, y: 0.0, _first_of_turns_slope
)
_second_of_turns = inner(
    "derivative of ellipe",
    _second_of_turns_value,
    lambda n, m, y: 0.0,
    lambda n, m, y: -n * (3.0 * math.pi / 32.0) / (1.0 - m) * hyp2f1(1.5, 0.5, 3.0, m),
)


def _first_by_m(phi, m):
    n, cubed, c = _reduced(phi)
    rest = cubed / 6.0 * elliprd(c, 1.0, _delta_squared(phi, m))
    return rest + _first_of_turns(n, m)


def _second_by_m(phi, m):
    n, cubed, c = _reduced(phi)
    rest = -cubed / 6.0 * elliprd(c, _delta_squared(phi, m), 1.0)
    return rest + _second_of_turns(n, m)


row(
    "ellipkinc",
    [(-4.0, 4.0), BELOW_ONE],
    lambda phi, m, y: 1.0 / np.sqrt(_delta_squared(phi, m)),
    lambda phi, m, y: _first_by_m(phi, m),
)
row(
    "ellipeinc",
    [(-4.0, 4.0), BELOW_ONE],
    lambda phi, m, y: np.sqrt(_delta_squared(phi, m)),
    lambda phi, m, y: _second_by_m(phi, m),
)


# Jacobi's functions. The amplitude phi solves u = F(phi, m).
def _amplitude_by_m(u, m):
    return -_dn(u, m) * _first_by_m(_phi(u, m), m)


def _dn_by_m(u, m, y):
    sn = _sn(u, m)
    return -sn * (0.5 * sn + m * _cn(u, m) * _amplitude_by_m(u, m)) / y


_sn, _cn, _dn, _phi = outputs(
    "ellipj",
    [(-3.0, 3.0), (0.05, 0.95)],
    [
        lambda u, m, y: _cn(u, m) * _dn(u, m),
        lambda u, m, y: _cn(u, m) * _amplitude_by_m(u, m),
    ],
    [
        lambda u, m, y: -_sn(u, m) * _dn(u, m),
        lambda u, m, y: -_sn(u, m) * _amplitude_by_m(u, m),
    ],
    [
        lambda u, m, y: -m * _sn(u, m) * _cn(u, m),
        _dn_by_m,
    ],
    [
        lambda u, m, y: _dn(u, m),
        lambda u, m, y: _amplitude_by_m(u, m),
    ],
)
