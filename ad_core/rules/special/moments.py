# SPDX-License-Identifier: Apache-2.0
"""Derivatives of exponentials: with f = exp(g), f^(n) / f is a polynomial in the derivatives of
g (a Bell polynomial, by which moments follow from cumulants)."""

import math

__all__ = ["moment"]


def moment(orders, cumulant):
    """The derivative of f = exp(g), i times by one and j times by another variable, divided by f.

    orders: (i, j). cumulant(i, j): that derivative of g.
    """
    known = {(0, 0): 1.0}

    def of(i, j):
        if (i, j) not in known:
            low, high = (i - 1, j) if i else (i, j - 1)
            total = 0.0
            for k in range(low + 1):
                for m in range(high + 1):
                    factor = math.comb(low, k) * math.comb(high, m)
                    own = cumulant(k + 1, m) if i else cumulant(k, m + 1)
                    total = total + factor * of(low - k, high - m) * own
            known[i, j] = total
        return known[i, j]

    return of(*orders)
