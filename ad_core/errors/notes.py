# SPDX-License-Identifier: Apache-2.0
"""Notes on exceptions of other libraries that met traced values: the user's line, the function
that was met, and the way on."""

import ast
import dis
import re
import types

import numpy as np

from ad_core.errors import NotDifferentiable, callers, remedies

__all__ = ["add_note"]

# What NumPy, SciPy and compiled code say of the objects that stand for traced values.
WORDS = re.compile(
    r"Traced(Scalar|Array|Complex)|dtype\('O'\)|[Oo]bject arrays?\b|dtype object|object dtype|"
    r"unsupported data types? in input|for the input types|must be real number|Numba type|"
    r"Buffer dtype mismatch"
)
DEPTH = 3  # of the containers that are looked into


def add_note(error, fun, refusal=None):
    """Add a note to an exception that left the traced function fun, if it was raised by code of
    another library that was given traced values; the function's own exceptions stay as they are.

    A refusal that was lost on the way (compiled code that calls on although an exception is set, a
    handler that raises something else later) is the note, unless the exception shows it itself.
    """
    if isinstance(error, NotDifferentiable) or _noted(error):
        return
    if refusal is not None:
        if not _shows(error, refusal):
            error.add_note(f"ad_core: before this, a refusal was caught or lost: {refusal}")
        return
    users, instruction, line, inner = _place(error.__traceback__, fun)
    if users is None:
        return
    if inner and _is_ours(inner[0]):
        return  # a function of ours, which says in its own words what is wrong
    if inner:
        node = callers.expression_at(users, instruction)
        if not _met_values(inner) and (node is None or not _depends(node, users)):
            return
    elif not _call_met_values(error, users, instruction):
        return
    error.add_note(_text(callers.met_in(inner, users, instruction), users, line))


def _text(met, users, line):
    name = "Code of another library" if met is None else met.name
    wanted = remedies.advice(met)
    if wanted is None and name.startswith("numpy."):
        wanted = remedies.OBJECTS
    wanted = wanted or remedies.OF_OTHERS.format(name)
    return (
        f"ad_core: {name} was given traced values{callers.line_of(users, line)} and does not know "
        f"them. {wanted}."
    )


def _noted(error):
    return any(note.startswith("ad_core: ") for note in getattr(error, "__notes__", ()))


def _shows(error, refusal):
    """Whether a traceback of the error has the refusal in its chain."""
    seen = set()
    while error is not None and error is not refusal and id(error) not in seen:
        seen.add(id(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return error is refusal


def _place(traceback, fun):
    """The user's innermost frame in a traceback with its instruction and line, and the frames
    within it."""
    test, caller = callers.is_users(fun), traceback and traceback.tb_frame
    found, inner = (None, 0, 0), []
    while traceback is not None:
        frame = traceback.tb_frame
        if test(frame):
            found, inner = (frame, traceback.tb_lasti, traceback.tb_lineno), []
        elif inner or found[0] is not None or not _is_ours(frame):
            inner.append(frame)
        traceback = traceback.tb_next
    if found[0] is None:  # fun itself is another library's: where the derivative was asked for
        users = callers.users_frame(caller, fun)
        found = found if users is None else (users, users.f_lasti, users.f_lineno)
    return (*found, inner)


def _is_ours(frame):
    return frame.f_code.co_filename.startswith(callers.OURS)


def _met_values(frames):
    """Whether traced values are in sight of other libraries' functions."""
    return any(_traced(value, DEPTH) for frame in frames for value in frame.f_locals.values())


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


def _call_met_values(error, users, instruction):
    """Whether the user's frame raised nothing itself, but called compiled code with traced
    values among the arguments."""
    if dis.opname[users.f_code.co_code[instruction]].startswith(("RAISE", "RERAISE")):
        return False
    if WORDS.search(str(error)):
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
    """Whether a function knows traced values, or is a method of one."""
    owner = getattr(function, "__self__", None)
    module = getattr(function, "__module__", None) or type(function).__module__ or ""
    return _traced(owner, 0) or module.partition(".")[0] in ("ad_core", "numpy", "builtins")


def _in_python(function):
    """Whether a function is written in Python: what it raises comes from a frame of its own, and
    only a call that does not fit it (a wrong number of arguments) from its caller's."""
    if isinstance(function, type):
        return any(isinstance(getattr(function, name), types.FunctionType) for name in MAKERS)
    return isinstance(getattr(function, "__func__", function), types.FunctionType)


MAKERS = ("__init__", "__new__")


def _depends(node, users):
    """Whether traced values have a part in an expression, as far as can be told without running
    it."""
    if isinstance(node, ast.Name):
        return _traced(callers.resolved(node, users), DEPTH)
    if isinstance(node, ast.Attribute):
        value = callers.resolved(node, users)
        return _depends(node.value, users) if value is callers.MISSING else _traced(value, DEPTH)
    if isinstance(node, (ast.Lambda, ast.GeneratorExp, ast.ListComp)):
        return False
    return any(_depends(part, users) for part in ast.iter_child_nodes(node))
