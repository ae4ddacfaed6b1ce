# SPDX-License-Identifier: Apache-2.0
"""The value and the first derivative of a function, computed together once for each point."""

import threading

import numpy as np

from ad_core import _core
from ad_core.solvers.arguments import array_function, as_array, start, tupled
from ad_core.solvers.gradual import Gradual

__all__ = ["LEAST", "Shared", "is_sparse", "sparse_matrix"]

LEAST = 10_000  # with fewer entries, dense linear algebra is always faster
DENSITY = 0.2  # also with a larger share of entries that are not zero


class Shared:
    """fun and its gradient (scalar=True) or Jacobian at x of shape (n,).

    Solvers call the value and the derivative separately, mostly at the same x.  With together=True
    and a program for the derivative, the first of the two calls computes both, and the second call
    finds the result.  The results at the last point are kept; points are compared by their bytes.
    A function is compiled when that pays (:class:`Gradual`).  An ad_core.Function is used as it is,
    and keeps its recordings from one solve to the next.
    """

    def __init__(self, fun, args=(), kwargs=None, *, scalar=False, together=True, n=None):
        args = tupled(args)
        self.plain = array_function(fun, args, kwargs, scalar)
        kept = isinstance(fun, _core.Evaluator) and not kwargs
        self.function, self.args = (fun, args) if kept else (Gradual(self.plain), ())
        self.kept = kept
        self.scalar = scalar
        self.together = together
        self.sparse = False
        self.n = n
        self._lock = threading.RLock()  # a finalizer may evaluate a point too
        self._key = None
        self._found = {}

    def value(self, x):
        """The value at x: a number, or a vector of shape (m,)."""
        return self._at("value", x)

    def derivative(self, x):
        """The gradient (n,), or the Jacobian (m, n), which is sparse if self.sparse is true."""
        return self._at("derivative", x)

    def begin(self, x0, sparse=False):
        """The value at the start, checked; also chooses the Jacobian's form (None: the faster)."""
        self.n = x0.size
        y = self.checked(self.function(x0, *self.args))
        self._key, self._found = x0.tobytes(), {"value": y}
        if not self.scalar:
            size = y.size * self.n
            self.sparse = self.chosen(sparse, size, x0)
        return y

    def chosen(self, sparse, size, x0):
        """Whether the Jacobian is sparse: `sparse`, or if None, by its pattern."""
        if sparse is None and not self.kept and size >= LEAST:
            found = self.function.dense_jacobian(size, x0)
            if found is not None:
                self._found["derivative"] = found
                return False
        return is_sparse(sparse, size, lambda: self.jacobian(x0, sparse=True))

    def point(self, x):
        """A solver's point as float64, its shape checked."""
        if not (type(x) is np.ndarray and x.dtype == np.float64 and x.ndim == 1):
            x = start(x, "x")
        if self.n is not None and x.size != self.n:
            raise ValueError(f"x must have shape ({self.n},), got {x.shape}")
        return x

    def checked(self, y):
        """A value; raises ValueError unless it has the shape that the solver needs."""
        if isinstance(y, np.ndarray | np.generic) and y.ndim == (0 if self.scalar else 1):
            if y.dtype.kind not in "fiub":
                raise TypeError(f"{self.plain.__name__} must return real numbers, got {y.dtype}")
            return y if y.dtype == np.float64 else y.astype(np.float64)
        if y is None:
            raise TypeError(f"{self.plain.__name__} returned None; does it lack a return?")
        wanted = "one number" if self.scalar else "a vector of shape (m,)"
        found = f"shape {y.shape}" if isinstance(y, np.ndarray | np.generic) else type(y).__name__
        raise ValueError(f"{self.plain.__name__} must return {wanted}, got {found}")

    def checked_vector(self, y):
        """A result of the function itself as a vector (m,)."""
        return self.checked(as_array(y))

    def _at(self, what, x):
        x = self.point(x)
        key = x.tobytes()
        with self._lock:
            found = self._found.get(what) if key == self._key else None
        if found is None:
            new = self._computed(what, x)  # without the lock, since other threads have other points
            with self._lock:
                if key != self._key:
                    self._key, self._found = key, {}
                self._found.update(new)
            found = new[what]
        # A copy, since SciPy's robust losses scale residuals and Jacobians in place.
        return found.copy()

    def _computed(self, what, x):
        if self.together and not self.sparse:
            found = self._both("grad" if self.scalar else "jacobian", x)
            if found is not None:
                return {"value": self.checked(found[0]), "derivative": found[1]}
        if what == "value":
            return {what: self.checked(self.function(x, *self.args))}
        if self.scalar:
            return {what: self.function.grad(x, *self.args)}
        return {what: self.jacobian(x, sparse=self.sparse)}

    def _both(self, name, x):
        if not self.kept:
            return self.function.together(name, x)
        return getattr(self.function, f"value_and_{name}")(x, *self.args)

    def jacobian(self, x, sparse):
        """The Jacobian in sparse or dense form, which is not kept."""
        return self.function.jacobian(x, *self.args, sparse=sparse)

    def lagrangian_hessian(self, x, multipliers, sparse):
        """The Hessian of multipliers @ fun by x in sparse or dense form, which is not kept."""
        primals = (x, *self.args) if self.args else x
        return self.function.lagrangian_hessian(primals, multipliers, sparse=sparse)

    def hessian(self, x, sparse):
        """The Hessian in sparse or dense form, which is not kept."""
        return self.function.hessian(x, *self.args, sparse=sparse)


def is_sparse(sparse, size, matrix):
    """Whether a derivative of `size` entries is sparse: `sparse`, or if None, by its pattern.

    matrix() returns the derivative in sparse form.
    """
    if sparse is not None:
        return sparse
    found = sparse_matrix(matrix) if size >= LEAST else None
    return found is not None and found.nnz < DENSITY * size


def sparse_matrix(matrix):
    """The result of matrix(), or None without SciPy."""
    try:
        return matrix()
    except ImportError:
        return None
