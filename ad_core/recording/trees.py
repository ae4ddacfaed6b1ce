# SPDX-License-Identifier: Apache-2.0
"""Nested tuples, lists and dicts of arrays: taken apart into leaves, put together again.

Named tuples and dataclass-free containers keep their type; ``None`` is an empty
tree, as in JAX.  A dict's leaves are ordered by key, so that dicts of the same keys match whatever
their order; what is built is in the dict's own order.
"""

import operator

__all__ = ["Tree", "flatten", "leaf_path", "leaf_paths", "map_leaves"]


class Tree:
    """The structure that :func:`flatten` took away from the leaves.

    >>> leaves, tree = flatten({"w": [1.0, 2.0], "b": 3.0})
    >>> leaves
    [3.0, 1.0, 2.0]
    >>> tree.build(["x", "y", "z"])
    {'w': ['y', 'z'], 'b': 'x'}
    """

    __slots__ = ("children", "keys", "kind", "leaves", "order")

    def __init__(self, kind, children=(), keys=(), order=None):
        """keys: a dict's, as its children are ordered; order: which of them is first, second, ...
        in the dict itself (None: as they are)."""
        self.kind = kind
        self.children = children
        self.keys = keys
        self.order = order
        self.leaves = 1 if kind is None else sum(child.leaves for child in children)

    def build(self, leaves):
        """The nested containers with these leaves."""
        return self._build(iter(leaves))

    def _build(self, leaves):
        if self.kind is None:
            return next(leaves)
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


def flatten(value):
    """The leaves of nested containers, left to right, and their Tree."""
    leaves = []
    return leaves, _flatten(value, leaves)


def _flatten(value, leaves):
    kind = type(value)
    if kind is float:  # most leaves are
        leaves.append(value)
        return LEAF
    if kind is list or issubclass(kind, tuple):
        return Tree(kind, [_flatten(part, leaves) for part in value])
    if kind is dict:
        keys, order = _by_key(list(value))
        return Tree(dict, [_flatten(value[key], leaves) for key in keys], keys, order)
    if value is None:
        return Tree(type(None))
    leaves.append(value)
    return LEAF


def _by_key(own):
    """A dict's keys as leaves are ordered by them, and where each of its own keys stands among
    those (None: they are in this order)."""
    try:
        keys = sorted(own)
    except TypeError:  # of several types: by type, then by what is printed of them
        keys = sorted(own, key=lambda key: (type(key).__name__, repr(key)))
    if all(map(operator.is_, keys, own)):
        return keys, None
    places = {id(key): k for k, key in enumerate(keys)}
    return keys, tuple(places[id(key)] for key in own)


def map_leaves(function, value):
    """The same containers with function(leaf) in each leaf's place."""
    leaves, tree = flatten(value)
    return tree.build([function(leaf) for leaf in leaves])


def leaf_paths(tree):
    """How to write each leaf of a structure named x, without the x.

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
    """The path of one leaf, as messages need it.

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
    """How to write each child of a structure."""
    count, fields = len(tree.children), getattr(tree.kind, "_fields", ())
    return [f".{field}" for field in fields] or [f"[{key!r}]" for key in tree.keys or range(count)]
