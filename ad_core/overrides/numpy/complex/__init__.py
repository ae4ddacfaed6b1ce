# SPDX-License-Identifier: Apache-2.0
"""Complex numbers within a traced function.

Real inputs and results may have complex numbers in between: a pair of traced real arrays, on
which operators, ufuncs and NumPy functions act by parts.
"""

from ad_core.overrides.numpy.complex.array import TracedComplex

__all__ = ["TracedComplex"]
