# SPDX-License-Identifier: Apache-2.0
"""checkpoint(): functions that are recorded as one call and computed again in each sweep."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ad_core import _core
from ad_core.rules.arguments import Result, RuleArguments, any_traced_leaf
from ad_core.rules.closures import hoisted
from ad_core.transforms import first_order

__all__ = ["checkpoint"]

P = ParamSpec("P")
Y = TypeVar("Y")


def checkpoint(fun: Callable[P, Y]) -> Callable[P, Y]:
    """A decorator that saves memory: a recording keeps only the arguments and results of fun.

    Each sweep records fun again at its arguments and drops that recording when it is done. This
    takes more time and less memory. Values and derivatives are those of fun, in both modes and of
    every order. Arguments and results may be nested tuples, lists and dicts of arrays; arguments
    that are not arrays are passed to fun unchanged. Traced values that fun closes over count as
    arguments.

    Raises TracedValueError for traced values that fun gets in other ways, such as the attribute of
    an object, and TypeError for results that are not arrays of numbers. Cost: fun is called once
    when it is recorded, and recorded once in each sweep. Source: jax.checkpoint; Griewank and
    Walther, Evaluating Derivatives, section 12.

    >>> import numpy as np, ad_core
    >>> def layer(x):
    ...     for _ in range(100):
    ...         x = np.sin(x)
    ...     return x
    >>> layers = lambda f: lambda x: np.sum(f(f(f(x))))
    >>> x = np.ones(100)
    >>> plain, saved = (ad_core.trace(layers(f), x) for f in (layer, ad_core.checkpoint(layer)))
    >>> plain.size["nodes"], saved.size["nodes"]
    (30101, 404)
    >>> np.allclose(plain.grad(x), saved.grad(x), rtol=1e-14)
    True
    """
    if not callable(fun):
        raise TypeError(f"checkpoint() takes a function, got {type(fun).__name__}")

    @functools.wraps(fun)
    def recomputed(*args, **kwargs):
        if not _core.is_tracing():
            return fun(*args, **kwargs)
        closed, rebuild = hoisted(fun)
        if not closed and not any_traced_leaf((args, kwargs)):
            return fun(*args, **kwargs)
        name = _core.name_of(fun)
        if not closed and not kwargs:
            return called(name, fun, RuleArguments(name, args, numbers=False))
        given = RuleArguments(name, (args, kwargs, closed), numbers=False)
        return called(name, lambda a, k, c: rebuild(c)(*a, **k), given)

    return recomputed


def called(name, function, given):
    """function(*args) as one call, which is differentiated by recording the function again."""
    result = Result(name)

    def outputs(*arrays):
        return list(result.leaves(function(*given.primals(arrays))))

    outputs.__name__ = name  # for messages

    def linear(arrays, results, backward):
        if backward:
            return first_order.vjp(outputs, *arrays)[1]
        push = first_order.linearize(outputs, *arrays)[1]
        return lambda tangents: push(*tangents)

    return result.call(function, given, linear)
