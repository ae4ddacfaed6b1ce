# SPDX-License-Identifier: Apache-2.0
"""Factors of sparse matrices with nearly symmetric patterns, for SciPy's implicit methods."""

import functools
from concurrent.futures import ThreadPoolExecutor

from ad_core.solvers.arguments import needed

__all__ = ["MIRRORED", "factors", "ordered"]

MIRRORED = 0.75  # share of entries with a mirror image, from which the order is that of A + A'
ASIDE = 1000  # number of equations from which another thread pays


def factors(A):
    """Return SuperLU's factors of a square sparse matrix (CSC).

    By default SuperLU orders columns by the structure of A'A.  For the nearly symmetric structures
    of discretised equations, minimum degree on A + A' leaves half as many entries (Davis, Direct
    Methods for Sparse Linear Systems, 2006, sections 7.1 and 7.2), so it is used for these.
    SuperLU also treats small subtrees of the elimination tree as dense blocks, which fills them;
    this is switched off for them.  Pivoting is not changed.  Other matrices are factorised with
    SuperLU's defaults.  Raises RuntimeError for a singular matrix.

    >>> import numpy as np, scipy.sparse
    >>> from ad_core.solvers.newton import factors
    >>> factors(scipy.sparse.csc_array(np.diag([2.0, 4.0]))).solve(np.ones(2))
    array([0.5 , 0.25])
    """
    return _eliminated(A) if _mirrored(A) else _splu(A)


def ordered(method):
    """Derive a class from an implicit OdeSolver of SciPy that factorises sparse matrices faster.

    If the pattern of the Jacobian at the start is nearly symmetric, its factors are those of
    :func:`factors`.  Radau's real matrix is factorised in another thread while its complex matrix
    is factorised in this one.  Cost: the pattern is examined once.

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
    """Factors that another thread computes, and that the same thread frees.

    SciPy frees SuperLU's memory only in the thread that allocated it; if the factors are dropped in
    another thread, the memory is kept until the allocating thread ends.
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
