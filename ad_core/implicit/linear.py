# SPDX-License-Identifier: Apache-2.0
"""The linear systems of the implicit function theorem."""

import numpy as np

from ad_core import _core
from ad_core.rules.rule import call

__all__ = ["divide", "solve"]

WORST = 1.0 / np.finfo(np.float64).eps  # with a larger condition number no digit is correct


def solve(name, a, b):
    """Solve a x = b for a matrix (n, n) and a vector (n), traced or not.

    Raises LinAlgError, with `name` in the message, for a matrix that is singular to rounding.
    """

    def linear(arrays, results, backward):
        (a, _), (x,) = arrays, results
        if not backward:
            return lambda t: (solve(name, a, t[1] - t[0] @ x),)

        def pull(cotangents):
            u = solve(name, np.transpose(a), cotangents[0])
            return -np.outer(u, x), u

        return pull

    return call(f"the linear system of {name}", lambda a, b: (_solve(name, a, b),), (a, b),
                linear=linear)[0]  # fmt: skip


def divide(name, a, b):
    """The elementwise quotient b / a, which is the solution for a diagonal matrix."""
    slopes = _core.current_values(a) if _core.traced(a) else a
    if not np.all(np.isfinite(slopes) & (slopes != 0.0)):
        raise np.linalg.LinAlgError(_singular(name, np.inf))
    return b / a


def _singular(name, condition):
    return (
        f"the Jacobian of the equation that {name} solved is singular at the solution "
        f"(condition number {condition:.1e}), so its derivative does not exist; check that "
        f"the solution is isolated: no double root, as many independent equations as unknowns"
    )


def _solve(name, a, b):
    condition = np.inf
    if np.all(np.isfinite(a)):
        try:
            condition = np.linalg.cond(a, 1)
        except np.linalg.LinAlgError:
            condition = np.inf
    if not condition < WORST:
        raise np.linalg.LinAlgError(_singular(name, condition))
    return np.linalg.solve(a, b)
