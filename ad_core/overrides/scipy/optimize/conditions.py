# SPDX-License-Identifier: Apache-2.0
"""The conditions of Karush, Kuhn and Tucker at a minimum, as equations in its variables and
multipliers.

The variables that lie at a bound, and the constraints that hold with equality, have multipliers
that are not zero; all other multipliers are zero. So the multipliers say which equations hold:

    grad f(x) + sum of m_j grad c_j(x) = 0     for the variables that are free
    x_i = its bound                             for the others
    c_j(x) = its bound if m_j is not zero, else m_j = 0
"""

import numpy as np

from ad_core import _core
from ad_core.rules.rule import flat
from ad_core.transforms import first_order

__all__ = ["Conditions"]

AT_BOUND = 1e-6  # how near to its bound a variable or constraint counts as equal to it
NO_FORCE = 1e-7  # multipliers that count as zero, relative to the gradient at the start or 1


class Conditions:
    """The conditions for a minimum of objective(x), within bounds and under constraints.

    x is a vector, or an array whose elements are the variables. lower, upper: arrays that broadcast
    to x's shape. constraints: a list of (function of x, lower, upper).
    """

    def __init__(self, objective, lower=-np.inf, upper=np.inf, constraints=()):
        self.objective = objective
        self.lower = lower
        self.upper = upper
        self.constraints = constraints

    def gradient(self, x):
        return first_order.grad(lambda x: _number(self.objective(x)))(x)

    def values(self, x):
        """The constraints' values, lower and upper bounds, as vectors of one length."""
        if not self.constraints:
            return np.zeros(0), np.zeros(0), np.zeros(0)
        parts = []
        for function, lower, upper in self.constraints:
            value = _vector(function(x))
            like = 0.0 * value
            parts.append((value, lower + like, upper + like))
        return tuple(flat(part) for part in zip(*parts, strict=True))

    def multipliers(self, x, near=AT_BOUND):
        """(those of the bounds, those of the constraints, the largest element of the gradient that
        they do not balance), for plain values."""
        g = np.ravel(self.gradient(x))
        force = NO_FORCE * max(1.0, np.max(np.abs(g), initial=0.0))
        flat_x = np.ravel(x)
        sides = np.array([
            -1.0 * _is_near(flat_x, np.ravel(np.broadcast_to(self.lower, np.shape(x))), near),
            1.0 * _is_near(flat_x, np.ravel(np.broadcast_to(self.upper, np.shape(x))), near),
        ])  # fmt: skip
        value, low, high = self.values(x)
        rows = np.zeros((0, flat_x.size))
        if value.size:
            rows = first_order.jacobian(lambda x: self.values(x)[0])(x).reshape(value.size, -1)
        at_low, at_high = _is_near(value, low, near), _is_near(value, high, near)
        equal, active = low == high, at_low | at_high
        # the signs of multipliers: forces point out of the admissible region
        for _ in range(flat_x.size + value.size + 1):
            bounded = np.any(sides != 0.0, axis=0)
            chosen = np.flatnonzero(active)
            free = ~bounded
            m = np.zeros(value.size)
            if chosen.size:
                m[chosen] = np.linalg.lstsq(rows[chosen][:, free].T, -g[free], rcond=None)[0]
            total = g + rows.T @ m
            wrong = (
                active
                & ~equal
                & ((at_low & ~at_high & (m > -force)) | (at_high & ~at_low & (m < force)))
            )
            outwards = np.where(sides[1] != 0.0, -total, 0.0)
            outwards = outwards + np.where(sides[0] != 0.0, total, 0.0)
            fixed = (sides[0] != 0.0) & (sides[1] != 0.0)
            loose = bounded & ~fixed & (outwards <= force)
            if not wrong.any() and not loose.any():
                break
            active &= ~wrong
            sides[:, loose] = 0.0
        else:
            active[:] = equal
        ends = np.where(sides[1] != 0.0, 1.0, 0.0) - np.where(
            (sides[0] != 0.0) & (sides[1] == 0.0), 1.0, 0.0
        )
        rest = np.max(np.abs(total[free]), initial=0.0)
        of_constraints = np.where(active & (m == 0.0), np.finfo(float).tiny, m) * active
        side = np.where(at_high & (~at_low | (m > 0)), 1.0, -1.0)
        return ends.reshape(np.shape(x)), np.stack([of_constraints, side * active]), rest

    def residual(self, x, ends, multipliers):
        """The conditions as one vector: as many as there are numbers in the three arrays.

        ends: -1 for a variable at its lower bound, 1 at its upper bound, 0 if it is free.
        multipliers: those of the constraints, and the same numbers for them.
        """
        plain_ends = _plain(ends)
        sides = _plain(multipliers)[1]
        m = multipliers[0]

        def lagrangian(x):
            found = _number(self.objective(x))
            if self.constraints:
                found = found + np.sum(m * self.values(x)[0])
            return found

        total = first_order.grad(lagrangian)(x)
        if np.any(plain_ends):
            at_lower = plain_ends == -1.0
            bound = np.where(at_lower, self.lower, self.upper)
            total = np.where(plain_ends == 0.0, total, x - np.where(plain_ends == 0.0, x, bound))
        parts = [total, ends - plain_ends]
        if self.constraints:
            value, low, high = self.values(x)
            bound = np.where(sides < 0.0, low, high)
            parts += [np.where(sides == 0.0, m, value - np.where(sides == 0.0, value, bound))]
            parts += [multipliers[1] - sides]
        return flat(parts)


def _is_near(x, bound, near):
    with np.errstate(invalid="ignore"):
        return np.isfinite(bound) & (np.abs(x - bound) <= near * np.maximum(1.0, np.abs(bound)))


def _number(value):
    """The value of an objective, which may be an array of one element."""
    return value if np.ndim(value) == 0 else np.reshape(value, ())


def _vector(value):
    return np.ravel(np.asarray(value)) if not _core.traced(value) else np.ravel(value)


def _plain(x):
    return _core.current_values(x) if _core.traced(x) else x
