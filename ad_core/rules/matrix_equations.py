# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Solutions of linear and quadratic matrix equations, with derivatives that are solutions of linear
ones: those of Sylvester, Lyapunov, Stein and Riccati.

The equations are scipy.linalg's. Source: Kao and Hennequin, Automatic differentiation of Sylvester,
Lyapunov, and algebraic Riccati equations (2020).
"""

import numpy as np
import scipy.linalg as sl

from ad_core import _core
from ad_core.rules.linalg import transposed
from ad_core.rules.rule import call
from ad_core.transforms import first_order

__all__ = ["continuous_riccati", "discrete_riccati", "stein", "sylvester"]


def sylvester(a, b, q, solved=None):
    """The solution x of a x + x b = q; solved: SciPy's function of the three matrices."""
    solved = solved or sl.solve_sylvester

    def jvp(arrays, results, tangents):
        (a, b, _), (x,) = arrays, results
        da, db, dq = tangents
        return (sylvester(a, b, dq - da @ x - x @ db),)

    def vjp(arrays, results, cotangents):
        (a, b, _), (x,) = arrays, results
        w = sylvester(transposed(a), transposed(b), cotangents[0])
        return -w @ transposed(x), -transposed(x) @ w, w

    value = lambda *arrays: (solved(*arrays),)  # noqa: E731
    return call("scipy.linalg.solve_sylvester", value, (a, b, q), jvp, vjp)[0]


def stein(a, q, solved=None):
    """The solution x of x = a x a^T + q."""
    solved = solved or sl.solve_discrete_lyapunov

    def jvp(arrays, results, tangents):
        (a, _), (x,), (da, dq) = arrays, results, tangents
        return (stein(a, dq + da @ x @ transposed(a) + a @ x @ transposed(da)),)

    def vjp(arrays, results, cotangents):
        (a, _), (x,) = arrays, results
        w = stein(transposed(a), cotangents[0])
        return w @ a @ transposed(x) + transposed(w) @ a @ x, w

    value = lambda *arrays: (solved(*arrays),)  # noqa: E731
    return call("scipy.linalg.solve_discrete_lyapunov", value, (a, q), jvp, vjp)[0]


def continuous_riccati(name, solved, matrices):
    """The stabilising solution x of
    a^T x e + e^T x a - (e^T x b + s) r^-1 (b^T x e + s^T) + q = 0; matrices: a, b, q, r, e, s."""

    def residual(x, a, b, q, r, e, s):
        side = transposed(e) @ x @ b + s
        linear = transposed(a) @ x @ e
        return linear + transposed(linear) - side @ np.linalg.solve(r, transposed(side)) + q

    def inverse(x, a, b, q, r, e, s):
        """The y with (a - b k)^T y e + e^T y (a - b k) = d, as a function of d."""
        k = np.linalg.solve(r, transposed(b) @ x @ e + transposed(s))
        m = np.linalg.solve(transposed(e), transposed(a - b @ k))
        return lambda d: sylvester(m, transposed(m), _outer_solve(e, d))

    return _implicit(name, solved, matrices, residual, inverse)


def discrete_riccati(name, solved, matrices):
    """The stabilising solution x of
    a^T x a - e^T x e - (a^T x b + s) (r + b^T x b)^-1 (b^T x a + s^T) + q = 0."""

    def residual(x, a, b, q, r, e, s):
        side = transposed(a) @ x @ b + s
        inner = np.linalg.solve(r + transposed(b) @ x @ b, transposed(side))
        return transposed(a) @ x @ a - transposed(e) @ x @ e - side @ inner + q

    def inverse(x, a, b, q, r, e, s):
        """The y with (a - b k)^T y (a - b k) - e^T y e = d, as a function of d."""
        k = np.linalg.solve(r + transposed(b) @ x @ b, transposed(b) @ x @ a + transposed(s))
        m = np.linalg.solve(transposed(e), transposed(a - b @ k))
        return lambda d: -stein(m, _outer_solve(e, d))

    return _implicit(name, solved, matrices, residual, inverse)


def _outer_solve(e, d):
    """e^-T d e^-1."""
    half = np.linalg.solve(transposed(e), d)
    return transposed(np.linalg.solve(transposed(e), transposed(half)))


def _implicit(name, solved, matrices, residual, inverse):
    """A solution of residual(x, *matrices) = 0, by the implicit function theorem; inverse(x,
    *matrices) solves the equation that is linear in the tangent of x."""

    def jvp(arrays, results, tangents):
        (x,) = results
        push = first_order.linearize(lambda *arrays: residual(x, *arrays), *arrays)[1]
        return (-inverse(x, *arrays)(push(*tangents)),)

    value = lambda *arrays: (solved(*arrays),)  # noqa: E731
    plain = [x if _core.traced(x) else np.asarray(x, float) for x in matrices]
    return call(name, value, plain, jvp)[0]
