# SPDX-License-Identifier: Apache-2.0
"""A compiled function's arguments: what is an input, and what is recorded with the function."""

import numpy as np

from ad_core import _core
from ad_core.argnums import is_single, numbered
from ad_core.errors import DtypeError
from ad_core.trees import flatten

__all__ = ["Arguments", "as_floats", "check_batch_dims"]


def check_batch_dims(batch_dims):
    """Raise for what is no number of axes."""
    if isinstance(batch_dims, bool) or not isinstance(batch_dims, (int, np.integer)):
        raise TypeError(f"batch_dims must be a number of axes, got {batch_dims!r}")
    if batch_dims < 0:
        raise ValueError(f"batch_dims must be a number of axes >= 0, got {batch_dims!r}")


class Arguments:
    """A call's arguments, taken apart into inputs and what is recorded with the function."""

    def __init__(self, function, args, batch_dims):
        check_batch_dims(batch_dims)
        self.function = function
        self.args = args
        self.batch_dims = batch_dims
        self.inputs = []  # positions of the arguments that are inputs
        self.leaves = []
        self.batch = ()
        key = []
        for k, argument in enumerate(args):
            leaves, tree = flatten(argument)
            if leaves and all(map(_is_float, leaves)):
                self.inputs.append(k)
                arrays = [as_floats(leaf) for leaf in leaves]
                self.leaves += [self._checked(x, k) for x in arrays]
                key.append((repr(tree), tuple(x.shape[batch_dims:] for x in arrays)))
            else:
                key.append(_frozen(argument, tree, leaves, k, function))
        self.key = tuple(key)
        if batch_dims:
            self.batch = self._batch_shape()

    def _batch_shape(self):
        shapes = [x.shape[: self.batch_dims] for x in self.leaves]
        try:
            return np.broadcast_shapes(*shapes)
        except ValueError:
            told = " and ".join(map(str, dict.fromkeys(shapes)))
            raise ValueError(
                f"the batch axes of {self.function._label}'s arguments do not fit one another: "
                f"{told}"
            ) from None

    def _checked(self, x, k):
        if x.ndim < self.batch_dims:
            raise ValueError(
                f"batch_dims={self.batch_dims}, but argument {k} of {self.function._label} has "
                f"only {x.ndim} axes"
            )
        return x

    def argnums(self, argnums):
        """Numbers of arguments among the inputs."""
        label, count = self.function._label, len(self.args)
        numbers = numbered(argnums, count, f"was not given: {label} was called with {count}")
        for k in numbers:
            if k not in self.inputs:
                raise DtypeError(
                    f"argument {k} of {label} must be real float64 numbers to be "
                    f"differentiated, got {self.args[k]!r}; pass floats"
                )
        numbers = [self.inputs.index(k) for k in numbers]
        return numbers[0] if is_single(argnums) else tuple(numbers)

    def example(self, at):
        """The arguments of one point; of an empty batch ones, since only shapes are asked for."""
        args, leaves = list(self.args), iter(self.leaves)
        for k in self.inputs:
            found, tree = flatten(args[k])
            args[k] = tree.build([self._point(next(leaves), at) for _ in found])
        return args

    def _point(self, x, at):
        core = x.shape[self.batch_dims :]
        if 0 in self.batch:
            return np.ones(core)[()]
        x = np.broadcast_to(x, self.batch + core)[at] if self.batch_dims else x
        return np.array(x)[()] if core == () else np.array(x)


def _is_float(leaf):
    if isinstance(leaf, _core.Gathered):
        return True
    if isinstance(leaf, np.ndarray):
        return leaf.dtype.kind == "f" and leaf.dtype.itemsize <= 8
    return isinstance(leaf, (float, np.floating)) and np.dtype(type(leaf)).itemsize <= 8


def as_floats(leaf):
    """A leaf as a float64 array, or as one to be gathered."""
    return leaf if isinstance(leaf, _core.Gathered) else np.asarray(leaf, dtype=np.float64)


def _frozen(argument, tree, leaves, k, function):
    """A hashable stand-in for an argument that is no input."""
    parts = [
        (leaf.dtype.str, leaf.shape, leaf.tobytes()) if isinstance(leaf, np.ndarray)
        else (type(leaf), leaf.hex() if isinstance(leaf, float) else leaf)
        for leaf in leaves
    ]  # fmt: skip
    if any(isinstance(leaf, np.ndarray) and leaf.dtype.kind not in "iub" for leaf in leaves):
        found = ", ".join(str(getattr(leaf, "dtype", type(leaf).__name__)) for leaf in leaves)
        raise DtypeError(
            f"argument {k} of {function._label} must be real float64 numbers, or plain data to "
            f"be compared by value, got {found}"
        )
    try:
        key = (repr(tree), tuple(parts))
        hash(key)
    except TypeError:
        raise TypeError(
            f"argument {k} of {function._label} ({type(argument).__name__}) can neither be "
            f"differentiated nor compared by value; bind it with functools.partial"
        ) from None
    return key
