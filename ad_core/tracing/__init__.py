# SPDX-License-Identifier: Apache-2.0
"""How NumPy functions act on traced values: one subject a file, all entered in the table of
``dispatch``."""

from ad_core import _core
from ad_core.tracing import (
    differences,
    elementwise,
    norms,
    products,
    queries,
    reductions,
    shapes,
)
from ad_core.tracing.dispatch import call_function
from ad_core.tracing.methods import array_attributes, array_methods
from ad_core.tracing.ufuncs import call_ufunc

__all__ = ["differences", "elementwise", "norms", "products", "queries", "reductions", "shapes"]

_core.set_hooks(
    call_ufunc,
    call_function,
    products.matmul,
    elementwise.round_,
    array_methods(),
    array_attributes(),
)
