# SPDX-License-Identifier: Apache-2.0
"""Complex numbers within a traced function.

Real inputs and results may have complex numbers in between: a pair of traced real arrays, on
which operators, ufuncs and NumPy functions act by parts.
"""

from ad_core import _core
from ad_core.complexes.array import TracedComplex, made
from ad_core.complexes.functions import call_function
from ad_core.complexes.operations import operate

__all__ = ["TracedComplex", "call_function"]

if hasattr(_core, "set_complex"):
    _core.set_complex(TracedComplex, operate, made)
