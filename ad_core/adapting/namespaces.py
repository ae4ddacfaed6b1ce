# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Exchanges names in the namespaces of other modules, in closures, defaults and classes, and
restores them."""

import functools
import importlib
import inspect
import pkgutil
import sys
import threading
import types
import weakref

import numpy as np

from ad_core import _core
from ad_core.adapting.stand_ins import (
    load_suppliers,
    number_of_stand_ins,
    stand_in_of,
    supplied_functions,
    supplied_methods,
    supplied_modules,
    supplied_solvers,
)

__all__ = [
    "adapt", "adapted", "exchange_in", "exchange_in_function", "restore",
]  # fmt: skip

# Packages whose names are never exchanged: ad_core, the standard library, NumPy (whose protocols
# reach traced values), and libraries with arrays or compilers of their own.
OTHERS = {"autograd", "casadi", "jax", "matplotlib", "numba", "pandas", "polars", "pyarrow",
          "sympy", "tensorflow", "torch", "xarray"}  # fmt: skip
LEFT_ALONE = {"ad_core", "numpy", "builtins", *sys.stdlib_module_names, *OTHERS} - {"__main__"}
BUILTINS = {"float": float, "complex": complex, "super": super}

lock = threading.RLock()
_changes = []  # (label, name, function that restores the name)
# Function -> [(name, function that restores the name in it)]. Functions may be short-lived.
_in_functions = weakref.WeakKeyDictionary()
_whole = set()  # modules of SciPy in which all names are exchanged


def adapt(*names: str) -> int:
    """Let modules that have bound ``math.exp``, ``numpy.zeros``, ``scipy.linalg.solve`` and others,
    or that call ``float(x)``, take traced values.

    names: of modules or packages, which are imported; a package is adapted with all modules in it
    that are loaded or can be imported. Their names then refer to stand-ins, which are the original
    function where no trace runs. It is not needed for functions whose first recording fails at
    such a name: that adapts the modules in its traceback by itself, and records again. Returns the
    number of names in these modules that were exchanged.

    Raises ImportError for a module that does not exist, and ValueError for one of the standard
    library, NumPy, ad_core, or a library with arrays of its own (pandas, JAX, PyTorch, ...).

    >>> import ad_core
    >>> ad_core.adapt("statistics")
    Traceback (most recent call last):
    ...
    ValueError: the module 'statistics' belongs to Python, NumPy, ad_core or a library ...
    """
    found = 0
    exchange_supplied()
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"adapt takes names of modules, got {type(name).__name__}")
        if name.partition(".")[0] in LEFT_ALONE:
            raise ValueError(
                f"the module {name!r} belongs to Python, NumPy, ad_core or a library with arrays "
                f"of its own, whose names are never exchanged; name the module that uses it"
            )
        for module in _modules(importlib.import_module(name)):
            found += exchange_in(vars(module))
    return found


NOT_USED = {"__main__", "conftest", "tests"}  # parts of packages that are not for their users


def _modules(module):
    """A module, and those within it if it is a package."""
    yield module
    prefix = f"{module.__name__}."
    if hasattr(module, "__path__"):
        for found in pkgutil.walk_packages(module.__path__, prefix, onerror=lambda name: None):
            if not NOT_USED.isdisjoint(found.name.split(".")):
                continue
            try:
                importlib.import_module(found.name)
            except ImportError:  # an optional part, whose own requirements are missing
                continue
    yield from [part for name, part in sorted(sys.modules.items())
                if name.startswith(prefix) and isinstance(part, types.ModuleType)]  # fmt: skip


def adapted() -> dict[str, list[str]]:
    """The names that are exchanged now: for each module, a list of its names in sorted order.

    >>> import ad_core
    >>> ad_core.restore()
    >>> ad_core.adapted()
    {}
    """
    found = {}
    with lock:
        for label, name, _ in _changes:
            found.setdefault(label, set()).add(name)
        for function, changes in list(_in_functions.items()):
            found.setdefault(function.__module__ or "?", set()).update(name for name, _ in changes)
    return {label: sorted(names) for label, names in sorted(found.items())}


def restore() -> None:
    """Let all exchanged names refer to what they referred to before.

    A name to which its module has assigned something else since then keeps that. Derivatives that
    need the names exchange them again.

    >>> import ad_core, math, sys, types
    >>> steam = sys.modules["steam"] = types.ModuleType("steam")
    >>> steam.exp = math.exp                    # as after `from math import exp` in a module
    >>> ad_core.adapt("steam")
    1
    >>> ad_core.adapted()["steam"]
    ['exp']
    >>> ad_core.grad(lambda x: steam.exp(2.0 * x))(0.0)
    np.float64(2.0)
    >>> ad_core.restore()
    >>> steam.exp is math.exp
    True
    """
    global _loaded
    with lock:
        _core.leave_objects()
        if not _changes and not _in_functions:
            return
        while _changes:
            _changes.pop()[2]()
        _loaded = 0
        _seen.clear()
        _in_vain.clear()
        for function, changes in list(_in_functions.items()):
            for _, undo in reversed(changes):
                undo(function)
        _in_functions.clear()
        kept_by.clear()
        _whole.clear()
        _core.forget_adapted()


def exchange_in(space, codes=()):
    """Exchange the names of a namespace of a module; returns their number.

    codes: code objects that run in it, beside those of its own functions and classes."""
    label = space.get("__name__", "?")  # code that exec() runs may have no name
    if not isinstance(label, str) or label.partition(".")[0] in LEFT_ALONE:
        return 0
    found = 0
    with lock:
        seen = set()
        _core.note_adapted(space)
        for name, x in list(space.items()):
            if name.startswith("__"):
                continue
            stand_in = None if _must_stay(label, name, x) else stand_in_of(x)
            if stand_in is not None:
                found += _set(space, label, name, x, stand_in)
            else:
                found += exchange_inside(x, space, label, name, seen)
        for name, original in BUILTINS.items():
            if name in space or (original is super and not _derives_arrays(space)):
                continue
            if any(_looks_up(code, name) for code in codes) or _uses(space, name):
                found += _set(space, label, name, None, stand_in_of(original))
    return found


_in_vain = {}  # module -> its state when it was searched for names, and had none left


def exchange_elsewhere(space):
    """exchange_in() for modules that are not in the traceback: those that had nothing to exchange
    are searched again only if what they contain, or the number of stand-ins, has changed."""
    contents = hash(tuple(map(id, list(space.values()))))
    label, state = space.get("__name__"), (id(space), contents, number_of_stand_ins())
    if _in_vain.get(label) == state:
        return 0
    found = exchange_in(space)
    if found == 0:
        _in_vain[label] = state
    return found


def exchange_caches(modules):
    """Exchange the functions with a cache that modules contain, which are called as attributes of
    these modules; returns their number."""
    found = 0
    with lock:
        for module in modules:
            label, space = module.__name__, vars(module)
            if label.partition(".")[0] not in LEFT_ALONE:
                found += sum([_set(space, label, name, x, stand_in_of(x))
                              for name, x in list(space.items()) if type(x) is CACHED])  # fmt: skip
    return found


kept_by = {}  # class and attribute -> number of objects in which it was exchanged (objects.py)
_loaded = 0  # modules in which the stand-ins of SciPy's functions were looked for


def exchange_supplied():
    """Exchange the functions and methods of SciPy that have stand-ins, in all of its modules that
    are loaded; returns the number of names."""
    global _loaded
    with lock:
        load_suppliers()  # another thread waits until all stand-ins are entered
        if _loaded == len(sys.modules):
            return 0  # they were exchanged in all modules that are loaded
        _loaded = len(sys.modules)
        found = _exchange_methods() + _exchange_by(
            supplied_functions, lambda label: label.startswith("scipy.")
        )
        for label in supplied_modules.keys() - _whole:
            _whole.add(label)
            found += exchange_in(vars(supplied_modules[label]))
        return found


_seen = set()  # names of modules in which names of solvers were exchanged


def exchange_solvers():
    """Exchange the functions of SciPy that take functions, and the methods, in all modules that
    were loaded since the last call; returns the number of names."""
    with lock:
        load_suppliers()
        found = _exchange_methods() + _exchange_by(
            supplied_solvers,
            lambda label: label not in _seen and label.partition(".")[0] not in LEFT_ALONE,
        )
        _seen.update(sys.modules)
        return found


def _exchange_methods():
    found = 0
    for kind, name in supplied_methods:
        original, stand_in = supplied_methods[kind, name]
        if inspect.getattr_static(kind, name, None) is original:
            found += set_attribute(kind, name, original, stand_in)
    return found


def _exchange_by(stand_ins, wanted):
    """Exchange the functions that have these stand-ins, in all loaded modules of wanted names."""
    found = 0
    for label, module in list(sys.modules.items()):
        if not wanted(label) or type(module) is not types.ModuleType:
            continue
        space = vars(module)
        for name, x in list(space.items()):
            stand_in = stand_ins.get(id(x))
            if stand_in is not None and (name.startswith("_") or not _is_home(label, name, x)):
                found += _set(space, label, name, x, stand_in)
    return found


def _must_stay(label, name, x):
    """Whether a name is the one by which pickle finds the object: but the stand-in of a function
    with a cache is found by that name itself."""
    return _is_home(label, name, x) and type(x) is not CACHED


CACHED = type(functools.lru_cache(lambda: None))


def _is_home(label, name, x):
    """Whether a name is the one by which pickle finds the object, which must not be exchanged."""
    return getattr(x, "__module__", None) == label and getattr(x, "__qualname__", None) == name


def exchange_in_function(function):
    """Exchange the names in a function's closure and defaults, and in those of the functions that
    it wraps; returns their number."""
    function = _unwrapped(function)
    with lock:
        return _exchange_in_code(function, set()) if function is not None else 0


def _unwrapped(function):
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__func__", function)
    if not isinstance(function, types.FunctionType):
        function = inspect.getattr_static(type(function), "__call__", None)
    return function if isinstance(function, types.FunctionType) else None


def exchange_inside(x, space, label, name, seen):
    """Exchange the names within an object that a namespace contains: a function's closure and
    defaults, the attributes of a class, the elements of a dictionary or list."""
    if isinstance(x, types.FunctionType):
        return _exchange_in_code(x, seen) if x.__globals__ is space else 0
    if isinstance(x, type) and x.__module__ == space.get("__name__"):
        return _exchange_in_class(x, seen)
    if type(x) in (dict, list) and not _is_namespace(x):
        items = list(x.items() if type(x) is dict else enumerate(x))
        found = 0
        for key, part in items[:MOST_ITEMS]:
            stand_in = stand_in_of(part)
            if stand_in is not None:
                found += _set(x, label, f"{name}[{key!r}]", part, stand_in, key)
        return found
    return 0


def _is_namespace(x):
    """Whether an object is the namespace of a module, such as that of Python's own functions, which
    other modules may refer to."""
    label = x.get("__name__") if type(x) is dict else None
    return isinstance(label, str) and getattr(sys.modules.get(label), "__dict__", None) is x


MOST_ITEMS = 1000  # elements of a container that are looked at


def _exchange_in_class(kind, seen):
    if id(kind) in seen:
        return 0
    seen.add(id(kind))
    found = 0
    for name, x in list(vars(kind).items()):
        stand_in = None if name.startswith("__") else stand_in_of(x)
        if stand_in is not None:
            found += set_attribute(kind, name, x, stand_in)
            continue
        if type(x) in (staticmethod, classmethod) and (stand_in := stand_in_of(x.__func__)):
            found += set_attribute(kind, name, x, type(x)(stand_in))
            continue
        x = getattr(x, "fget", None) or getattr(x, "__func__", x)
        if isinstance(x, types.FunctionType):
            found += _exchange_in_code(x, seen)
    return found


def _exchange_in_code(function, seen):
    """Exchange the names in a function's closure and defaults."""
    if id(function) in seen:
        return 0
    seen.add(id(function))
    if (function.__module__ or "").partition(".")[0] in LEFT_ALONE:
        return 0
    found = 0
    for k, cell in enumerate(function.__closure__ or ()):
        try:
            x = cell.cell_contents
        except ValueError:  # not bound yet
            continue
        stand_in = stand_in_of(x)
        if stand_in is not None:
            found += _set_cell(function, k, x, stand_in)
        elif isinstance(x, types.FunctionType):
            found += _exchange_in_code(x, seen)
    if function.__defaults__:
        given = tuple(_or_itself(x) for x in function.__defaults__)
        if any(x is not y for x, y in zip(given, function.__defaults__, strict=True)):
            found += _set_defaults(function, "__defaults__", given)
    if function.__kwdefaults__:
        given = {name: _or_itself(x) for name, x in function.__kwdefaults__.items()}
        if any(x is not function.__kwdefaults__[name] for name, x in given.items()):
            found += _set_defaults(function, "__kwdefaults__", given)
    return found


def _or_itself(x):
    stand_in = stand_in_of(x)
    return x if stand_in is None else stand_in


def _uses(space, name):
    """Whether code of a module looks up a global name."""
    label = space.get("__name__")
    for x in list(space.values()):
        if isinstance(x, types.FunctionType):
            if x.__globals__ is space and _looks_up(x.__code__, name):
                return True
        elif isinstance(x, type) and x.__module__ == label:
            for part in vars(x).values():
                part = getattr(part, "fget", None) or getattr(part, "__func__", part)
                code = getattr(part, "__code__", None)
                if isinstance(code, types.CodeType) and _looks_up(code, name):
                    return True
    return False


def _derives_arrays(space):
    """Whether a module defines a class that is derived from np.ndarray."""
    label = space.get("__name__")
    return any(
        isinstance(x, type) and issubclass(x, np.ndarray) and x.__module__ == label
        for x in list(space.values())
    )


def _looks_up(code, name):
    return name in code.co_names or any(
        isinstance(part, types.CodeType) and _looks_up(part, name) for part in code.co_consts
    )


def note(label, name, undo):
    _changes.append((label, name, undo))
    _core.note_exchange()
    return 1


def _set(space, label, name, original, stand_in, key=None):
    """Exchange an item of a dictionary or list. original: None if there is none yet."""
    key = name if key is None else key

    def undo():
        try:
            current = space[key]
        except (LookupError, TypeError):
            return
        if current is stand_in:
            if original is None:
                del space[key]
            else:
                space[key] = original

    found = note(label, name, undo)  # before the exchange, in case of an interrupt
    space[key] = stand_in
    return found


def _set_cell(function, k, original, stand_in):
    """Exchange the value of a free variable of a function."""

    def undo(function):
        try:
            current = function.__closure__[k].cell_contents
        except ValueError:
            return
        if current is stand_in:
            function.__closure__[k].cell_contents = original

    found = _note_in(function, function.__code__.co_freevars[k], undo)
    function.__closure__[k].cell_contents = stand_in
    return found


def _set_defaults(function, kind, given):
    """Exchange the default values of a function."""
    before = getattr(function, kind)

    def undo(function):
        if getattr(function, kind) is given:
            setattr(function, kind, before)

    found = _note_in(function, kind, undo)
    setattr(function, kind, given)
    return found


def _note_in(function, name, undo):
    _in_functions.setdefault(function, []).append((f"{function.__qualname__}: {name}", undo))
    _core.note_exchange()
    return 1


# Flags of classes (docs.python.org/3/c-api/typeobj.html) whose attributes can be set, and not.
HEAP, IMMUTABLE = 1 << 9, 1 << 8


def set_attribute(kind, name, original, stand_in):
    """Exchange an attribute of a class, unless it is one of compiled code."""
    if not kind.__flags__ & HEAP or kind.__flags__ & IMMUTABLE:
        return 0
    inherited = name not in vars(kind)

    def undo():
        if vars(kind).get(name) is not stand_in:
            return
        if inherited:
            delattr(kind, name)
        else:
            setattr(kind, name, original)

    found = note(kind.__module__, f"{kind.__qualname__}.{name}", undo)
    setattr(kind, name, stand_in)
    return found
