# SPDX-License-Identifier: Apache-2.0
"""Sparse factors in an order that suits what is nearly symmetric, for SciPy's implicit methods."""

import functools
from concurrent.futures import ThreadPoolExecutor

from ad_core.solvers.arguments import needed

__all__ = ["MIRRORED", "factors", "ordered"]

MIRRORED = 0.75  # share of entries whose mirror image is one too, from which the order is by A + A'
ASIDE = 1000  # equations from which on a thread of its own pays


def factors(A):
    """SuperLU's factors of a square sparse matrix (CSC).

    SuperLU, left alone, orders columns by the structure of A'A; for the structures of discretised
    equations, which are nearly symmetric, minimum degree on A + A' leaves half the entries
    (Davis, Direct Methods for Sparse Linear Systems, 2006, sections 7.1 and 7.2).  It also takes
    small subtrees of the elimination tree for dense blocks, which fills them: not here.  Pivoting
    stays as it is.  Other matrices are left to SuperLU.  RuntimeError for a singular matrix.

    >>> import numpy as np, scipy.sparse
    >>> from ad_core.solvers.newton import factors
    >>> factors(scipy.sparse.csc_array(np.diag([2.0, 4.0]))).solve(np.ones(2))
    array([0.5 , 0.25])
    """
    return _eliminated(A) if _mirrored(A) else _splu(A)


def ordered(method):
    """A class of SciPy's OdeSolvers for stiff equations that factorises sparse matrices faster.

    They are those of :func:`factors`, where the Jacobian at the start is nearly symmetric.  Radau's
    real matrix is factorised in a thread of its own while its complex one is.  Cost: the structure
    is looked at once.

    >>> from scipy.integrate import BDF
    >>> from ad_core.solvers.newton import ordered
    >>> issubclass(ordered(BDF), BDF)
    True
    """

    pairs = any(base.__name__ == "Radau" for base in method.__mro__)

    class Ordered(method):
        aside = None  # the thread

        def __init__(self, *args, **options):
            super().__init__(*args, **options)
            if hasattr(self.J, "tocsr") and _mirrored(self.J):
                self.lu = self._factors

        def _factors(self, A):
            self.nlu += 1
            if not pairs or A.dtype.kind == "c" or A.shape[0] < ASIDE:
                return _eliminated(A)
            if self.aside is None:
                self.aside = ThreadPoolExecutor(1)
            return _Pending(self.aside, self.aside.submit(_boxed, A))

    functools.update_wrapper(Ordered, method, updated=())
    return Ordered


class _Pending:
    """Factors that another thread makes, may still be at, and lets go of.

    SciPy frees SuperLU's memory in the thread alone that took it; dropped in another one it is kept
    until that thread ends.
    """

    def __init__(self, aside, held):
        self._aside, self._held = aside, held

    def solve(self, b):
        return self._held.result()[0].solve(b)

    def __del__(self):
        try:
            self._aside.submit(_dropped, self._held)
        except RuntimeError:  # Python is about to end, and the thread with it
            return


def _boxed(A):
    return [_eliminated(A)]


def _dropped(held):
    if held.exception() is None:
        held.result().clear()


def _eliminated(A):
    return _splu(A, permc_spec="MMD_AT_PLUS_A", relax=1)


def _splu(A, **options):
    return needed("scipy.sparse.linalg", "scipy", "a sparse Jacobian").splu(A, **options)


def _mirrored(J):
    """Whether most entries have a mirror image."""
    pattern = J.tocsr().astype(bool)
    return pattern.multiply(pattern.T).nnz >= MIRRORED * pattern.nnz
