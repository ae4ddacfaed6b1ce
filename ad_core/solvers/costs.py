# SPDX-License-Identifier: Apache-2.0
"""Estimates of what a program costs and saves, by the size of a function's recording.

All times are in microseconds on a machine of 3 GHz, measured on functions from 8 to a million
nodes; they hold within a factor of two or three.  They decide when a program is compiled, and
nothing else.  They are counts of operations rather than measured times, so that the same problem is
solved by the same route in every run.
"""

import math

__all__ = ["FIRST", "LARGEST", "calls_until", "one_shot_hessian"]

FIRST = {"value": 100}
"""The number of one-shot calls before a recording is made to be judged: by then it costs little in
comparison.  SOON for the other methods."""
SOON = 10
LARGEST = (
    200_000  # nodes; the work arrays of larger programs leave the cache, and sweeps are as fast
)
LARGEST_SPARSE = 10_000_000  # a sweep takes one direction a colour, a program none
LARGEST_HESSIAN = 500_000  # nodes times inputs, since a program may multiply them all
COLUMN = 0.002  # of a node in a sweep with many directions
WORTH = 1.5  # how much faster a program's call must be


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
    return size is None or 2 * n * COLUMN * size["nodes"] < 10 * _recording(size)


def _recording(size):
    arrays, nodes = _arrays(size), size["nodes"]
    return 8.0 + 10.0 * arrays + 0.2 * (size["runs"] - arrays) + 0.015 * nodes


def _arrays(size):
    return size["array runs"] + size["block runs"]


def _costs(name, hessian, size, n, m):
    """(one-shot call, set-up, call of the program)."""
    nodes, arrays = size["nodes"], _arrays(size)
    if name == "value":
        once = arrays + 0.06 * (size["runs"] - arrays) + 0.001 * nodes
        return once, 350.0 + 0.5 * nodes, 0.7 + 0.003 * nodes
    once = _recording(size)
    if name in ("grad", "hvp"):
        twice = 2 if name == "hvp" else 1
        return once + 0.01 * twice * nodes, 300.0 + 3.0 * twice * nodes, 1.0 + 0.005 * twice * nodes
    if name.startswith("sparse"):
        setup = 10.0 if hessian else 2.0
        return 500.0 + once + 0.05 * nodes, 1000.0 + setup * nodes, 3.0 + 0.0012 * nodes
    if hessian:
        return once + 2 * n * COLUMN * nodes, 300.0 + 2.0 * n * nodes, 1.0 + 0.003 * n * nodes
    once += min(n, m) * COLUMN * nodes
    return once, 300.0 + 10.0 * nodes, 1.0 + 0.01 * nodes + 0.0003 * n * m
