# SPDX-License-Identifier: Apache-2.0
"""The functions of scipy.optimize in traced code.

SciPy's solver runs on plain values of the user's function; the derivative of what it found follows
from the equation that it solves (ad_core/implicit/equations.py).
"""

from ad_core.overrides.scipy.optimize import (  # noqa: F401 (enter the functions)
    fits,
    linear_programs,
    minima,
    refused,
    roots,
)

__all__ = []
