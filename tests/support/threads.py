# SPDX-License-Identifier: Apache-2.0
"""Work on several threads that start together."""

import contextlib
import sys
import sysconfig
import threading
from concurrent.futures import ThreadPoolExecutor

# Whether this interpreter runs without a GIL.
FREE = bool(sysconfig.get_config_var("Py_GIL_DISABLED")) and not sys._is_gil_enabled()


@contextlib.contextmanager
def switching(seconds=1e-6):
    """With a GIL, let a thread keep it for so long; by default, switch as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def everywhere(work, threads=4):
    """The results of work(number) on threads that start together; raises what any of them raises.

    number: 0, 1, ... for the threads."""
    barrier = threading.Barrier(threads)

    def start(number):
        barrier.wait(30)
        return work(number)

    with switching(), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(start, range(threads)))
