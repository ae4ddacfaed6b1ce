# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Functions of scipy.optimize without a derivative."""

import scipy.optimize as so
from scipy.optimize import _optimize

from ad_core.adapting.stand_ins import supply_names
from ad_core.overrides.scipy.dispatch import refuses

__all__ = []

supply_names(_optimize)  # rosen and its derivatives make arrays for their results

MINIMIZE = "call scipy.optimize.minimize, which has one"
FROM_THERE = "call scipy.optimize.minimize from the plain minimum that it finds"
OWN = "call ad_core.grad, or SciPy's function on plain numbers"
WHOLE = "its result is made of whole numbers; call it on plain numbers"

for _original, _remedy in {
    so.fmin_tnc: MINIMIZE, so.fmin_slsqp: MINIMIZE, so.fmin_cobyla: MINIMIZE, so.brute: FROM_THERE,
    so.direct: FROM_THERE, so.approx_fprime: OWN, so.check_grad: OWN, so.line_search: OWN,
    so.bracket: OWN, so.milp: WHOLE, so.quadratic_assignment: WHOLE,
    so.isotonic_regression: "fit it on plain numbers",
}.items():  # fmt: skip
    refuses(_original, _remedy, calls_back=True)
