# SPDX-License-Identifier: Apache-2.0
"""Adds notes to exceptions that other libraries raised because they were given traced values.  A
note gives the user's line, the function that was called there, and a remedy."""

import ast
import dis
import re
import types

import numpy as np

from ad_core.errors import NotDifferentiable, TracedValueError, callers, remedies

__all__ = ["add_note", "concerns"]

# Parts of messages of NumPy, SciPy and compiled code about traced values as objects.
WORDS = (
    r"Traced(Scalar|Array|Complex)|dtype\('O'\)|[Oo]bject arrays?\b|dtype object|object dtype|"
    r"unsupported data types? in input|for the input types|must be real number|Numba type|"
    r"Buffer dtype mismatch"
)
DEPTH = 3  # levels of nested containers that are searched


def add_note(error, fun, refusal=None):
    """Add a note to an exception that the traced function fun raised, if it comes from code of
    another library that was given traced values.  The function's own exceptions stay as they are.
    A TypeError of compiled code, whose message speaks of types that the user has not written, is
    raised again as a TracedValueError that has the note, or the lost refusal, as its message.

    If a refusal was lost before (compiled code continued although an exception was set, or a
    handler raised something else later), the note quotes it, unless the exception's chain contains
    it.
    """
    if isinstance(error, NotDifferentiable) or _noted(error):
        return
    if refusal is not None and _chain_contains(error, refusal):
        return
    place = _concerned_place(error, fun)
    if refusal is not None:
        text = f"before this, a refusal was caught or lost: {refusal}"
    elif place is not None:
        users, instruction, line, inner = place
        text = _text(callers.library_function(inner, users, instruction), users, line)
    else:
        return
    if type(error) is TypeError and place is not None and _raised_by_compiled(error, place[0]):
        raise TracedValueError.as_numpy_raises(text if refusal is None else str(refusal)) from error
    error.add_note(f"ad_core: {text}")


def _raised_by_compiled(error, users):
    """Whether an exception came from compiled code that the user's frame called: from no other
    frame, and not from ad_core."""
    traceback = error.__traceback__
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback.tb_frame is users and not _is_ours(users)


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
        if not _have_traced(inner) and (node is None or not _depends(node, users)):
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
        f"{name} was given traced values{callers.line_of(users, line)}, which it does not support. "
        f"{remedy}."
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
    test, caller = callers.is_users(fun), traceback and traceback.tb_frame
    found, inner = (None, 0, 0), []
    while traceback is not None:
        frame = traceback.tb_frame
        if test(frame):
            found, inner = (frame, traceback.tb_lasti, traceback.tb_lineno), []
        elif inner or found[0] is not None or not _is_ours(frame):
            inner.append(frame)
        traceback = traceback.tb_next
    if found[0] is None:  # fun itself belongs to a library: the line that differentiates it
        users = callers.users_frame(caller, fun)
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
        return kind.__name__ in ("TracedScalar", "TracedArray", "TracedComplex")
    if kind is np.ndarray and value.dtype == object:
        return any(_traced(item, 0) for item in value.ravel()[:100])
    if depth and kind in (list, tuple):
        return any(_traced(item, depth - 1) for item in value[:100])
    if depth and kind is dict:
        return any(_traced(item, depth - 1) for item in list(value.values())[:100])
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
