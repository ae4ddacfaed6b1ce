# SPDX-License-Identifier: Apache-2.0
"""A scenario at many points at once."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from scenarios import Scenario

CHECKED = 1000
"""Points of a batch at which answers are compared."""


@dataclass(frozen=True)
class Batch(Scenario):
    """A scenario whose ``args(seed)`` are N points, (N, D); K and D are those of one point."""

    N: int

    @property
    def checked(self):
        """The points that are compared: all, or some 1,000 with both ends, where blocks end."""
        if self.N <= CHECKED:
            return np.arange(self.N)
        ends = np.arange(CHECKED // 4)
        middle = np.random.default_rng(0).integers(self.N, size=CHECKED // 2)
        return np.unique(np.concatenate((ends, middle, self.N - 1 - ends)))


def in_blocks(x, size):
    """Points (N, D) as (blocks, D, size); the last block is filled up with the last point."""
    filled = np.concatenate((x, np.repeat(x[-1:], -len(x) % size, axis=0)))
    return np.ascontiguousarray(filled.reshape(-1, size, x.shape[1]).swapaxes(1, 2))


def gathered(results, chosen):
    """The chosen points of results shaped (N, ...), or (blocks, size, ...) as of `in_blocks`."""
    if results.ndim == 2:
        return results[chosen]
    size = results.shape[1]
    return results[chosen // size, chosen % size]


def batched(scenario, N):
    """A batch of N points of a scenario whose generator of inputs takes ``batch``."""
    args = partial(scenario.args, batch=(N,))
    return Batch(scenario.name, scenario.fun, args, scenario.what, scenario.K, scenario.D, N)
