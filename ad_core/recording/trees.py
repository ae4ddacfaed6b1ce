# SPDX-License-Identifier: Apache-2.0
"""Nested tuples, lists and dicts of arrays: flattened into leaves, and built again from leaves.

Named tuples keep their type, and ``None`` is an empty tree, as in JAX. A dict's leaves are ordered
by key, so that dicts with the same keys match in whatever order the keys are. The dict that is
built has the order of the original.
"""

import operator
from itertools import islice

from ad_core import _core

__all__ = ["LEAF", "Tree", "flatten", "leaf_path", "leaf_paths", "map_leaves"]


class Tree:
    """The structure of nested containers, which :func:`flatten` separates from their leaves.

    >>> leaves, tree = flatten({"w": [1.0, 2.0], "b": 3.0})
    >>> leaves
    [3.0, 1.0, 2.0]
    >>> tree.build(["x", "y", "z"])
    {'w': ['y', 'z'], 'b': 'x'}
    """

    __slots__ = ("children", "flat", "keys", "kind", "leaves", "order")

    def __init__(self, kind, children=(), keys=(), order=None):
        """keys: a dict's keys in the order of its children. order: which of these keys is first,
        second, ... in the dict itself (None: the same order)."""
        self.kind = kind
        self.children = children
        self.keys = keys
        self.order = order
        self.flat = {child.kind for child in children} <= {None}  # no container in this one
        if self.flat:
            self.leaves = len(children) if kind is not None else 1
        else:
            self.leaves = sum(child.leaves for child in children)

    def build(self, leaves):
        """The nested containers with these leaves."""
        return self._build(iter(leaves))

    def _build(self, leaves):
        if self.kind is None:
            return next(leaves)
        if self.flat:
            parts = list(islice(leaves, self.leaves))
            if len(parts) < self.leaves:
                raise StopIteration
        else:
            parts = [child._build(leaves) for child in self.children]
        if self.kind is dict:
            order = range(len(parts)) if self.order is None else self.order
            return {self.keys[k]: parts[k] for k in order}
        if self.kind is type(None):
            return None
        if hasattr(self.kind, "_fields"):
            return self.kind(*parts)
        return self.kind(parts)

    def __eq__(self, other):
        return (
            isinstance(other, Tree)
            and self.kind == other.kind
            and self.keys == other.keys
            and self.children == other.children
        )

    __hash__ = None

    def __repr__(self):
        return f"{self.build(['*'] * self.leaves)!r}".replace("'*'", "*")


LEAF = Tree(None)


FLAT = {(kind, n): Tree(kind, [LEAF] * n) for kind in (tuple, list) for n in range(9)}


def flatten(value):
    """The leaves of nested containers, left to right, and their Tree."""
    leaves = []
    return leaves, _flatten(value, leaves)


def _flatten(value, leaves):
    kind = type(value)
    if kind is float:  # first, since most leaves are floats
        leaves.append(value)
        return LEAF
    if kind is list or issubclass(kind, tuple):
        if _core.are_leaves(value):
            leaves += value
            known = FLAT.get((kind, len(value)))
            return Tree(kind, [LEAF] * len(value)) if known is None else known
        return Tree(kind, [_flatten(part, leaves) for part in value])
    if kind is dict:
        keys, order = _by_key(list(value))
        return Tree(dict, [_flatten(value[key], leaves) for key in keys], keys, order)
    if value is None:
        return Tree(type(None))
    leaves.append(value)
    return LEAF


def _by_key(own):
    """A dict's keys in the order of the leaves, and the position of each of the dict's own keys
    among them (None: the order is the same)."""
    try:
        keys = sorted(own)
    except TypeError:  # keys of several types: by type, then by their repr
        keys = sorted(own, key=lambda key: (type(key).__name__, repr(key)))
    if all(map(operator.is_, keys, own)):
        return keys, None
    places = {id(key): k for k, key in enumerate(keys)}
    return keys, tuple(places[id(key)] for key in own)


def map_leaves(function, value):
    """The same containers with function(leaf) in the place of each leaf."""
    leaves, tree = flatten(value)
    return tree.build([function(leaf) for leaf in leaves])


def leaf_paths(tree):
    """The Python expression for each leaf of a structure named x, without the x.

    >>> leaf_paths(flatten({"joint": [1.0, (2.0, 3.0)]})[1])
    ["['joint'][0]", "['joint'][1][0]", "['joint'][1][1]"]
    """
    if tree.kind is None:
        return [""]
    return [
        step + path
        for step, child in zip(_steps(tree), tree.children, strict=True)
        for path in leaf_paths(child)
    ]


def leaf_path(tree, number):
    """The path of one leaf, for messages.

    >>> leaf_path(flatten({"joint": [1.0, (2.0, 3.0)]})[1], 2)
    "['joint'][1][1]"
    """
    path = ""
    while tree.kind is not None:
        k = 0
        while number >= tree.children[k].leaves:
            number -= tree.children[k].leaves
            k += 1
        path += _steps(tree)[k]
        tree = tree.children[k]
    return path


def _steps(tree):
    """The Python expression for each child of a structure."""
    count, fields = len(tree.children), getattr(tree.kind, "_fields", ())
    return [f".{field}" for field in fields] or [f"[{key!r}]" for key in tree.keys or range(count)]
