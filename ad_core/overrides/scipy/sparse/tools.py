# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""How functions of scipy.sparse._sparsetools are entered, and what they have in common."""

import numpy as np
from scipy.sparse import _sparsetools

from ad_core import _core
from ad_core.adapting.compiled import called
from ad_core.adapting.stand_ins import enter
from ad_core.errors import TracedValueError
from ad_core.overrides.numpy.accumulations import sums_at
from ad_core.overrides.numpy.complex.array import TracedComplex, constant_values, pair

__all__ = ["added", "depends", "plain_of", "replaced", "rows_of", "sums", "tool"]


def tool(name):
    """Enter a function as what the compiled function of this name does if one of its arrays depends
    on an input. Its parameters are the same; the first one is the compiled function, if the name of
    the parameter is `original`."""

    def decorate(function):
        original = getattr(_sparsetools, name, None)
        if original is None:  # of another version of SciPy
            return function
        wants_original = function.__code__.co_varnames[:1] == ("original",)

        def either(*args):
            if not depends(args):
                return called(original, args, {})
            return function(original, *args) if wants_original else function(*args)

        enter(original, either)
        return function

    return decorate


def depends(items):
    """Whether one of the arrays depends on an input."""
    return _core.holds_variable(items) or any(
        type(x) is TracedComplex and constant_values(x) is None for x in items
    )


def plain_of(x):
    """An array for compiled code: complex constants as a plain array."""
    return constant_values(x) if type(x) is TracedComplex else x


def rows_of(indptr):
    """The row of each element of a matrix in CSR format."""
    indptr = np.asarray(indptr)
    return np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))


def sums(x, places, size):
    """The sums of the elements of a vector at each of `size` places."""
    if type(x) is TracedComplex:
        return pair(sums_at(x.re, places, size), sums_at(x.im, places, size))
    if not _core.traced(x) and np.iscomplexobj(x):
        return np.bincount(places, x.real, size) + 1j * np.bincount(places, x.imag, size)
    return sums_at(x, places, size)


def _refuse_plain(out):
    if not (_core.traced(out) or type(out) is TracedComplex):
        raise TracedValueError(
            f"the result of a sparse operation would be stored in a plain array"
            f"{_core.user_line()}, which can not hold traced values"
        )


def added(out, values):
    """Add values to the array of a result, as compiled code does."""
    _refuse_plain(out)
    values = values.reshape(out.shape)
    if not depends((out,)) and not np.any(_values(out)):
        out[...] = values
    else:
        out[...] = out + values


def _values(out):
    return constant_values(out) if type(out) is TracedComplex else _core.current_values(out)


def replaced(out, values):
    """Store values at the beginning of the array of a result."""
    _refuse_plain(out)
    if len(values):
        out[: len(values)] = values
