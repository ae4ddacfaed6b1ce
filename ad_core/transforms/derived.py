# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""What transforms return: functions of fun's arguments, and linear maps at a point.

They are objects and not closures, so that they can be pickled: functions with fun, if fun itself
can be pickled, and linear maps with the numbers of their recording.
"""

import types

from ad_core import _core
from ad_core.errors import EscapedTraceError
from ad_core.recording.record import record, seeds_like
from ad_core.recording.trees import Tree
from ad_core.sparse.transforms import sparse_derivative

__all__ = ["FILES", "Derived", "Pullback", "Pushforward", "SparseDerived", "input_seeds"]

# How a recording is written as bytes, and read: "save" and "load", which ad_core.programs enters.
FILES = {}


class Derived:
    """A function of fun's arguments: call(fun, args, kwargs, *options)."""

    def __init__(self, call, fun, name, *options):
        self._call = call
        self._options = options
        self.__wrapped__ = fun
        self.__name__ = name

    def __call__(self, *args, **kwargs):
        return self._call(self.__wrapped__, args, kwargs, *self._options)

    def __get__(self, instance, owner=None):
        return self if instance is None else types.MethodType(self, instance)

    def __repr__(self):
        return f"<{self.__name__.replace('_', ' ')} of {_core.name_of(self.__wrapped__)}>"

    def __reduce__(self):
        fun = self.__wrapped__
        if _core.is_found_by_name(self, fun):
            return _core.found_by_name, (fun.__module__, fun.__qualname__)
        return self._made_by()

    def _made_by(self):
        return Derived, (self._call, self.__wrapped__, self.__name__, *self._options)


class SparseDerived(Derived):
    """A function that returns sparse derivatives."""

    def __init__(self, fun, name, argnums, has_aux, **options):
        found = sparse_derivative(fun, argnums, has_aux, **options)
        super().__init__(_called, fun, name, found)
        self._given = argnums, has_aux, options

    def _made_by(self):
        argnums, has_aux, options = self._given
        return _sparse, (self.__wrapped__, self.__name__, argnums, has_aux, options)


def _called(fun, args, kwargs, function):
    return function(*args, **kwargs)


def _sparse(fun, name, argnums, has_aux, options):
    return SparseDerived(fun, name, argnums, has_aux, **options)


class Pullback:
    """The map of cotangents of a result to cotangents of the arguments, at a point."""

    def __init__(self, recording, single, name, origin=None):
        """single: whether there is one argument, whose cotangent is not in a tuple.  name: that of
        the function.  origin: the arguments of _pulled_back(), which makes it again, if they are
        known."""
        self._recording = recording
        self._single = single
        self._name = name
        self._origin = origin

    def __call__(self, cotangent):
        r = self._recording
        seeds = seeds_like(r.outputs, cotangent, r.outputs.tree, "the cotangent")
        found = r.inputs.build(r.product(seeds, forward=False))
        return found[0] if self._single else tuple(found)

    def __reduce__(self):
        data = _saved(self._recording, self._name)
        if data is None:
            return _pulled_back, self._origin
        return _loaded_pullback, (data, self._single)


class Pushforward:
    """The map of tangents of the arguments to tangents of a result, at a point."""

    def __init__(self, recording, name, origin=None):
        self._recording = recording
        self._name = name
        self._origin = origin

    def __call__(self, *tangents):
        r = self._recording
        return r.outputs.build(r.product(input_seeds(r, tangents), forward=True))

    def __reduce__(self):
        data = _saved(self._recording, self._name)
        return (_pushed, self._origin) if data is None else (_loaded_pushforward, (data,))


def input_seeds(recording, tangents):
    """The tangents of a recording's arguments, a tuple, as a flat list of arrays."""
    tree = Tree(tuple, recording.inputs.tree.trees)
    return seeds_like(recording.inputs, tuple(tangents), tree, "the tangents")


def _saved(recording, name):
    """A recording as bytes; None if it has parts that a tape file cannot hold."""
    if recording.nested:
        raise EscapedTraceError(
            f"this linear map of {name} belongs to an enclosing trace, and cannot be "
            f"pickled; make it at plain numbers"
        )
    try:
        return FILES["save"](recording, name)
    except TypeError:
        return None


def _loaded_pullback(data, single):
    recording, name = FILES["load"](data)
    return Pullback(recording, single, name)


def _loaded_pushforward(data):
    recording, name = FILES["load"](data)
    return Pushforward(recording, name)


def _pulled_back(fun, primals, argnums, has_aux):
    numbers = tuple(range(len(primals))) if argnums is None else argnums
    recording = record(fun, primals, {}, numbers, has_aux)
    single = argnums is not None and not isinstance(argnums, (tuple, list))
    return Pullback(recording, single, _core.name_of(fun), (fun, primals, argnums, has_aux))


def _pushed(fun, primals):
    recording = record(fun, primals, {}, tuple(range(len(primals))))
    return Pushforward(recording, _core.name_of(fun), (fun, primals))
