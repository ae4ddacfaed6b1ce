# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""The table of NumPy functions for traced values, and the dispatch of calls to it."""

from functools import cache

import numpy as np

from ad_core import _core
from ad_core.errors import DtypeError, NoDerivativeError, TracedValueError
from ad_core.overrides.numpy import truth_values
from ad_core.overrides.numpy.constants import only_constants, plain_constant
from ad_core.overrides.numpy.own_code import own_code, stands_for
from ad_core.recording import layouts

__all__ = [
    "any_traced",
    "call_function",
    "implementation_of",
    "implements",
    "is_complex128",
    "is_float64",
    "keeps_types",
    "only_constants",
    "only_plain",
    "plain_constant",
    "read_only",
    "refuse_dtype",
    "store",
    "table",
]

table = {}
FLOAT64 = type(np.dtype(np.float64))
any_traced = _core.any_traced  # whether nested sequences hold a traced value

# C functions with out=, whose signature is not known: first parameter, position of out=.
SIGNATURES = {np.dot: ("a", 2), np.concatenate: ("arrays", 2), np.where: ("condition", None)}


def implements(*functions, lists=False):
    """Enter a function as the implementation of these NumPy functions for traced values.

    It takes NumPy's parameters without ``out``, which call_function handles. NumPy's protocols see
    arrays, but not the elements of lists. With lists=True a list of traced values may be an
    argument, for which NumPy's function is replaced while traces need it.
    """

    def enter(implementation):
        for function in functions:
            table[function] = implementation
            # NumPy calls some functions past their dispatch
            stands_for(getattr(function, "_implementation", function), function)
            if lists:
                _core.take_lists(function)
        return implementation

    return enter


def _signature(function):
    """The name of the first parameter, and the position of out= among the positional ones.

    It is read from the code object, because importing inspect takes 10 ms.
    """
    if function in SIGNATURES:
        return SIGNATURES[function]
    code = getattr(function._implementation, "__code__", None)
    if code is None:  # a function in C without out=
        return None, None
    names = code.co_varnames[: code.co_argcount]
    return (names[0] if names else None), names.index("out") if "out" in names else None


_signature = cache(_signature)


def keeps_types(*functions):
    """implements(), for functions that handle traced truth values and counts themselves."""
    truth_values.AS_THEY_ARE.update(functions)
    return implements(*functions)


movers = set()  # functions whose result is a view if the argument is an array, else a number
# what moves index arrays, where the core does it faster than NumPy's own function
ON_INDICES = {
    np.broadcast_to: _core.spread_index,
    np.moveaxis: _core.moved_axis,
    np.expand_dims: _core.expanded_index,
}
read_only = set()  # those of them whose views are read-only
in_order = set()  # functions whose result has NumPy's memory layout for all arguments
# functions that return an array where others return a number
arrays = {
    np.where, np.select, np.copy, np.broadcast_to, np.roll, np.ones_like, np.zeros_like,
    np.empty_like, np.cov,
}  # fmt: skip


def implementation_of(function):
    """What the core's dispatch knows of a function: binding/numpy/dispatch.pxi. None if it is not
    in the table."""
    implementation = table.get(function)
    if implementation is None:
        own = own_code(function)
        return own and (own, -1, True, None, False, False, False, False, True)
    place = _signature(function)[1]
    on_indices = ON_INDICES.get(function) or (
        function._implementation if function in movers else None
    )
    return (
        implementation,
        -1 if place is None else place,
        function in truth_values.AS_THEY_ARE,
        on_indices,
        function in read_only,
        function in arrays,
        function in in_order,
        function in layouts.PLAIN,
        False,
    )


def call_function(function, types, args, kwargs):
    """``__array_function__`` of a traced value, for all but the simplest calls."""
    if function not in table and (own := own_code(function)) is not None:
        return own(*args, **kwargs)
    kinds = _core.traced_kinds(args, kwargs)
    if kinds & _core.DISCRETE and (function not in truth_values.AS_THEY_ARE or "out" in kwargs):
        if kinds == _core.DISCRETE:
            return _on_truth_values(function, args, kwargs)
        args, kwargs = truth_values.convert_discrete(
            function, args, kwargs, _signature(function)[1]
        )
    implementation = table.get(function)
    if implementation is None:
        out = kwargs.pop("out", None)
        plain = only_constants((args, kwargs))
        if plain is not None:  # arrays made during the trace, which do not depend on an input
            result = function(*plain[0], **plain[1])
            return result if out is None else store(out, result, function.__name__)
        raise NoDerivativeError(
            f"{name_of(function)} has no derivative in ad_core{_core.user_line()}; write it with "
            f"the functions listed in docs/numpy-coverage.md, or apply it to plain numbers "
            f"outside the derivative"
        )
    out = kwargs.pop("out", None) if kwargs else None
    if len(args) > 2 or not args:
        first, place = _signature(function)
        if not args and first in kwargs:
            args = (kwargs.pop(first),)
        if place is not None and len(args) > place:
            out, args = args[place], args[:place] + args[place + 1 :]
    if out is None:
        result = _core.without_axes(function, args, implementation(*args, **kwargs))
        if function in in_order or not _core.has_axes(result):
            return result
        return layouts.in_numpy_layout(function, args, kwargs, result)
    if not any_traced((*args, *kwargs.values())):
        return store(out, function(*args, **kwargs), function.__name__)
    return store(out, implementation(*args, **kwargs), function.__name__)


def _on_truth_values(function, args, kwargs):
    """A call whose traced arguments are all truth values or counts."""
    place = _signature(function)[1]
    positional = place is not None and len(args) > place
    out = args[place] if positional else kwargs.get("out")
    if out is not None:
        if not any_traced(out if isinstance(out, tuple) else (out,)):
            return _core.plain_call(function, "__call__", args, kwargs)
        if positional:
            rest = args[place + 1 :]
            args = (*args[:place], None, *rest) if rest else args[:place]
        kwargs = {name: x for name, x in kwargs.items() if name != "out"}
    result = truth_values.function_on(function, table.get(function), args, kwargs)
    if out is not None:
        return store(out, result, function.__name__)
    return _core.without_axes(function, args, result)


def name_of(function):
    """The name of a NumPy function in messages."""
    return f"{function.__module__}.{function.__name__}"


def only_plain(function, *items):
    """The items as plain numbers, for parameters that are counts, axes or positions; one item is
    returned itself. TracedValueError if one is a traced float."""
    items = _core.plain_values(items)
    if any_traced(items):
        raise TracedValueError(
            f"np.{function.__name__} got a traced value as a shape, a count or a position"
            f"{_core.user_line()}, which has no derivative; pass a plain number there"
        )
    return items[0] if len(items) == 1 else items


def is_complex128(dtype):
    """Whether dtype= means complex128."""
    if isinstance(dtype, type) and issubclass(dtype, np.dtype):
        return dtype is type(np.dtype(complex))
    return np.dtype(dtype) == np.complex128


def is_float64(dtype):
    """Whether dtype= means float64: None, a dtype, a type, a name, or the class of the dtype."""
    if dtype is None or dtype is float:
        return True
    if isinstance(dtype, type) and issubclass(dtype, np.dtype):
        return dtype is FLOAT64
    return np.dtype(dtype) == np.float64


def refuse_dtype(dtype, name, kept="traced values are float64", keyword="dtype"):
    """Raise DtypeError for a dtype that traced values can not have."""
    raise DtypeError(
        f"{keyword}={dtype} of {name} is not supported{_core.user_line()}, since {kept}; leave out "
        f"{keyword}="
    )


def store(out, result, name):
    """Write a result into the array given as out=; raise an error if it can not hold the result."""
    if isinstance(out, tuple):
        (out,) = out
    if _core.traced(out):
        _core.check_cast(out, result, "same_kind", f"the result of {name}")
        return _core.set_items(out, Ellipsis, result) or out
    result = _core.plain_values(result)
    constant = plain_constant(result)
    if constant is None:
        raise TracedValueError(
            f"out= of {name} is a plain array, which can not hold traced values"
            f"{_core.user_line()}; make it inside the traced function (np.zeros, np.empty, ...)"
        )
    np.copyto(out, constant)
    return out
