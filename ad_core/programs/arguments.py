# SPDX-License-Identifier: Apache-2.0
"""A compiled function's arguments: inputs, and values that are part of the recording."""

import numpy as np

from ad_core import _core
from ad_core.errors import DtypeError
from ad_core.errors.integers import integer
from ad_core.programs.cache_keys import NoKey, Owner, key_of, layout_of, structure_key
from ad_core.recording.argnums import is_single, numbered
from ad_core.recording.containers import is_float
from ad_core.recording.plain import flatten_inputs, plain_arrays
from ad_core.recording.trees import Kept, Plain, flatten

__all__ = ["CallArguments", "as_floats", "check_batch_dims"]


def check_batch_dims(batch_dims):
    """batch_dims as an int; raises TypeError or ValueError unless it is a number of axes."""
    return integer(batch_dims, "batch_dims", "a number of axes >= 0", least=0)


NUMBER = (), True, None  # the key of a number
FLOAT = np.dtype(float)


class CallArguments:
    """A call's arguments, divided into inputs and values that are part of the recording.

    key: identifies the recording; None if an argument has no key, which why_anew then names.
    kwargs: arguments by name, which are part of the recording, and the same at all points.
    of_one_point: whether arrays that are not inputs have no batch axes.
    """

    def __init__(self, function, args, batch_dims, kwargs=None, of_one_point=False):
        batch_dims = check_batch_dims(batch_dims)
        self.function = function
        self.args = args
        self.kwargs = kwargs or {}
        self.batch_dims = batch_dims
        self.inputs = {}  # position of an argument -> its number among the inputs
        self.trees = []  # of the inputs
        self.leaves = []  # arrays; Python's and NumPy's floats if all inputs are these
        self.numbers = []  # for each leaf, whether it is a number at one point, not an array
        self.bulk = not batch_dims  # whether all inputs are such floats
        self.mixed = []  # positions of inputs that also hold other entries than floats
        self.fixed = []  # (argument, leaf, array) of arrays with batch axes that are not inputs
        self.usual = True  # whether all inputs are numbers, or arrays in C order
        self.batch = ()
        self.why_anew = None
        self.key = self._keys(of_one_point)
        if not self.bulk:
            self.leaves = [np.asarray(x) if type(x) is float else x for x in self.leaves]
        if batch_dims:
            self.batch = self._batch_shape()

    def _keys(self, of_one_point):
        key = []
        for k, argument in enumerate(self.args):
            leaves, tree = flatten(argument)
            bulk = not self.batch_dims and _core.are_numbers(leaves)
            if bulk or (leaves and all(map(is_float, leaves))):
                key.append(self._input_key(k, leaves, tree, bulk))
                continue
            floats, separated = flatten_inputs(argument, leaves, tree)
            if separated is not tree and all(map(is_float, floats)):
                if separated.holds(Plain) or separated.holds(Kept):
                    self.mixed.append(k)
                if self.batch_dims and not of_one_point:
                    self.fixed += [(k, j, self._checked(x, k)) for j, x in plain_arrays(separated)]
                key.append(self._input_key(k, floats, separated, False))
                continue
            if self.batch_dims and not of_one_point:
                self.fixed += [
                    (k, j, self._checked(self._plain(x, k), k))
                    for j, x in enumerate(leaves)
                    if isinstance(x, np.ndarray)
                ]
            if self.fixed:
                continue
            key.append(self._fixed_key(f"argument {k}", key_of, argument))
        for name, x in self.kwargs.items():
            self._plain(x, name)
            key.append((name, self._fixed_key(f"argument {name}", key_of, x)))
        if self.function._owner is not None:
            owner, recordings = self.function._owner, self.function._recordings
            key.append(self._fixed_key("the object", Owner, owner, recordings.note_end))
        return None if self.why_anew or self.fixed else tuple(key)

    def _fixed_key(self, what, make, *args):
        """The key of a value that is part of the recording; None if it has none."""
        try:
            return make(*args)
        except NoKey as error:
            self.why_anew = self.why_anew or (what, str(error))
            return None

    def _input_key(self, k, leaves, tree, bulk):
        """The key of an argument that is an input, which is entered."""
        self.inputs[k] = len(self.inputs)
        self.trees.append(tree)
        self.bulk = self.bulk and bulk
        key = None
        try:
            key = None if self.fixed else structure_key(tree)
        except NoKey as error:
            self.why_anew = self.why_anew or (f"argument {k}", str(error))
        return key, self._inputs(leaves, k, bulk)

    def _inputs(self, leaves, k, bulk):
        """The key of an input's leaves; that of numbers alone is their count."""
        if bulk:
            self.leaves += leaves
            self.numbers += [True] * len(leaves)
            return len(leaves)
        parts = tuple(self._input(x, k) for x in leaves)
        return len(parts) if parts.count(NUMBER) == len(parts) else parts

    def _input(self, leaf, k):
        """The key of an input's leaf: its shape and its memory layout."""
        dims = self.batch_dims
        plain = type(leaf) is np.ndarray and leaf.dtype == FLOAT and leaf.flags.c_contiguous
        if plain and not dims:
            self.leaves.append(leaf)
            self.numbers.append(False)
            return leaf.shape, False, None
        x = as_floats(self._plain(leaf, k))
        if dims and not isinstance(leaf, (np.ndarray, _core.Gathered)):
            x = x.reshape((1,) * dims)  # a number is the same at all points
        x = self._checked(x, k)
        self.leaves.append(x)
        shape = x.shape[dims:]
        number = not shape and (dims > 0 or not isinstance(leaf, np.ndarray))
        self.numbers.append(number)
        layout = None
        if len(shape) and type(x) is np.ndarray:
            layout = layout_of(x, dims)
            self.usual = self.usual and layout is None
        return shape, number, layout

    def _plain(self, leaf, k):
        """A leaf; raises TypeError for an array of a class that is not plain NumPy's."""
        _core.refuse_foreign(leaf, lambda: f"argument {k} of {self.function._label}")
        return leaf

    def _batch_shape(self):
        arrays = [*self.leaves, *(x for *_, x in self.fixed)]
        shapes = [x.shape[: self.batch_dims] for x in arrays]
        try:
            return np.broadcast_shapes(*shapes)
        except ValueError:
            listed = " and ".join(map(str, dict.fromkeys(shapes)))
            raise ValueError(
                f"the batch axes of {self.function._label}'s arguments do not fit one another: "
                f"{listed}{self._shared_remedy()}"
            ) from None

    def _shared_remedy(self):
        if not self.fixed:
            return ""
        return (
            "; arrays of integers and truth values need batch axes too: give those that are the "
            "same for all points batch axes of size 1 (table[None])"
        )

    def _checked(self, x, k):
        if x.ndim < self.batch_dims:
            raise ValueError(
                f"batch_dims={self.batch_dims}, but argument {k} of {self.function._label} has "
                f"only {x.ndim} axes; give an array that is the same for all points axes of size 1 "
                f"(x[None])"
            )
        return x

    def argnums(self, argnums):
        """argnums, counted among the inputs."""
        label, count = self.function._label, len(self.args)
        numbers = numbered(argnums, count, f"was not given: {label} was called with {count}")
        for k in numbers:
            if k not in self.inputs:
                self.refuse_foreign(k)
                raise DtypeError(
                    f"argument {k} of {label} must be real float64 numbers to be "
                    f"differentiated, got {self.args[k]!r}; pass floats"
                )
        numbers = [self.inputs[k] for k in numbers]
        return numbers[0] if is_single(argnums) else tuple(numbers)

    def fixed_arguments(self):
        """(place in the key, number or name, value) of each argument that is part of the recording
        or holds entries that are."""
        found = [
            (k, k, x) for k, x in enumerate(self.args) if k not in self.inputs or k in self.mixed
        ]
        named = enumerate(self.kwargs.items(), len(self.args))
        return found + [(place, name, x) for place, (name, x) in named]

    def refuse_foreign(self, k):
        """Raise TypeError for an argument that holds an array of a class that is not NumPy's."""
        for leaf in flatten(self.args[k])[0]:
            self._plain(leaf, k)

    def why_recorded_anew(self):
        """Why the function is recorded in every call, for explain()."""
        what, why = self.why_anew
        return (
            f"recorded in every call, at each point: {what} of {self.function._label} is or "
            f"holds {why}, which cannot be compared with that of another call; pass its numbers "
            f"as floats or plain data (a tuple, a frozen dataclass), or bind it to the function by "
            f"functools.partial if it never changes"
        )

    def points(self):
        """The number of points."""
        return int(np.prod(self.batch, dtype=int))

    def example(self, number):
        """The arguments of one point; for an empty batch ones, since only their shapes matter."""
        at = np.unravel_index(number, self.batch) if 0 not in self.batch else ()
        args = list(self.args)
        if self.bulk:
            return args
        leaves = iter(zip(self.leaves, self.numbers, strict=True))
        for k, tree in zip(self.inputs, self.trees, strict=True):
            args[k] = tree.fill([self._point(*next(leaves), at) for _ in range(tree.leaves)])
        return args

    def _point(self, x, number, at):
        core = x.shape[self.batch_dims :]
        if 0 in self.batch:
            return np.ones(core)[()]
        x = np.asarray(x)
        x = np.broadcast_to(x, self.batch + core)[at] if self.batch_dims else x
        return x[()] if number else x


def as_floats(leaf):
    """A leaf as a float64 array; a Gathered stays as it is."""
    return leaf if isinstance(leaf, _core.Gathered) else np.asarray(leaf, dtype=np.float64)
