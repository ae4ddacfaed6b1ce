# SPDX-License-Identifier: Apache-2.0
"""Right-hand sides of differential equations, and their Jacobians by the state."""

import numpy as np

from ad_core import _core
from ad_core.programs.function import compile
from ad_core.solvers.arguments import array_function, check_like, start, tupled
from ad_core.solvers.evaluation import is_sparse

__all__ = ["Rates"]


class Rates:
    """fun(t, y, *args) and its Jacobian by y, for y of shape (n,).

    The two are compiled separately, since a stiff solver calls for many values and few Jacobians.
    """

    def __init__(self, fun, t0, y0, args=(), sparse=None):
        args = tupled(args)
        self.plain = array_function(fun, args)
        self.n = y0.size
        if isinstance(fun, _core.Evaluator):
            self._value, self._jacobian = fun, fun.jacobian
            self._args, self._options = args, {"argnums": 1}
        else:
            # y comes first, since programs for argnums=0 are found fastest.
            swapped = compile(lambda y, t: self.plain(t, y))
            self._value = lambda t, y: swapped(y, t)
            self._jacobian = lambda t, y, **options: swapped.jacobian(y, t, **options)
            self._args, self._options = (), {}
        check_like(fun, self.value(t0, y0), y0, "the derivative of y")
        self.sparse = is_sparse(sparse, self.n**2, lambda: self.matrix(t0, y0, sparse=True))

    def value(self, t, y, *_):
        """dy/dt, (n,).  Further arguments are ignored: a solver that was given args passes them."""
        return self._value(float(t), self.point(y), *self._args)

    def jacobian(self, t, y, *_):
        """The Jacobian of dy/dt by y, (n, n): a csr_array if self.sparse is true."""
        return self.matrix(t, y, self.sparse)

    def matrix(self, t, y, sparse):
        y = self.point(y)
        return self._jacobian(float(t), y, *self._args, sparse=sparse, **self._options)

    def point(self, y):
        """A solver's state as float64, its shape checked."""
        y = start(y, "y") if getattr(y, "dtype", None) != np.float64 else y
        if y.shape != (self.n,):
            raise ValueError(f"y must have shape ({self.n},), got {y.shape}")
        return y
