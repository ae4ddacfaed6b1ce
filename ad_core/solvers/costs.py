# SPDX-License-Identifier: Apache-2.0
"""Estimates of what a program costs and saves, by the size of a function's recording.

All times are in microseconds on a machine of 3 GHz, measured on functions from 8 to 10,000 nodes;
they hold within a factor of two or three.  Set-ups are those of a first program, whose code is not
in the processor's caches.  They decide when a program is compiled, and nothing else.  They are
counts of operations rather than measured times, so that the same problem is solved by the same
route in every run.
"""

import math

__all__ = ["FIRST", "calls_until", "one_shot_hessian"]

FIRST = {"value": 200}
"""The number of one-shot calls before a recording is made to be judged: by then it costs little in
comparison.  SOON for the other methods."""
SOON = 5
LARGEST = (
    200_000  # nodes; the work arrays of larger programs leave the cache, and sweeps are as fast
)
LARGEST_SPARSE = 10_000_000  # a sweep takes one direction a colour, a program none
LARGEST_HESSIAN = 500_000  # nodes times inputs, since a program may multiply them all
ARRAY, SCALAR = 1.2, 0.11  # to record an operation
PLAIN_SCALAR = 0.045  # an operation of a function that is not recorded
COLUMN, HESSIAN_COLUMN = 0.0002, 0.0006  # of a node in a sweep with many directions
WORTH = 1.5  # how much faster a program's call must be
OF_TAPE, OF_PATHS = 0.2, 5.0  # to begin a call: of a tape, of a Function, which finds the path
REPLAYED = 20  # calls whose time a dense method's set-up never exceeds: beyond, it is replayed


def calls_until(name, size, n, m):
    """The number of one-shot calls of a method that take as long as the set-up of its program.

    name: a method of ad_core.Function, or "sparse_" and its name.  size: that of a recording with
    n inputs and m outputs (Tape.size); None: fun can not be recorded.  math.inf: a program is not
    faster, or too large.
    """
    if size is None:
        return math.inf
    nodes = size["nodes"]
    hessian, sparse = name.endswith("hessian"), name.startswith("sparse")
    largest = LARGEST_SPARSE if sparse else LARGEST
    if nodes > largest or (hessian and not sparse and nodes * n > LARGEST_HESSIAN):
        return math.inf
    once, setup, call = _costs(name, hessian, size, n, m)
    return setup / (once - call) if once > WORTH * call else math.inf


def one_shot_hessian(size, n):
    """Whether the n columns of a one-shot Hessian take no longer than some ten of its products."""
    return size is None or n * HESSIAN_COLUMN * size["nodes"] < 10 * _recording(size)


def _recording(size):
    return 2.0 + ARRAY * _arrays(size) + SCALAR * _scalars(size) + 0.002 * size["nodes"]


def _arrays(size):
    return size["array runs"] + size["block runs"]


def _scalars(size):
    return size["runs"] - _arrays(size)


def _costs(name, hessian, size, n, m):
    """(one-shot call, set-up with a recording, call of the program)."""
    nodes, scalars = size["nodes"], _scalars(size)
    once = _recording(size)
    if name.startswith("sparse"):
        setup, once = (10.0 * nodes, once + 120.0) if hessian else (2.0 * nodes, once + 40.0)
        return once + 0.25 * scalars + 0.005 * nodes, 100.0 + setup, 2.0 + 0.0012 * nodes
    if name == "value":
        listed = 0.3 if scalars else 0.0  # the solver makes an array of the numbers
        once = 0.3 + listed + 0.6 * _arrays(size) + PLAIN_SCALAR * scalars + 0.001 * nodes
        fixed, terms = 350.0, 0.25 * nodes
        program = 0.004 * scalars + 0.0007 * nodes
    elif name == "grad":
        fixed, terms = 100.0, 0.6 * nodes
        program = 0.005 * scalars + 0.001 * nodes
    elif name == "hvp":
        once += 25.0 + 0.05 * scalars + 0.003 * nodes
        fixed, terms = 120.0, nodes
        program = 0.006 * scalars + 0.0014 * nodes
    elif hessian:
        once += 25.0 + 0.4 * scalars + n * HESSIAN_COLUMN * nodes
        fixed, terms = 180.0, 14.0 * scalars + 3.0 * nodes
        program = 0.012 * scalars + 0.003 * nodes
    else:
        once += min(n, m) * COLUMN * nodes
        fixed, terms = 150.0, 2.2 * scalars + 0.7 * nodes
        program = 0.004 * scalars + 0.001 * nodes + 0.00006 * n * m
    start = OF_PATHS if size["guards"] else OF_TAPE
    return once, fixed + min(terms, REPLAYED * once), start + program
