# SPDX-License-Identifier: Apache-2.0
"""Right-hand sides of differential equations, and their Jacobians by the state."""

import numpy as np

from ad_core import _core
from ad_core.errors import NotDifferentiable
from ad_core.solvers.arguments import array_function, check_like, start, tupled
from ad_core.solvers.evaluation import is_sparse
from ad_core.solvers.gradual import Gradual

__all__ = ["Rates"]


class Rates:
    """fun(t, y, *args) and its Jacobian by y, for y of shape (n,).

    A stiff solver calls for many values and few Jacobians, which are compiled separately, when that
    pays.  The derivative by t is not asked for, so fun may use t as a plain number only: an
    ad_core.Function that refuses a traced t gives way to the function that it wraps.
    """

    def __init__(self, fun, t0, y0, args=(), sparse=None):
        args = tupled(args)
        self.n = y0.size
        kept = isinstance(fun, _core.Evaluator)
        self._given, self._args = (fun, args) if kept else (None, ())
        self._fun = getattr(fun, "__wrapped__", fun) if kept else fun
        plain = array_function(self._fun, args)
        # y comes first, since programs for argnums=0 are found fastest.
        self._gradual = Gradual(lambda y, t: plain(t, y))
        check_like(fun, self.value(t0, y0), y0, "the derivative of y")
        self.sparse = is_sparse(sparse, self.n**2, lambda: self.matrix(t0, y0, sparse=True))

    def light(self):
        """The values for SciPy, whose solvers call fun with args and convert the results."""
        if self._given is not None:
            return self.value
        return self._gradual.light(
            self._fun, self.value, lambda tape: lambda t, y, *_: tape(y, float(t))
        )

    def value(self, t, y, *_):
        """dy/dt, (n,).  Further arguments are ignored: a solver that was given args passes them."""
        t, y = float(t), self.point(y)
        if self._given is not None:
            try:
                found = self._given(t, y, *self._args)
                return np.array(found) if isinstance(found, list | tuple) else found
            except NotDifferentiable:
                if not hasattr(self._given, "__wrapped__"):
                    raise
                self._given = None
        return self._gradual(y, t)

    def jacobian(self, t, y, *_):
        """The Jacobian of dy/dt by y, (n, n): a csr_array if self.sparse is true."""
        return self.matrix(t, y, self.sparse)

    def matrix(self, t, y, sparse):
        t, y = float(t), self.point(y)
        if self._given is not None:
            try:
                return self._given.jacobian(t, y, *self._args, argnums=1, sparse=sparse)
            except NotDifferentiable:
                if not hasattr(self._given, "__wrapped__"):
                    raise
                self._given = None
        return self._gradual.jacobian(y, t, sparse=sparse)

    def point(self, y):
        """A solver's state as float64, its shape checked."""
        y = start(y, "y") if getattr(y, "dtype", None) != np.float64 else y
        if y.shape != (self.n,):
            raise ValueError(f"y must have shape ({self.n},), got {y.shape}")
        return y
