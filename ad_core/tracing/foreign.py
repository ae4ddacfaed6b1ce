# SPDX-License-Identifier: Apache-2.0
"""Operands of other kinds beside traced values: they are asked first, or refused with the way out.

Which classes are plain numbers whatever they are called, ``_core.changed_names`` says."""

import numpy as np

from ad_core import _core
from ad_core.errors import TracedValueError
from ad_core.tracing import masked

__all__ = ["ask_function", "ask_ufunc", "refuse_input", "refuse_operand"]


def ask_ufunc(ufunc, method, inputs, kwargs):
    """A ufunc call with operands that are not plain numbers: what the first of them that knows
    traced values makes of it, in NumPy's order.

    Returns NotImplemented, from which NumPy makes its own TypeError, where an operand takes part in
    no ufunc; raises TracedValueError where nobody knows what is meant.
    """
    strangers = [x for x in (*inputs, *kwargs.get("out", ())) if not _core.all_operable((x,))]
    for x in _in_order(strangers):
        own = getattr(type(x), "__array_ufunc__", np.ndarray.__array_ufunc__)
        if own is None:
            return NotImplemented
        if own is not np.ndarray.__array_ufunc__:
            result = own(x, ufunc, method, *inputs, **kwargs)
            if result is not NotImplemented:
                return result
    if masked.knows(strangers):
        return masked.call_ufunc(ufunc, method, inputs, kwargs)
    for x in strangers:
        if issubclass(type(x), np.ndarray) or hasattr(type(x), "__array_ufunc__"):
            refuse_operand(x, f"np.{ufunc.__name__}")
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
    raise TracedValueError(
        f"{name} of traced values and {_described(x)}{_core.user_line()}; "
        f"{_way_out(x)}"
    )


def refuse_input(x, what):
    """Say that x is not only numbers, so that a function traced with them is another function."""
    raise TracedValueError(f"{what} is {_described(x)}{_core.user_line()}; {_way_out(x)}")


def _described(x):
    kind = type(x)
    article = "an" if kind.__name__[0] in "AEIOU" else "a"
    told = f"{article} {kind.__module__.partition('.')[0]} {kind.__name__}"
    if kind.__module__ in ("__main__", "builtins"):
        told = f"{article} {kind.__name__}"
    if isinstance(x, np.ma.MaskedArray):
        return f"{told}, whose masked entries have no part in it, which is not known of this use"
    if hasattr(x, "to_numpy"):
        return f"{told}, whose labels and methods traced arrays do not have"
    names = _core.changed_names(kind) if issubclass(kind, np.ndarray) else []
    shown = ", ".join([n for n in names if n != "__array_wrap__"][:3] or names[:3])
    return f"{told}, whose class has {shown or 'operations'} of its own, unknown to traced values"


def _way_out(x):
    if isinstance(x, np.ma.MaskedArray):
        return (
            "pass the entries that are not masked, m.compressed() beside x[~m.mask], or put numbers "
            "into the others with m.filled(value)"
        )
    if hasattr(x, "to_numpy"):
        return (
            "pass its numbers, x.to_numpy(); pd.Series(result, x.index) gives a result its labels "
            "back"
        )
    if hasattr(x, "unit") and hasattr(x, "value"):
        return "pass its numbers in one unit, x.to(unit).value or x.value"
    if hasattr(x, "toarray"):
        return "pass the dense array, x.toarray(), or write the product as x @ v"
    return f"pass its plain numbers, np.asarray(x){' and @ for products' * _is_matrix(x)}"


def _is_matrix(x):
    return isinstance(x, np.matrix)
