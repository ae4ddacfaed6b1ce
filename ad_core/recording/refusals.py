# SPDX-License-Identifier: Apache-2.0
"""Refusals that a traced function catches: remembered, unless it says that its way on is right."""

import contextlib

from ad_core import _core

__all__ = ["allow_refusals"]


class allow_refusals(contextlib.ContextDecorator, _core.AllowedRefusals):
    """A context in which refusals are not remembered: what a function does instead is right.

    A refusal (:class:`ad_core.errors.NotDifferentiable`) that is raised while a function is traced
    is remembered.  If the function catches it and returns, its derivative is refused, because what
    it returned may be a default that depends on nothing.  Where a fallback keeps the derivative,
    say so around the attempt; or decorate a function of which it always holds.

    Opened in a traced function, it holds for that function and those around it.  A derivative that
    is taken within has refusals of its own: they leave it as exceptions, which may be caught
    here.  Opened outside of traced functions, it holds for all that are traced in it, on the same
    thread.

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
