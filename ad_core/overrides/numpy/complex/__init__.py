# SPDX-License-Identifier: Apache-2.0
"""Complex numbers in traced functions.

Inputs and results are real, but values in between may be complex. A complex value is a pair of
traced real arrays, and operators, ufuncs and NumPy functions are computed from these parts.
"""

from ad_core.overrides.numpy.complex.array import TracedComplex

__all__ = ["TracedComplex"]
