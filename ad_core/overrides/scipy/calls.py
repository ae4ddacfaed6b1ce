# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Calls of solvers: their arguments by name, the functions in them, and SciPy's results with traced
values in them."""

import inspect

import numpy as np
from scipy.optimize import OptimizeResult

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.implicit.equations import plainly
from ad_core.overrides.scipy.dispatch import implements, made, public_name
from ad_core.rules.closures import depend, hoisted

__all__ = ["ResultFields", "function_of", "named", "tupled"]


def named(original, calls_back=True):
    """Decorate a function that takes the name of a function of SciPy, that function, and its
    arguments as a dictionary without defaults: it is called in place of it while a trace runs.
    calls_back: as in implements(). Returns the function with SciPy's parameters."""

    def decorate(function):
        signature = inspect.signature(original)
        name = public_name(original)

        def traced(*args, **kwargs):
            given = dict(signature.bind(*args, **kwargs).arguments)
            for key, parameter in signature.parameters.items():
                if parameter.kind is parameter.VAR_KEYWORD:
                    given.update(given.pop(key, {}))
            values, rebuild = hoisted(given)
            if depend(values):
                return function(name, original, given)
            plain = [_core.current_values(x)[()] if _core.traced(x) else x for x in values]
            found = plainly(name, lambda: original(**rebuild(plain)))
            return made(found) if values and isinstance(found, np.ndarray | tuple) else found

        traced.__name__ = original.__name__
        return implements(original, calls_back)(traced)

    return decorate


def tupled(args):
    """args= of SciPy as a tuple."""
    return args if isinstance(args, tuple) else (args,)


def function_of(given, name="fun", has_more=False):
    """The user's function of x alone. has_more: it returns its derivatives after the value."""
    function, args = given[name], tupled(given.get("args", ()))

    def of_x(x):
        found = function(x, *args)
        return found[0] if has_more else found

    return of_x


class ResultFields(OptimizeResult):
    """A result of SciPy, in which some fields are computed when they are first read."""

    def __init__(self, found, fields, refused=()):
        """found: SciPy's result on plain values. fields: values, and functions that compute them;
        refused: names of fields that depend on the parameters in a way that is not known."""
        super().__init__(found)
        object.__setattr__(self, "_later", {})
        for name in refused:
            if name in self:
                del self[name]
                self._later[name] = None
        for name, value in fields.items():
            if name in self:
                if callable(value):
                    del self[name]
                    self._later[name] = value
                else:
                    self[name] = value

    def __missing__(self, name):
        if name not in self._later:
            raise KeyError(name)
        compute = self._later[name]
        if compute is None:
            raise NoDerivativeError(
                f"the field {name} of SciPy's result has no derivative in ad_core"
                f"{_core.user_line()}; compute it from the field x"
            )
        self[name] = value = compute()
        return value

    def __getattr__(self, name):
        if name.startswith("__") or (name not in self and name not in self._later):
            raise AttributeError(name)
        return self[name]

    def __reduce__(self):
        return OptimizeResult, (dict(self),)
