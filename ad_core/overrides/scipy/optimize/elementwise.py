# SPDX-License-Identifier: Apache-2.0
"""Functions of scipy.optimize.elementwise, whose steps in Python have no derivative of use."""

import scipy.optimize.elementwise as se

from ad_core.overrides.scipy.dispatch import refuses

__all__ = []

OF_NUMBERS = "call scipy.optimize.minimize_scalar for each element"
PLAIN = "call it on plain numbers"

refuses(se.find_root, "call scipy.optimize.newton, which takes arrays", calls_back=True)
refuses(se.find_minimum, OF_NUMBERS, calls_back=True)
refuses(se.bracket_root, PLAIN, calls_back=True)
refuses(se.bracket_minimum, PLAIN, calls_back=True)
