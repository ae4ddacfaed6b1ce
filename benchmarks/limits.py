# SPDX-License-Identifier: Apache-2.0
"""What the machine allows at best: bytes over memory bandwidth, operations over arithmetic peak.

Both are measured through NumPy on all cores: the bandwidth by the faster of filling arrays and
copying them, of which the reading and the writing count, on as many bytes as a batch moves, so that
caches help both alike; the peak by a matrix product in float64, which BLAS runs near it.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from time import perf_counter

import numpy as np

from benchmarks.machine import usable_cores

LEAST = 2**24
"""Bytes moved at least, so that starting threads weighs little."""
MULTIPLIED = 1024
REPEATS = 5

TWO = ("multiply add", "multiply subtract", "subtract product", "negative product")
"""Instructions that are two operations; every other one, a sine too, counts as one."""
NONE = ("input", "constant")


def fastest(run):
    """Seconds of the fastest of several calls, after one that warms up."""
    run()
    best = np.inf
    for _ in range(REPEATS):
        start = perf_counter()
        run()
        best = min(best, perf_counter() - start)
    return best


@cache
def bandwidth(size):
    """Bytes a second that all cores together read and write where ``size`` bytes move."""
    cores, size = usable_cores(), max(size, LEAST)
    share = -(-size // (16 * cores))
    pairs = [(np.ones(share), np.empty(share)) for _ in range(cores)]

    def fill(pair):
        for array in pair:
            array.fill(1.0)

    def copy(pair):
        np.copyto(pair[1], pair[0])

    with ThreadPoolExecutor(cores) as pool:

        def everywhere(run):
            return lambda: list(pool.map(run, pairs))

        return size / min(fastest(everywhere(fill)), fastest(everywhere(copy)))


@cache
def peak():
    """Floating-point operations a second in a matrix product, on as many threads as BLAS takes."""
    a = np.random.default_rng(0).random((MULTIPLIED, MULTIPLIED))
    out = np.empty_like(a)
    return 2 * MULTIPLIED**3 / fastest(lambda: np.matmul(a, a, out=out))


def operations(instructions):
    """Operations of a list of instructions; of a sum, one fewer than its operands."""
    count = 0
    for op, operands, _ in instructions:
        if op in ("sum", "max", "min", "dot"):
            count += len(operands) - 1
        elif op not in NONE:
            count += 2 if op in TWO else 1
    return count


def of(scenario, example):
    """Bounds below on the time of a batch of dense Jacobians, from ad_core's own program.

    ``example`` is one point. None where ad_core cannot be asked.
    """
    try:
        import ad_core

        instructions, _ = ad_core.trace(scenario.fun, *example).instructions("jacobian")
    except (ImportError, AttributeError):
        return None
    moved = 8 * scenario.N * (scenario.D + scenario.K * scenario.D)
    count = scenario.N * operations(instructions)
    return {
        "bytes": moved,
        "bandwidth": bandwidth(moved),
        "memory": moved / bandwidth(moved),
        "operations": count,
        "peak": peak(),
        "arithmetic": count / peak(),
    }
