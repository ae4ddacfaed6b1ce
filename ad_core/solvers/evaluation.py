# SPDX-License-Identifier: Apache-2.0
"""The value and the first derivative of a function, computed once for all who ask at one point."""

import threading

import numpy as np

from ad_core import _core
from ad_core.programs.function import compile
from ad_core.solvers.arguments import start, tupled, whole

__all__ = ["LEAST", "Shared", "is_sparse", "sparse_matrix"]

LEAST = 10_000  # entries of a matrix below which dense linear algebra is always faster
DENSITY = 0.2  # likewise of the share of entries that are not zero


class Shared:
    """fun and its gradient (scalar=True) or Jacobian at x of shape (n,).

    Solvers ask for both apart, most often at one x: with together=True the first to be asked for
    brings the other, which then only is looked up.  One point is remembered, by its bytes.
    An ad_core.Function is used as it is and keeps its recordings from one solve to the next.
    """

    def __init__(self, fun, args=(), kwargs=None, *, scalar=False, together=True, n=None):
        args = tupled(args)
        self.plain = whole(fun, args, kwargs, scalar)
        kept = isinstance(fun, _core.Evaluator) and not kwargs
        self.compiled, self.args = (fun, args) if kept else (compile(self.plain), ())
        self.scalar = scalar
        self.together = together
        self.sparse = False
        self.n = n
        self._lock = threading.RLock()  # a finalizer may ask for a point too
        self._key = None
        self._found = {}

    def value(self, x):
        """A number, or a vector of shape (m,)."""
        return self._at("value", x)

    def derivative(self, x):
        """The gradient (n,), or the Jacobian (m, n), sparse if that was chosen."""
        return self._at("derivative", x)

    def begin(self, x0, sparse=False):
        """The value at the start, checked; chooses the Jacobian's form (None: what is faster)."""
        self.n = x0.size
        y = self.checked(self.compiled(x0, *self.args))
        if not self.scalar:
            size = y.size * self.n
            self.sparse = is_sparse(sparse, size, lambda: self.jacobian(x0, sparse=True))
        return y

    def point(self, x):
        """What a solver passes, as float64 of the right shape."""
        if not (type(x) is np.ndarray and x.dtype == np.float64 and x.ndim == 1):
            x = start(x, "x")
        if self.n is not None and x.size != self.n:
            raise ValueError(f"x must have shape ({self.n},), got {x.shape}")
        return x

    def checked(self, y):
        """A value, if it is of the kind that the solver needs."""
        if isinstance(y, np.ndarray | np.generic) and y.ndim == (0 if self.scalar else 1):
            return y
        wanted = "one number" if self.scalar else "a vector of shape (m,)"
        found = f"shape {y.shape}" if isinstance(y, np.ndarray | np.generic) else type(y).__name__
        raise ValueError(f"{self.plain.__name__} must return {wanted}, got {found}")

    def _at(self, what, x):
        x = self.point(x)
        key = x.tobytes()
        with self._lock:
            found = self._found.get(what) if key == self._key else None
        if found is None:
            new = self._computed(what, x)  # not under the lock: other threads have other points
            with self._lock:
                if key != self._key:
                    self._key, self._found = key, {}
                self._found.update(new)
            found = new[what]
        # SciPy's robust losses scale residuals and Jacobians where they lie.
        return found.copy()

    def _computed(self, what, x):
        if self.together and not self.sparse:
            name = "value_and_grad" if self.scalar else "value_and_jacobian"
            y, derivative = getattr(self.compiled, name)(x, *self.args)
            return {"value": self.checked(y), "derivative": derivative}
        if what == "value":
            return {what: self.checked(self.compiled(x, *self.args))}
        if self.scalar:
            return {what: self.compiled.grad(x, *self.args)}
        return {what: self.jacobian(x, sparse=self.sparse)}

    def jacobian(self, x, sparse):
        """The Jacobian in one form or the other, not remembered."""
        return self.compiled.jacobian(x, *self.args, sparse=sparse)

    def lagrangian_hessian(self, x, multipliers, sparse):
        """The Hessian of multipliers @ fun by x, in one form or the other, not remembered."""
        primals = (x, *self.args) if self.args else x
        return self.compiled.lagrangian_hessian(primals, multipliers, sparse=sparse)


def is_sparse(sparse, size, matrix):
    """Whether a derivative of `size` entries is to be sparse: as said, or as its structure says.

    matrix() is it in sparse form.
    """
    if sparse is not None:
        return sparse
    found = sparse_matrix(matrix) if size >= LEAST else None
    return found is not None and found.nnz < DENSITY * size


def sparse_matrix(matrix):
    """matrix(), or None without SciPy."""
    try:
        return matrix()
    except ImportError:
        return None
