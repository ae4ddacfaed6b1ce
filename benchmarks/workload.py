# SPDX-License-Identifier: Apache-2.0
"""What one workload file says: its scenarios, its peers, who cannot run it and why, its targets."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field

from benchmarks.batched import batched
from benchmarks.peers import ONE_SHOT

NAMES = (
    *("arm", "pollution", "brusselator", "gmm", "network"),
    *("batch", "points", "programs", "gradient", "setup"),
    *("sparse", "sparse_setup", "bundle", "stiff", "control"),
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
    """One line of the benchmark: scenarios that share peers, targets and notes."""

    name: str
    title: str
    scenarios: tuple
    targets: tuple = ()
    """`Target` and `Limit` objects."""
    skip: dict[str, str] = field(default_factory=dict)
    """Peers that cannot run the workload, and why; ``"peer:scenario"`` for one scenario alone."""
    notes: str = ""
    peers: tuple[str, ...] = tuple(ONE_SHOT)
    own: str = "ad_core"
    """The peer whose time the others' are divided by."""
    points: int = 8
    """Different inputs that a scenario is called on in turn."""
    batched: bool = False
    """Whether a call takes many points."""
    fresh: bool = False
    """Whether what is timed is preparation and one call, anew each time."""
    further: Callable = nothing
    """``further(progress)`` measures what has no peers, and returns rows of the target table."""

    def asked(self, N):
        """The scenarios as they are run; ``N`` is the size of a batch."""
        return tuple(batched(s, N) for s in self.scenarios) if self.batched else self.scenarios

    def reason(self, peer, scenario):
        """Why a peer is left out of a scenario, or None."""
        return self.skip.get(peer) or self.skip.get(f"{peer}:{scenario.name}")
