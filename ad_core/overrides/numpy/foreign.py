# SPDX-License-Identifier: Apache-2.0
"""Operands of other kinds beside traced values: they are asked first, or refused with the way out.

Which classes are plain numbers whatever they are called, ``_core.changed_names`` says."""

import numpy as np

from ad_core import _core
from ad_core.errors import TracedValueError
from ad_core.overrides.numpy import ma

__all__ = ["ask_function", "ask_ufunc", "refuse_input", "refuse_operand"]


def ask_ufunc(ufunc, method, inputs, kwargs):
    """A ufunc call with operands that are not plain numbers: what the first of them that knows
    traced values makes of it, in NumPy's order.

    Returns NotImplemented, from which NumPy makes its own TypeError, where an operand takes part in
    no ufunc; raises TracedValueError where nobody knows what is meant.
    """
    operands = [*inputs, *(x for x in kwargs.get("out", ()) if x is not None)]
    strangers = [x for x in operands if not _core.all_operable((x,))]
    for x in _in_order(strangers):
        own = getattr(type(x), "__array_ufunc__", np.ndarray.__array_ufunc__)
        if own is None:
            return NotImplemented
        if own is not np.ndarray.__array_ufunc__:
            result = own(x, ufunc, method, *inputs, **kwargs)
            if result is not NotImplemented:
                return result
    if ma.knows(strangers):
        return ma.call_ufunc(ufunc, method, inputs, kwargs)
    for x in strangers:
        if issubclass(type(x), np.ndarray) or any(hasattr(type(x), name) for name in PROTOCOLS):
            refuse_operand(x, _name_of(ufunc))
    plain = [_numbers(x) for x in inputs]
    if any(x is None for x in plain):
        return NotImplemented
    return getattr(ufunc, method)(*plain, **kwargs)


def ask_function(function, types, args, kwargs):
    """The same of a function of NumPy's that is no ufunc."""
    strangers = [x for x in _leaves((args, kwargs)) if type(x) in types]
    strangers = [x for x in strangers if not _core.all_operable((x,))]
    for x in _in_order(strangers):
        own = type(x).__array_function__
        if own is not np.ndarray.__array_function__:
            result = own(x, function, types, args, kwargs)
            if result is not NotImplemented:
                return result
    if not strangers:
        return NotImplemented
    refuse_operand(strangers[0], f"{function.__module__}.{function.__name__}")


PROTOCOLS = ("__array_ufunc__", "__array_function__", "__array_priority__")


def _name_of(ufunc):
    name = ufunc.__name__
    return name if getattr(np, name, None) is ufunc else f"the ufunc {name}"


def _in_order(operands):
    """As NumPy asks them: from the left, but a subclass before its superclass; each class once."""
    ordered = []
    for x in operands:
        if any(type(x) is type(known) for known in ordered):
            continue
        behind = [k for k, known in enumerate(ordered) if issubclass(type(x), type(known))]
        ordered.insert(behind[0] if behind else len(ordered), x)
    return ordered


def _leaves(item):
    """Whatever stands in nested tuples, lists and dictionaries."""
    if isinstance(item, dict):
        item = list(item.values())
    if isinstance(item, list | tuple):
        return [leaf for part in item for leaf in _leaves(part)]
    return [item]


def _numbers(x):
    """An operand as numbers, None if it is none; objects that only have __array__ are arrays."""
    return x if _core.all_operable((x,)) else _core.numbers_in(x)


def refuse_operand(x, name):
    """Say that nobody knows what a function of x and traced values means, and what to pass."""
    noun, reason, remedy = _told(x)
    name = name.removeprefix("numpy.")
    name = name if " " in name else f"np.{name}"
    raise TracedValueError(
        f"{name} of traced values and {noun}{_core.user_line()} is not known, since {reason}; "
        f"{remedy}"
    )


def refuse_input(x, what):
    """Say that x is not only numbers, so that the function would be traced as another one."""
    noun, reason, remedy = _told(x)
    raise TracedValueError(
        f"{what} is {noun}{_core.user_line()}, of which traced values have the numbers alone, and "
        f"{reason}; {remedy}"
    )


def _told(x):
    """What x is called in a message, what makes it no plain array, and what to pass instead."""
    kind = type(x)
    noun = f"{'an' if kind.__name__[0] in 'AEIOU' else 'a'} {kind.__name__}"
    if isinstance(x, np.ma.MaskedArray):
        noun = "a masked array" if kind is not type(np.ma.masked) else "np.ma.masked"
        return noun, "a mask selects its entries", ma.WAY_OUT
    if isinstance(x, np.matrix):
        return "a np.matrix", "its * is the matrix product", "pass np.asarray(x), and write @"
    if hasattr(x, "to_numpy"):
        return noun, "it goes by its labels", (
            "pass its numbers, x.to_numpy(), and give the result its labels back with "
            "pd.Series(result, x.index)"
        )  # fmt: skip
    if hasattr(x, "unit") and hasattr(x, "value"):
        return noun, "it has a unit", "pass its numbers, x.value or x.to(unit).value"
    if hasattr(x, "toarray"):
        return noun, "it is no array to NumPy", "pass x.toarray(), or write products with @"
    names = _core.changed_names(kind) if issubclass(kind, np.ndarray) else []
    shown = ", ".join(sorted(names, key=lambda name: name not in TELLING)[:3])
    reason = f"its class has {shown or 'operations'} of its own"
    return noun, reason, f"pass its plain numbers, {'np.asarray(x)' * bool(names) or 'an array'}"


TELLING = {"__array_ufunc__", "__array_function__", "__array_wrap__", "__mul__", "__add__", "sum"}
