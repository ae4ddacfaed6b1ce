# SPDX-License-Identifier: Apache-2.0
"""Arguments that all adapters have: starts, functions, options, and solvers to import."""

import importlib
import sys

import numpy as np

from ad_core import _core
from ad_core.recording.trees import flatten

__all__ = [
    "array_function", "as_array", "bound", "check_like", "needed", "refuse_given", "start",
    "tupled",
]  # fmt: skip


def needed(module, package, what):
    """Import a solver's module; the ImportError says how to install it."""
    found = sys.modules.get(module)
    if found is not None:
        return found
    try:
        return importlib.import_module(module)
    except ImportError as error:
        name = module.partition(".")[0]
        raise ImportError(f"{what} needs {name} ({error}): pip install {package}") from error


def start(x, what="x0", shaped=False):
    """A copy of the start as a float64 vector, or if shaped is true as an array of any shape but
    (); integers are converted."""
    refuse_traced(x, what)
    found = x if type(x) is np.ndarray else np.asarray(x)
    # A conversion alone would drop imaginary parts and accept strings.
    if found.dtype.kind not in "fiu":
        raise TypeError(f"{what} must be real numbers, got {found.dtype} in {x!r}")
    found = np.array(found, dtype=np.float64, ndmin=1)
    if (found.ndim != 1 and not shaped) or not found.size:
        raise ValueError(f"{what} must be a vector of shape (n,) with n > 0, got {found.shape}")
    return found


def check_like(fun, found, y0, what):
    """Raise ValueError unless a function's result is an array of the state's shape."""
    if not isinstance(found, np.ndarray) or found.shape != y0.shape:
        raise ValueError(
            f"{_core.name_of(fun)} must return {what}, of shape {y0.shape}, got "
            f"{f'shape {found.shape}' if hasattr(found, 'shape') else type(found).__name__}"
        )


def tupled(args):
    """args as a tuple; a single argument need not be in a tuple, as in SciPy."""
    refuse_traced(args, "args")
    return args if isinstance(args, tuple) else (args,)


def refuse_traced(x, what):
    """Raise TypeError for traced values, since the solver's result would be a constant."""
    if type(x) is tuple and not x:
        return
    if any(map(_core.traced, [x] if isinstance(x, np.ndarray) else flatten(x)[0])):
        raise TypeError(
            f"{what} is a traced value, but the result of a solver is not recorded; use the "
            f"functions of ad_core.implicit (root, minimize, odeint), which are differentiable by "
            f"their parameters"
        )


def refuse_given(options, names, what):
    """Raise TypeError for options that the adapter itself sets."""
    for name in names:
        if name in options:
            raise TypeError(f"{what} computes exact derivatives itself; leave {name} out")


def array_function(fun, args=(), kwargs=None, scalar=False):
    """fun with args and kwargs bound, and with one array as its result.

    Lists become arrays.  One number stays a number if scalar is true, and becomes a vector
    otherwise.
    """
    if not callable(fun):
        raise TypeError(f"the function must be callable, got {type(fun).__name__}")
    if kwargs:
        refuse_traced(list(kwargs.values()), "kwargs")
    name, fun = _core.name_of(fun), bound(fun, args, kwargs)

    # A trace is set up faster for functions whose code and variables can be inspected.
    def closed(*x):
        return as_array(fun(*x), scalar)

    closed.__name__ = closed.__qualname__ = name
    return closed


def as_array(y, scalar=False):
    """A result of a function as the one array, or number, that array_function() makes of it."""
    if isinstance(y, list | tuple):
        y = np.array(y)
    elif y is None:  # a missing return, which is reported better elsewhere
        return y
    # Attributes, since NumPy's functions cost more than small functions if y is traced.
    elif not hasattr(y, "ndim"):
        y = np.asarray(y)
    if scalar:
        return np.reshape(y, ()) if y.ndim and y.size == 1 else y
    return y if y.ndim else np.reshape(y, 1)


def bound(fun, args=(), kwargs=None):
    """fun(x, *args, **kwargs) as a function of x alone, or of all that comes before args."""
    if kwargs:
        return lambda *x: fun(*x, *args, **kwargs)
    return (lambda *x: fun(*x, *args)) if args else fun
