# SPDX-License-Identifier: Apache-2.0
"""NumPy functions that write complex values into arrays, or make views of several arrays. They are
applied to each part."""

import numpy as np

from ad_core import _core
from ad_core.errors import TracedValueError
from ad_core.overrides.numpy.complex.array import TracedComplex, involved, made
from ad_core.overrides.numpy.complex.functions import implements
from ad_core.overrides.numpy.guards import decided
from ad_core.overrides.numpy.logic import can_cast, may_share_memory, result_type, shares_memory

__all__ = ["place", "put", "putmask"]


def _by_parts(name, array, values):
    """Both parts of an array, each with the corresponding part of the values."""
    if type(array) is TracedComplex:
        z = made(values, copy=False)
        return (array.re, z.re), (array.im, z.im)
    if _core.traced(array):
        raise TracedValueError(
            f"np.{name} of complex values into a real array{_core.user_line()} would drop their "
            f"imaginary part; make the array with dtype=complex, or store their .real"
        )
    raise TracedValueError(
        f"np.{name} of traced values into a plain array{_core.user_line()}, which can not hold "
        f"them; make the array inside the traced function (np.zeros, np.empty, ...)"
    )


@implements(np.put)
def put(a, ind, v, mode="raise"):
    for part, value in _by_parts("put", a, v):
        np.put(part, ind, value, mode)


@implements(np.place)
def place(arr, mask, vals):
    """np.place, where compiled code begins."""
    mask = decided(mask)
    for part, value in _by_parts("place", arr, vals):
        np.place(part, mask, value)


@implements(np.putmask)
def putmask(a, mask, values):
    mask = decided(mask)
    for part, value in _by_parts("putmask", a, values):
        np.putmask(part, mask, value)


def _each_by_parts(function):
    """A function of several arrays, applied to the parts of complex ones."""

    def views(*arrays, **kwargs):
        sides = [(made(x, copy=False), involved((x,))) for x in arrays]
        re, im = (
            function(*(getattr(z, side) for z, _ in sides), **kwargs) for side in ("re", "im")
        )
        return tuple(
            TracedComplex(a, b) if is_complex else a
            for a, b, (_, is_complex) in zip(re, im, sides, strict=True)
        )

    return views


implements(np.broadcast_arrays)(_each_by_parts(np.broadcast_arrays))


implements(np.may_share_memory)(may_share_memory)
implements(np.shares_memory)(shares_memory)
implements(np.result_type)(result_type)
implements(np.can_cast)(can_cast)
