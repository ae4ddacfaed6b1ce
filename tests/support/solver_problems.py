# SPDX-License-Identifier: Apache-2.0
"""Problems for the adapters of ad_core.solvers, and a function that counts its evaluations."""

import numpy as np

import ad_core

__all__ = ["HS71", "HS71_START", "Counting", "broyden", "hs71", "hs71_constraints", "rosenbrock"]


class Counting(ad_core.Function):
    """A compiled function that counts its evaluations."""

    def __init__(self, fun):
        super().__init__(fun, 64)
        self.counts = {}

    def counted(self, name, args, options):
        self.counts[name] = self.counts.get(name, 0) + 1
        return getattr(ad_core.Function, name)(self, *args, **options)

    def value_and_jacobian(self, *args, **options):
        return self.counted("value_and_jacobian", args, options)

    def value_and_grad(self, *args, **options):
        return self.counted("value_and_grad", args, options)

    def jacobian(self, *args, **options):
        return self.counted("jacobian", args, options)


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def broyden(x):
    """More, Garbow and Hillstrom's function 30, tridiagonal."""
    y = (3.0 - 2.0 * x) * x + 1.0
    y[1:] -= x[:-1]
    y[:-1] -= 2.0 * x[1:]
    return y


# Hock and Schittkowski's problem 71, the example of Ipopt's manual.
HS71 = np.array([1.0, 4.74299963, 3.82114998, 1.37940829])
HS71_START = [1, 5, 5, 1]


def hs71(x):
    return x[0] * x[3] * np.sum(x[:3]) + x[2]


def hs71_constraints(x):
    return [x[0] * x[1] * x[2] * x[3], x @ x]
