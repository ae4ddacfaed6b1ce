# SPDX-License-Identifier: Apache-2.0
"""Containers whose entries are not all floats: which leaves are inputs or results, and which
entries stay plain.

An integer, a string or a function among floats is passed to the function as it is.  Derivatives
have None in its place, since it has none; a field of an object stays as it is, since the object
needs it.
"""

import datetime
import enum
import pathlib
import types

import numpy as np

from ad_core import _core
from ad_core.recording.complex_leaves import Complex, is_complex, parts_like, parts_of
from ad_core.recording.containers import Fields, is_float, why_whole
from ad_core.recording.trees import (
    COMPLEX_ARGUMENT,
    COMPLEX_RESULT,
    LEAF,
    Kept,
    Plain,
    Tree,
    flatten,
    is_same,
    open_container,
)

__all__ = [
    "difference",
    "flatten_inputs",
    "flatten_numbers",
    "flatten_result",
    "leaves_like",
    "plain_arrays",
]

TEXTS = (str, bytes)
# Values that certainly hold no float.
PLAIN: tuple[type, ...] = (
    int, *TEXTS, np.integer, np.bool_, np.character, np.datetime64, np.timedelta64, np.dtype,
    np.ufunc, enum.Enum, type, range, slice, datetime.date, datetime.time, datetime.timedelta,
    pathlib.PurePath, types.FunctionType, types.BuiltinFunctionType, types.ModuleType,
    types.EllipsisType, _core.Evaluator, _core.JacobianFunction,
)  # fmt: skip
PLAIN_DTYPES = "biuSUMm"


def flatten_inputs(value, leaves=None, tree=None, what=None):
    """The leaves of an argument that are to be inputs, and a Tree that has its other entries.
    A complex number or array is two leaves.

    If none is a float, all leaves are given, so that the error names the first.  leaves and tree:
    those of flatten(value), if they are known.  what() is the argument's name: with it, objects
    that cannot be taken apart raise TypeError.
    """
    if tree is None:
        leaves, tree = flatten(value)
    if all(map(_is_input, leaves)):
        return leaves, tree
    for leaf in leaves if what is not None else ():
        why = why_whole(leaf)
        if why is not None:
            raise TypeError(
                f"{what()} holds a {type(leaf).__qualname__} that cannot be an input: {why}"
            )
    if tree is LEAF and not is_complex(value):
        return leaves, tree
    found = []
    separated = _separated(value, found, _is_plain, _is_no_number, COMPLEX_ARGUMENT)
    return (found, separated) if any(map(_is_input, found)) else (leaves, tree)


def flatten_result(value):
    """The leaves of a function's result that are numbers, and a Tree that has its texts and the
    whole numbers among the fields of objects.  A complex number or array is two leaves."""
    leaves, tree = flatten(value)
    if _core.are_real(leaves):
        return leaves, tree
    kept = tree is not LEAF and any(isinstance(leaf, (*TEXTS, int)) for leaf in leaves)
    if not kept and not any(map(is_complex, leaves)):
        return leaves, tree
    found = []
    separated = _separated(value, found, _is_text, _is_plain, COMPLEX_RESULT)
    return (found, separated) if found else (leaves, tree)


def flatten_numbers(value):
    """The same for values and derivatives of ad_core's own, whose complex leaves stay whole."""
    leaves, tree = flatten(value)
    if tree is LEAF or all(map(_is_input, leaves)):
        return leaves, tree
    leaves = []
    return leaves, _separated(value, leaves, _is_text, _is_no_number)


def plain_arrays(tree):
    """(place among all leaves, array) of each plain array in a container.  Those in the fields of
    objects are not among them."""
    found, places = [], iter(range(1 << 62))
    _find_arrays(tree, places, found)
    return found


def _find_arrays(tree, places, found):
    if tree.kind is None or tree.kind is Complex:
        next(places)
        return
    if tree.kind is Kept:
        for _ in flatten(tree.aux)[0]:
            next(places)
    elif tree.kind is Plain:
        place = next(places)
        if isinstance(tree.aux, np.ndarray):
            found.append((place, tree.aux))
    for child in tree.children:
        _find_arrays(child, places, found)


def _separated(value, leaves, plain, kept, pair=None):
    """The Tree of a value.  plain(leaf) says whether a leaf stays plain, kept(leaf) whether it does
    as a part of an object's field; the others are appended to leaves.  pair: the Tree of a complex
    leaf, both of whose parts are; None: it is one leaf."""
    if value is None:
        return Tree(type(None))
    opened = open_container(value)
    if opened is None:
        if plain(value):
            return Tree(Plain, aux=value)
        if pair is not None and is_complex(value):
            leaves += parts_of(value)
            return pair
        leaves.append(value)
        return LEAF
    parts, keys, order, how, aux = opened
    if type(how) is Fields:
        children = [_field(part, leaves, plain, kept, pair) for part in parts]
    else:
        children = [_separated(part, leaves, plain, kept, pair) for part in parts]
    return Tree(type(value), children, keys, order, how, aux)


def _field(value, leaves, plain, kept, pair):
    """The Tree of an object's field, which is kept as a whole if it has no leaves."""
    if all(map(kept, flatten(value)[0])):
        return Tree(Kept, aux=value)
    return _separated(value, leaves, plain, kept, pair)


def _is_input(leaf):
    return type(leaf) is float or is_float(leaf) or _core.traced(leaf)


def _is_plain(leaf):
    if type(leaf) is np.ndarray:
        return leaf.dtype.kind in PLAIN_DTYPES
    return isinstance(leaf, PLAIN) and not isinstance(leaf, float) and not _core.traced(leaf)


def _is_text(leaf):
    return isinstance(leaf, TEXTS) and not _core.traced(leaf)


def _is_no_number(leaf):
    """Whether a leaf is certainly no float, or an object that NumPy does not take for an array."""
    if _is_plain(leaf):
        return True
    return not (
        isinstance(leaf, (float, complex, np.ndarray, np.generic))
        or _core.traced(leaf)
        or _core.traced_complex(leaf)
        or hasattr(type(leaf), "__array__")
    )


def leaves_like(
    tree, given, what, structure="the structure of what is differentiated", points=False
):
    """The leaves of tangents or cotangents that have the structure of a tree.

    In the places of plain entries they have None, the entry itself or zero.  A complex leaf is two
    leaves.  points: they are arguments instead, whose plain entries must be those of the tree.
    Raises ValueError that names the first place that differs.  what and structure begin its
    message.
    """
    leaves, found = flatten(given)
    if found == tree:
        return leaves
    used = []
    why = _compare(tree, found, iter(leaves), used, "", points)
    if why is not None:
        raise ValueError(f"{what} must have {structure}: {why}")
    return used


def difference(tree, other):
    """The first place at which two structures differ, in words; None if they are equal."""
    leaves = [None] * other.leaves
    return _compare(tree, other, iter(leaves), [], "") or (
        None if tree == other else "the entries that are not numbers differ"
    )


def _compare(tree, other, leaves, used, path, points=False):
    """Append the leaves that `other` has where `tree` has leaves, and return what differs first."""
    here = f"at {path} it" if path else "it"
    if tree.kind in (Plain, Kept):
        own = [next(leaves) for _ in range(other.leaves)]
        if points:
            expected, structure = flatten(tree.aux)
            if structure == other and all(map(is_same, expected, own)):
                return None
            return f"{here} is {_short(tree.aux)}, which is part of the recording and cannot change"
        if all(_is_idle(leaf, tree.aux) for leaf in own):
            return None
        return f"{here} is {_short(tree.aux)}, which has no derivative: put None or 0 there"
    if tree.kind is Complex and other.kind is None:
        leaf = next(leaves)
        used += parts_like(leaf) if points else tree.aux.seeds(leaf)
        return None
    if tree.kind is not other.kind:
        return f"{here} is {_described(tree)}, not {_described(other)}"
    if tree.kind is None:
        used.append(next(leaves))
        return None
    if tree.keys != other.keys:
        lacks = [key for key in tree.keys if key not in other.keys]
        more = [key for key in other.keys if key not in tree.keys]
        return f"{here} " + " and ".join(
            [f"has the key {key!r}, which is missing" for key in lacks[:1]]
            + [f"has no key {key!r}" for key in more[:1]]
        )
    if len(tree.children) != len(other.children):
        return f"{here} has {len(tree.children)} entries, not {len(other.children)}"
    if not tree.has_aux_of(other):
        return f"{here} has {_short(tree.aux)} as its aux, not {_short(other.aux)}"
    for step, one, two in zip(tree.steps(), tree.children, other.children, strict=True):
        why = _compare(one, two, leaves, used, path + step, points)
        if why is not None:
            return why
    return None


def _is_idle(leaf, plain):
    """Whether an entry of a tangent in the place of a plain entry says nothing."""
    if leaf is None or leaf is plain or isinstance(leaf, TEXTS):
        return True
    if _core.traced(leaf):
        return False
    if isinstance(leaf, (int, float, np.ndarray, np.generic)):
        if isinstance(plain, (int, np.ndarray, np.generic)) and np.array_equal(leaf, plain):
            return not is_float(leaf)
        return not np.any(leaf)
    return True


def _described(tree):
    kind = tree.kind
    if kind is None:
        return "an array or a number"
    if kind is Complex:
        return "a complex array or number"
    if kind is type(None):
        return "None"
    if kind in (Plain, Kept):
        return _short(tree.aux)
    article = "an" if kind.__name__[0] in "aeiouAEIOU" else "a"
    return f"{article} {kind.__name__} of {len(tree.children)}"


def _short(value):
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
