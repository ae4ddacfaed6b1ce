# SPDX-License-Identifier: Apache-2.0
"""Calls of SciPy's functions, with a file for each of its modules.

Each file has MODULE, the module of SciPy; ROWS, {name of a public function: calls}, whose
derivatives are tested; PLAIN, the names of functions of which no derivative is asked (they take
integers, names or settings, or return no floats); and REFUSED, {name: a call that raises an error
of ad_core}. Every public name of the module is in one of them. A name that the installed SciPy does
not have is left out.
"""

import importlib
import pkgutil
from typing import NamedTuple

__all__ = ["Call", "modules", "public_names"]


class Call(NamedTuple):
    """A function of one array that calls the function of SciPy, and a point.

    second: whether second derivatives are tested; tolerance: of derivatives, relative to
    differences; exact: whether values are those of SciPy to the last bit.
    """

    function: object
    point: object
    second: bool = True
    tolerance: float = 1e-6
    exact: bool = True


def modules():
    """The files of this folder, as modules."""
    names = sorted(found.name for found in pkgutil.iter_modules(__path__))
    return [importlib.import_module(f"{__name__}.{name}") for name in names]


def public_names(module):
    """The public functions and classes of a module of SciPy."""
    return sorted(
        name
        for name in getattr(module, "__all__", dir(module))
        if not name.startswith("_") and callable(getattr(module, name, None))
    )
