# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""How functions of scipy.linalg are entered: what SciPy checks first, SciPy's own errors, and
stacks of matrices."""

from functools import wraps

import numpy as np
import scipy.linalg as sl

from ad_core import _core
from ad_core.errors import NoDerivativeError, NotDifferentiable
from ad_core.overrides.numpy.complex.array import TracedComplex
from ad_core.overrides.numpy.floating_errors import raised_by
from ad_core.overrides.scipy.dispatch import implements
from ad_core.recording.arrays import as_array

__all__ = ["array", "linalg", "matrix", "over_stacks", "plain_options", "refuse", "square"]


def linalg(function):
    """Enter a function as what the function of scipy.linalg of the same name does on traced values.

    A function that the installed SciPy does not have is returned as it is."""
    original = getattr(sl, function.__name__, None)
    if original is None:
        return function
    has_check = "check_finite" in function.__code__.co_varnames

    @implements(original)
    @wraps(function)
    def checked(*args, **kwargs):
        if kwargs.get("check_finite", has_check):
            _check_finite((*args, *kwargs.values()))
        try:
            return function(*args, **kwargs)
        except NotDifferentiable:
            raise
        except (np.linalg.LinAlgError, ValueError, TypeError, IndexError) as error:
            raise raised_by(original, args, kwargs) or error from None  # SciPy's own error

    return checked


def _check_finite(items):
    """Raise ValueError for infinite or NaN elements, as SciPy does. The outcome is a guard."""
    for x in items:
        if isinstance(x, tuple):  # factors
            _check_finite(x)
        elif type(x) is TracedComplex:
            _check_finite((x.re, x.im))
        elif _core.traced(x) and not np.all(_core.outcome_of(np.isfinite, (x,))):
            raise ValueError("array must not contain infs or NaNs")


def over_stacks(*dimensions):
    """Decorate a function of arrays with these numbers of axes, so that it takes stacks of them,
    whose shapes are broadcast. 12 stands for a vector or a matrix. An array may be None."""

    def decorate(function):
        @wraps(function)
        def on_stacks(*args, **kwargs):
            arrays = [None if x is None else array(x) for x in args[: len(dimensions)]]
            cores = [0 if x is None else min(np.ndim(x), 2 if d == 12 else d)
                     for x, d in zip(arrays, dimensions, strict=False)]  # fmt: skip
            stacks = [() if x is None else np.shape(x)[: np.ndim(x) - d]
                      for x, d in zip(arrays, cores, strict=True)]  # fmt: skip
            rest = args[len(dimensions) :]
            if not any(stacks):
                return function(*arrays, *rest, **kwargs)
            stack = np.broadcast_shapes(*stacks)
            arrays = [
                x if x is None else np.broadcast_to(x, stack + np.shape(x)[np.ndim(x) - d :])
                for x, d in zip(arrays, cores, strict=True)
            ]
            found = [
                function(*(x if x is None else x[index] for x in arrays), *rest, **kwargs)
                for index in np.ndindex(stack)
            ]
            if type(found[0]) is tuple:
                return tuple(_stacked(parts, stack) for parts in zip(*found, strict=True))
            return _stacked(found, stack)

        return on_stacks

    return decorate


def _stacked(parts, stack):
    parts = np.stack(parts)
    return np.reshape(parts, stack + np.shape(parts)[1:])


def array(x):
    """x as an array; complex traced values stay as they are."""
    return x if type(x) is TracedComplex else as_array(x)


def matrix(a):
    a = array(a)
    if np.ndim(a) != 2:
        raise ValueError(f"expected a matrix, got an array of shape {np.shape(a)}")
    return a


def square(a):
    """a as a stack of square matrices."""
    a = array(a)
    if np.ndim(a) < 2 or np.shape(a)[-1] != np.shape(a)[-2]:
        raise ValueError(f"expected square matrices, got an array of shape {np.shape(a)}")
    return a


def refuse(what, remedy):
    """Raise NoDerivativeError for an option of a function."""
    raise NoDerivativeError(f"{what} has no derivative in ad_core{_core.user_line()}; {remedy}")


def plain_options(what, *options):
    """Options as plain numbers, None where they are not given; traced ones are refused."""
    options = [_core.plain_values((x,))[0] for x in options]
    if any(map(_core.traced, options)):
        refuse(f"{what} with a tolerance that depends on an input", "pass a plain number")
    return options[0] if len(options) == 1 else options
