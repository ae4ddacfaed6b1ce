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

    Functions within closures are searched too; objects of the user's classes are not.
    """
    values = []
    if type(fun) is types.FunctionType and not (
        fun.__closure__ or fun.__defaults__ or fun.__kwdefaults__
    ):
        return values, lambda given: fun
    build = _build(fun, values, frozenset(), set())
    return values, lambda given: fun if build is None else build(iter(given))


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
    return lambda given: make(
        *[part if b is None else b(given) for part, b in zip(parts, builds, strict=True)]
    )


def _function(fun):
    """The parts that a function refers to, and a function that makes it with other parts."""
    cells = [cell for cell in fun.__closure__ or () if _is_set(cell)]

    def make(defaults, named, *contents):
        new = dict(zip(map(id, cells), map(types.CellType, contents), strict=True))
        closure = tuple(new.get(id(cell), cell) for cell in fun.__closure__ or ())
        made = types.FunctionType(
            fun.__code__, fun.__globals__, fun.__name__, defaults, closure or None
        )
        made.__kwdefaults__ = named
        return functools.update_wrapper(made, fun)

    return [fun.__defaults__, fun.__kwdefaults__, *[cell.cell_contents for cell in cells]], make


def _is_set(cell):
    try:
        cell.cell_contents  # noqa: B018
    except ValueError:
        return False
    return True
