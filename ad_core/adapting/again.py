# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""After a recording that failed: adapts the modules in the traceback, so that the function can be
recorded again."""

import gc
import sys
import types

from ad_core import _core
from ad_core.adapting import compiled  # noqa: F401 (enters stand-ins)
from ad_core.adapting.namespaces import (
    LEFT_ALONE,
    exchange_caches,
    exchange_elsewhere,
    exchange_in,
    exchange_in_function,
    exchange_supplied,
)
from ad_core.adapting.objects import exchange_in_object
from ad_core.adapting.stand_ins import enter_more_names, stand_in_of
from ad_core.errors import NotDifferentiable, notes

__all__ = ["adapt_after"]


def adapt_after(error, fun, refusal, as_objects):
    """Exchange the names that a run of a function has used, after it failed.

    error: what the run of fun has raised; refusal: the first refusal in it, or None; as_objects:
    whether NumPy has made objects of traced values, which it does for functions that were bound
    before the trace. Returns the number of names that were exchanged, or None for errors that lead
    to no exchange, which are all but refusals and errors of other code that got traced values."""
    if not (
        refusal is not None
        or as_objects
        or isinstance(error, NotDifferentiable)
        or NOT_AN_ARRAY in str(error)
        or notes.concerns(error, fun)
    ):
        return None
    found = exchange_supplied() + _take_objects(error)
    stand_in = stand_in_of(fun)
    if stand_in is not None:  # such as ad_core.grad(math.exp)
        found += _core.note_in_place(fun, stand_in)
    spaces, functions, objects = {}, [fun], []
    for one in _chain(error, refusal):
        traceback = one.__traceback__
        while traceback is not None:
            frame = traceback.tb_frame
            spaces.setdefault(id(frame.f_globals), (frame.f_globals, []))[1].append(frame.f_code)
            functions += [x for x in frame.f_locals.values() if isinstance(x, types.FunctionType)]
            objects += _objects_of(frame)
            functions += _closures_of(frame)
            found += exchange_caches(_modules_named_in(frame))
            traceback = traceback.tb_next
    for label in {_part_of_scipy(space) for space, _ in spaces.values()} - {None}:
        for space in _spaces_of(label):
            spaces.setdefault(id(space), (space, []))
    found += sum(exchange_in(space, codes) for space, codes in spaces.values())
    found += sum(map(exchange_in_function, functions))
    if found == 0:  # names that another module of a package has passed on
        packages = {str(space.get("__name__")).partition(".")[0] for space, _ in spaces.values()}
        others = [space for label in packages - LEFT_ALONE for space in _spaces_of(label)]
        found = sum(exchange_elsewhere(space) for space in others if id(space) not in spaces)
    of_pandas = any(_is_of_pandas(space) for space, _ in spaces.values())
    if found == 0 and (of_pandas or NOT_AN_ARRAY in str(error)):
        found += _core.give_plain_frames(fun)
    # Attributes of objects are the last resort, since the next run may make new objects.
    return found or sum(map(exchange_in_object, objects))


def _take_objects(error):
    """Let NumPy's functions take lists and arrays of traced numbers as objects, if the run has made
    such objects; returns whether this is new."""
    made = _core.objects_were_made() or NOT_AN_ARRAY in str(error)
    if not made or not _core.take_objects():
        return False
    enter_more_names()
    return True


NOT_AN_ARRAY = "object __array__ method"  # begins NumPy's message if __array__ returns traced ones


def _closures_of(frame):
    """The functions whose code a frame runs, if they have captured names that have stand-ins. No
    namespace may contain them: another module has made them, or an object keeps them."""
    code, values = frame.f_code, frame.f_locals
    if not any(stand_in_of(values.get(name)) is not None for name in code.co_freevars):
        return []
    _looked_for[code] = _looked_for.get(code, 0) + 1
    if _looked_for[code] > MOST_TIMES:  # each run makes another function of it
        return []
    return [x for x in gc.get_referrers(code) if type(x) is types.FunctionType]


_looked_for = {}  # code -> number of times that its functions were looked for
MOST_TIMES = 8


def _is_of_pandas(space):
    return str(space.get("__name__")).startswith("pandas.")


def _objects_of(frame):
    """The local objects of a frame, the global ones that its code names, and the elements of both.
    (The variables of a comprehension are no local ones from CPython 3.12 on.)"""
    found = [*frame.f_locals.values(), *_named_in(frame)]
    for x in list(found):
        if type(x) in (list, tuple):
            found += x[:MOST_ELEMENTS]
        elif type(x) is dict:
            found += list(x.values())[:MOST_ELEMENTS]
    return found


MOST_ELEMENTS = 100


def _modules_named_in(frame):
    """The modules to which names in the code of a frame refer."""
    return [x for x in _named_in(frame) if type(x) is types.ModuleType]


def _named_in(frame):
    """The global objects that the code of a frame names."""
    return [frame.f_globals.get(name) for name in frame.f_code.co_names]


def _part_of_scipy(space):
    """The part of SciPy to which a module belongs, such as scipy.sparse; None for other modules."""
    label = space.get("__name__")
    if not isinstance(label, str) or not label.startswith("scipy."):
        return None
    return ".".join(label.split(".")[:2])


def _spaces_of(label):
    """The namespaces of a package, or of a part of SciPy: one of its modules fills arrays that
    another one has made, which no traceback shows."""
    within = f"{label}."
    return [
        vars(module)
        for name, module in list(sys.modules.items())
        if (name == label or name.startswith(within))
        and type(module) is types.ModuleType
        and (getattr(module, "__file__", None) or "").endswith(".py")
    ]


def _chain(*errors):
    """Exceptions, and those that they were raised from or after."""
    seen, left = {}, [error for error in errors if error is not None]
    while left:
        error = left.pop()
        if id(error) not in seen:
            seen[id(error)] = error
            left += [x for x in (error.__cause__, error.__context__) if x is not None]
    return seen.values()
