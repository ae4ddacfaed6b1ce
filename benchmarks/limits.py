# SPDX-License-Identifier: Apache-2.0
"""The limits of the machine: bytes over memory bandwidth, operations over arithmetic peak.

Both are measured through NumPy on all cores. The bandwidth is that of the faster of filling and
copying arrays (reading and writing both count), of as many bytes as a batch moves, so that
caches help both alike. The peak is that of a matrix product in float64, which BLAS computes near
it.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from time import perf_counter

import numpy as np

from benchmarks.machine import usable_cores

LEAST = 2**24
"""The least number of bytes moved, so that the start of threads takes a small part of the time."""
MULTIPLIED = 1024
REPEATS = 5

TWO = ("multiply add", "multiply subtract", "subtract product", "negative product")
"""Instructions that count as two operations; all others, a sine too, count as one."""
NONE = ("input", "constant")


def fastest(run):
    """Seconds of the fastest of several calls, after a first call."""
    run()
    best = np.inf
    for _ in range(REPEATS):
        start = perf_counter()
        run()
        best = min(best, perf_counter() - start)
    return best


@cache
def bandwidth(size):
    """Bytes that all cores together read and write in a second if ``size`` bytes move."""
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
    """Operations of a list of instructions; a sum has one fewer than operands."""
    count = 0
    for op, operands, _ in instructions:
        if op in ("sum", "max", "min", "dot"):
            count += len(operands) - 1
        elif op not in NONE:
            count += 2 if op in TWO else 1
    return count


def of(scenario, example):
    """Lower bounds of the time of a batch of dense Jacobians, from ad_core's own program.

    ``example`` is one point. None if ad_core has no such program.
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
