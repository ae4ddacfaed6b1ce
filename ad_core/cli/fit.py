# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""The fit of one regression problem with SciPy, and the accuracy of its result.

The same sequence of solvers is used with exact Jacobians and with differences: MINPACK's
Levenberg-Marquardt and SciPy's trust-region solver from the start, then both
once more from the best point so far, where a new trust region lets them take
a full step. All tolerances are at the machine's precision.
"""

from dataclasses import dataclass
from time import perf_counter

import numpy as np

import ad_core

SOLVERS = ("lm", "trf")
TOLERANCE = np.finfo(np.float64).eps
MAX_EVALUATIONS = 2000
CERTIFIED_DIGITS = 11  # NIST prints no more
SAME_COST = 1e-12  # a smaller relative difference of costs is rounding


@dataclass(frozen=True)
class Fit:
    """The result of a sequence of solvers, and its cost.

    ``digits`` is the agreement of the worst parameter with its certified
    value. ``calls`` counts all evaluations of the residual, those for
    differences included. ``jacobians`` counts Jacobians.
    """

    digits: float
    calls: int
    jacobians: int
    seconds: float


def fit(problem, start, exact):
    """Fit a problem from a start, with exact Jacobians or with 2-point differences.

    Parameters
    ----------
    problem : ad_core.examples.strd.Problem
    start : ndarray, shape (D,)
    exact : bool
        Whether the Jacobian is ``ad_core.jacobian``'s or SciPy's ``"2-point"``.

    Returns
    -------
    Fit
        With zero digits if no solver found a finite residual at the start.
    """
    from scipy.optimize import least_squares

    residual = _Counted(problem.residual)
    jacobian = _Counted(ad_core.jacobian(problem.residual)) if exact else "2-point"
    results = []

    def solve(point):
        for method in SOLVERS:
            try:
                result = least_squares(
                    residual,
                    point,
                    jac=jacobian,
                    method=method,
                    x_scale="jac",
                    ftol=TOLERANCE,
                    xtol=TOLERANCE,
                    gtol=TOLERANCE,
                    max_nfev=MAX_EVALUATIONS,
                )
            except ValueError:  # the residual is not finite at the start
                continue
            results.append(result)

    began = perf_counter()
    # Solvers try steps at which a model overflows; they get inf or nan and reduce the step.
    with np.errstate(all="ignore"):
        solve(start)
        if results:
            solve(_best(results).x)
    seconds = perf_counter() - began

    if exact:
        jacobians = jacobian.calls
    else:  # all calls beyond the solvers' own are for differences, D for each Jacobian
        jacobians = (residual.calls - sum(r.nfev for r in results)) // start.size
    reached = agreement(_best(results).x, problem.certified) if results else 0.0
    return Fit(reached, residual.calls, jacobians, seconds)


def agreement(found, certified):
    """Return the number of digits to which the worst parameter agrees, from 0 to 11.

    Examples
    --------
    >>> import numpy as np
    >>> from ad_core.cli.fit import agreement
    >>> agreement(np.array([1.0, 2.0002]), np.array([1.0, 2.0]))
    4.0
    """
    with np.errstate(divide="ignore"):
        digits = -np.log10(np.abs(found - certified) / np.abs(certified))
    clipped = np.clip(np.nan_to_num(digits, nan=0.0), 0, CERTIFIED_DIGITS)
    return float(clipped.min().round(6))


def _best(results):
    """Return the result of smallest cost; between equal costs, of smallest gradient."""
    least = min(result.cost for result in results)
    return min((r for r in results if r.cost <= least * (1 + SAME_COST)), key=_slope)


def _slope(result):
    """Return the largest cosine between the residual and a column of the Jacobian."""
    lengths = np.linalg.norm(result.jac, axis=0) * np.linalg.norm(result.fun)
    slopes = np.abs(result.jac.T @ result.fun)
    return float(np.divide(slopes, lengths, out=np.zeros_like(slopes), where=lengths > 0).max())


class _Counted:
    """A function that counts its calls."""

    def __init__(self, function):
        self.function = function
        self.calls = 0

    def __call__(self, point):
        self.calls += 1
        return self.function(point)
