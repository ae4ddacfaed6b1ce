# SPDX-License-Identifier: Apache-2.0
"""Finds the line of the user's code at which something happened, and the function of another
library that was called there."""

import ast
import dis
import functools
import inspect
import itertools
import linecache
import os
import re
import sys
from typing import NamedTuple

import numpy as np

__all__ = [
    "MIRRORS",
    "OURS",
    "LibraryFunction",
    "calls_method",
    "expression_at",
    "is_users",
    "library_function",
    "line_of",
    "line_text",
    "name_of_function",
    "place_of_function",
    "resolved",
    "users_frame",
]

MIRRORS = "numpy_traced"  # the names of mirrors of NumPy's modules begin with this instead of numpy
MOST_TEXT = 200  # characters of a line of source in a message
OURS = os.path.dirname(os.path.dirname(__file__)) + os.sep
# Files that are never the user's: ad_core, NumPy, the standard library, ...
LIBRARIES = (OURS, os.path.dirname(np.__file__) + os.sep, os.path.dirname(os.__file__) + os.sep,
             "<frozen ", "<stringsource>")  # fmt: skip
# Compiled code, whose files are given relative to where it was built.
OURS_COMPILED = "ad_core/"
COMPILED = (OURS_COMPILED, "scipy/", "View.MemoryView")
# ... and installed packages.  The package of the traced function counts as the user's, unless it is
# one of NEVER_USERS.  (Patterns are compiled when they are first used: to compile all of them takes
# a twentieth of the import.)
INSTALLED = r"[\\/](site|dist)-packages[\\/]"
NEVER_USERS = r"[\\/](site|dist)-packages[\\/](numpy|scipy|pandas)[\\/]"


class LibraryFunction(NamedTuple):
    """A function of a library: its name for messages, its module, and the function if known."""

    name: str
    module: str
    function: object = None


def _is_library(file):
    if file.startswith(COMPILED):
        return True
    return file.startswith(LIBRARIES) or re.search(INSTALLED, file) is not None or _target(file)


def _target(file):
    """Whether a file is in another folder into which packages were installed (pip install
    --target)."""
    folders = [path for path in sys.path if path and file.startswith(os.path.join(path, ""))]
    return bool(folders) and _has_packages(max(folders, key=len))


def _has_packages(folder):
    """Whether a folder holds the records of installed packages."""
    try:
        return any(name.endswith(".dist-info") for name in os.listdir(folder))
    except OSError:
        return False


_has_packages = functools.cache(_has_packages)


def _file_of(function):
    """The file of a function without its wrappers; None if it has none."""
    return getattr(_code_of(function), "co_filename", None)


def place_of_function(function):
    """Where a function begins, for messages: ' (file.py, line 12)'; "" for compiled ones."""
    code = _code_of(function)
    return "" if code is None else f" ({code.co_filename}, line {code.co_firstlineno})"


def _code_of(function):
    """The code of a function without its wrappers; None if it has none."""
    while True:
        if isinstance(function, functools.partial):
            function = function.func
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        else:
            break
    if not hasattr(function, "__code__"):  # an object with __call__
        function = inspect.getattr_static(type(function), "__call__", None)
    return getattr(function, "__code__", None)


# Cython's sources, which tracebacks show by relative paths or by their modules. An error from those
# of ad_core counts as one of the line that called it.
SOURCES = (".pyx", ".pxi", ".pxd", "View.MemoryView")


def is_users(fun):
    """A function that tests whether a frame belongs to the user's code, where fun is traced."""
    own = None if fun is None else _file_of(fun)
    if own is not None and (own.startswith(LIBRARIES) or re.search(NEVER_USERS, own)):
        own = None

    def test(frame):
        file = frame.f_code.co_filename
        if file == "<string>":  # such as the __init__ of a dataclass
            file = frame.f_globals.get("__file__") or file
        if file.endswith(SOURCES) and not file.startswith("ad_core"):
            return False
        return file == own or not _is_library(file)

    return test


def users_frame(frame, fun):
    """The innermost frame of the user's code, from this frame outwards, where fun is traced.  If
    there is none, the innermost frame outside of ad_core, NumPy and the standard library, or
    None."""
    test, second = is_users(fun), None
    while frame is not None:
        if test(frame):
            return frame
        if second is None and not frame.f_code.co_filename.startswith((*LIBRARIES, *COMPILED)):
            second = frame
        frame = frame.f_back
    return second


def line_of(frame, line=None):
    """A frame's line for messages: ' (file.py, line 12, in f)'."""
    if frame is None:
        return ""
    code = frame.f_code
    return f" ({code.co_filename}, line {line or frame.f_lineno}, in {code.co_name})"


def line_text(file, number):
    """The text of a line of a source file for messages; "" if it can not be read."""
    return linecache.getline(file, number).strip()[:MOST_TEXT]


def expression_at(frame, instruction):
    """The expression that an instruction of a frame computes, as a syntax tree; None if its source
    can not be read."""
    place = _position(frame, instruction)
    if None in place:
        return None
    first, last, start, stop = place
    lines = [linecache.getline(frame.f_code.co_filename, n, frame.f_globals).encode()
             for n in range(first, last + 1)]  # fmt: skip
    if not all(lines):
        return None
    lines[-1] = lines[-1][:stop]
    lines[0] = lines[0][start:]
    try:
        return ast.parse(b"(" + b"".join(lines) + b")", mode="eval").body
    except (SyntaxError, ValueError):
        return None


def _position(frame, instruction):
    places = itertools.islice(frame.f_code.co_positions(), instruction // 2, None)
    return next(places, (None,) * 4)


def _callee(frame, instruction):
    """The name or attribute that an instruction calls, found from the instructions that load it,
    whose source position begins where that of the call does.  None for other expressions."""
    line, _, start, _ = _position(frame, instruction)
    node = None
    for k in dis.get_instructions(frame.f_code):
        if k.offset >= instruction:
            break
        at = k.positions
        if start is None or (at.lineno, at.col_offset) != (line, start):
            continue
        if k.opname in LOADS:
            node = ast.Name(k.argval)
        elif k.opname in ("LOAD_ATTR", "LOAD_METHOD") and node is not None:
            node = ast.Attribute(node, k.argval)
        elif k.opname not in ("PUSH_NULL", "PRECALL", "CACHE"):
            return None
    return node


def calls_method(frame, name):
    """Whether a frame is running at a call of a method of this name, as far as can be found."""
    node = expression_at(frame, frame.f_lasti)
    callee = node.func if isinstance(node, ast.Call) else _callee(frame, frame.f_lasti)
    return isinstance(callee, ast.Attribute) and callee.attr == name


LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_FAST", "LOAD_DEREF", "LOAD_FAST_BORROW")
MISSING = object()


def resolved(node, frame):
    """The value of a name, attribute or element in an expression, found without running code of
    the user; MISSING if that is not possible."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        for names in (frame.f_locals, frame.f_globals, frame.f_builtins):
            if node.id in names:
                return names[node.id]
        return MISSING
    if isinstance(node, ast.Attribute):
        return _attribute(resolved(node.value, frame), node.attr)
    if isinstance(node, ast.Subscript):
        base, key = resolved(node.value, frame), resolved(node.slice, frame)
        if type(base) in (list, tuple, dict) and type(key) in (int, str):
            try:
                return base[key]
            except (LookupError, TypeError):
                return MISSING
    return MISSING


def _attribute(base, name):
    if base is MISSING:
        return MISSING
    if inspect.ismodule(base) or isinstance(base, type):
        return getattr(base, name, MISSING)
    found = inspect.getattr_static(base, name, MISSING)
    return MISSING if isinstance(found, property) else found


def library_function(frames, users, instruction):
    """The function of another library that the user's frame has called, as a LibraryFunction.

    frames: the frames inside of the user's, outermost first.  The first of them is the function.
    If there are none, it is the function that the instruction calls.  None if it is not known."""
    if not frames:
        return _called(users, instruction)
    frame = frames[0]
    if frame.f_code.co_filename.startswith(OURS):
        return None  # a function of ad_core, which supports traced values
    module = frame.f_globals.get("__name__", "")
    if module.startswith(MIRRORS):
        module = "numpy" + module.removeprefix(MIRRORS)
    name, owner = frame.f_code.co_qualname, frame.f_locals.get("self")
    if "<locals>" in name:  # of a decorator: the name in the user's code is better
        found = _called(users, instruction)
        if found is not None and found.module:
            return found
        name = found.name.rpartition(".")[2] if found else frame.f_code.co_name
    elif owner is not None and "." in name:
        method = name.rpartition(".")[2]
        name = type(owner).__qualname__ + ("" if method.startswith("__") else f".{method}")
        module = type(owner).__module__
    return LibraryFunction(f"{_public(module, name)}.{name}", module)


def _called(users, instruction):
    node = expression_at(users, instruction)
    if isinstance(node, ast.Call):
        callee = node.func
    else:
        callee = _callee(users, instruction) if node is None else None
    if callee is None:
        return None
    function = resolved(callee, users)
    if function is MISSING:
        return LibraryFunction(ast.unparse(callee), "")
    module = _module_of(function)
    return LibraryFunction(name_of_function(function) or ast.unparse(callee), module, function)


def name_of_function(function):
    """The name of a function for messages, with its public module; None if it has none."""
    module, name = _module_of(function), getattr(function, "__qualname__", None)
    name = name or getattr(function, "__name__", None)
    if not isinstance(name, str):
        return None
    owner, _, last = name.rpartition(".")
    if owner.startswith("_") and module == "torch":  # the private class of all its functions
        name = last
    return name if module == "builtins" else f"{_public(module, name)}.{name}"


def _module_of(function):
    """The module of a function, which ufuncs have no attribute for."""
    if isinstance(function, np.ufunc):
        name = function.__name__
        special = sys.modules.get("scipy.special")
        if getattr(np, name, None) is not function and special is not None:
            return "scipy.special" if getattr(special, name, None) is function else ""
        return "numpy"
    module = getattr(function, "__module__", None)
    return module if isinstance(module, str) else type(function).__module__


def _public(module, name):
    """The module of a function for messages.  It is the outermost one that contains the function,
    such as scipy.optimize for a function that is defined in scipy.optimize._root; or else the
    module without its private parts."""
    parts = module.lstrip("_").split(".")
    public = [parts[0], *(part for part in parts[1:] if not part.startswith("_"))]
    for path in (public, parts):  # jax.numpy before jax._src.numpy
        for k in range(1, len(path) + 1):
            outer = sys.modules.get(".".join(path[:k]))
            if outer is not None and name.partition(".")[0] in vars(outer):
                return outer.__name__
    return ".".join(public)
