# SPDX-License-Identifier: Apache-2.0
"""After a recording that failed: adapts the modules in the traceback, so that the function can be
recorded again."""

import types

from ad_core.adapting import compiled  # noqa: F401 (enters stand-ins)
from ad_core.adapting.namespaces import exchange_in, exchange_in_function, exchange_supplied
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
    spaces, functions = {}, [fun]
    for one in _chain(error, refusal):
        traceback = one.__traceback__
        while traceback is not None:
            frame = traceback.tb_frame
            spaces.setdefault(id(frame.f_globals), (frame.f_globals, []))[1].append(frame.f_code)
            functions += [x for x in frame.f_locals.values() if isinstance(x, types.FunctionType)]
            traceback = traceback.tb_next
    found += sum(exchange_in(space, codes) for space, codes in spaces.values())
    return found + sum(map(exchange_in_function, functions))


def _chain(*errors):
    """Exceptions, and those that they were raised from or after."""
    seen, left = {}, [error for error in errors if error is not None]
    while left:
        error = left.pop()
        if id(error) not in seen:
            seen[id(error)] = error
            left += [x for x in (error.__cause__, error.__context__) if x is not None]
    return seen.values()
