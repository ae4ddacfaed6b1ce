# SPDX-License-Identifier: Apache-2.0
"""The NumPy functions for traced values, with one file for each subject. All are entered in the
table of ``dispatch``."""

from ad_core import _core
from ad_core.errors import remedies
from ad_core.errors.integers import explain_integers, explained_error
from ad_core.overrides.numpy import (
    accumulations,
    compiled_parts,
    convolution,
    creation,
    einsum,
    elementwise,
    fft,
    floating_errors,
    foreign,
    gradients,
    histograms,
    indexing,
    interpolation,
    iteration,
    linalg,
    linalg_factors,
    logic,
    ma,
    ma_creation,
    manipulation,
    norms,
    own_functions,
    polynomials,
    products,
    reductions,
    sets,
    sorting,
    statistics,
    subclasses,
    testing,
)
from ad_core.overrides.numpy.complex import inverses as complex_inverses
from ad_core.overrides.numpy.complex import stores as complex_stores
from ad_core.overrides.numpy.complex.array import TracedComplex, made
from ad_core.overrides.numpy.complex.functions import call_function
from ad_core.overrides.numpy.complex.operations import operate
from ad_core.overrides.numpy.dispatch import implementation_of, table
from ad_core.overrides.numpy.methods import array_attributes, array_methods, array_setters
from ad_core.overrides.numpy.ufuncs import COMPOSED, call_ufunc
from ad_core.recording import layouts

__all__ = [
    "accumulations",
    "compiled_parts",
    "complex_inverses",
    "complex_stores",
    "convolution",
    "creation",
    "einsum",
    "elementwise",
    "fft",
    "floating_errors",
    "foreign",
    "gradients",
    "histograms",
    "indexing",
    "interpolation",
    "iteration",
    "linalg",
    "linalg_factors",
    "logic",
    "ma",
    "ma_creation",
    "manipulation",
    "norms",
    "own_functions",
    "polynomials",
    "products",
    "reductions",
    "sets",
    "sorting",
    "statistics",
    "subclasses",
    "testing",
]  # fmt: skip

remedies.DIFFERENTIABLE.append(lambda f: _core.has_row(f) or f in COMPOSED or f in table)

hooks = {
    "ufunc": explain_integers(call_ufunc),
    "function": explain_integers(call_function),
    "implementation": implementation_of,
    "explained": explained_error,
    "in_numpy_layout": layouts.in_numpy_layout,
    "matmul": products.matmul,
    "round_": elementwise.round_,
    "array_methods": array_methods(),
    "array_attributes": array_attributes(),
    "array_setters": array_setters(),
    "testing": testing.replacements,
    "keep_error": floating_errors.keep_error,
    "complex_type": TracedComplex,
    "complex_operation": operate,
    "complex_made": made,
    "ask_ufunc": foreign.ask_ufunc,
    "ask_function": foreign.ask_function,
    "refuse_operand": foreign.refuse_operand,
    "refuse_input": foreign.refuse_input,
    "masked": ma_creation.replacements,
    "masked_type": ma.TracedMasked,
    "masked_result": ma.result_of,
    "kind_of_array": subclasses.KindOfArray,
}
