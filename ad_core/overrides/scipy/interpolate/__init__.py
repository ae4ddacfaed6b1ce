# SPDX-License-Identifier: Apache-2.0
"""Functions and classes of scipy.interpolate on traced values."""

from ad_core.overrides.scipy.interpolate import bsplines, fitpack, grids, piecewise, scattered

__all__ = ["bsplines", "fitpack", "grids", "piecewise", "scattered"]
