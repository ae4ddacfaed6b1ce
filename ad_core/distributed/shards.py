# SPDX-License-Identifier: Apache-2.0
"""A batch divided into chunks of points."""

import numpy as np

import ad_core
from ad_core import _core
from ad_core.errors.integers import integer
from ad_core.recording.argnums import is_single, numbered
from ad_core.recording.trees import flatten, leaf_path

__all__ = ["Shards", "argnums_among", "argument_list", "batch_shape"]

BLOCK = 32  # points that a program evaluates together; chunks hold whole blocks
PIECES = 64  # chunks of a batch, if these are not too large
LARGEST = 1 << 16  # points of a chunk that nobody has asked for


def argument_list(tape, X, name):
    """X as the arguments of a tape or function."""
    if isinstance(tape, ad_core.Tape):
        trees = tape._recording.inputs.tree.trees
        count = len(trees)
        if count == 1 and not (isinstance(X, tuple) and trees[0].kind is None):
            return [_array(X, trees[0])]
        if not isinstance(X, tuple) or len(X) != count:
            given = f"a tuple of {len(X)}" if isinstance(X, tuple) else type(X).__name__
            raise TypeError(
                f"{tape._name} takes {count} argument{'s' * (count > 1)}, so X must be a tuple of "
                f"{count}, got {given}"
            )
        return [_array(x, tree) for x, tree in zip(X, trees, strict=True)]
    return list(X) if isinstance(X, tuple) else [X]


def argnums_among(argnums, arguments, name):
    """argnums= with nonnegative numbers: an int or a tuple.  Raises TypeError and ValueError for
    what names no argument."""
    count = len(arguments)
    found = numbered(argnums, count, f"{name} was not given: it has {count}")
    return found[0] if is_single(argnums) else tuple(found)


def _array(x, tree):
    """A list of rows as an array, where the tape takes one array."""
    return np.asarray(x) if isinstance(x, list) and tree.kind is None else x


class Shards:
    """The arguments of a batch of N points, and its chunks.

    shared: the numbers of the arguments that are the same at all points; the arrays of the others
    have N as their first axis.  chunk: points of a chunk, None: a number that follows from N alone.
    Raises TypeError and ValueError for arguments that do not fit, before anything is sent.
    """

    def __init__(self, tape, arguments, name, shared=(), chunk=None):
        self.name = name
        self.shared = {k: arguments[k] for k in _numbers(shared, len(arguments), name)}
        self.split = {k: x for k, x in enumerate(arguments) if k not in self.shared}
        self.points = self._count(name)
        if isinstance(tape, ad_core.Tape):
            _check_tape(tape, arguments, self.shared, name)
        if chunk is None:
            chunk = min(-(-self.points // PIECES), LARGEST)
            chunk = -(-chunk // BLOCK) * BLOCK
        self.chunk = integer(chunk, "chunk", "a number of points, at least 1", least=1)
        self.firsts = range(0, self.points, self.chunk)

    def _count(self, name):
        lengths = {}
        for k, x in self.split.items():
            leaves, tree = flatten(x)
            for j, leaf in enumerate(leaves):
                if isinstance(leaf, _core.Gathered):
                    raise TypeError(
                        f"argument {k} of {name} is gathered, and workers have no memory to gather "
                        f"it from; pass the array itself, x[index]"
                    )
                if isinstance(leaf, np.ndarray):
                    if leaf.ndim == 0:
                        raise ValueError(
                            f"argument {k} of {name} must have a first axis for the points, got "
                            f"an array of shape (); name it in shared= if it is the same at all "
                            f"points"
                        )
                    lengths.setdefault(len(leaf), f"argument {k}{leaf_path(tree, j)}")
        if not lengths:
            raise TypeError(
                f"no argument of {name} is an array with a first axis for the points, got "
                f"{', '.join(type(x).__name__ for x in self.split.values()) or 'shared ones alone'}"
            )
        if len(lengths) > 1:
            listed = ", ".join(f"{n} of {what}" for n, what in lengths.items())
            raise ValueError(
                f"the arguments of {name} have different numbers of points: {listed}; name "
                f"arguments that are the same at all points in shared="
            )
        (points,) = lengths
        if points == 0:
            raise ValueError(
                f"the batch of {name} is empty (its first axis has length 0); there is nothing to "
                f"distribute"
            )
        return points

    def arguments(self, first):
        """The arguments of the chunk that begins with a point, by their numbers."""
        part = slice(first, first + self.chunk)
        return {k: _sliced(x, part) for k, x in self.split.items()}

    def size(self, first):
        """The number of points of the chunk that begins with a point."""
        return min(self.chunk, self.points - first)

    def span(self, first):
        """The points of a chunk, for messages."""
        return f"points {first} to {first + self.size(first) - 1} of {self.name}"


def batch_shape(core):
    """The shape of N points, as text.

    >>> batch_shape((2, 3)), batch_shape(())
    ('(N, 2, 3)', '(N,)')
    """
    return f"(N, {', '.join(map(str, core))})" if core else "(N,)"


def _numbers(shared, count, name):
    shared = shared if np.iterable(shared) else [shared]
    found = sorted({integer(k, "an entry of shared", "the number of an argument") for k in shared})
    if found and not 0 <= found[0] <= found[-1] < count:
        raise ValueError(f"shared={shared!r} names an argument that {name} was not given: it has "
                         f"{count}")  # fmt: skip
    return found


def _sliced(value, part):
    leaves, tree = flatten(value)
    return tree.fill([x[part] if isinstance(x, np.ndarray) else x for x in leaves])


def _check_tape(tape, arguments, shared, name):
    """Raise for arguments that the tape does not take, as the tape does for a batch."""
    shapes = iter(tape._recording.inputs.shapes)
    if not tape.is_complex:
        for k, (x, tree) in enumerate(
            zip(arguments, tape._recording.inputs.tree.trees, strict=True)
        ):
            leaves = flatten(x)[0]
            expected = [next(shapes) for _ in range(tree.leaves)]
            if len(leaves) != len(expected):
                continue  # another structure, which the tape itself explains
            for leaf, core in zip(leaves, expected, strict=True):
                lead = () if k in shared or not np.ndim(leaf) else (len(leaf),)
                if np.shape(leaf) != lead + core:
                    wanted, why = str(core), "as recorded"
                    if k not in shared:
                        wanted, why = batch_shape(core), "a row for each of N points"
                    raise ValueError(
                        f"argument {k} of {name} must have shape {wanted}, {why}, got "
                        f"{np.shape(leaf)}"
                    )
    # dtypes and structures are checked by a batch of no points
    tape(*(x if k in shared else _sliced(x, slice(0)) for k, x in enumerate(arguments)))
