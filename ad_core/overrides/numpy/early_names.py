# SPDX-License-Identifier: Apache-2.0
"""NumPy's names in modules that have bound them before a trace (``from numpy import zeros``), or
that call np.float64(x)."""

import numpy as np

from ad_core import _core
from ad_core.adapting.stand_ins import enter, module_stand_in, stand_in_of

__all__ = []

_modules = {}  # id of the namespace of a module of NumPy -> {name: stand-in}


for _space, _name, _original, _replacement in _core.numpy_stand_ins():
    _stand_in = stand_in_of(_original) or enter(_original, _replacement)
    _modules.setdefault(id(_space), {})[_name] = _stand_in

_names = _modules[id(vars(np))]
for _name in ("linalg", "fft"):
    _module = getattr(np, _name)
    _names[_name] = module_stand_in(_module, _modules.get(id(vars(_module)), {}))
for _name in ("float64", "double", "complex128", "cdouble"):
    _names[_name] = stand_in_of(getattr(np, _name))
module_stand_in(np, _names)
