# SPDX-License-Identifier: Apache-2.0
"""heyoka: a cfunc of the dense Jacobian on all points at once, in its own layout, on all cores.

heyoka takes and gives a row for each scalar, so points lie along the last axis; they are brought
into that layout beforehand, either all together, where heyoka divides them among cores, or in
blocks of 200 points, which a Python thread a core goes through, since many long rows are slow to
write. Compiled for the vectors heyoka prefers and for AVX-512; the fastest is shown.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from benchmarks.batched import gathered, in_blocks
from benchmarks.machine import usable_cores
from benchmarks.peers.heyoka_shared import compiled, derivative
from benchmarks.peers.peer import Peer, Prepared, point

BLOCK = 200
"""Points in a block, whose outputs are in few pages; about the best size for all functions."""


def convert(args):
    """(D, N) instead of (N, D), and (blocks, D, points of a block)."""
    x = args[0]
    return np.ascontiguousarray(x.T), in_blocks(x, min(BLOCK, len(x)))


def callers(exprs, inputs, N):
    """Variants that evaluate a list of expressions at N points."""
    size = min(BLOCK, N)
    count = -(-N // size)
    memory = np.zeros(len(exprs) * count * size)
    whole = memory[: len(exprs) * N].reshape(len(exprs), N)
    blocks = memory.reshape(count, len(exprs), size)
    pool = ThreadPoolExecutor(usable_cores())
    shares = np.array_split(np.arange(count), usable_cores())

    def pair(cfunc):
        def together(x, _):
            cfunc(x, outputs=whole, batch_parallel=True)
            return whole.T

        def by_blocks(_, x):
            def take(share):
                for i in share:
                    cfunc(x[i], outputs=blocks[i], batch_parallel=False)

            list(pool.map(take, shares))
            return blocks.swapaxes(1, 2)

        return together, by_blocks

    preferred = pair(compiled(exprs, inputs))
    wide = pair(compiled(exprs, inputs, force_avx512=True))
    names = "together", "blocks", "together, avx512", "blocks, avx512"
    return dict(zip(names, preferred + wide, strict=True))


def prepare(scenario, args):
    exprs, inputs = derivative(scenario, point(args))

    def answer(raw):
        return gathered(raw, scenario.checked).reshape(-1, *exprs.shape)

    variants = callers(list(exprs.reshape(-1)), inputs, scenario.N)
    return Prepared(variants, convert, answer, note="compiled beforehand; points along columns")


PEER = Peer("heyoka-batch", ("heyoka", "numpy"), prepare)
