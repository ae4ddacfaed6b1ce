# SPDX-License-Identifier: Apache-2.0
"""Elementwise functions by rules: a value from elsewhere, and a partial derivative an operand."""

import numpy as np

from ad_core import _core
from ad_core.rules.rule import call
from ad_core.tracing.elementwise import as_array

__all__ = ["elementwise"]


def elementwise(name, value, *partials):
    """The function ``value`` of float arrays that broadcast, on traced arrays as well.

    partials: one an operand, called as partial(*operands, result) and written in functions that
    take traced arrays, so that derivatives of any order follow; None where there is none, which
    refuses a traced operand there.
    """

    def function(*operands):
        if len(operands) != len(partials):
            raise TypeError(f"{name} takes {len(partials)} arrays, got {len(operands)}")
        arrays = [_plain_if_constant(x) for x in operands]
        places = [k for k, x in enumerate(arrays) if _core.traced(x)]
        if not places:
            result = _core.untraced(value, *arrays)
            # of constants of a trace: an array that takes traced values
            return np.array(result) if any(map(_core.traced, operands)) else result
        for k in places:
            if partials[k] is None:
                raise NotImplementedError(
                    f"{name} has no derivative in ad_core with respect to argument {k}"
                    f"{_core.user_line()}; pass plain numbers there"
                )
        shape = np.broadcast_shapes(*(np.shape(x) for x in arrays))
        given = tuple(np.broadcast_to(as_array(arrays[k]), shape) for k in places)
        chosen = [partials[k] for k in places]
        # what the rule keeps: no traced values, which would keep the tape that keeps the rule
        fixed = [None if k in places else x for k, x in enumerate(arrays)]

        def filled(given):
            full = list(fixed)
            for k, x in zip(places, given, strict=True):
                full[k] = x
            return full

        def linear(given, result, backward):
            with np.errstate(all="ignore"):
                slopes = [p(*filled(given), result[0]) for p in chosen]
            if backward:
                return lambda cotangents: [_scaled(p, cotangents[0]) for p in slopes]
            return lambda tangents: (sum(map(_scaled, slopes, tangents)),)

        def values(*given):
            return (value(*filled(given)),)

        return call(name, values, given, linear=linear, elementwise=True)[0][()]

    function.__name__ = name.rpartition(".")[2]
    return function


def _plain_if_constant(x):
    """An operand: numbers and constant arrays plain, whatever depends on an input traced."""
    x = as_array(x)
    if _core.traced(x):
        if x.dtype == np.bool_:
            return x * 1.0
        return _core.current_values(x) if _core.is_constant(x) else x
    return x


def _scaled(partial, tangent):
    """Their product, in which an exact zero wins over infinities and NaN."""
    if _core.traced(partial) or _core.traced(tangent):
        return _core.record_op("PRODUCT", partial, tangent)
    with np.errstate(all="ignore"):
        product = partial * tangent
    return np.where((partial == 0) | (tangent == 0), 0.0, product)
