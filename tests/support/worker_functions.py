# SPDX-License-Identifier: Apache-2.0
"""Functions that tests of ad_core.distributed run in worker processes."""

import os
import signal
import sys

import numpy as np

import ad_core
from ad_core.distributed import payload


def set_version(version):
    """Pretend that this process has another version of ad_core."""
    ad_core.__version__ = version


def hide(hidden):
    """Pretend that ad_core is not installed in this process, and end the pretence."""
    sys.modules["ad_core"] = None if hidden else ad_core


def count_arrivals():
    """Count from now on the payloads that arrive in this process."""
    payload.arrivals = 0

    def arrived(self, state):
        payload.arrivals += 1
        self.__dict__.update(state)

    payload.Payload.__setstate__ = arrived


def arrivals():
    del payload.Payload.__setstate__
    return payload.arrivals


def picky(x):
    """A function that raises an exception of its own at some points."""
    if x[0] > 2.0:
        raise ZeroDivisionError("no slope here")
    return np.sum(x * x)


def deadly(x):
    """A function that ends the process in which it runs."""
    os.kill(os.getpid(), signal.SIGKILL)
    return x


class Unpicklable(Exception):
    """An exception that does not survive pickling."""

    def __init__(self, one, two):
        super().__init__(f"{one} {two}")


def raises_unpicklable(x):
    raise Unpicklable("a", "b")
