# SPDX-License-Identifier: Apache-2.0
"""Functions and classes of scipy.interpolate on traced values."""

from ad_core.overrides.scipy.interpolate import (
    bsplines,
    fitpack,
    grids,
    interp1d,
    piecewise,
    scattered,
)

__all__ = ["bsplines", "fitpack", "grids", "interp1d", "piecewise", "scattered"]
