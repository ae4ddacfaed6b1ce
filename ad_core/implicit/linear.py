# SPDX-License-Identifier: Apache-2.0
"""The linear systems of the implicit function theorem."""

import numpy as np

from ad_core.rules.rule import call

__all__ = ["solve"]

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


def _solve(name, a, b):
    condition = np.inf
    if np.all(np.isfinite(a)):
        try:
            condition = np.linalg.cond(a, 1)
        except np.linalg.LinAlgError:
            condition = np.inf
    if not condition < WORST:
        raise np.linalg.LinAlgError(
            f"the Jacobian of the equation that {name} solved is singular at the solution "
            f"(condition number {condition:.1e}), so its derivative does not exist; check that "
            f"the solution is isolated: no double root, as many independent equations as unknowns"
        )
    return np.linalg.solve(a, b)
