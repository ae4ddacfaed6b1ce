# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Functions of scipy.optimize.elementwise: the roots and minima of many functions of one number
each, which are the elements of an array."""

import numpy as np
import scipy.optimize.elementwise as se

from ad_core.implicit.equations import refuse_unsolved, solved
from ad_core.overrides.scipy.calls import ResultFields, function_of, named
from ad_core.overrides.scipy.dispatch import refuses
from ad_core.recording.arrays import as_array
from ad_core.transforms import first_order

__all__ = []

PLAIN = "call it on plain numbers"
OF_BRACKETS = ("bracket", "f_bracket", "xl", "xr", "fl", "fr", "xm", "fm")
LOOSE = 1e-2  # slopes that count as zero, relative to those at the bracket's ends or 1

refuses(se.bracket_root, PLAIN, calls_back=True)
refuses(se.bracket_minimum, PLAIN, calls_back=True)


def _result(name, original, given, residual, check=None):
    """SciPy's result, whose x solves the equation of each element. check(x, given): raises if it
    does not."""
    kept = []

    def find(given):
        options = {key: value for key, value in given.items() if key not in ("f", "init")}
        report = original(given["f"], given["init"], **options)
        if not np.all(report.success):
            refuse_unsolved(name, f"status {report.status}")
        x = np.asarray(report.x)
        if check is not None:
            check(x, given)
        kept[:] = [report]
        return (x,)

    (x,) = solved(name, given, find, lambda x, given: residual(x[0], given), elementwise=True)
    fields = {"x": x, "f_x": lambda: as_array(function_of(given, "f")(x))[()]}
    return ResultFields(kept[0], fields, OF_BRACKETS)


@named(se.find_root)
def find_root(name, original, given):
    return _result(name, original, given, lambda x, given: function_of(given, "f")(x))


@named(se.find_minimum)
def find_minimum(name, original, given):
    def slopes(x, given):
        return first_order.grad(lambda x: np.sum(function_of(given, "f")(x)))(x)

    def check(x, given):
        ends = [np.abs(slopes(np.asarray(end) + 0.0 * x, given)) for end in given["init"][::2]]
        most = LOOSE * np.maximum(1.0, np.fmax(*ends))
        if not np.all(np.abs(slopes(x, given)) <= most):
            refuse_unsolved(name, "the slope there is not zero")

    return _result(name, original, given, slopes, check)
