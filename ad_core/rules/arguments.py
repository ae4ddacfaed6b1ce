# SPDX-License-Identifier: Apache-2.0
"""Arguments and results of functions with rules: nested containers, whose traced leaves are the
arrays of one call on the tape."""

import inspect

import numpy as np

from ad_core import _core
from ad_core.errors import DtypeError, TracedValueError
from ad_core.errors.integers import integer
from ad_core.recording import layouts
from ad_core.recording.argnums import is_single
from ad_core.recording.containers import Mapping
from ad_core.recording.trees import LEAF, flatten, leaf_path, open_container
from ad_core.rules.rule import call

__all__ = [
    "Result",
    "RuleArguments",
    "any_traced_leaf",
    "bound",
    "leaves_like",
    "nondiff_numbers",
    "positional_count",
    "separated",
]


def any_traced_leaf(args):
    """Whether any leaf is a traced value, real or complex, or an object array of traced values.

    Raises TracedValueError for a masked array or a Series of traced values.
    """
    found = _core.holds_traced(args)
    return any(map(_is_traced, flatten(args)[0])) if found is None else found


def _is_traced(x):
    if _core.traced(x) or _core.traced_complex(x):
        return True
    if _core.hides_traced(x):
        raise TracedValueError(
            f"a function with derivative rules takes arrays, got a {type(x).__name__} of traced "
            f"values{_core.user_line()}; pass np.asarray(x) for a Series, and m.compressed() or "
            f"m.filled(value) for a masked array"
        )
    return isinstance(x, np.ndarray) and x.dtype.hasobject and any(map(_core.traced, x.flat))


def signature_of(fun):
    """The signature of fun; None if it is not known."""
    try:  # a ufunc's signature consists of options that rules do not use
        return None if isinstance(fun, np.ufunc) else inspect.signature(fun)
    except (TypeError, ValueError):  # some functions in C have no signature
        return None


def positional_count(signature):
    """The number of arguments of a function that takes them by position only; None if it may also
    take others."""
    if signature is None:
        return None
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    by_position = {inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD}
    return len(signature.parameters) if kinds <= by_position else None


def bound(name, signature, args, kwargs):
    """All arguments by position, those given by name and defaults among them, as in JAX."""
    if signature is None:
        if kwargs:
            raise TypeError(
                f"{name} takes its arguments by position here, got {', '.join(kwargs)} by name; "
                f"pass all arguments by position"
            )
        return args
    given = signature.bind(*args, **kwargs)
    if given.kwargs:
        raise TypeError(
            f"{name} takes {', '.join(given.kwargs)} by name only, and arguments by name can not "
            f"be passed to its rules; make them positional arguments"
        )
    given.apply_defaults()
    return given.args


def separated(name, args, numbers):
    """The arguments that are not in nondiff_argnums, and those that are, both in their order."""
    fixed = [args[k] for k in numbers]
    for k, x in zip(numbers, fixed, strict=True):
        if any_traced_leaf(x):
            raise TracedValueError(
                f"argument {k} of {name} is in nondiff_argnums, but depends on an input; take it "
                f"out of nondiff_argnums"
            )
    return [x for k, x in enumerate(args) if k not in numbers], fixed


def nondiff_numbers(nondiff_argnums):
    """nondiff_argnums as a tuple of nonnegative ints."""
    numbers = (nondiff_argnums,) if is_single(nondiff_argnums) else nondiff_argnums
    expected = "a tuple of nonnegative ints"
    return tuple(integer(k, "nondiff_argnums", expected, least=0) for k in numbers)


class RuleArguments:
    """Nested arguments of one call, whose traced leaves are the arrays of its rule.

    numbers: whether all leaves must be real numbers or arrays of real numbers.

    The rule, which lives as long as its recording, must not refer to traced values, since these
    keep the recording alive.
    """

    def __init__(self, name, args, numbers=True):
        leaves, self.tree = flatten(args)
        self.name = name
        copied = _core.copied_leaves(leaves, numbers)
        self._orders = None  # all arrays are in C order
        if copied is not None:
            self._leaves, self._traced = copied
        else:
            self._leaves = [self._leaf(k, leaf, numbers) for k, leaf in enumerate(leaves)]
            self._traced = [k for k, leaf in enumerate(self._leaves) if _core.traced(leaf)]
        self._arrays = [self._leaves[k] for k in self._traced]
        if copied is None:
            self._orders = [layouts.order_of(x) for x in self._arrays]
        for k in self._traced:
            self._leaves[k] = None

    def take_arrays(self):
        """The traced leaves, for the one call in which they are recorded."""
        arrays, self._arrays = self._arrays, None
        return arrays

    def _leaf(self, k, leaf, numbers):
        if _core.traced(leaf):  # truth values become guards, as in control flow
            return _core.plain_values(leaf)
        if _core.traced_complex(leaf):
            raise DtypeError(
                f"{self._place(k)} of {self.name} is complex; pass its .real and .imag"
            )
        if any_traced_leaf(leaf):
            return _core.object_array(leaf)
        real = isinstance(leaf, (int, float, np.ndarray, np.generic))
        if numbers and not (real and np.asarray(leaf).dtype.kind in "fiub"):
            kind = getattr(leaf, "dtype", type(leaf).__name__)
            raise DtypeError(f"{self._place(k)} of {self.name} must be real numbers, got {kind}")
        # a copy: the caller may write to it before the rules are called
        return leaf.copy() if type(leaf) is np.ndarray else leaf

    def _place(self, k):
        """The name of a leaf in messages: "argument 1 ['rate'][0]"."""
        number, _, path = leaf_path(self.tree, k)[1:].partition("]")
        return f"argument {number}{' ' if path else ''}{path}"

    def primals(self, arrays):
        """The nested arguments with these arrays in the places of the traced leaves."""
        leaves = list(self._leaves)
        if self._orders is not None:
            arrays = map(layouts.in_axis_order, arrays, self._orders)
        for k, x in zip(self._traced, arrays, strict=True):
            leaves[k] = x[()]  # a number where the shape is ()
        return self.tree.build(leaves)

    def tangents(self, arrays):
        """Nested tangents with these arrays in those places, and zeros in the others."""
        leaves = [None] * len(self._leaves)
        for k, x in zip(self._traced, arrays, strict=True):
            leaves[k] = x[()]
        zeros = [np.zeros(np.shape(x))[()] if t is None else t
                 for x, t in zip(self._leaves, leaves, strict=True)]  # fmt: skip
        return self.tree.build(zeros)

    def cotangents(self, found, what):
        """The cotangents of the traced leaves, of those that a rule returned for all arguments."""
        leaves = leaves_like(self.tree, found, what)
        return [leaves[k] for k in self._traced]


class Result:
    """The structure of a function's result, which must be the same at every point."""

    def __init__(self, name):
        self.name = name
        self.tree = None
        self.orders = None

    def leaves(self, value):
        """The leaves of a result; ValueError if its structure is another than before."""
        leaves, tree = flatten(value)
        if self.tree is LEAF and tree is LEAF:
            return tuple(leaves)
        if not leaves:
            raise TypeError(f"{self.name} returned {value!r}; return an array or a number")
        if self.tree is None:
            self.tree = tree
            self.orders = [layouts.order_of(y) for y in leaves]
        elif tree != self.tree:
            raise ValueError(
                f"{self.name} returned the structure {tree!r}, but {self.tree!r} where it was "
                f"recorded; the structure must not depend on the values"
            )
        return tuple(leaves)

    def build(self, arrays):
        """The nested result with these leaves."""
        if self.tree is LEAF:
            (x,) = arrays
            order = self.orders[0]
            return (x if order is None else layouts.in_axis_order(x, order))[()]
        placed = map(layouts.in_axis_order, arrays, self.orders)
        return self.tree.build([x[()] for x in placed])

    def call(self, function, arguments, linear, local=False):
        """function(*args) as one call on the tape, whose rule is linear(arrays, results, backward)
        as described in Rule, and so is local."""

        def value(*arrays):
            return self.leaves(function(*arguments.primals(arrays)))

        arrays = arguments.take_arrays()
        return self.build(call(self.name, value, arrays, linear=linear, local=local))


def leaves_like(tree, found, what):
    """The leaves of a rule's result, matched with a structure; None stands for zeros of a part."""
    if found is None:
        return [None] * tree.leaves
    if tree.kind is None and flatten(found)[1].kind is None:
        return [found]
    if tree.kind is dict or tree.how is Mapping:
        same = isinstance(found, dict) and found.keys() == set(tree.keys)
        parts = [found[key] for key in tree.keys] if same else None
    elif tree.how is not None:
        parts = open_container(found)[0] if type(found) is tree.kind else None
    else:
        parts = found if tree.kind is not None and isinstance(found, (tuple, list)) else None
    if parts is None or len(parts) != len(tree.children):
        raise ValueError(f"{what} must have the structure {tree!r}, got {flatten(found)[1]!r}")
    leaves = []
    for child, part in zip(tree.children, parts, strict=True):
        leaves += leaves_like(child, part, what)
    return leaves
