# SPDX-License-Identifier: Apache-2.0
"""Functions compiled by numba, which run as the Python functions that they were compiled from if an
argument depends on an input.

numba keeps the Python function as `py_func`. The methods `__call__` of its classes are exchanged
instead of names, because a compiled function may be an attribute of an object.
"""

import numpy as np
from numba.core.registry import CPUDispatcher
from numba.np.ufunc.dufunc import DUFunc

from ad_core.adapting.compiled import called, depends_on_input, on_constants
from ad_core.adapting.stand_ins import supply_method

__all__ = []


def _function(compiled, *args, **kwargs):
    """What numba.njit has compiled."""
    if depends_on_input(args, kwargs):
        return compiled.py_func(*args, **kwargs)
    return on_constants(_call_function, (compiled, *args), kwargs)


def _elementwise(compiled, *args, **kwargs):
    """What numba.vectorize has compiled: a function of numbers."""
    if not depends_on_input(args, kwargs):
        return on_constants(_call_elementwise, (compiled, *args), kwargs)
    if kwargs:  # out= and others of np.ufunc
        return called(compiled, args, kwargs)  # refuses
    python = compiled._dispatcher.py_func
    if not any(map(np.ndim, args)):
        return python(*args)
    return np.vectorize(python)(*args)


_call_function = CPUDispatcher.__call__
_call_elementwise = DUFunc.__call__

supply_method(CPUDispatcher, "__call__", _function)
supply_method(DUFunc, "__call__", _elementwise)
