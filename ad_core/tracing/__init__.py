# SPDX-License-Identifier: Apache-2.0
"""How NumPy functions act on traced values: one subject a file, all entered in the table of
``dispatch``."""

from ad_core import _core
from ad_core.complexes import stores as complex_stores
from ad_core.complexes.array import TracedComplex, made
from ad_core.complexes.functions import call_function
from ad_core.complexes.operations import operate
from ad_core.integers import tells_integers
from ad_core.tracing import (
    angles,
    application,
    assertions,
    contractions,
    convolutions,
    differences,
    elementwise,
    fft,
    float_errors,
    folds,
    foreign,
    gradients,
    grids,
    histograms,
    indexing,
    interpolation,
    linalg,
    linalg_factors,
    masked,
    masked_making,
    norms,
    polynomials,
    positions,
    products,
    quantiles,
    queries,
    reductions,
    sets,
    shapes,
    statistics,
)
from ad_core.tracing.methods import array_attributes, array_methods, array_setters
from ad_core.tracing.ufuncs import call_ufunc

__all__ = [
    "angles", "application", "assertions", "complex_stores", "contractions", "convolutions",
    "differences", "elementwise", "fft", "float_errors", "folds", "foreign", "gradients", "grids",
    "histograms", "indexing", "interpolation", "linalg", "linalg_factors", "masked",
    "masked_making", "norms", "polynomials", "positions", "products", "quantiles", "queries",
    "reductions", "sets", "shapes", "statistics",
]  # fmt: skip

_core.set_hooks(
    tells_integers(call_ufunc),
    tells_integers(call_function),
    products.matmul,
    elementwise.round_,
    array_methods(),
    array_attributes(),
    array_setters(),
)
_core.set_keep_error(float_errors.keep_error)
_core.set_testing(assertions.replacements)
_core.set_complex(TracedComplex, operate, made)
_core.set_foreign(
    foreign.ask_ufunc,
    foreign.ask_function,
    foreign.refuse_operand,
    foreign.refuse_input,
    masked.TracedMasked,
    masked.result_of,
)
