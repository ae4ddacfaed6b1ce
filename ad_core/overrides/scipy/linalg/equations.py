# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scipy.linalg: matrix equations of Sylvester, Lyapunov and Riccati."""

import numpy as np
import scipy.linalg as sl

from ad_core.overrides.scipy.linalg.entering import linalg, over_stacks, square
from ad_core.recording.arrays import as_array
from ad_core.rules import matrix_equations as rules
from ad_core.rules.linalg import transposed

__all__ = [
    "solve_continuous_are", "solve_continuous_lyapunov", "solve_discrete_are",
    "solve_discrete_lyapunov", "solve_lyapunov", "solve_sylvester",
]  # fmt: skip


@linalg
@over_stacks(2, 2, 2)
def solve_sylvester(a, b, q):
    """The solution x of a x + x b = q.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda a: solve_sylvester(a, np.eye(1), np.eye(1)))(np.eye(1))
    array([[[[-0.25]]]])
    """
    a, b, q = square(a), square(b), as_array(q)
    if q.shape != (a.shape[0], b.shape[0]):
        raise ValueError(f"the shapes {a.shape}, {b.shape} and {q.shape} do not match")
    return rules.sylvester(a, b, q)


@linalg
@over_stacks(2, 2)
def solve_continuous_lyapunov(a, q):
    """The solution x of a x + x a^T = q.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda a: solve_continuous_lyapunov(a, np.eye(1)))(np.eye(1))
    array([[[[-0.5]]]])
    """
    a, q = square(a), square(q)
    if a.shape != q.shape:
        raise ValueError("Matrix a and q should have the same shape.")
    return rules.sylvester(a, transposed(a), q, lambda a, b, q: sl.solve_continuous_lyapunov(a, q))


@linalg
def solve_lyapunov(a, q):
    """The same as :func:`solve_continuous_lyapunov`."""
    return solve_continuous_lyapunov(a, q)


@linalg
@over_stacks(2, 2)
def solve_discrete_lyapunov(a, q, method=None):
    """The solution x of a x a^T - x + q = 0.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda q: solve_discrete_lyapunov(0.5 * np.eye(1), q))(np.eye(1)).round(12)
    array([[[[1.33333333]]]])
    """
    a, q = square(a), square(q)
    if a.shape != q.shape:
        raise ValueError("the shapes of a and q do not match")
    if method not in (None, "direct", "bilinear"):
        raise ValueError(f"Unknown solver {method}")
    return rules.stein(a, q, lambda a, q: sl.solve_discrete_lyapunov(a, q, method))


def _riccati(rule, original, a, b, q, r, e, s, balanced):
    a, b, q, r = square(a), as_array(b), square(q), square(r)
    given_e, given_s = e is not None, s is not None
    e = square(e) if given_e else np.eye(a.shape[0])
    s = as_array(s) if given_s else np.zeros(b.shape)
    shapes = [x.shape for x in (a, b, q, r, e, s)]
    n, m = a.shape[0], r.shape[0]
    if shapes != [(n, n), (n, m), (n, n), (m, m), (n, n), (n, m)]:
        raise ValueError(f"the shapes {shapes} of the matrices do not match")

    def solved(a, b, q, r, e, s):
        return original(a, b, q, r, e if given_e else None, s if given_s else None, balanced)

    return rule(f"scipy.linalg.{original.__name__}", solved, (a, b, q, r, e, s))


@linalg
@over_stacks(2, 2, 2, 2, 2, 2)
def solve_continuous_are(a, b, q, r, e=None, s=None, balanced=True):
    """The stabilising solution x of
    a^T x e + e^T x a - (e^T x b + s) r^-1 (b^T x e + s^T) + q = 0.

    >>> import numpy as np, ad_core
    >>> one = np.eye(1)
    >>> ad_core.jacobian(lambda q: solve_continuous_are(0 * one, one, q, one))(4.0 * one).round(9)
    array([[[[0.25]]]])
    """
    return _riccati(rules.continuous_riccati, sl.solve_continuous_are, a, b, q, r, e, s, balanced)


@linalg
@over_stacks(2, 2, 2, 2, 2, 2)
def solve_discrete_are(a, b, q, r, e=None, s=None, balanced=True):
    """The stabilising solution x of
    a^T x a - e^T x e - (a^T x b + s) (r + b^T x b)^-1 (b^T x a + s^T) + q = 0.

    >>> import numpy as np, ad_core
    >>> one = np.eye(1)
    >>> ad_core.jacobian(lambda q: solve_discrete_are(0.0 * one, one, q, one))(4.0 * one).round(12)
    array([[[[1.]]]])
    """
    return _riccati(rules.discrete_riccati, sl.solve_discrete_are, a, b, q, r, e, s, balanced)
