# SPDX-License-Identifier: Apache-2.0
"""What a solver looks for: nested arrays as one vector, and SciPy, which the solvers are of."""

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
        """What a function of the user's returned, as a vector as long as the start."""
        leaves = flatten(value)[0]
        count = sum(np.size(leaf) for leaf in leaves)
        if count != self.size:
            raise ValueError(
                f"{what} must return {self.size} numbers in {self.name}, as many as {self.what} "
                f"has, got {count}"
            )
        return flat(leaves)

    def solution(self, value, what):
        """What a solver returned, checked, as a plain vector."""
        leaves, tree = flatten(value)
        shapes = [np.shape(leaf) for leaf in leaves]
        if tree != self.tree or shapes != self.shapes:
            raise ValueError(
                f"{what} of {self.name} must return the structure {self.tree!r} of shapes "
                f"{self.shapes}, as {self.what} has, got {tree!r} of {shapes}"
            )
        return np.asarray(flat(leaves), dtype=np.float64)


def plain(x):
    """The present values of what may be traced."""
    return _core.current_values(x) if _core.traced(x) else np.asarray(x)


def scipy_module(path, name):
    """A module of SciPy, which the default solvers need."""
    try:
        return importlib.import_module(f"scipy.{path}")
    except ImportError as error:
        raise ImportError(
            f'{name} needs SciPy: pip install "ad_core[demo]" (or pass solver=, a function of '
            f"your own)"
        ) from error
