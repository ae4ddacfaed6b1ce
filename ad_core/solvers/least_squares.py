# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scipy.optimize.least_squares with exact Jacobians, dense or sparse."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ad_core.solvers.arguments import needed, refuse_given, start
from ad_core.solvers.evaluation import Shared

if TYPE_CHECKING:
    from numpy.typing import ArrayLike
    from scipy.optimize import OptimizeResult as _OptimizeResult

__all__ = ["least_squares"]

DIFFERENCES = ("jac", "jac_sparsity", "diff_step")  # SciPy's options for the Jacobian


def least_squares(
    fun: Callable[..., Any],
    x0: ArrayLike,
    *,
    args: Any = (),
    kwargs: dict[str, Any] | None = None,
    sparse: bool | None = None,
    **options: Any,
) -> _OptimizeResult:
    """Minimise the sum of squares of fun(x, *args, **kwargs) by scipy.optimize.least_squares, with
    fun's exact Jacobian.

    Parameters: fun takes x of shape (n,) and returns the residuals: shape (m,), one number, or a
    list; an ad_core.Function keeps its recordings between solves.  x0 of shape (n,), or a number.
    sparse: True passes csr_arrays to SciPy, False dense arrays.  None passes sparse ones if there
    are at least 10,000 entries, less than 20 % of them different from zero, unless method="lm" or
    tr_solver="exact".  options are SciPy's, except jac, jac_sparsity (the structure is found) and
    diff_step.  Returns SciPy's OptimizeResult.

    Raises TypeError for an x0 that does not hold real numbers and for the options named, ValueError
    for results of wrong shapes, and ImportError without SciPy.  Cost: values are fun's own and
    Jacobians one-shot, until programs for them pay.

    >>> import numpy as np
    >>> from ad_core import solvers
    >>> rosenbrock = lambda x: [10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]]
    >>> solvers.least_squares(rosenbrock, [-2, 1]).x.round(6)
    array([1., 1.])
    """
    optimize = needed("scipy.optimize", "scipy", "least_squares")
    refuse_given(options, DIFFERENCES, "least_squares")
    x0 = start(x0)
    shared = Shared(fun, args, kwargs)
    dense = options.get("method") == "lm" or options.get("tr_solver") == "exact"
    shared.begin(x0, False if sparse is None and dense else sparse)
    return optimize.least_squares(shared.value, x0, jac=shared.derivative, **options)
