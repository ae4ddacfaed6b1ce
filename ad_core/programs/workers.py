# SPDX-License-Identifier: Apache-2.0
"""The threads that evaluate batches."""

import os
import threading

from ad_core.errors.integers import integer

__all__ = []

_pool = None
_lock = threading.Lock()  # one thread makes the pool
_thread = threading.local()  # has_none: whether the thread gets no others now


def _cores():
    if hasattr(os, "process_cpu_count"):
        return os.process_cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _count(workers):
    """The number of threads that work, this one included."""
    if workers is None:
        return _cores()
    expected = "a number of threads, at least 1, or None for all cores"
    return integer(workers, "workers", expected, least=1)


def _submit(function):
    """Start a function on another thread; threads are kept for the next batch.  Returns None if no
    thread can be started, or from a thread that is submitting already or is of the pool."""
    # Locks of executors are not reentrant.  A finalizer that runs while one is held, and evaluates
    # a batch, would wait forever.
    if getattr(_thread, "has_none", False):
        return None
    _thread.has_none = True
    try:
        return (_pool or _made_pool()).submit(function)
    except RuntimeError:  # the interpreter is ending, or no more threads can be started
        return None
    finally:
        _thread.has_none = False


def _made_pool():
    global _pool
    from concurrent.futures import ThreadPoolExecutor  # late: its import takes 4 ms

    with _lock:
        if _pool is None:
            _pool = ThreadPoolExecutor(
                max(_cores(), 2), thread_name_prefix="ad_core", initializer=_enter
            )
        return _pool


def _enter():
    """Keep a thread of the pool from submitting."""
    _thread.has_none = True


def _forget():
    """Drop the pool in a forked child, which has none of its parent's threads, and the lock, which
    one of these may hold."""
    global _pool, _lock, _thread
    _pool, _lock, _thread = None, threading.Lock(), threading.local()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
hooks = {"submit": _submit, "workers": _count}
