# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Nested containers of arrays: flattened into leaves, and built again from leaves.

Named tuples keep their type, and ``None`` is an empty tree, as in JAX. A dict's leaves are ordered
by key, so that dicts with the same keys match in whatever order the keys are. The dict that is
built has the order of the original. :mod:`ad_core.recording.containers` knows all other classes.
:mod:`ad_core.recording.plain` tells leaves that are inputs or results from entries that stay plain.
"""

import operator
from itertools import islice

import numpy as np

from ad_core import _core
from ad_core.recording.complex_leaves import ARGUMENT, RESULT, Complex, joined_blocks
from ad_core.recording.containers import REGISTERED, Fields, Mapping, Registered, kind_of

__all__ = [
    "COMPLEX_ARGUMENT", "COMPLEX_RESULT", "LEAF", "Kept", "Plain", "Tree", "flatten", "is_same",
    "leaf_path", "leaf_paths", "map_leaves", "open_container", "paired", "pairs", "rows_joined",
]  # fmt: skip


class Plain:
    """The kind of an entry that is neither an input nor a result (a number of steps, a name).
    Derivatives have None in its place."""


class Kept:
    """The kind of such an entry that an object needs (a field of a data class).  Derivatives, which
    are objects of the same class, have it too."""


class Tree:
    """The structure of nested containers, which :func:`flatten` separates from their leaves.

    >>> leaves, tree = flatten({"w": [1.0, 2.0], "b": 3.0})
    >>> leaves
    [3.0, 1.0, 2.0]
    >>> tree.build(["x", "y", "z"])
    {'w': ['y', 'z'], 'b': 'x'}
    """

    __slots__ = ("aux", "children", "flat", "how", "keys", "kind", "leaves", "order")

    def __init__(self, kind, children=(), keys=(), order=None, how=None, aux=None):
        """keys: a dict's keys in the order of its children. order: which of these keys is first,
        second, ... in the dict itself (None: the same order). how: how objects of a class that is
        not Python's own are built. aux: what they hold besides, or the value of a plain entry."""
        self.kind = kind
        self.children = children
        self.keys = keys
        self.order = order
        self.how = how
        self.aux = aux
        self.flat = True  # no container in this one
        for child in children:
            if child.kind is not None:
                self.flat = False
                break
        if self.flat:
            self.leaves = len(children) if kind is not None else 1
        else:
            self.leaves = sum(child.leaves for child in children)

    def build(self, leaves):
        """The nested containers with these leaves; None in the places of plain entries."""
        return self._build(iter(leaves))

    def fill(self, leaves):
        """The nested containers with these leaves and with the values of plain entries."""
        return self._build(iter(leaves), True)

    def _build(self, leaves, filled=False):
        kind = self.kind
        if kind is None:
            return next(leaves)
        if self.flat:
            parts = list(islice(leaves, self.leaves))
            if len(parts) < self.leaves:
                raise StopIteration
        else:
            parts = [child._build(leaves, filled) for child in self.children]
        if kind is dict:
            return dict(self._pairs(parts))
        if kind is list:
            return parts
        if self.how is not None:
            return self._made(parts)
        if kind is Complex:
            return self.aux.joined(*parts, filled)
        if kind is type(None):
            return None
        if kind is Plain or kind is Kept:
            return self.aux if filled or kind is Kept else None
        if hasattr(kind, "_fields"):
            return kind(*parts)
        return kind(parts)

    def _pairs(self, parts):
        """The items of a dict in its own order."""
        order = range(len(parts)) if self.order is None else self.order
        return ((self.keys[k], parts[k]) for k in order)

    def _made(self, parts):
        """An object of a class that is not Python's own."""
        how = self.how
        if how is Mapping:
            return Mapping.build(self.kind, self.aux, self._pairs(parts))
        if type(how) is Fields:
            return how.build(self.kind, parts)
        return how.unflatten(self.aux, parts)

    def __eq__(self, other):
        return (
            isinstance(other, Tree)
            and self.kind == other.kind
            and self.keys == other.keys
            and self.children == other.children
            and ((self.aux is None and other.aux is None) or self.has_aux_of(other))
        )

    __hash__ = None

    def has_aux_of(self, other):
        """Whether what belongs to the structure besides the children is equal to that of a tree of
        the same kind."""
        if self.how is Mapping:
            return True
        return is_same(self.aux, other.aux)

    def holds(self, kind):
        """Whether a node of this structure is of a kind that is no leaf."""
        if self.kind is kind:
            return True
        return not self.flat and any(child.holds(kind) for child in self.children)

    def is_all(self, kind):
        """Whether all leaves belong to nodes of this kind, whose children they are."""
        if self.kind is kind or self.leaves == 0:
            return True
        return not self.flat and all(child.is_all(kind) for child in self.children)

    def steps(self):
        """The Python expression for each child of a structure."""
        if self.kind is Complex:
            return [".real", ".imag"]
        if type(self.how) is Registered:
            return [f"[child {k}]" for k in range(len(self.children))]
        fields = getattr(self.kind, "_fields", ()) if self.how is None else ()
        fields = self.how.names if type(self.how) is Fields else fields
        keys = self.keys or range(len(self.children))
        return [f".{field}" for field in fields] or [f"[{key!r}]" for key in keys]

    def __repr__(self):
        kind = self.kind
        if kind is None:
            return "*"
        if kind is Plain or kind is Kept:
            return repr(self.aux)
        if kind is type(None):
            return "None"
        if kind is Complex:
            return "complex"
        parts = [repr(child) for child in self.children]
        if kind is list:
            return f"[{', '.join(parts)}]"
        if kind is dict or self.how is Mapping:
            items = "{" + ", ".join(f"{key!r}: {part}" for key, part in self._pairs(parts)) + "}"
            return items if kind is dict else f"{kind.__name__}({items})"
        if kind is tuple:
            return f"({', '.join(parts)}{',' if len(parts) == 1 else ''})"
        names = [step[1:] for step in self.steps()] if self.steps()[:1] != ["[0]"] else []
        if names and type(self.how) is not Registered:
            parts = [f"{name}={part}" for name, part in zip(names, parts, strict=True)]
        return f"{kind.__name__}({', '.join(parts)})"


LEAF = Tree(None)
COMPLEX_ARGUMENT = Tree(Complex, [LEAF, LEAF], aux=ARGUMENT)
COMPLEX_RESULT = Tree(Complex, [LEAF, LEAF], aux=RESULT)

FLAT = {(kind, n): Tree(kind, [LEAF] * n) for kind in (tuple, list) for n in range(9)}
# Classes whose objects are leaves, so that nothing else has to be asked.
LEAVES = frozenset(
    (np.ndarray, np.float64, int, str, bool, _core.TracedScalar, _core.TracedArray)
)  # fmt: skip


def flatten(value):
    """The leaves of nested containers, left to right, and their Tree."""
    leaves = []
    return leaves, _flatten(value, leaves)


def _flatten(value, leaves):
    kind = type(value)
    if kind is float:  # first, since most leaves are floats
        leaves.append(value)
        return LEAF
    if kind is list or kind is tuple or (issubclass(kind, tuple) and kind not in REGISTERED):
        if _core.are_leaves(value):
            leaves += value
            known = FLAT.get((kind, len(value)))
            return Tree(kind, [LEAF] * len(value)) if known is None else known
        return Tree(kind, [_flatten(part, leaves) for part in value])
    if kind is dict:
        keys, order = _by_key(list(value))
        return Tree(dict, [_flatten(value[key], leaves) for key in keys], keys, order)
    if kind in LEAVES:
        leaves.append(value)
        return LEAF
    if value is None:
        return Tree(type(None))
    opened = open_container(value)
    if opened is None:
        leaves.append(value)
        return LEAF
    parts, *rest = opened
    return Tree(kind, [_flatten(part, leaves) for part in parts], *rest)


def open_container(value):
    """(parts, keys, order, how, aux) of a container other than None, as a Tree has them; None for
    a leaf."""
    kind = type(value)
    if kind is list or kind is tuple:
        return value, (), None, None, None
    if kind is dict:
        keys, order = _by_key(list(value))
        return [value[key] for key in keys], keys, order, None, None
    how = kind_of(value)
    if how is None:
        return (value, (), None, None, None) if issubclass(kind, tuple) else None
    if how is Mapping:
        keys, order = _by_key(list(value))
        return [dict.__getitem__(value, key) for key in keys], keys, order, how, how.shell(value)
    if type(how) is Fields:
        return [getattr(value, name) for name in how.names], how.names, None, how, None
    parts, aux = how.parts(value)
    return parts, (), None, how, aux


def is_same(one, two):
    """Whether two plain values are equal."""
    if one is two:
        return True
    try:
        return type(one) is type(two) and (
            np.array_equal(one, two) if isinstance(one, np.ndarray) else bool(one == two)
        )
    except (TypeError, ValueError):  # objects that cannot be compared
        return False


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


def paired(tree, by=None):
    """The tree with a pair of real leaves, or another tree, in the place of each complex one."""
    if tree.kind is Complex:
        return Tree(tuple, [LEAF, LEAF]) if by is None else by
    if tree.flat:
        return tree
    parts = [paired(child, by) for child in tree.children]
    return Tree(tree.kind, parts, tree.keys, tree.order, tree.how, tree.aux)


def rows_joined(tree, rows, name, lead=0):
    """The rows of a Jacobian, one for each real leaf of a result, as the tree of the result.  lead:
    the number of batch axes.  name: that of the function."""
    if not tree.holds(Complex):
        return tree.build(rows)
    rows = iter(rows)
    whole = [
        _row_joined(next(rows), next(rows), name, lead) if pair else next(rows)
        for pair in pairs(tree)
    ]
    return paired(tree, LEAF).build(whole)


def pairs(tree):
    """For each leaf, a complex one counted once, whether it is complex."""
    if tree.kind is None or tree.kind is Complex:
        return [tree.kind is Complex]
    return [pair for child in tree.children for pair in pairs(child)]


def _row_joined(re, im, name, lead):
    first, tree = flatten(re)
    blocks = zip(first, flatten(im)[0], strict=True)
    return tree.build(
        [joined_blocks(x, y, name, lead) if _is_block(x, y) else x for x, y in blocks]
    )


def _is_block(x, y):
    """Whether leaves of two derivatives are numbers or arrays, not an entry that stays plain."""
    is_array = isinstance(x, (float, complex, np.ndarray)) or _core.traced_complex(x)
    return is_array and x is not y


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
        for step, child in zip(tree.steps(), tree.children, strict=True)
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
        path += tree.steps()[k]
        tree = tree.children[k]
    return path
