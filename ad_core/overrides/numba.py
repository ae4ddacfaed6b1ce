# SPDX-License-Identifier: Apache-2.0
"""Functions compiled by numba, which run as the Python functions that they were compiled from if an
argument depends on an input.

numba keeps the Python function as `py_func`. The methods `__call__` of its classes are exchanged
instead of names, because a compiled function may be an attribute of an object. Code that numba
compiles later may find stand-ins in the place of names; they have the originals' types.
"""

import functools
import sys

import numpy as np

from ad_core import _core
from ad_core.adapting.compiled import called, depends_on_input, on_constants
from ad_core.adapting.stand_ins import supply_method

__all__ = []


def _function(original, compiled, *args, **kwargs):
    """What numba.njit has compiled."""
    if depends_on_input(args, kwargs):
        return compiled.py_func(*args, **kwargs)
    return on_constants(original, (compiled, *args), kwargs)


def _elementwise(original, compiled, *args, **kwargs):
    """What numba.vectorize has compiled: a function of numbers."""
    if not depends_on_input(args, kwargs):
        return on_constants(original, (compiled, *args), kwargs)
    if kwargs:  # out= and others of np.ufunc
        return called(compiled, args, kwargs)  # refuses
    python = compiled._dispatcher.py_func
    if not any(map(np.ndim, args)):
        return python(*args)
    return np.vectorize(python)(*args)


def _type_of_stand_in(stand_in, context):
    """The type of a name's stand-in in code that numba compiles: that of the original."""
    target = sys.modules["numba.core.registry"].cpu_target
    return target.typing_context.resolve_value_type(stand_in.__wrapped__)


for _module, _class, _traced in (
    ("numba.core.registry", "CPUDispatcher", _function),
    ("numba.np.ufunc.dufunc", "DUFunc", _elementwise),
):
    if _module in sys.modules:
        _kind = getattr(sys.modules[_module], _class)
        supply_method(_kind, "__call__", functools.partial(_traced, _kind.__call__))
if "numba.core.typing.typeof" in sys.modules:
    sys.modules["numba.core.typing.typeof"].typeof_impl.register(_core.StandIn)(_type_of_stand_in)
