# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""custom_jvp and custom_vjp: functions whose derivatives are given by the user, as in JAX."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, Generic, ParamSpec, TypeVar

import numpy as np

from ad_core import _core
from ad_core.recording.trees import flatten
from ad_core.rules.arguments import (
    Result,
    RuleArguments,
    any_traced_leaf,
    bound,
    nondiff_numbers,
    positional_count,
    separated,
    signature_of,
    tangent_leaves,
)

__all__ = ["custom_jvp", "custom_vjp"]

P = ParamSpec("P")
Y = TypeVar("Y")
Rule = TypeVar("Rule", bound=Callable[..., Any])


class _Custom(Generic[P, Y]):
    """The common part of both classes: the function, its name and the arguments that are not
    differentiated."""

    __wrapped__: Callable[P, Y]

    def __init__(self, fun: Callable[P, Y], nondiff_argnums: int | Sequence[int] = ()) -> None:
        if not callable(fun):
            raise TypeError(f"{type(self).__name__} takes a function, got {type(fun).__name__}")
        # updated=(): the rules of a wrapped custom function are not copied
        functools.update_wrapper(self, fun, updated=())
        self._name = _core.name_of(fun)
        self._nondiff = nondiff_numbers(nondiff_argnums)
        self._signature = signature_of(fun)
        self._count = positional_count(self._signature)

    def __repr__(self):
        return f"<{type(self).__name__} {self._name}>"

    def __get__(self, instance: Any, owner: Any = None) -> Callable[..., Y]:
        """As a method, self is argument 0, which belongs in nondiff_argnums."""
        return self if instance is None else functools.partial(self, instance)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Y:
        if kwargs or len(args) != self._count:
            args = bound(self._name, self._signature, args, kwargs)
        if self._nondiff and max(self._nondiff) >= len(args):
            beyond = next(k for k in self._nondiff if k >= len(args))
            raise ValueError(
                f"nondiff_argnums of {self._name} names argument {beyond}, but there are "
                f"{len(args)}"
            )
        if not any_traced_leaf(args):
            return self.__wrapped__(*args)
        if not self._nondiff:
            return self._recorded(RuleArguments(self._name, args), ())
        primals, fixed = separated(self._name, args, self._nondiff)
        return self._recorded(RuleArguments(self._name, tuple(primals)), fixed)

    def _joined(self, primals, fixed):
        """All arguments in their order."""
        if not fixed:
            return primals
        args = list(primals)
        for k, x in sorted(zip(self._nondiff, fixed, strict=True), key=lambda pair: pair[0]):
            args.insert(k, x)
        return args


class custom_jvp(_Custom[P, Y]):
    """A decorator for a function whose derivative is given by a rule for tangents.

    :meth:`defjvp` sets ``rule(primals, tangents) -> (y, t)``. The rule takes a tuple of the
    arguments and a tuple of their tangents of the same structure, and returns the result and its
    tangent, which must be linear in the tangents. Arguments and results may be nested tuples,
    lists and dicts of arrays. An argument that holds anything else belongs in nondiff_argnums and
    is passed to the rule before the others: ``rule(*nondiff, primals, tangents)``.

    The rule is NumPy code. It is used in both modes (in reverse mode it is transposed) and for
    every order (the rule is traced to compute its own derivative). Outside a derivative, fun is
    called unchanged. Arguments given by name are put in their positions. Numbers are returned as
    float64 or complex128; tangents of complex numbers are complex.

    Raises AttributeError if a derivative is computed before a rule is set, TracedValueError for
    traced values that fun does not get as arguments, and ValueError if the structure or shape of
    the rule's result is wrong. Cost: fun is called once when it is recorded, and the rule once for
    each tangent; in reverse mode the rule is recorded once. Source: jax.custom_jvp.

    >>> import numpy as np, ad_core
    >>> @ad_core.custom_jvp
    ... def log1pexp(x):
    ...     return np.log(1.0 + np.exp(x))
    >>> @log1pexp.defjvp
    ... def log1pexp_jvp(primals, tangents):
    ...     (x,), (t,) = primals, tangents
    ...     return log1pexp(x), t / (1.0 + np.exp(-x))
    >>> ad_core.grad(log1pexp)(100.0)
    np.float64(1.0)
    """

    _rule = None

    def defjvp(self, jvp: Rule) -> Rule:
        """Set the rule ``jvp(primals, tangents) -> (y, t)`` and return it, for use as a decorator.

        >>> import ad_core
        >>> twice = ad_core.custom_jvp(lambda x: 2.0 * x)
        >>> rule = twice.defjvp(lambda primals, tangents: (twice(*primals), 2.0 * tangents[0]))
        >>> ad_core.grad(twice)(3.0)
        np.float64(2.0)
        """
        if not callable(jvp):
            raise TypeError(f"defjvp of {self._name} takes a function, got {type(jvp).__name__}")
        self._rule = jvp
        return jvp

    def defjvps(self, *jvps: Callable[..., Any] | None) -> None:
        """Set one rule ``jvp(t, y, *primals) -> t`` for each argument; None stands for zero.

        >>> import ad_core
        >>> product = ad_core.custom_jvp(lambda a, b: a * b)
        >>> product.defjvps(lambda t, y, a, b: t * b, lambda t, y, a, b: a * t)
        >>> ad_core.grad(product, (0, 1))(3.0, 5.0)
        (np.float64(5.0), np.float64(3.0))
        """
        if self._nondiff:
            raise TypeError(f"{self._name} has nondiff_argnums; set its rule by defjvp")

        def rule(primals, tangents):
            if len(jvps) != len(primals):
                raise ValueError(
                    f"{self._name} has {len(primals)} arguments, but defjvps was given "
                    f"{len(jvps)} rules"
                )
            y = self(*primals)
            leaves, tree = flatten(y)
            total = [np.zeros(np.shape(x)) for x in leaves]
            for jvp, t in zip(jvps, tangents, strict=True):
                parts = tangent_leaves(
                    tree, jvp and jvp(t, y, *primals), self._tangent_name("defjvps")
                )
                total = [a if b is None else a + b for a, b in zip(total, parts, strict=True)]
            return y, tree.build(total)

        self._rule = rule

    def _tangent_name(self, what):
        """The name of the tangent in messages."""
        return f"the tangent that the rule of {self._name} ({what}) returns"

    def _recorded(self, given, fixed):
        rule, result = self._rule, Result(self._name)
        if rule is None:
            raise AttributeError(
                f"custom_jvp function {self._name} has no rule; set one by "
                f"{self._name}.defjvp(rule) with rule(primals, tangents) -> (y, tangent)"
            )

        def linear(arrays, results, backward):
            if backward:
                return None
            primals = given.primals(arrays)

            def push(tangents):
                pair = rule(*fixed, primals, given.tangents(tangents))
                if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                    raise TypeError(
                        f"the rule of {self._name} (defjvp) must return a pair (y, tangent), got "
                        f"{type(pair).__name__}"
                    )
                return tangent_leaves(result.tree, pair[1], self._tangent_name("defjvp"))

            return push

        function = lambda *primals: self.__wrapped__(*self._joined(primals, fixed))  # noqa: E731
        return result.call(function, given, linear)


class custom_vjp(_Custom[P, Y]):
    """A decorator for a function whose derivative is given by a rule for cotangents.

    :meth:`defvjp` sets two rules. ``fwd(*args) -> (y, residuals)`` is called instead of fun when a
    derivative is computed. ``bwd(residuals, w) -> cotangents`` takes a cotangent w with the
    structure of y and returns a tuple with one cotangent for each argument (None for zeros), which
    must be linear in w. Arguments and results may be nested tuples, lists and dicts of arrays. An
    argument that holds anything else belongs in nondiff_argnums: fwd gets it in its position, and
    bwd gets it before the others, ``bwd(*nondiff, residuals, w)``.

    The rules are NumPy code. They are used in both modes (in forward mode bwd is transposed, where
    JAX raises an error) and for every order. The residuals of the last point are kept; at another
    point fwd is called again. Cotangents of complex numbers are complex, in JAX's conventions.

    Raises AttributeError if a derivative is computed before the rules are set, TracedValueError
    for traced values that fwd does not get as arguments, and ValueError if the structure or shape
    of the cotangents is wrong. Cost: fwd is called once for each point, bwd once for each
    cotangent; in forward mode bwd is recorded once. Source: jax.custom_vjp.

    >>> import numpy as np, ad_core
    >>> @ad_core.custom_vjp
    ... def clipped(x):  # the identity, with gradients of at most 1
    ...     return x
    >>> clipped.defvjp(lambda x: (x, None), lambda residuals, w: (np.clip(w, -1.0, 1.0),))
    >>> ad_core.grad(lambda x: np.sum(clipped(x) ** 2))(np.array([0.25, 3.0]))
    array([0.5, 1. ])
    """

    _fwd = _bwd = None

    def defvjp(
        self,
        fwd: Callable[..., tuple[Any, Any]],
        bwd: Callable[..., Sequence[Any]],
    ) -> None:
        """Set the rules ``fwd(*args) -> (y, residuals)`` and ``bwd(residuals, w) -> cotangents``.

        >>> import ad_core
        >>> product = ad_core.custom_vjp(lambda a, b: a * b)
        >>> product.defvjp(lambda a, b: (a * b, (a, b)), lambda r, w: (w * r[1], r[0] * w))
        >>> ad_core.grad(product, (0, 1))(3.0, 5.0)
        (np.float64(5.0), np.float64(3.0))
        """
        for what, rule in (("fwd", fwd), ("bwd", bwd)):
            if not callable(rule):
                raise TypeError(
                    f"{what} of {self._name}.defvjp must be a function, got {type(rule).__name__}"
                )
        self._fwd, self._bwd = fwd, bwd

    def _recorded(self, given, fixed):
        bwd, result = self._bwd, Result(self._name)
        if bwd is None:
            raise AttributeError(
                f"custom_vjp function {self._name} has no rules; set them by "
                f"{self._name}.defvjp(fwd, bwd) with fwd(*args) -> (y, residuals) and "
                f"bwd(residuals, w) -> cotangents"
            )
        kept = [None]  # arrays and residuals of the last point

        def forward(*primals):
            pair = self._fwd(*self._joined(primals, fixed))
            if not isinstance(pair, (tuple, list)) or len(pair) != 2:
                raise TypeError(
                    f"fwd of {self._name} must return a pair (y, residuals), got "
                    f"{type(pair).__name__}"
                )
            return pair

        def function(*primals):
            y, residuals = forward(*primals)
            kept[0] = [np.array(x) for x in flatten(primals)[0]], residuals
            return y

        def residuals_at(arrays):
            primals = given.primals(arrays)
            leaves, last = flatten(primals)[0], kept[0]
            plain = not any_traced_leaf(leaves)
            if plain and last and all(map(np.array_equal, leaves, last[0])):
                return last[1]
            return forward(*primals)[1]

        def linear(arrays, results, backward):
            if not backward:
                return None
            residuals = residuals_at(arrays)

            def pull(cotangents):
                found = bwd(*fixed, residuals, result.cotangents(cotangents))
                if not isinstance(found, (tuple, list)):
                    raise TypeError(
                        f"bwd of {self._name} must return a tuple with a cotangent for each "
                        f"argument, got {type(found).__name__}"
                    )
                what = f"the cotangents that bwd of {self._name} returns"
                return given.cotangents(tuple(found), what)

            return pull

        return result.call(function, given, linear)
