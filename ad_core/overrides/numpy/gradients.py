# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""np.gradient by NumPy's own code, for which traced coordinates are never evenly spaced: it would
take one step for all of them, and keep as a guard that they are equal."""

import types
from functools import cache

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.dispatch import implements
from ad_core.overrides.numpy.own_code import Mirror, copy_of

__all__ = ["gradient"]


class _Steps:
    """The steps between traced coordinates, as far as np.gradient uses them as an array."""

    ndim = 1
    __hash__ = None

    def __init__(self, steps):
        self.steps = steps

    def __eq__(self, other):
        return np.False_

    def __getitem__(self, key):
        return self.steps[key]


def _steps(coordinates):
    steps = np.diff(coordinates)
    return _Steps(steps) if _core.traced(steps) else steps


def _own_code():
    own, names = copy_of(np.gradient._implementation), Mirror(np)
    names.diff = _steps
    made = types.FunctionType(own.__code__, {**own.__globals__, "np": names}, own.__name__)
    made.__kwdefaults__ = own.__kwdefaults__
    return made


_own_code = cache(_own_code)


@implements(np.gradient, lists=True)
def gradient(f, *varargs, axis=None, edge_order=1):
    return _own_code()(f, *varargs, axis=axis, edge_order=edge_order)
