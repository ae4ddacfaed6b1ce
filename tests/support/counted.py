"""Calls, signals and allocations are counted; no test depends on how busy the machine is."""

import _thread
import collections
import ctypes
import functools
import gc
import operator
import signal

import pytest


class Counted:
    """A function that counts how often Python runs it."""

    def __init__(self, fun):
        self.fun, self.calls, self.__name__ = fun, 0, fun.__name__

    def __call__(self, *args):
        self.calls += 1
        return self.fun(*args)


def call_with_signal(call, number=signal.SIGINT):
    """Call a function written in C while a signal is pending. Returns whether the function ended,
    and the exception that the signal's handler raised, or None.

    Python itself handles signals between bytecodes, and there is no bytecode between the signal and
    the call. So either the function handles the signal, or it is handled after the function ended.
    """
    ended = []
    interrupt = functools.partial(_thread.interrupt_main, number)
    end = functools.partial(ended.append, True)
    try:
        collections.deque(map(operator.call, (interrupt, call, end)), maxlen=0)
    except BaseException as error:
        return bool(ended), error
    return bool(ended), None


class _Mallinfo(ctypes.Structure):
    """struct mallinfo2 of <malloc.h>."""

    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
        "fordblks", "keepcost")]  # fmt: skip


def held_memory():
    """The bytes that malloc has allocated and that are not freed, after a garbage collection."""
    gc.collect()
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallinfo2"):
        pytest.skip("malloc does not report what it has allocated")
    library.mallinfo2.restype = _Mallinfo
    report = library.mallinfo2()
    if report.uordblks == 0:
        pytest.skip("malloc is replaced by one that does not report what it has allocated")
    return report.uordblks + report.hblkhd
