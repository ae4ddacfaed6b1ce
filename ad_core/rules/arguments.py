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
from ad_core.recording.complex_leaves import ARGUMENT, RESULT, Complex, is_complex, parts_of
from ad_core.recording.containers import Mapping
from ad_core.recording.trees import (
    COMPLEX_ARGUMENT,
    LEAF,
    Tree,
    flatten,
    leaf_path,
    open_container,
)
from ad_core.rules.rule import call

__all__ = [
    "Result",
    "RuleArguments",
    "any_traced_leaf",
    "bound",
    "nondiff_numbers",
    "positional_count",
    "separated",
    "tangent_leaves",
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


def _with_pairs(leaves, tree, taken):
    """The leaves and the Tree with two real leaves in the place of each complex one that is
    taken(leaf)."""
    if not any(map(taken, leaves)):
        return leaves, tree
    found, rest = [], iter(leaves)

    def opened(tree):
        if tree.kind is not None:
            children = [opened(child) for child in tree.children]
            return Tree(tree.kind, children, tree.keys, tree.order, tree.how, tree.aux)
        leaf = next(rest)
        if not taken(leaf):
            found.append(leaf)
            return LEAF
        found.extend(parts_of(leaf))
        return COMPLEX_ARGUMENT

    return found, opened(tree)


class RuleArguments:
    """Nested arguments of one call, whose traced leaves are the arrays of its rule.  Complex traced
    values are two leaves; the user's functions get and return them whole, in JAX's conventions.

    numbers: whether all leaves must be numbers or arrays of numbers.

    The rule, which lives as long as its recording, must not refer to traced values, since these
    keep the recording alive.
    """

    def __init__(self, name, args, numbers=True):
        leaves, tree = flatten(args)
        copied = _core.copied_leaves(leaves, numbers)
        if copied is None:
            leaves, tree = _with_pairs(leaves, tree, _core.traced_complex)
        self.name = name
        self.tree = tree
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
        if any_traced_leaf(leaf):
            return _core.object_array(leaf)
        real = isinstance(leaf, (int, float, np.ndarray, np.generic))
        if numbers and not (is_complex(leaf) or (real and np.asarray(leaf).dtype.kind in "fiub")):
            kind = getattr(leaf, "dtype", type(leaf).__name__)
            raise DtypeError(f"{self._place(k)} of {self.name} must be numbers, got {kind}")
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
        return self.tree.fill(leaves)

    def tangents(self, arrays):
        """Nested tangents with these arrays in those places, and zeros in the others."""
        leaves = [None] * len(self._leaves)
        for k, x in zip(self._traced, arrays, strict=True):
            leaves[k] = x[()]
        zeros = [
            np.zeros(np.shape(x), complex if is_complex(x) else float)[()] if t is None else t
            for x, t in zip(self._leaves, leaves, strict=True)
        ]
        return self.tree.fill(zeros)

    def cotangents(self, found, what):
        """The cotangents of the traced leaves, of those that a rule returned for all arguments."""
        leaves = _leaves_like(self.tree, found, what, RESULT)
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
        leaves, tree = _with_pairs(leaves, tree, is_complex)
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
        return self.tree.fill(self._placed(arrays))

    def cotangents(self, arrays):
        """The nested cotangents of the result with these leaves."""
        return self.build(arrays) if self.tree is LEAF else self.tree.build(self._placed(arrays))

    def _placed(self, arrays):
        return [x[()] for x in map(layouts.in_axis_order, arrays, self.orders)]

    def call(self, function, arguments, linear, local=False):
        """function(*args) as one call on the tape, whose rule is linear(arrays, results, backward)
        as described in Rule, and so is local."""

        def value(*arrays):
            return self.leaves(function(*arguments.primals(arrays)))

        arrays = arguments.take_arrays()
        return self.build(call(self.name, value, arrays, linear=linear, local=local))


def tangent_leaves(tree, found, what):
    """The leaves of tangents that a rule returned, matched with the structure of the result; None
    stands for zeros of a part."""
    return _leaves_like(tree, found, what, ARGUMENT)


def _leaves_like(tree, found, what, side):
    """The same for both: ARGUMENT for tangents, RESULT for cotangents."""
    if found is None:
        return [None] * tree.leaves
    if tree.kind is None and flatten(found)[1].kind is None:
        return [found]
    if tree.kind is Complex and flatten(found)[1].kind is None:
        return list(side.seeds(found))
    if tree.kind is dict or tree.how is Mapping:
        same = isinstance(found, dict) and found.keys() == set(tree.keys)
        parts = [found[key] for key in tree.keys] if same else None
    elif tree.how is not None:
        parts = open_container(found)[0] if type(found) is tree.kind else None
    else:
        same = tree.kind not in (None, Complex) and isinstance(found, (tuple, list))
        parts = found if same else None
    if parts is None or len(parts) != len(tree.children):
        raise ValueError(f"{what} must have the structure {tree!r}, got {flatten(found)[1]!r}")
    leaves = []
    for child, part in zip(tree.children, parts, strict=True):
        leaves += _leaves_like(child, part, what, side)
    return leaves
