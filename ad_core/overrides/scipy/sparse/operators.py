# SPDX-License-Identifier: Apache-2.0
"""Solutions of linear systems whose matrix is a LinearOperator: a function that multiplies with it.

The derivative solves with the same function, or with its transpose, by the same iteration, to
rounding. Traced values in the function's closure, or in attributes of the operator, are parameters
of the matrix.
"""

import numpy as np
import scipy.sparse.linalg as ssl

from ad_core import _core
from ad_core.overrides.scipy.decisions import decision
from ad_core.recording.arrays import as_array
from ad_core.rules.closures import depend, hoisted
from ad_core.rules.rule import call
from ad_core.transforms import first_order

__all__ = ["solution"]

EXACT, ENOUGH = 1e-13, 1e-11  # relative residuals of solutions for derivatives: wanted, accepted


def solution(name, original, A, b, x0, options):
    """(x, info) of A x = b for a vector b, as `original` of SciPy finds them."""
    found, rebuild = hoisted(A)
    if not (found and depend(found)):
        found, rebuild = [], lambda values: A
    parameters = tuple(map(as_array, found))

    def run(at, b):
        return original(rebuild(_numbers(at)), b, x0, **options)

    x = _System(name, original, rebuild).solution(parameters, b, lambda at, b: run(at, b)[0])
    return x, decision(
        f"info of {name}", lambda *arrays: int(run(arrays[:-1], arrays[-1])[1]), *parameters, b
    )


def _numbers(arrays):
    """Arrays, those of no axes as numbers, as the function had them."""
    return [x[()] for x in arrays]


class _System:
    """A x = b, where rebuild(parameters) is A or, with back, its transpose."""

    def __init__(self, name, original, rebuild, back=False):
        self.name = name
        self.original = original
        self.rebuild = rebuild
        self.back = back

    def operator(self, parameters):
        A = self.rebuild(_numbers(parameters))
        return _transposed(A) if self.back else A

    def product(self, x):
        """The function of the parameters that returns A x."""
        return lambda *parameters: self.operator(parameters).matvec(x)

    def solution(self, parameters, b, run=None):
        """The solution x, as a function of the parameters and of b; run(parameters, b): what
        computes it, if not the iteration to rounding."""

        def value(*arrays):
            *at, b = arrays
            if run is not None:
                return (run(at, b),)
            return (self.to_rounding(self.operator(at), b),)

        def jvp(arrays, results, tangents):
            *at, _ = arrays
            moved = tangents[-1]
            if at:
                move = first_order.jvp(self.product(results[0]), tuple(at), tuple(tangents[:-1]))
                moved = moved - move[1]
            return (self.solution(at, moved),)

        def vjp(arrays, results, cotangents):
            *at, _ = arrays
            other = _System(self.name, self.original, self.rebuild, not self.back)
            w = other.solution(at, cotangents[0])
            if not at:
                return (w,)
            return *(-slope for slope in first_order.vjp(self.product(results[0]), *at)[1](w)), w

        return call(self.name, value, (*parameters, b), jvp, vjp)[0]

    def to_rounding(self, A, b):
        scale = np.linalg.norm(b)
        if scale == 0.0 or not np.isfinite(scale):
            return 0.0 * b
        x, info = self.original(A, b / scale, rtol=EXACT)
        if info != 0:  # a breakdown of the iteration
            x, info = ssl.gmres(A, b / scale, x, rtol=EXACT, restart=min(len(b), 50))
        if info != 0 and not np.linalg.norm(A @ x - b / scale) <= ENOUGH:
            raise RuntimeError(
                f"{self.name} does not converge for the derivative of its solution (info={info}); "
                f"give it the matrix instead of a LinearOperator"
            )
        return x * scale


def _transposed(A):
    """The transpose of an operator; if it has no rmatvec, by a reverse sweep through its matvec."""
    try:
        _core.untraced(A.rmatvec, np.zeros(A.shape[0]))
    except (NotImplementedError, TypeError, RecursionError):
        pull = lambda w: first_order.vjp(A.matvec, np.zeros(A.shape[1]))[1](w)[0]  # noqa: E731
        return ssl.LinearOperator(A.shape[::-1], matvec=pull, rmatvec=A.matvec, dtype=float)
    return A.T
