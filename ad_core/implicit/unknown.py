# SPDX-License-Identifier: Apache-2.0
"""The unknowns of a solver: nested arrays as one vector; and the import of SciPy's solvers."""

import importlib

import numpy as np

from ad_core import _core
from ad_core.recording.trees import flatten
from ad_core.rules.rule import flat, split

__all__ = ["Unknown", "plain", "scipy_module"]


class Unknown:
    """The structure and shapes of a solver's start, and its numbers as a vector."""

    def __init__(self, name, what, start):
        leaves, self.tree = flatten(start)
        self.name = name
        self.what = what
        for leaf in leaves:
            if not (_core.traced(leaf) or np.asarray(leaf).dtype.kind in "fiub"):
                raise TypeError(f"{what} of {name} must be real numbers, got {leaf!r}")
        self.shapes = [np.shape(leaf) for leaf in leaves]
        self.size = sum(int(np.prod(shape)) for shape in self.shapes)
        if self.size == 0:
            raise ValueError(f"{what} of {name} holds no numbers")

    def build(self, vector):
        """The vector's numbers in the start's structure."""
        return self.tree.build([x[()] for x in split(vector, self.shapes)])

    def vector(self, value, what):
        """The result of a user's function as a vector, which must be as long as the start."""
        leaves = flatten(value)[0]
        count = sum(np.size(leaf) for leaf in leaves)
        if count != self.size:
            raise ValueError(
                f"{what} must return {self.size} numbers, as many as {self.what} of {self.name} "
                f"has, got {count}"
            )
        return flat(leaves)

    def solution(self, value, what):
        """The result of a solver as a plain vector, checked."""
        leaves, tree = flatten(value)
        shapes = [np.shape(leaf) for leaf in leaves]
        if tree != self.tree or shapes != self.shapes:
            raise ValueError(
                f"{what} of {self.name} must return the structure {self.tree!r} of shapes "
                f"{self.shapes}, as {self.what} has, got {tree!r} of {shapes}"
            )
        return np.asarray(flat(leaves), dtype=np.float64)


def plain(x):
    """The current values of an array, traced or not."""
    return _core.current_values(x) if _core.traced(x) else np.asarray(x)


def scipy_module(path, name):
    """Import a module of SciPy, which the default solvers need."""
    try:
        return importlib.import_module(f"scipy.{path}")
    except ImportError as error:
        raise ImportError(
            f"{name} needs SciPy for its default solver; install it (pip install "
            f'"ad_core[demo]"), or pass your own function as solver='
        ) from error
