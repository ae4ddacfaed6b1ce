# SPDX-License-Identifier: Apache-2.0
"""scipy.optimize.curve_fit with exact Jacobians."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ad_core import _core
from ad_core.solvers.arguments import array_function, needed, refuse_given, refuse_traced
from ad_core.solvers.gradual import Gradual

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

__all__ = ["curve_fit"]

DIFFERENCES = ("jac", "diff_step", "jac_sparsity")  # SciPy's options for the Jacobian


def curve_fit(
    f: Callable[..., Any], xdata: Any, ydata: ArrayLike, p0: ArrayLike | None = None, **options: Any
) -> tuple[Any, ...]:
    """Fit f(xdata, *params) to ydata by scipy.optimize.curve_fit, with exact Jacobians by params.

    Parameters: f takes xdata as given and the parameters as numbers, and returns the model's values
    in ydata's shape (m,), as an array or a list.  xdata is not differentiated by, and stays plain.
    p0 are the parameters at the start, numbers or (n,); None: ones, as many as f's signature has.
    options are SciPy's (sigma, bounds, method, ...), except jac, diff_step and jac_sparsity.

    Returns SciPy's (popt, pcov), of shapes (n,) and (n, n), or more with full_output=True.

    Raises TypeError for parameters that are not real numbers and for the options named, what SciPy
    raises, and ImportError without SciPy.  Cost: values are f's own; Jacobians are those of one
    recording where all parameters take the same path, and one-shot for large models, until a
    program for them pays.

    >>> import numpy as np
    >>> from ad_core import solvers
    >>> t = np.linspace(0.0, 4.0, 9)
    >>> fit, _ = solvers.curve_fit(lambda t, a, b: a * np.exp(-b * t), t, 2.5 * np.exp(-1.3 * t))
    >>> fit.round(6)
    array([2.5, 1.3])
    """
    optimize = needed("scipy.optimize", "scipy", "curve_fit")
    refuse_given(options, DIFFERENCES, "curve_fit")
    refuse_traced([xdata, ydata, p0], "xdata, ydata or p0")
    if not callable(f):
        raise TypeError(f"curve_fit takes a function, got {type(f).__name__}")
    model = getattr(f, "__wrapped__", f) if isinstance(f, _core.Evaluator) else f
    return optimize.curve_fit(model, xdata, ydata, p0=p0, jac=Model(model).jacobian, **options)


class Model:
    """The Jacobian of a model at data that SciPy may have reduced to those that are finite."""

    def __init__(self, f):
        self.f = f
        self.xdata = self.function = None

    def jacobian(self, xdata, *params):
        if self.function is None or xdata is not self.xdata:
            self.xdata = xdata
            self.function = _core.Equations(
                lambda p: self.f(xdata, *p), len(params), self.unrecorded, True
            )
        return self.function.jacobian(np.array(params, dtype=np.float64))

    def unrecorded(self):
        """The model without a recording for all points."""
        return Unrecorded(Gradual(array_function(lambda p: self.f(self.xdata, *p))).jacobian)


class Unrecorded:
    """The Jacobian of a model that is large or can not be evaluated at other points."""

    def __init__(self, derivative):
        self.derivative = derivative
