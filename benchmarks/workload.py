# SPDX-License-Identifier: Apache-2.0
"""What one workload file says: its scenarios, who cannot run them and why, and its targets."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Target:
    """A bound on the ratio of two peers' times: ``slow / fast`` at least, or at most, ``bound``."""

    text: str
    slow: str
    fast: str
    bound: float
    at_least: bool = True

    def judge(self, times):
        """Return (measured ratio or None, "pass", "FAIL" or "not measured") for ``{peer: s}``."""
        if self.slow not in times or self.fast not in times:
            return None, "not measured"
        ratio = times[self.slow] / times[self.fast]
        met = ratio >= self.bound if self.at_least else ratio <= self.bound
        return ratio, "pass" if met else "FAIL"


@dataclass(frozen=True)
class Workload:
    """One line of the benchmark: scenarios that share peers, targets and notes."""

    name: str
    title: str
    scenarios: tuple
    targets: tuple[Target, ...] = ()
    skip: dict[str, str] = field(default_factory=dict)
    """Peers that cannot run the workload, and why."""
    notes: str = ""
