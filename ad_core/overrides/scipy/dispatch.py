# SPDX-License-Identifier: Apache-2.0
"""Enters what functions, methods and objects of SciPy do on traced values.

Each file here is named after the module of SciPy whose functions it holds, and is imported when
that module is loaded and a recording first needs it (ad_core/adapting/). One function here is one
function of SciPy::

    @implements(scipy.signal.lfilter)
    def lfilter(b, a, x, axis=-1, zi=None):

Its parameters are SciPy's. It is called while a trace runs, if an argument depends on an input.
SciPy's own Python code also takes traced values, since the names in its modules are exchanged, so a
function is needed only where compiled code begins, or where speed or memory need it.
"""

from functools import wraps

import numpy as np

from ad_core import _core
from ad_core.adapting.stand_ins import by_kind, supply, supply_method
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy.complex.array import TracedComplex, constant_values
from ad_core.overrides.numpy.dispatch import any_traced, only_constants, plain_constant
from ad_core.rules.closures import depend, hoisted

__all__ = [
    "hiding", "implements", "implements_kind", "implements_method", "made", "plain_arguments",
    "public_name", "refuses", "refuses_all",
]  # fmt: skip


def implements(original, calls_back=False):
    """Enter a function as what a function of SciPy does on traced values.

    Without an argument that depends on an input, SciPy's function is called on plain values, and
    its results are arrays to which traced values can be written. calls_back: among the arguments
    are functions, in which traced values may be hidden, so the function is called whenever a trace
    runs.
    """

    def enter(function):
        either = _either(original, function, calls_back)
        supply(original, either, calls_back)
        return either

    return enter


def implements_method(kind, name, calls_back=False):
    """Enter a function as what a method of a class of SciPy does; its first parameter is self."""

    def enter(function):
        original = vars(kind)[name]
        either = _either(original, function, calls_back)
        supply_method(kind, name, either)
        return either

    return enter


def implements_kind(kind):
    """Enter a function that returns, for an object of a compiled class of SciPy, what takes its
    place in names of other modules: an object with the same attributes that takes traced values."""

    def enter(function):
        by_kind(lambda x: function(x) if type(x) is kind else None)
        return function

    return enter


def public_name(original):
    """The name by which a function of SciPy is known: "scipy.optimize.brentq"."""
    module = original.__module__
    return f"{module.partition('._')[0]}.{original.__name__}"


def refuses(original, remedy, calls_back=False):
    """Enter a function of SciPy as one that has no derivative; remedy: what to write instead."""

    @implements(original, calls_back)
    def refuse(*args, **kwargs):
        if calls_back and not depend(hoisted((args, kwargs))[0]):
            return _core.untraced(lambda: original(*args, **kwargs))
        raise NoDerivativeError(
            f"{public_name(original)} has no derivative in ad_core{_core.user_line()}; {remedy}"
        )

    return refuse


def refuses_all(module, remedies, calls_back=False):
    """Enter those of these functions that the installed SciPy has; remedies: name -> remedy."""
    for name, remedy in remedies.items():
        if hasattr(module, name):
            refuses(getattr(module, name), remedy, calls_back)


def _either(original, function, calls_back):
    @wraps(function)
    def either(*args, **kwargs):
        if not _core.is_tracing():
            return original(*args, **kwargs)
        if calls_back:  # floating-point errors are those of the user's functions
            return function(*args, **kwargs)
        plain = plain_arguments((args, kwargs))
        if plain is not None:
            result = _core.untraced(lambda: original(*plain[0], **plain[1]))
            return made(result) if any_traced((*args, *kwargs.values())) else result
        return _core.as_numpy(original, function, args, kwargs)

    return either


# class of objects that may hold traced values -> function that returns a plain one, or None
hiding = {}


def plain_arguments(item):
    """The arguments with plain arrays in place of traced constants; None if one depends on an
    input."""
    return None if _core.holds_variable(item) else only_constants(item, _plain_leaf)


def _plain_leaf(leaf):
    find = hiding.get(type(leaf))
    return plain_constant(leaf) if find is None else find(leaf)


hiding[TracedComplex] = constant_values


def made(result):
    """Plain results as arrays of the trace, to which traced values can be written."""
    if type(result) is tuple:
        return tuple(map(made, result))
    of_floats = isinstance(result, np.ndarray) and result.dtype == np.float64
    return np.array(result) if of_floats and result.ndim else result
