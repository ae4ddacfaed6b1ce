# SPDX-License-Identifier: Apache-2.0
"""Bounds on measured figures, and their verdicts: rows of the first table of a report."""

import math
from dataclasses import dataclass


def judged(what, measured, bound, unit, at_least=False):
    """A row of the target table, which compares ``measured`` (None if not known) with ``bound``."""
    if measured is None:
        verdict = "not measured"
    else:
        verdict = "pass" if (measured >= bound if at_least else measured <= bound) else "FAIL"
    return {
        "what": what,
        "measured": measured,
        "unit": unit,
        "bound": bound,
        "at_least": at_least,
        "verdict": verdict,
    }


def times(result):
    """``{peer: median seconds}`` of a scenario's result."""
    return {row["name"]: row["median"] for row in result["rows"] if "median" in row}


@dataclass(frozen=True)
class Target:
    """A bound on the ratio of two peers' times: ``slow / fast`` at least, or at most, ``bound``."""

    text: str
    slow: str
    fast: str
    bound: float
    at_least: bool = True
    mean: bool = False
    """Whether the bound is on the geometric mean over the workload's scenarios."""

    def ratio(self, result):
        """The measured ratio in a scenario's result, or None."""
        known = times(result)
        if self.slow not in known or self.fast not in known:
            return None
        return known[self.slow] / known[self.fast]

    def rows(self, results):
        """The verdicts on a workload's results."""
        ratios = {result["scenario"]: self.ratio(result) for result in results}
        if self.mean:
            known = None not in ratios.values()
            mean = math.prod(ratios.values()) ** (1.0 / len(ratios)) if known else None
            ratios = {", ".join(ratios) + " (geometric mean)": mean}
        return [
            judged(f"{name}: {self.text}", ratio, self.bound, "x", self.at_least)
            for name, ratio in ratios.items()
        ]


@dataclass(frozen=True)
class Limit:
    """A bound on one peer's time for one scenario, in microseconds or milliseconds."""

    text: str
    peer: str
    scenario: str
    bound: float
    unit: str

    def rows(self, results):
        """The verdict on a workload's results."""
        size = {"µs": 1e-6, "ms": 1e-3}[self.unit]
        (result,) = (result for result in results if result["scenario"] == self.scenario)
        seconds = times(result).get(self.peer)
        measured = None if seconds is None else seconds / size
        return [judged(f"{self.scenario}: {self.text}", measured, self.bound, self.unit)]
