# SPDX-License-Identifier: Apache-2.0
"""Powell's hybrid method with exact Jacobians: the options and the result of SciPy's "hybr"."""

import warnings

import numpy as np

from ad_core import _core
from ad_core.solvers.arguments import needed

__all__ = ["hybrid"]

XTOL, FACTOR = 1.49012e-8, 100.0  # SciPy's defaults
OPTIONS = ("xtol", "maxfev", "factor", "diag")

# A number of the core's ad_hybrid_end, which is SciPy's status up to 5, and its message.
MESSAGES = {
    1: "The solution converged.",
    2: "The number of calls to the function has reached maxfev = {maxfev}.",
    3: "xtol={xtol:g} is too small, no further improvement in the approximate solution is "
       "possible.",
    4: "The iteration is not making good progress, as measured by the improvement from the last "
       "five Jacobian evaluations.",
    5: "The iteration is not making good progress, as measured by the improvement from the last "
       "ten iterations.",
    6: "{name} or its Jacobian is NaN or infinite {where}.",
}  # fmt: skip


def hybrid(fun, equations, x0, tol, options):
    """Solve equations (an _core.Equations of fun) from x0 (n,), and return SciPy's OptimizeResult.

    Options are xtol (None or absent: tol, or SciPy's default), maxfev, factor and diag.  Raises
    TypeError or ValueError for others and for values that are not positive.  SciPy's statuses are
    1 to 5; 6 is a function that is not finite at the start, or at the points that were tried last.
    """
    result = needed("scipy.optimize", "scipy", "root").OptimizeResult
    xtol, maxfev, factor, diag = _checked(tol, options, x0.size)
    x, f, r, turned, turned_f, nfev, njev, status = _core.hybrid_root(
        equations, x0, xtol, factor, maxfev, diag
    )
    message = MESSAGES[status]
    if status != 1:
        where = f"at x0 = {x0}" if np.array_equal(x, x0) and nfev == 1 else f"near x = {x}"
        message = message.format(xtol=xtol, maxfev=maxfev, name=_core.name_of(fun), where=where)
    found = result(
        x=x, success=status == 1, status=status, message=message, method="hybr", fun=f, nfev=nfev,
        njev=njev,
    )  # fmt: skip
    if njev:
        found.fjac, found.r, found.qtf = turned, r, turned_f
    return found


def _checked(tol, options, n):
    """(xtol, maxfev, factor, diag), checked."""
    if not options:
        return _positive(XTOL if tol is None else tol, "xtol", 0.0), 100 * (n + 1), FACTOR, None
    unknown = [name for name in options if name not in OPTIONS]
    if unknown:
        optimize = needed("scipy.optimize", "scipy", "root")
        text = f"Unknown solver options: {', '.join(unknown)}"
        warnings.warn(text, optimize.OptimizeWarning, stacklevel=4)
    xtol = options.get("xtol", XTOL if tol is None else tol)
    maxfev = int(options.get("maxfev") or 100 * (n + 1))
    factor = _positive(options.get("factor", FACTOR), "factor")
    if maxfev < 0:
        raise ValueError(f"maxfev must be a positive number of calls, got {maxfev}")
    return _positive(xtol, "xtol", 0.0), maxfev, factor, _scales(options.get("diag"), n)


def _positive(x, name, least=None):
    x = float(x)
    if not (x > 0.0 or x == least) or x == np.inf:
        raise ValueError(f"{name} must be a positive number, got {x}")
    return x


def _scales(diag, n):
    if diag is None:
        return None
    diag = np.array(diag, dtype=np.float64, order="C")
    if diag.shape != (n,) or not (np.isfinite(diag) & (diag > 0.0)).all():
        raise ValueError(f"diag must be {n} positive numbers, got {diag}")
    return diag
