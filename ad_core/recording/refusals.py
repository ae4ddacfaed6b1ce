# SPDX-License-Identifier: Apache-2.0
"""allow_refusals(): a traced function may catch an error of ad_core and go on with another
computation, if it says that this computation keeps the derivative."""

import contextlib

from ad_core import _core

__all__ = ["allow_refusals"]


class allow_refusals(contextlib.ContextDecorator, _core.AllowedRefusals):
    """A context in which a traced function may catch errors of ad_core and return a fallback.

    An error of class :class:`ad_core.errors.NotDifferentiable` that is raised while a function is
    traced is remembered. If the function catches the error and returns, its derivative raises the
    error all the same, because the returned value may be a default that does not depend on the
    input. If your fallback does keep the derivative, put this context around the attempt, or
    decorate a function for which it always holds.

    Opened in a traced function, the context applies to that function and to the traced functions
    around it. A derivative that is computed within the context remembers its own errors: they
    leave it as exceptions, which may be caught here. Opened outside of traced functions, it applies
    to all functions that are traced within it on the same thread.

    >>> import math, numpy as np, ad_core
    >>> def sine(x):
    ...     with ad_core.allow_refusals():
    ...         try:
    ...             return math.sin(x)
    ...         except TypeError:
    ...             return np.sin(x)
    >>> ad_core.grad(sine)(0.0)
    np.float64(1.0)
    """

    def _recreate_cm(self):
        return type(self)()  # a decorated function may run on several threads at once
