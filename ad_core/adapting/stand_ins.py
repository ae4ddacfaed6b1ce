# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""The table of stand-ins: what a name is exchanged for, by the object that it refers to."""

import importlib
import importlib.util
import inspect
import sys
import types

from ad_core import _core

__all__ = [
    "by_kind", "enter", "enter_more_names", "entered", "load_suppliers", "module_stand_in",
    "on_more_names", "stand_in_of", "supplied_functions", "supplied_methods", "supplied_modules",
    "supplied_solvers", "supply", "supply_method", "supply_module", "supply_names",
]  # fmt: skip

# Modules of ad_core that enter stand-ins for Python and NumPy. Those for scipy.x are in a module
# ad_core.overrides.scipy.x, and those for scipy._x in ad_core.overrides.scipy.x too.
SUPPLIERS = ["ad_core.overrides.python", "ad_core.overrides.numpy.early_names"]
OF_SCIPY = "ad_core.overrides."
OF_NUMBA = "ad_core.overrides.numba"

_entered = {}  # id of an original -> (the original, its stand-in)
_stand_ins = set()  # ids of the stand-ins
_makers = []  # functions that return the stand-in of an object, or None
_loaded = set()  # names of modules that were looked for
_on_more_names = []  # functions that enter stand-ins for names that are replaced from now on


# Stand-ins of SciPy's functions and methods, which all of SciPy's modules get at once.
supplied_functions = {}  # id of a function -> stand-in
supplied_methods = {}  # (class, name) -> (the method, its stand-in)
supplied_solvers = {}  # those of the functions that take functions
# Modules of SciPy in which all names are exchanged at the same time.
supplied_modules = {}  # name of a module -> the module


def enter(original, traced, numbers=False):
    """Enter the function that is called in place of another one while a trace runs on the thread.

    numbers: the original takes numbers alone, so it is called itself if no argument is traced.
    """
    return entered(original, _core.StandIn(original, traced, numbers))


def entered(original, stand_in):
    """Enter a stand-in that was made elsewhere."""
    _entered[id(original)] = original, stand_in
    _stand_ins.add(id(stand_in))
    return stand_in


def by_kind(maker):
    """Enter a function that returns the stand-in of an object by its class, or None."""
    _makers.append(maker)
    return maker


def module_stand_in(module, stand_ins):
    """Enter a module that has these stand-ins in place of functions of another module, by name.

    Names that the other module gets later are looked up there."""
    known = _entered.get(id(module))
    if known is not None:
        known[1].__dict__.update(stand_ins)
        return known[1]
    made = types.ModuleType(module.__name__, module.__doc__)
    made.__dict__.update(vars(module))
    made.__dict__.update(stand_ins)
    made.__dict__["__getattr__"] = lambda name: getattr(module, name)
    return entered(module, made)


def on_more_names(function):
    """Let a function be called when ad_core replaces more names of NumPy than before."""
    _on_more_names.append(function)
    return function


def enter_more_names():
    """Enter stand-ins for all names that are replaced now."""
    for function in _on_more_names:
        function()


def supply(original, traced, calls_back=False):
    """Enter a function that is called in place of one of SciPy while a trace runs.

    calls_back: it takes functions. Its names in all loaded modules are exchanged before the next
    trace, since it might run on traced values without an error, and differentiate its iterations.
    """
    supplied_functions[id(original)] = stand_in = enter(original, traced)
    if calls_back:
        supplied_solvers[id(original)] = stand_in


def supply_method(kind, name, traced):
    """The same for a method of a class."""
    original = inspect.getattr_static(kind, name)
    supplied_methods[kind, name] = original, _core.StandIn(original, traced)


def supply_module(module):
    """Enter a public module that defines its functions itself: pickle finds them by their names in
    it, which therefore stay. Names that refer to the module get one with stand-ins."""
    found = {
        name: stand_in_of(x) for name, x in vars(module).items() if id(x) in supplied_functions
    }
    supplied_functions[id(module)] = module_stand_in(module, found)


def supply_names(*modules):
    """Enter modules of SciPy whose own Python code takes traced values once its names are
    exchanged."""
    supplied_modules.update((module.__name__, module) for module in modules)


def load_suppliers():
    """Import the modules of ad_core that enter stand-ins for loaded modules of other libraries."""
    loaded = [OF_SCIPY + name.replace("._", ".") for name in list(sys.modules)
              if name.startswith("scipy.")]  # fmt: skip
    if "numba.np.ufunc.dufunc" in sys.modules:
        loaded.append(OF_NUMBA)
    for name in [*SUPPLIERS, *loaded]:
        if name not in _loaded:
            _loaded.add(name)
            if _exists(name):
                importlib.import_module(name)


def _exists(name):
    """Whether ad_core has a module of this name."""
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:  # its parent is no package
        return False


def number_of_stand_ins():
    """How many functions and other objects have stand-ins so far."""
    return len(_entered)


def stand_in_of(x):
    """What a name that refers to x is exchanged for; None if it stays."""
    found = _entered.get(id(x))
    if found is not None:
        return found[1]
    if id(x) in _stand_ins:
        return None
    for maker in _makers:
        made = maker(x)
        if made is not None:
            return made
    return None
