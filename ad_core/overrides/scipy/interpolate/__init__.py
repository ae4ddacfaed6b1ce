# SPDX-License-Identifier: Apache-2.0
"""Functions and classes of scipy.interpolate on traced values."""

from ad_core.overrides.scipy.interpolate import piecewise

__all__ = ["piecewise"]
