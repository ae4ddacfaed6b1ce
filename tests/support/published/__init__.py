# SPDX-License-Identifier: Apache-2.0
"""Functions of published packages, with a file for each package.

Each file imports its package and has FUNCTIONS, a list of :func:`row`. The extra `wild` of
pyproject.toml pins the version of each package: rows hold for this version.
"""

import importlib
import importlib.metadata
import pkgutil
import re
import tomllib
import warnings
from pathlib import Path

import numpy as np

from ad_core.recording.trees import flatten

__all__ = ["PINS", "Row", "installed", "names", "row", "rows_of"]


class Row:
    """A call of a function, differentiated by the floats of its arguments.

    function: of the package. args: its positional arguments. Floats and arrays of floats are the
    variables, in this order; everything else is constant. keywords: constant keyword arguments.
    of: picks the numbers out of the result. tolerance: of derivatives, relative to differences.
    refused: why no derivative is expected (the call then raises a refusal of ad_core).
    """

    def __init__(self, function, args, keywords, of, tolerance, refused, name):
        self.function = function
        self.args = args
        self.keywords = keywords
        self.of = of
        self.tolerance = tolerance
        self.refused = refused
        self.name = name or getattr(function, "__qualname__", type(function).__name__)
        self.variables = [k for k, arg in enumerate(args) if _is_variable(arg)]
        self.shapes = [np.shape(args[k]) for k in self.variables]
        self.x = np.concatenate([np.ravel(args[k]) for k in self.variables])

    def __call__(self, x):
        """The numbers of the result, as one vector, for the variables in one vector."""
        args, start = list(self.args), 0
        for k, shape in zip(self.variables, self.shapes, strict=True):
            size = int(np.prod(shape))
            # a copy, since some functions change their arguments
            args[k] = x[start : start + size].reshape(shape).copy() if shape else x[start]
            start += size
        result = self.function(*args, **self.keywords)
        if self.of is not None:
            result = self.of(result)
        return np.concatenate([np.ravel(leaf) for leaf in flatten(result)[0]])


def row(
    function, /, *args, of=None, tolerance=1e-6, refused=None, name=None, keywords=None, **constants
):
    """A :class:`Row`; keywords: those constant keyword arguments that have a name of the row's."""
    return Row(function, args, constants | (keywords or {}), of, tolerance, refused, name)


def _is_variable(arg):
    return isinstance(arg, float) or (isinstance(arg, np.ndarray) and arg.dtype.kind == "f")


def _pins():
    for folder in Path(__file__).parents:
        if (folder / "pyproject.toml").is_file():
            project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
            pinned = project["optional-dependencies"]["wild"]
            return dict(re.fullmatch(r"([\w.-]+)==([\w.]+)", pin).groups() for pin in pinned)
    raise FileNotFoundError("no pyproject.toml above tests/support/published")


PINS = _pins()
"""{name of a package on PyPI: its version}."""


def names():
    """The names of the files of this folder."""
    return sorted(found.name for found in pkgutil.iter_modules(__path__))


def distribution(name):
    """The package on PyPI of a file."""
    return next(pin for pin in PINS if pin.replace("-", "_").replace(".", "_").lower() == name)


def installed(name):
    """Whether the version that rows hold for is installed."""
    pin = distribution(name)
    try:
        return importlib.metadata.version(pin) == PINS[pin]
    except importlib.metadata.PackageNotFoundError:
        return False


def rows_of(name):
    """{id: row} of a file, which imports the package."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a package is deprecated
        rows = importlib.import_module(f"{__name__}.{name}").FUNCTIONS
    return {f"{row.name}-{k}": row for k, row in enumerate(rows)}
