# SPDX-License-Identifier: Apache-2.0
"""The contents of a workload's file: scenarios, peers, reasons for skipping peers, targets."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.batched import batched
from benchmarks.peers import ONE_SHOT

NAMES = (
    *("arm", "pollution", "brusselator", "gmm", "network"),
    *("batch", "points", "programs", "gradient", "setup"),
    *("sparse", "sparse_setup", "bundle", "stiff", "control", "solver_sets"),
)
"""The modules of this package that have a ``WORKLOAD``."""


def load(name):
    """The workload of this name."""
    return importlib.import_module(f"benchmarks.{name}").WORKLOAD


def nothing(progress):
    """No further figures."""
    return []


@dataclass(frozen=True)
class Workload:
    """Scenarios that share peers, targets and notes."""

    name: str
    title: str
    scenarios: tuple
    targets: tuple = ()
    """`Target` and `Limit` objects."""
    skip: dict[str, str] = field(default_factory=dict)
    """Peers that cannot run the workload, and the reason; ``"peer:scenario"`` for one scenario."""
    notes: str = ""
    peers: tuple[str, ...] = tuple(ONE_SHOT)
    own: str = "ad_core"
    """The peer by whose time the times of the others are divided."""
    points: int = 8
    """The number of different inputs on which a scenario is called in turn."""
    batched: bool = False
    """Whether a call takes many points."""
    fresh: bool = False
    """Whether preparation and one call are timed together, repeated for each sample."""
    further: Callable = nothing
    """``further(progress)`` measures figures without peers; returns rows of the target table."""

    def sized(self, N):
        """The scenarios that are run; ``N`` is the size of a batch."""
        return tuple(batched(s, N) for s in self.scenarios) if self.batched else self.scenarios

    def reason(self, peer, scenario):
        """The reason for leaving a peer out of a scenario, or None."""
        return self.skip.get(peer) or self.skip.get(f"{peer}:{scenario.name}")
