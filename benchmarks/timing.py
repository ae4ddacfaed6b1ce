# SPDX-License-Identifier: Apache-2.0
"""Interleaved timing of several callables: a sample of each in every round, then medians."""

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle, islice
from statistics import median, quantiles
from time import perf_counter

SHORTEST = 2e-3
"""The least length of a sample in seconds, so that the clock and one interruption have little
effect."""
BUDGET = 10.0
"""Seconds of sampling after which a slow peer is left out of further rounds."""
FEWEST = 5
"""Samples that a peer gets at least."""


@dataclass
class Timed:
    """A callable, its inputs in turn, and the samples (seconds for a call) so far."""

    run: object
    inputs: list
    budget: float = BUDGET
    fewest: int = FEWEST
    shortest: float = SHORTEST
    clock: Callable = perf_counter
    warm: bool = False
    """Whether a call that is not timed precedes each sample, so that the caches hold this peer's
    data, as in a loop of calls."""
    loops: int = 1
    spent: float = 0.0
    samples: list[float] = field(default_factory=list)

    def calibrate(self):
        """Choose how many calls make a sample, by doubling until they take ``shortest``.

        The shorter of two samples counts, so that an interruption does not end the doubling.
        """
        while any(self._sample(0) * self.loops < self.shortest for _ in range(2)):
            self.loops *= 2

    def _sample(self, first):
        """Time ``loops`` calls on consecutive inputs beginning with number ``first``."""
        calls = list(islice(cycle(self.inputs), first, first + self.loops))
        run = self.run
        # As in timeit: another peer's garbage must not be collected during this one's time.
        gc.collect()
        gc.disable()
        try:
            if self.warm:
                run(*calls[-1])
            start = self.clock()
            for args in calls:
                run(*args)
            elapsed = self.clock() - start
        finally:
            gc.enable()
        return elapsed / self.loops

    def due(self):
        """Whether the peer still takes part in the rounds."""
        return len(self.samples) < self.fewest or self.spent < self.budget

    def take(self, number):
        """Take one sample; ``number`` selects the first input."""
        sample = self._sample(number % len(self.inputs))
        self.samples.append(sample)
        self.spent += sample * self.loops

    def summary(self):
        """Median and quartiles in seconds, and the numbers of samples and calls."""
        low, _, high = (
            quantiles(self.samples, n=4, method="inclusive")
            if len(self.samples) > 1
            else self.samples * 3
        )
        return {
            "median": median(self.samples),
            "quartiles": [low, high],
            "samples": len(self.samples),
            "calls_per_sample": self.loops,
        }


def interleave(timed, rounds, advance):
    """Take ``rounds`` samples of each, round-robin; ``advance()`` is called after every round."""
    names = list(timed)
    # Freeze the existing objects: their collection before every sample would take most time.
    gc.collect()
    gc.freeze()
    try:
        for item in timed.values():
            item.calibrate()
        for number in range(rounds):
            # Another peer begins each round, so that no peer always runs after the same one.
            shift = number % len(names)
            for name in names[shift:] + names[:shift]:
                if timed[name].due():
                    timed[name].take(number)
            advance()
    finally:
        gc.unfreeze()
