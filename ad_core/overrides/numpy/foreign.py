# SPDX-License-Identifier: Apache-2.0
"""Operands of other classes (units, masks, labels) in calls with traced values. The protocols of
these classes are called first; if none handles traced values, an error says what to pass instead.

``_core.changed_names`` says which subclasses of ndarray behave as plain numbers."""

import numpy as np

from ad_core import _core
from ad_core.errors import TracedValueError
from ad_core.errors.remedies import of_framework_array
from ad_core.overrides.numpy import ma
from ad_core.overrides.numpy.ma_data import on_data
from ad_core.overrides.numpy.subclasses import as_instance
from ad_core.overrides.numpy.ufuncs import refuse as refuse_ufunc

__all__ = ["ask_function", "ask_ufunc", "refuse_input", "refuse_operand"]


def ask_ufunc(ufunc, method, inputs, kwargs):
    """A ufunc call with operands that are not plain numbers: the result of the first of them, in
    NumPy's order, whose class handles traced values.

    Returns NotImplemented, for which NumPy raises its own TypeError, if an operand does not support
    ufuncs. Raises TracedValueError if no class handles the call.
    """
    operands = [*inputs, *(x for x in kwargs.get("out", ()) if x is not None)]
    foreign = [x for x in operands if not _core.all_operable((x,))]
    for x in _in_order(foreign):
        own = getattr(type(x), "__array_ufunc__", np.ndarray.__array_ufunc__)
        if own is None:
            return NotImplemented
        if own is not np.ndarray.__array_ufunc__:
            result = own(x, ufunc, method, *inputs, **kwargs)
            if result is not NotImplemented:
                return result
    if ma.knows(foreign):
        return ma.call_ufunc(ufunc, method, inputs, kwargs)
    derived = [as_instance(x) for x in inputs]
    if any(x is not y for x, y in zip(derived, inputs, strict=True)):
        return getattr(ufunc, method)(*derived, **kwargs)
    for x in foreign:
        if issubclass(type(x), np.ndarray) or any(hasattr(type(x), name) for name in PROTOCOLS):
            refuse_operand(x, _name_of(ufunc))
    plain = [_numbers(x) for x in inputs]
    if any(x is None for x in plain):
        if any("O" in loop for loop in ufunc.types) and ufunc is not getattr(
            np, ufunc.__name__, None
        ):  # another library's, which takes objects of its own
            refuse_ufunc(ufunc, method, {})
        return NotImplemented
    return getattr(ufunc, method)(*plain, **kwargs)


def ask_function(function, types, args, kwargs):
    """The same for a call of a NumPy function that is not a ufunc."""
    foreign = [x for x in _leaves((args, kwargs)) if type(x) in types]
    foreign = [x for x in foreign if not _core.all_operable((x,))]
    for x in _in_order(foreign):
        own = type(x).__array_function__
        if own is not np.ndarray.__array_function__:
            result = own(x, function, types, args, kwargs)
            if result is not NotImplemented:
                return result
    if not foreign:
        return NotImplemented
    if ma.knows(foreign):
        return on_data(function, args, kwargs, ma.TracedMasked, ma.refuse)
    refuse_operand(foreign[0], f"{function.__module__}.{function.__name__}")


PROTOCOLS = ("__array_ufunc__", "__array_function__", "__array_priority__")


def _name_of(ufunc):
    name = ufunc.__name__
    return name if getattr(np, name, None) is ufunc else f"the ufunc {name}"


def _in_order(operands):
    """NumPy's order: from the left, a subclass before its superclass, and each class once."""
    ordered = []
    for x in operands:
        if any(type(x) is type(known) for known in ordered):
            continue
        behind = [k for k, known in enumerate(ordered) if issubclass(type(x), type(known))]
        ordered.insert(behind[0] if behind else len(ordered), x)
    return ordered


def _leaves(item):
    """The leaves of nested tuples, lists and dictionaries."""
    if isinstance(item, dict):
        item = list(item.values())
    if isinstance(item, list | tuple):
        return [leaf for part in item for leaf in _leaves(part)]
    return [item]


def _numbers(x):
    """An operand as numbers, None if it has none; objects with __array__ alone are arrays."""
    return x if _core.all_operable((x,)) else _core.numbers_in(x)


def refuse_operand(x, name):
    """Raise an error: a function of x and traced values is not supported. It says what to pass."""
    noun, reason, remedy = _described(x)
    name = name.removeprefix("numpy.")
    name = name if " " in name else f"np.{name}"
    raise TracedValueError(
        f"{name} of traced values and {noun} is not supported{_core.user_line()}, because "
        f"{reason}; {remedy}"
    )


def refuse_input(x, what):
    """Raise an error: x is more than its numbers, and traced values would keep only these."""
    noun, reason, remedy = _described(x)
    raise TracedValueError(
        f"{what} is {noun}{_core.user_line()}, and a traced value would keep its numbers only, "
        f"although {reason}; {remedy}"
    )


def _described(x):
    """For messages: what x is, why it is not a plain array, and what to pass instead."""
    kind = type(x)
    noun = f"{'an' if kind.__name__[0] in 'AEIOU' else 'a'} {kind.__name__}"
    if _core.is_masked(x):
        noun = "a masked array" if kind is not type(np.ma.masked) else "np.ma.masked"
        return noun, "its mask selects entries", ma.REMEDY
    if isinstance(x, np.matrix):
        return "a np.matrix", "its * is the matrix product", "pass np.asarray(x), and write @"
    if hasattr(x, "to_numpy"):
        return noun, "it computes by labels", (
            "pass its numbers, x.to_numpy(), and restore the labels with "
            "pd.Series(result, x.index)"
        )  # fmt: skip
    if hasattr(x, "unit") and hasattr(x, "value"):
        return noun, "it has a unit", "pass its numbers, x.value or x.to(unit).value"
    if hasattr(x, "toarray"):
        return (
            noun,
            "NumPy does not treat it as an array",
            "pass x.toarray(), or write products with @",
        )
    of_framework = of_framework_array(kind)
    if of_framework is not None:
        noun, remedy = of_framework
        return noun, "its framework differentiates by it", remedy
    names = _core.changed_names(kind) if issubclass(kind, np.ndarray) else []
    shown = ", ".join(sorted(names, key=lambda name: name not in NAMED_FIRST)[:3])
    reason = f"its class defines its own {shown or 'operations'}"
    return noun, reason, f"pass its plain numbers, {'np.asarray(x)' * bool(names) or 'an array'}"


# names that messages give first
NAMED_FIRST = {
    "__array_ufunc__",
    "__array_function__",
    "__array_wrap__",
    "__mul__",
    "__add__",
    "sum",
}
