# SPDX-License-Identifier: Apache-2.0
"""Exchanges names in the namespaces of other modules, in closures, defaults and classes, and
restores them."""

import functools
import importlib
import pkgutil
import sys
import threading
import types

from ad_core import _core
from ad_core.adapting.stand_ins import load_suppliers, stand_in_of, supplied

__all__ = ["adapt", "adapted", "exchange_in", "exchange_in_function", "restore"]

# Packages whose names are never exchanged: ad_core, NumPy (whose protocols reach traced values), and
# the standard library.
LEFT_ALONE = {"ad_core", "numpy", "builtins", *sys.stdlib_module_names} - {"__main__"}
BUILTINS = {"float": float, "complex": complex}

_lock = threading.RLock()
_changes = []  # (label, name, function that restores the name)
_whole = set()  # modules of SciPy in which all names are exchanged


def adapt(*names):
    """Let modules that have bound ``math.exp``, ``numpy.zeros``, ``scipy.linalg.solve`` and others,
    or that call ``float(x)``, take traced values.

    names: of modules or packages, which are imported; a package is adapted with all modules in it
    that are loaded or can be imported. Their names then refer to stand-ins, which are the original
    function where no trace runs. It is not needed for functions whose first recording fails at
    such a name: that adapts the modules in its traceback by itself, and records again. Returns the
    number of names that were exchanged.

    Raises ImportError for a module that does not exist, and ValueError for one of the standard
    library, NumPy or ad_core.

    >>> import ad_core, ad_core.examples.textbook
    >>> ad_core.adapt("statistics")
    Traceback (most recent call last):
    ...
    ValueError: the module 'statistics' belongs to Python, NumPy or ad_core, whose names ...
    """
    found = exchange_supplied()
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"adapt takes names of modules, got {type(name).__name__}")
        if name.partition(".")[0] in LEFT_ALONE:
            raise ValueError(
                f"the module {name!r} belongs to Python, NumPy or ad_core, whose names are never "
                f"exchanged; name the module that uses it"
            )
        for module in _modules(importlib.import_module(name)):
            found += exchange_in(vars(module))
    return found


def _modules(module):
    """A module, and those within it if it is a package."""
    yield module
    prefix = f"{module.__name__}."
    if hasattr(module, "__path__"):
        for found in pkgutil.walk_packages(module.__path__, prefix, onerror=lambda name: None):
            if found.name.rpartition(".")[2] == "__main__":
                continue
            try:
                importlib.import_module(found.name)
            except Exception:  # an optional part, whose own requirements are missing
                continue
    yield from [part for name, part in sorted(sys.modules.items())
                if name.startswith(prefix) and isinstance(part, types.ModuleType)]  # fmt: skip


def adapted():
    """The names that are exchanged now: for each module, a list of its names in sorted order.

    >>> import ad_core
    >>> ad_core.restore()
    >>> ad_core.adapted()
    {}
    """
    found = {}
    with _lock:
        for label, name, _ in _changes:
            found.setdefault(label, set()).add(name)
    return {label: sorted(names) for label, names in sorted(found.items())}


def restore():
    """Let all exchanged names refer to what they referred to before.

    A name to which its module has assigned something else since then keeps that. Derivatives that
    need the names exchange them again.
    """
    with _lock:
        while _changes:
            _changes.pop()[2]()
        _whole.clear()
        _core.forget_adapted()


def exchange_in(space):
    """Exchange the names of a namespace of a module; returns their number."""
    label = space.get("__name__")
    if not isinstance(label, str) or label.partition(".")[0] in LEFT_ALONE:
        return 0
    found = 0
    with _lock:
        seen = set()
        _core.note_adapted(space)
        for name, x in list(space.items()):
            if name.startswith("__"):
                continue
            stand_in = None if _is_home(label, name, x) else stand_in_of(x)
            if stand_in is not None:
                found += _set(space, label, name, x, stand_in)
            else:
                found += _exchange_inside(x, space, label, name, seen)
        for name, original in BUILTINS.items():
            if name not in space and _uses(space, name):
                found += _set(space, label, name, None, stand_in_of(original))
    return found


def exchange_supplied():
    """Exchange the functions and methods of SciPy that have stand-ins, in all of its modules that are
    loaded; returns the number of names."""
    load_suppliers()
    found = 0
    with _lock:
        for kind, name in supplied.methods:
            original, stand_in = supplied.methods[kind, name]
            if vars(kind).get(name) is original:
                found += set_attribute(kind, name, original, stand_in)
        for label, module in list(sys.modules.items()):
            if not label.startswith("scipy.") or type(module) is not types.ModuleType:
                continue
            space = vars(module)
            for name, x in list(space.items()):
                stand_in = supplied.functions.get(id(x))
                if stand_in is not None and (name.startswith("_") or not _is_home(label, name, x)):
                    found += _set(space, label, name, x, stand_in)
        for label in supplied.modules.keys() - _whole:
            _whole.add(label)
            found += exchange_in(vars(supplied.modules[label]))
    return found


def _is_home(label, name, x):
    """Whether a name is the one by which pickle finds the object, which must not be exchanged."""
    return getattr(x, "__module__", None) == label and getattr(x, "__qualname__", None) == name


def exchange_in_function(function):
    """Exchange the names in a function's closure and defaults, and in those of the functions that it
    wraps; returns their number."""
    function = _unwrapped(function)
    with _lock:
        return _exchange_in_code(function, set()) if function is not None else 0


def _unwrapped(function):
    while isinstance(function, functools.partial):
        function = function.func
    function = getattr(function, "__func__", function)
    if not isinstance(function, types.FunctionType):
        function = getattr(type(function), "__call__", None)
    return function if isinstance(function, types.FunctionType) else None


def _exchange_inside(x, space, label, name, seen):
    """Exchange the names within an object that a namespace contains: a function's closure and
    defaults, the attributes of a class, the elements of a dictionary or list."""
    if isinstance(x, types.FunctionType):
        return _exchange_in_code(x, seen) if x.__globals__ is space else 0
    if isinstance(x, type) and x.__module__ == space.get("__name__"):
        return _exchange_in_class(x, seen)
    if type(x) in (dict, list):
        items = list(x.items() if type(x) is dict else enumerate(x))
        found = 0
        for key, part in items[:MOST_ITEMS]:
            stand_in = stand_in_of(part)
            if stand_in is not None:
                found += _set(x, label, f"{name}[{key!r}]", part, stand_in, key)
        return found
    return 0


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
        x = getattr(x, "fget", None) or getattr(x, "__func__", x)
        if isinstance(x, types.FunctionType):
            found += _exchange_in_code(x, seen)
    return found


def _exchange_in_code(function, seen):
    """Exchange the names in a function's closure and defaults."""
    if id(function) in seen:
        return 0
    seen.add(id(function))
    found, label = 0, function.__module__ or "?"
    if label.partition(".")[0] in LEFT_ALONE:
        return 0
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            x = cell.cell_contents
        except ValueError:  # not bound yet
            continue
        stand_in = stand_in_of(x)
        if stand_in is not None:
            found += _set_cell(cell, label, f"{function.__qualname__}: {name}", x, stand_in)
        elif isinstance(x, types.FunctionType):
            found += _exchange_in_code(x, seen)
    if function.__defaults__:
        given = tuple(_or_itself(x) for x in function.__defaults__)
        if any(x is not y for x, y in zip(given, function.__defaults__, strict=True)):
            found += _set_defaults(function, label, given)
    for name, x in list((function.__kwdefaults__ or {}).items()):
        stand_in = stand_in_of(x)
        if stand_in is not None:
            what = f"{function.__qualname__}({name}=)"
            found += _set(function.__kwdefaults__, label, what, x, stand_in, name)
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


def _looks_up(code, name):
    return name in code.co_names or any(
        isinstance(part, types.CodeType) and _looks_up(part, name) for part in code.co_consts
    )


def _note(label, name, undo):
    _changes.append((label, name, undo))
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

    space[key] = stand_in
    return _note(label, name, undo)


def _set_cell(cell, label, name, original, stand_in):
    def undo():
        try:
            current = cell.cell_contents
        except ValueError:
            return
        if current is stand_in:
            cell.cell_contents = original

    cell.cell_contents = stand_in
    return _note(label, name, undo)


def _set_defaults(function, label, given):
    before = function.__defaults__

    def undo():
        if function.__defaults__ is given:
            function.__defaults__ = before

    function.__defaults__ = given
    return _note(label, f"{function.__qualname__}(...)", undo)


def set_attribute(kind, name, original, stand_in):
    """Exchange an attribute of a class."""

    def undo():
        if vars(kind).get(name) is stand_in:
            setattr(kind, name, original)

    try:
        setattr(kind, name, stand_in)
    except TypeError:  # a class of compiled code
        return 0
    return _note(kind.__module__, f"{kind.__qualname__}.{name}", undo)
