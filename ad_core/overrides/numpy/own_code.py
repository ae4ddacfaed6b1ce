# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""NumPy's own Python code on traced values, in mirrors of NumPy's modules.

A function that NumPy has written in Python consists of calls of other functions of NumPy, which
traced values carry out, and of calls such as ``asarray(a)``, which would convert a traced array to
a plain one. A mirror of a module is a namespace with the same names, in which the second kind are
the functions of ad_core that take their places while a trace runs. A function runs in a mirror as a
copy: its own code, with the mirror as its global names. NumPy itself stays as it is, so other
threads and untraced calls notice nothing, and the code is that of the installed NumPy.
"""

import builtins
import os
import sys
import threading
import types
import warnings
from functools import cache

from ad_core import _core
from ad_core.errors import NoDerivativeError, TracedValueError
from ad_core.errors.callers import MIRRORS
from ad_core.overrides.numpy.constants import any_involved, only_constants, refuse_complex

__all__ = ["Mirror", "copy_of", "own_code", "reflected", "stands_for"]

OURS = os.path.dirname(os.path.dirname(os.path.dirname(__file__))) + os.sep
lock = threading.RLock()
copies = {}  # function of NumPy -> its copy
mirrors = {}  # name of a module -> its mirror
places = {}  # id of an object of NumPy -> that object, and what stands for it in mirrors


class Mirror(types.ModuleType):
    """A module whose functions run on traced values. A name is looked up when it is first used."""

    def __init__(self, module):
        super().__init__(MIRRORS + module.__name__.removeprefix("numpy"))
        package = module.__package__  # for relative imports within functions
        self.__dict__.update(_module=module, __builtins__=builtins, __package__=package)

    def __getattr__(self, name):
        value = reflected(getattr(self.__dict__["_module"], name))
        self.__dict__[name] = value
        return value


class _Warnings(types.ModuleType):
    """The module warnings, in which the frames of ad_core do not count for stacklevel=."""

    def __getattr__(self, name):
        return getattr(warnings, name)

    @staticmethod
    def warn(message, category=None, stacklevel=1, source=None, **options):
        frame, ours, left = sys._getframe(1), 0, stacklevel
        while frame is not None:
            if frame.f_code.co_filename.startswith(OURS):
                ours += 1
            else:
                left -= 1
                if not left:
                    break
            frame = frame.f_back
        warnings.warn(message, category, stacklevel + ours + 1, source, **options)


_warnings = _Warnings("warnings")


def stands_for(original, ours):
    """Let mirrors have `ours` wherever a module of NumPy has the object `original`."""
    places[id(original)] = original, ours


def _fill_places():
    for space, name in _core.replaced_names():
        found = _core.stand_in(space, name)
        if found is not None:
            places.setdefault(id(found[0]), found)
    stands_for(warnings, _warnings)


def _is_numpys(name):
    return name == "numpy" or name.startswith("numpy.")


def mirror_of(module):
    """The mirror of a module of NumPy."""
    mirror = mirrors.get(module.__name__)
    if mirror is None:
        mirror = mirrors.setdefault(module.__name__, Mirror(module))
    return mirror


def reflected(value):
    """What a mirror has where a module of NumPy has this value."""
    if id(warnings) not in places:
        _fill_places()
    found = places.get(id(value))
    if found is not None and found[0] is value:
        return found[1]
    if type(value) is types.FunctionType:
        return copy_of(value)
    if type(value) is types.ModuleType and _is_numpys(value.__name__):
        return mirror_of(value)
    return value


def copy_of(function):
    """A Python function of NumPy with the mirror of its module as its global names; a function of
    another library itself."""
    with lock:  # a copy may be called when all of its names are there
        return _copied(function)


def _copied(function):
    if function in copies:
        return copies[function]
    space = function.__globals__
    module = sys.modules.get(space.get("__name__"))
    if module is None or module.__dict__ is not space or not _is_numpys(module.__name__):
        return function
    mirror = mirror_of(module)
    copied = types.FunctionType(
        function.__code__, mirror.__dict__, function.__name__, function.__defaults__,
        _cells(function.__closure__),
    )  # fmt: skip
    copied.__kwdefaults__ = function.__kwdefaults__
    copied = copies.setdefault(function, copied)
    for name in _names(function.__code__):
        if name in space and name not in mirror.__dict__:
            mirror.__dict__[name] = reflected(space[name])
    return copied


def _cells(closure):
    """The cells of a closure, with what mirrors have instead of their contents."""
    return closure and tuple([types.CellType(reflected(cell.cell_contents)) for cell in closure])


def _names(code):
    """The names that code and the functions within it may look up."""
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, types.CodeType):
            yield from _names(part)


def own_code(function):
    """NumPy's own code of a function that dispatches on its arguments, as a function that takes
    traced values; None if it is not written in Python.

    If this code needs a compiled function that has no derivative, the call is refused by the name
    of that function, unless all arguments are constants.
    """
    own = getattr(function, "_implementation", None)
    if type(own) is not types.FunctionType:
        return None
    copied = copy_of(own)

    def run(*args, **kwargs):
        out = kwargs.get("out")
        if (
            out is not None
            and not any_involved((out,))
            and (_core.traced_kinds(args, kwargs) == _core.DISCRETE)
        ):  # of truth values and integers, whose results go to a plain array
            return _core.plain_call(function, "__call__", args, kwargs)
        try:
            return copied(*args, **kwargs)
        except (NoDerivativeError, TracedValueError, AttributeError) as error:
            plain = only_constants((args, kwargs))
            if plain is None or any_involved(plain[0]) or any_involved(plain[1].values()):
                if isinstance(error, AttributeError) and _core.traced_complex(error.obj):
                    refuse_complex(f"{function.__module__}.{function.__name__}")
                raise
        return function(*plain[0], **plain[1])

    return run


own_code = cache(own_code)
