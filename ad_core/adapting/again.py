# SPDX-License-Identifier: Apache-2.0
"""After a recording that failed: adapts the modules in the traceback, so that the function can be
recorded again."""

import sys
import types

from ad_core import _core
from ad_core.adapting import compiled  # noqa: F401 (enters stand-ins)
from ad_core.adapting.namespaces import (
    exchange_caches,
    exchange_in,
    exchange_in_function,
    exchange_supplied,
)
from ad_core.adapting.stand_ins import stand_in_of
from ad_core.errors import NotDifferentiable, notes

__all__ = ["adapt_after"]


def adapt_after(error, fun, refusal):
    """Exchange the names that a run of a function has used, after it failed.

    error: what the run of fun has raised, and refusal: the first refusal in it, or None. Returns
    the number of names that were exchanged, or None for errors that lead to no exchange, which are
    all but refusals and errors of other code that got traced values."""
    if (
        refusal is None
        and not isinstance(error, NotDifferentiable)
        and not notes.concerns(error, fun)
    ):
        return None
    found = exchange_supplied()
    stand_in = stand_in_of(fun)
    if stand_in is not None:  # such as ad_core.grad(math.exp)
        found += _core.note_in_place(fun, stand_in)
    spaces, functions = {}, [fun]
    for one in _chain(error, refusal):
        traceback = one.__traceback__
        while traceback is not None:
            frame = traceback.tb_frame
            spaces.setdefault(id(frame.f_globals), (frame.f_globals, []))[1].append(frame.f_code)
            functions += [x for x in frame.f_locals.values() if isinstance(x, types.FunctionType)]
            found += exchange_caches(_modules_named_in(frame))
            traceback = traceback.tb_next
    for label in {_part_of_scipy(space) for space, _ in spaces.values()} - {None}:
        for space in _spaces_of(label):
            spaces.setdefault(id(space), (space, []))
    found += sum(exchange_in(space, codes) for space, codes in spaces.values())
    return found + sum(map(exchange_in_function, functions))


def _modules_named_in(frame):
    """The modules to which names in the code of a frame refer."""
    named = [frame.f_globals.get(name) for name in frame.f_code.co_names]
    return [x for x in named if type(x) is types.ModuleType]


def _part_of_scipy(space):
    """The part of SciPy to which a module belongs, such as scipy.sparse; None for other modules."""
    label = space.get("__name__")
    if not isinstance(label, str) or not label.startswith("scipy."):
        return None
    return ".".join(label.split(".")[:2])


def _spaces_of(label):
    """The namespaces of a part of SciPy: one of its modules fills arrays that another one has made,
    which no traceback shows."""
    return [
        vars(module)
        for name, module in list(sys.modules.items())
        if f"{name}.".startswith(f"{label}.")
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
