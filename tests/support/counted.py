"""Signals and allocations counted, so that no test of them depends on how busy the machine is."""

import _thread
import collections
import ctypes
import functools
import gc
import operator
import signal

import pytest


def call_with_signal(call, number=signal.SIGINT):
    """Call a function written in C while a signal waits that came just before: (whether the
    function came to its end, the exception that the signal's handler raised, or None).

    Between one call and the next there is no bytecode, at which Python itself would look at
    signals: whoever hears of it first is the function, or nobody before it has ended.
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
    """Bytes that malloc has handed out and not got back, after a collection."""
    gc.collect()
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallinfo2"):
        pytest.skip("malloc does not tell what it has handed out")
    library.mallinfo2.restype = _Mallinfo
    told = library.mallinfo2()
    if told.uordblks == 0:
        pytest.skip("malloc is another one's, which does not tell what it has handed out")
    return told.uordblks + told.hblkhd
