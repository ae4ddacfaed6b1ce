# SPDX-License-Identifier: Apache-2.0
"""The functions of scipy.integrate in traced code: integrals by Leibniz's rule, and solutions of
differential equations with their tangents and adjoints. Sums over samples (trapezoid, simpson,
romb) run as SciPy wrote them."""

from ad_core.overrides.scipy.integrate import (  # noqa: F401 (enter the functions)
    equations,
    quadrature,
    refused,
)

__all__ = []
