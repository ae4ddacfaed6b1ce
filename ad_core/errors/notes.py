# SPDX-License-Identifier: Apache-2.0
"""Exceptions that other libraries raised because they were given traced values become refusals,
which give the user's line, the function that was called there, and a remedy."""

import ast
import dis
import re
import sys
import types

import numpy as np

from ad_core.errors import NoDerivativeError, NotDifferentiable, callers, remedies

__all__ = ["concerns", "explained"]

# Parts of messages of NumPy, SciPy and compiled code about traced values as objects.
WORDS = (
    r"Traced(Scalar|Array|Complex|Subclass)|dtype\('O'\)|[Oo]bject arrays?\b|dtype object|"
    r"object dtype|"
    r"unsupported data types? in input|for the input types|must be real number|Numba type|"
    r"Buffer dtype mismatch|__array__ method not producing|No matching signature found"
)
TRACED = ("TracedScalar", "TracedArray", "TracedComplex", "TracedSubclass")
DEPTH = 3  # levels of nested containers that are searched


def explained(error, fun, refusal=None):
    """What is to be raised for an exception that the traced function fun raised: itself, or, if it
    comes from code of another library that was given traced values, a refusal that is an instance
    of its class too.  The function's own exceptions stay as they are.

    If a refusal was lost before (compiled code continued although an exception was set, or a
    handler raised something else later), a note quotes it, unless the exception's chain contains
    it.
    """
    if isinstance(error, NotDifferentiable) or _is_check(error):
        return error
    place = _concerned_place(error, fun)
    of_framework = remedies.of_framework_error(error)
    if of_framework is not None and refusal is None:
        users, _, line, _ = _place(error.__traceback__, fun)
        return _refused_array(error, callers.line_of(users, line), *of_framework)
    if place is None:
        if refusal is not None and not _chain_contains(error, refusal) and not _noted(error):
            error.add_note(f"ad_core: before this, a refusal was caught or lost: {refusal}")
        return error
    users, instruction, line, inner = place
    if refusal is not None:
        text = f"{refusal}."
    else:
        text = _text(callers.library_function(inner, users, instruction), users, line)
    kind = type(error)
    return _refusing(kind).as_numpy_raises(f"{text} It raised {kind.__name__}: {error}")


def _refused_array(error, line, noun, remedy):
    """The refusal for an array of a framework that is not a constant to it."""
    kind = type(error)
    return _refusing(kind).as_numpy_raises(
        f"{noun[0].upper()}{noun[1:]} was used as plain numbers or with traced values"
        f"{line}, but its framework and ad_core do not know each other's "
        f"derivatives. {remedy}. It raised {kind.__name__}: {error}"
    )


def _is_check(error):
    """Whether a check of np.testing has failed, which works on traced values."""
    traceback = error.__traceback__
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    name = traceback.tb_frame.f_globals.get("__name__") or ""
    return isinstance(error, AssertionError) and name.startswith("numpy.testing.")


def _refusing(kind):
    """A class of refusals whose instances are also exceptions of this class."""
    try:
        return type(NoDerivativeError.__name__, (NoDerivativeError, kind), {
            "__module__": NoDerivativeError.__module__, "__doc__": NoDerivativeError.__doc__,
            "__str__": BaseException.__str__})  # fmt: skip
    except TypeError:  # exceptions of this class have another structure in memory
        return NoDerivativeError


def concerns(error, fun):
    """Whether an exception that the traced function fun raised comes from code of another library
    that was given traced values."""
    return _concerned_place(error, fun) is not None


def _concerned_place(error, fun):
    """The user's frame, instruction and line at which code of another library got traced values and
    raised an exception, and the frames inside; None for all other exceptions."""
    users, instruction, line, inner = _place(error.__traceback__, fun)
    if users is None:
        return None
    if inner and _is_ours(inner[0]):
        return None  # a function of ad_core, whose own message says what is wrong
    if inner:
        node = callers.expression_at(users, instruction)
        depends = node is not None and _depends(node, users)
        if not _have_traced(inner) and not depends and not re.search(WORDS, str(error)):
            return None
    elif not _call_has_traced(error, users, instruction):
        return None
    return users, instruction, line, inner


def _text(called, users, line):
    name = "Code of another library" if called is None else called.name
    remedy = remedies.advice(called)
    if remedy is None and name.startswith("numpy."):
        remedy = remedies.OBJECTS
    remedy = remedy or remedies.OF_OTHERS.format(name)
    return (
        f"{name} was given traced values{callers.line_of(users, line)}, which it does not "
        f"support. {remedy}."
    )


def _noted(error):
    return any(note.startswith("ad_core: ") for note in getattr(error, "__notes__", ()))


def _chain_contains(error, refusal):
    """Whether the chain of exceptions that a traceback of the error shows contains the refusal."""
    seen = set()
    while error is not None and error is not refusal and id(error) not in seen:
        seen.add(id(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return error is refusal


def _place(traceback, fun):
    """The innermost frame of the user's code in a traceback, its instruction and line, and a list
    of the frames inside of it."""
    test = callers.is_users(fun)
    found, inner = (None, 0, 0), []
    while traceback is not None:
        frame = traceback.tb_frame
        if test(frame):
            found, inner = (frame, traceback.tb_lasti, traceback.tb_lineno), []
        elif inner or found[0] is not None or not _is_ours(frame):
            inner.append(frame)
        traceback = traceback.tb_next
    if found[0] is None:  # fun itself belongs to a library: the line that differentiates it
        users = callers.users_frame(sys._getframe(), fun)
        found = found if users is None else (users, users.f_lasti, users.f_lineno)
    return (*found, inner)


def _is_ours(frame):
    return frame.f_code.co_filename.startswith((callers.OURS, callers.OURS_COMPILED))


def _have_traced(frames):
    """Whether local variables of other libraries' functions, or attributes of the objects whose
    methods they are, contain traced values."""
    return any(
        _traced(value, DEPTH)
        for frame in frames
        for value in (*frame.f_locals.values(), _attributes(frame))
    )


def _attributes(frame):
    """The attributes of the object whose method a frame runs, in code of an installed package."""
    if frame.f_code.co_filename.startswith(callers.LIBRARIES):
        return None
    found = getattr(frame.f_locals.get("self"), "__dict__", None)
    return found if type(found) is dict else None


def _traced(value, depth):
    kind = type(value)
    if kind.__module__.startswith("ad_core."):
        return kind.__name__ in TRACED
    if kind is np.ndarray and value.dtype == object:
        return any(_traced(item, 0) for item in value.ravel()[:100])
    if depth and kind in (list, tuple):
        return any(_traced(item, depth - 1) for item in value[:100])
    if depth and kind is dict:
        return any(_traced(item, depth - 1) for item in list(value.values())[:100])
    if depth and kind.__module__.partition(".")[0] == "pandas":  # the columns of a table
        arrays = getattr(getattr(value, "_mgr", None), "arrays", ())
        return any(_traced(item, depth - 1) for item in list(arrays)[:100])
    return False


def _call_has_traced(error, users, instruction):
    """Whether the user's frame did not raise the error itself, but called compiled code with traced
    values among the arguments."""
    if dis.opname[users.f_code.co_code[instruction]].startswith(("RAISE", "RERAISE")):
        return False
    if re.search(WORDS, str(error)):
        return True
    node = callers.expression_at(users, instruction)
    if not isinstance(node, ast.Call):
        return False
    function = callers.resolved(node.func, users)
    if _is_own(function) or _in_python(function):
        return False
    given = [*node.args, *(keyword.value for keyword in node.keywords)]
    return any(_depends(part, users) for part in given)


def _is_own(function):
    """Whether a function supports traced values, or is a method of one."""
    owner = getattr(function, "__self__", None)
    module = getattr(function, "__module__", None) or type(function).__module__ or ""
    return _traced(owner, 0) or module.partition(".")[0] in ("ad_core", "numpy", "builtins")


def _in_python(function):
    """Whether a function is written in Python.  Its exceptions come from its own frame.  Only those
    for a wrong number of arguments come from its caller's."""
    if isinstance(function, type):
        return any(isinstance(getattr(function, name), types.FunctionType) for name in MAKERS)
    return isinstance(getattr(function, "__func__", function), types.FunctionType)


MAKERS = ("__init__", "__new__")


def _depends(node, users):
    """Whether an expression contains traced values, as far as can be found without running it."""
    if isinstance(node, ast.Name):
        return _traced(callers.resolved(node, users), DEPTH)
    if isinstance(node, ast.Attribute):
        value = callers.resolved(node, users)
        return _depends(node.value, users) if value is callers.MISSING else _traced(value, DEPTH)
    if isinstance(node, (ast.Lambda, ast.GeneratorExp, ast.ListComp)):
        return False
    return any(_depends(part, users) for part in ast.iter_child_nodes(node))
