# SPDX-License-Identifier: Apache-2.0
"""The header of a tape file: text, shapes and containers, written as JSON and read again.

A file may be forged.  Errors name the header's entry and show text with control characters escaped.
"""

import json
import math

from ad_core.programs.tape_limits import MOST_AXES
from ad_core.recording.complex_leaves import Complex
from ad_core.recording.trees import COMPLEX_ARGUMENT, COMPLEX_RESULT, Tree

__all__ = [
    "bounded_integer",
    "entry",
    "lines_of",
    "read",
    "shapes_of",
    "shown",
    "text_of",
    "tree_as_json",
    "tree_of",
    "trees_of",
]

MOST_BYTES = 1 << 63  # bytes of an array that NumPy can count
MOST_DEPTH = 64  # levels of containers within containers
MOST_SHOWN = 60  # characters of a value that a message quotes
KINDS = {"tuple": tuple, "list": list, "dict": dict, "none": type(None)}
COMPLEX = "complex"  # a complex array, instead of a container


def read(data):
    """The header as a dictionary."""
    try:
        text = data.decode()
        header = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("the header is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"the header is not JSON: {error}") from error
    if not isinstance(header, dict):
        raise ValueError(f"the header must be an object, not {shown(header)}")
    return header


def _unique(pairs):
    header = dict(pairs)
    if len(header) != len(pairs):
        raise ValueError("it names an entry twice")
    return header


def _refuse_constant(name):
    raise ValueError(f"it holds {name}")


def shown(x):
    """A value of the file as messages show it."""
    if isinstance(x, (list, dict)):
        return f"{type(x).__name__} of {len(x)}"
    if isinstance(x, int) and abs(x) > 1 << 64:
        return f"an integer of {x.bit_length()} bits"
    text = repr(x)
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 3] + "..."


def printable(text):
    """Text in which control characters, lone surrogates and marks that change the direction of text
    are escaped, as in repr()."""
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def entry(header, key, kind):
    """An entry of the header; raises ValueError if it is missing or has another type."""
    if not isinstance(header.get(key), kind):
        raise ValueError(
            f"header entry {key!r} must be {kind.__name__}, got {shown(header.get(key))}"
        )
    return header[key]


def text_of(header, key):
    """An entry that is text."""
    return printable(entry(header, key, str))


def bounded_integer(x, end, what):
    """An integer of the file that must lie in [0, end)."""
    if type(x) is not int or not 0 <= x < end:
        raise ValueError(f"{what} holds {shown(x)}, expected an integer in [0, {end})")
    return x


def lines_of(header):
    """(first guard, file, line, text) of comparisons.

    The text comes from the tape file itself: the source file that it names is never opened.
    """
    lines = entry(header, "lines", list)
    texts = entry(header, "line texts", list) if "line texts" in header else [""] * len(lines)
    if len(texts) != len(lines):
        raise ValueError("header entry 'line texts' must be as long as 'lines'")
    found = []
    for line, text in zip(lines, texts, strict=True):
        if not isinstance(line, list) or len(line) != 3 or not isinstance(line[1], str):
            raise ValueError(f"header entry 'lines' holds {shown(line)}, expected a guard, a file "
                             "and a number")  # fmt: skip
        if not isinstance(text, str):
            raise ValueError(f"header entry 'line texts' holds {shown(text)}, expected text")
        first = bounded_integer(line[0], 1 << 32, "header entry 'lines'")
        number = bounded_integer(line[2], 1 << 32, "header entry 'lines'")
        found.append((first, printable(line[1]), number, printable(text)))
    return found


def shapes_of(header, key):
    """An entry of shapes, each of which a NumPy array can have."""
    return [_shape(shape, f"header entry {key!r}") for shape in entry(header, key, list)]


def _shape(shape, what):
    if not isinstance(shape, list):
        raise ValueError(f"{what} holds {shown(shape)}, expected a shape")
    if len(shape) > MOST_AXES:
        raise ValueError(
            f"{what} holds a shape of {len(shape)} axes, NumPy allows at most {MOST_AXES}"
        )
    extents = tuple(bounded_integer(extent, 1 << 32, what) for extent in shape)
    if 8 * math.prod(filter(None, extents)) >= MOST_BYTES:
        raise ValueError(f"{what} holds a shape of more elements than NumPy can count")
    return extents


def tree_as_json(tree, depth=0):
    """A tree as values that JSON can hold; a real array is null."""
    if tree.kind is None:
        return None
    if tree.kind is Complex:
        return COMPLEX
    if depth == MOST_DEPTH:
        raise TypeError(
            f"a tape file holds containers nested at most {MOST_DEPTH} levels deep; nest the "
            f"arguments and results less deeply"
        )
    for name, kind in KINDS.items():
        if tree.kind is kind:
            keys = list(tree.keys)
            if any(type(key) not in (str, int) for key in keys):
                raise TypeError(
                    f"a tape file holds dicts with str and int keys, got {keys!r}; use such keys"
                )
            parts = [name, keys, [tree_as_json(child, depth + 1) for child in tree.children]]
            return parts if tree.order is None else [*parts, list(tree.order)]
    raise TypeError(
        f"a tape file holds tuples, lists and dicts, got {tree.kind.__name__}; use a plain tuple "
        f"or dict"
    )


def trees_of(header, key):
    """The trees of several arguments."""
    return [tree_of(part, key) for part in entry(header, key, list)]


def tree_of(part, key, depth=0):
    """The tree that tree_as_json() wrote to the header entry `key`."""
    what = f"header entry {key!r}"
    if part is None:
        return Tree(None)
    if part == COMPLEX:
        return COMPLEX_RESULT if key == "result" else COMPLEX_ARGUMENT
    if depth == MOST_DEPTH:
        raise ValueError(f"{what} nests containers deeper than {MOST_DEPTH}")
    if not isinstance(part, list) or len(part) not in (3, 4):
        raise ValueError(f"{what} holds {shown(part)}, expected a container")
    name, keys, children, *order = part
    if not isinstance(name, str) or name not in KINDS:
        raise ValueError(f"{what} holds a container {shown(name)}, expected one of {list(KINDS)}")
    if not isinstance(keys, list) or not isinstance(children, list):
        raise ValueError(f"{what} holds a {name} without lists of its keys and parts")
    if any(type(k) not in (str, int) for k in keys) or len(set(keys)) != len(keys):
        raise ValueError(f"{what} holds a {name} with impossible keys")
    if len(keys) != (len(children) if name == "dict" else 0) or (name == "none" and children):
        raise ValueError(f"{what} holds a {name} whose keys do not match its parts")
    if order:
        order = order[0] if isinstance(order[0], list) else [order[0]]
        order = tuple(bounded_integer(k, len(keys), what) for k in order)
        if len(set(order)) != len(order) or len(order) != len(keys):
            raise ValueError(f"{what} holds a dict with an impossible order of keys")
    parts = [tree_of(child, key, depth + 1) for child in children]
    return Tree(KINDS[name], parts, keys or (), order or None)
