# SPDX-License-Identifier: Apache-2.0
"""Factors of sparse matrices with nearly symmetric patterns, for SciPy's implicit methods."""

import functools
import threading
import weakref
from queue import SimpleQueue

from ad_core.solvers.arguments import needed
from ad_core.solvers.blas import held

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
    is factorised in this one.  BLAS has one thread meanwhile (blas.py).  Cost: the pattern is
    examined once.

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
            if hasattr(self.J, "tocsr"):
                self.lu = self._factors if _mirrored(self.J) else held(self.lu)
                self.solve_lu = held(self.solve_lu)

        def _factors(self, A):
            self.nlu += 1
            if not pairs or A.dtype.kind == "c" or A.shape[0] < ASIDE:
                return _eliminated(A)
            if self.aside is None:
                self.aside = SimpleQueue()
                threading.Thread(target=_work, args=(self.aside,), daemon=True).start()
                weakref.finalize(self, self.aside.put, (0, None))
            return _Pending(self.aside, A)

    functools.update_wrapper(Ordered, method, updated=())
    return Ordered


def _work(tasks):
    """Run tasks, (change, call), until there was one without a call and what was kept is freed.

    change: how many factors the call adds to what is kept.
    """
    kept, ended = 0, False
    while kept or not ended:
        change, task = tasks.get()
        kept += change
        if task is None:
            ended = True
        else:
            task()
        task = None  # what it holds must not wait for the next one


class _Pending:
    """Factors that another thread computes, and that the same thread frees.

    SciPy frees SuperLU's memory only in the thread that allocated it; if the factors are dropped in
    another thread, the memory is kept until the allocating thread ends.  tasks: a SimpleQueue,
    whose put() a finalizer may call at any time, which the submit() of executors does not allow.
    """

    def __init__(self, tasks, A):
        self._tasks, self._found, self._done = tasks, [], threading.Event()
        found, done = self._found, self._done

        def factorise():
            try:
                found.append(_eliminated(A))
            except BaseException as error:  # the other thread raises it
                found.append(error)
            done.set()

        tasks.put((1, factorise))

    def solve(self, b):
        self._done.wait()
        if isinstance(self._found[0], BaseException):
            raise self._found[0]
        return self._found[0].solve(b)

    def __del__(self):
        self._tasks.put((-1, self._found.clear))


def _eliminated(A):
    return _splu(A, permc_spec="MMD_AT_PLUS_A", relax=1)


def _splu(A, **options):
    return held(needed("scipy.sparse.linalg", "scipy", "a sparse Jacobian").splu)(A, **options)


def _mirrored(J):
    """Whether most entries have a mirror image."""
    pattern = J.tocsr().astype(bool)
    return pattern.multiply(pattern.T).nnz >= MIRRORED * pattern.nnz
