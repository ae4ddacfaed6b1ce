# SPDX-License-Identifier: Apache-2.0
"""NumPy's names in modules that have bound them before a trace (``from numpy import zeros``), or
that call np.float64(x)."""

import numpy as np

from ad_core import _core
from ad_core.adapting.stand_ins import enter, module_stand_in, on_more_names, stand_in_of

__all__ = []


@on_more_names
def _enter_names():
    """Enter stand-ins for all functions that ad_core replaces in NumPy's namespaces, and for
    NumPy's modules that contain them."""
    modules = {}  # id of the namespace of a module of NumPy -> {name: stand-in}
    for space, name, original, replacement in _core.numpy_stand_ins():
        stand_in = stand_in_of(original) or enter(original, replacement)
        modules.setdefault(id(space), {})[name] = stand_in
    names = modules[id(vars(np))]
    for name in ("linalg", "fft"):
        module = getattr(np, name)
        names[name] = module_stand_in(module, modules.get(id(vars(module)), {}))
    for name in ("float64", "double", "complex128", "cdouble"):
        names[name] = stand_in_of(getattr(np, name))
    module_stand_in(np, names)


_enter_names()
