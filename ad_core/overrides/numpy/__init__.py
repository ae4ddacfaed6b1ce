# SPDX-License-Identifier: Apache-2.0
"""How NumPy functions act on traced values: one subject a file, all entered in the table of
``dispatch``."""

from ad_core import _core
from ad_core.errors.integers import tells_integers
from ad_core.overrides.numpy import (
    accumulations,
    angles,
    convolution,
    creation,
    differences,
    einsum,
    elementwise,
    fft,
    floating_errors,
    foreign,
    functional,
    gradients,
    histograms,
    indexing,
    interpolation,
    linalg,
    linalg_factors,
    logic,
    ma,
    ma_creation,
    manipulation,
    norms,
    polynomials,
    products,
    quantiles,
    reductions,
    sets,
    sorting,
    statistics,
    testing,
)
from ad_core.overrides.numpy.complex import stores as complex_stores
from ad_core.overrides.numpy.complex.array import TracedComplex, made
from ad_core.overrides.numpy.complex.functions import call_function
from ad_core.overrides.numpy.complex.operations import operate
from ad_core.overrides.numpy.methods import array_attributes, array_methods, array_setters
from ad_core.overrides.numpy.ufuncs import call_ufunc

__all__ = [
    "accumulations",
    "angles",
    "complex_stores",
    "convolution",
    "creation",
    "differences",
    "einsum",
    "elementwise",
    "fft",
    "floating_errors",
    "foreign",
    "functional",
    "gradients",
    "histograms",
    "indexing",
    "interpolation",
    "linalg",
    "linalg_factors",
    "logic",
    "ma",
    "ma_creation",
    "manipulation",
    "norms",
    "polynomials",
    "products",
    "quantiles",
    "reductions",
    "sets",
    "sorting",
    "statistics",
    "testing",
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
_core.set_keep_error(floating_errors.keep_error)
_core.set_testing(testing.replacements)
_core.set_complex(TracedComplex, operate, made)
_core.set_foreign(
    foreign.ask_ufunc,
    foreign.ask_function,
    foreign.refuse_operand,
    foreign.refuse_input,
    ma.TracedMasked,
    ma.result_of,
)
