# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""BLAS on one thread where matrices are small.

SuperLU calls BLAS for blocks of a few rows. A BLAS that has several threads wakes them for each of
these, which takes longer than the work, and far longer on a busy machine.
"""

import functools
import threading

__all__ = ["held", "limited", "one_thread"]

try:
    import threadpoolctl
except ImportError:  # the extra "scipy" brings it
    threadpoolctl = None


class _OneThread:
    """A context in which BLAS has one thread. Contexts may be nested, and those of several threads
    may overlap.

    Some libraries have one number of threads for the process, others one for each thread that calls
    them. So each thread restores what it has found or, if another one had set that to 1, what the
    first one has found.
    """

    def __init__(self):
        self._lock = threading.RLock()  # a finalizer may solve something while it is held
        self._users = 0  # threads within the context
        self._first = ()  # the numbers that the first of them has found
        self._own = threading.local()
        self._libraries = None

    def __enter__(self):
        own = self._own
        own.depth = getattr(own, "depth", 0) + 1
        if own.depth > 1:
            return
        with self._lock:
            if self._libraries is None:
                found = threadpoolctl.ThreadpoolController().lib_controllers
                self._libraries = [x for x in found if x.user_api == "blas"]
            before = [x.get_num_threads() for x in self._libraries]
            if self._users == 0:
                self._first = before
            self._users += 1
            own.before = list(map(max, before, self._first))
        self._set([1] * len(before))

    def __exit__(self, *raised):
        own = self._own
        own.depth -= 1
        if own.depth == 0:
            with self._lock:
                self._users -= 1
            self._set(own.before)

    def _set(self, numbers):
        for library, number in zip(self._libraries, numbers, strict=True):
            library.set_num_threads(number)


one_thread = _OneThread()


def limited():
    """Whether threads of BLAS can be limited: whether threadpoolctl is installed."""
    return threadpoolctl is not None


def held(function):
    """A function during whose calls BLAS has one thread, if threadpoolctl is installed."""
    if not limited():
        return function

    @functools.wraps(function, updated=())
    def with_one_thread(*args, **kwargs):
        with one_thread:
            return function(*args, **kwargs)

    return with_one_thread
