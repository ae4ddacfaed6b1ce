# SPDX-License-Identifier: Apache-2.0
"""Turns traced values that a function closes over into arguments of the function."""

import functools
import types

from ad_core import _core
from ad_core.recording.trees import flatten

__all__ = ["hoisted"]


def hoisted(fun):
    """(values, rebuild): the traced values in fun's closure, defaults and bound arguments, and a
    function: rebuild(others) is fun with other values in their places.

    Functions within closures are searched too; objects of the user's classes are not.  rebuild does
    not refer to the values, so that it may live as long as the recording that they belong to.
    """
    values = []
    if type(fun) is types.FunctionType and not (
        fun.__closure__ or fun.__defaults__ or fun.__kwdefaults__
    ):
        return values, lambda given: fun
    build = _build(fun, values, frozenset(), set())
    if build is None:
        return values, lambda given: fun
    return values, lambda given: build(iter(given))


def _build(x, values, above, plain):
    """A function that makes x with values from an iterator; None if x has no traced values."""
    if _core.traced(x):
        values.append(x)
        return next
    if id(x) in above or id(x) in plain:  # in above: a function that refers to itself
        return None
    if isinstance(x, types.FunctionType):
        parts, make = _function(x)
    elif isinstance(x, functools.partial):
        parts = [x.func, x.args, x.keywords]
        make = lambda func, args, keywords: functools.partial(func, *args, **keywords)  # noqa: E731
    else:
        parts, tree = flatten(x)
        if tree.kind is None:
            return None
        make = lambda *leaves: tree.build(leaves)  # noqa: E731
    builds = [_build(part, values, above | {id(x)}, plain) for part in parts]
    if not any(builds):
        plain.add(id(x))
        return None
    kept = [part if b is None else None for part, b in zip(parts, builds, strict=True)]
    return lambda given: make(
        *[part if b is None else b(given) for part, b in zip(kept, builds, strict=True)]
    )


def _function(fun):
    """The parts that a function refers to, and a function that makes it with other parts."""
    own, code, space = fun.__closure__ or (), fun.__code__, fun.__globals__
    empty = [None if _is_set(cell) else cell for cell in own]
    names = {name: getattr(fun, name) for name in functools.WRAPPER_ASSIGNMENTS}
    attributes = dict(fun.__dict__)

    def make(defaults, named, *contents):
        new = map(types.CellType, contents)
        closure = tuple(next(new) if cell is None else cell for cell in empty)
        made = types.FunctionType(code, space, names["__name__"], defaults, closure or None)
        made.__kwdefaults__ = named
        for name, value in names.items():
            setattr(made, name, value)
        made.__dict__.update(attributes)
        return made

    contents = [cell.cell_contents for cell in own if _is_set(cell)]
    return [fun.__defaults__, fun.__kwdefaults__, *contents], make


def _is_set(cell):
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True
