# SPDX-License-Identifier: Apache-2.0
"""Run a workload: prepare the peers, compare their results, then time those that are right."""

from dataclasses import dataclass, field
from time import perf_counter

import numpy as np

from benchmarks import agreement, limits, peers
from benchmarks.batched import Batch
from benchmarks.peers.peer import Prepared, point
from benchmarks.timing import Timed, interleave
from benchmarks.tree import leaves

CHECKED = 3
"""Inputs at which the results are compared."""


@dataclass
class Entry:
    """One peer on one scenario, from preparation to its row of the table."""

    name: str
    kind: str = "exact"
    status: str = "ok"
    """``"ok"``, or the reason for no time: wrong, failed, skipped, not installed."""
    note: str = ""
    variant: str = ""
    first: float | None = None
    error: float | None = None
    run: object = None
    inputs: list = field(default_factory=list)
    answers: list = field(default_factory=list)
    timing: dict = field(default_factory=dict)

    def row(self):
        """The JSON form."""
        keys = ("name", "kind", "status", "note", "variant", "first", "error")
        return {key: getattr(self, key) for key in keys} | self.timing


def set_up_anew(peer, scenario):
    """A call that prepares the peer and computes one derivative, for the time of the set-up."""

    def run(*args):
        prepared = peer.prepare(scenario, args)
        first = next(iter(prepared.variants.values()))
        return prepared.answer(first(*prepared.convert(args)))

    return Prepared({"": run})


def prepare(name, scenario, points, workload):
    """Load a peer, set it up, call each of its variants three times and keep the fastest one."""
    entry = Entry(name)
    reason = workload.reason(name, scenario)
    if reason:
        entry.status, entry.note = "skipped", reason
        return entry
    try:
        peer = peers.load(name)
    except ImportError as missing:
        entry.status, entry.note = "not installed", str(missing)
        return entry
    entry.kind = peer.kind
    try:
        start = perf_counter()
        if workload.fresh:
            prepared = set_up_anew(peer, scenario)
        else:
            prepared = peer.prepare(scenario, points[0])
        setup = perf_counter() - start
        entry.note = prepared.note() if callable(prepared.note) else prepared.note
        entry.inputs = [prepared.convert(args) for args in points]
        best = np.inf
        for variant, run in prepared.variants.items():
            first = clock(run, entry.inputs[0])
            later = min(clock(run, args) for args in entry.inputs[1:3])
            if later < best:
                best, entry.variant, entry.run, entry.first = later, variant, run, setup + first
        for args in entry.inputs[:CHECKED]:
            # Copied, because a peer may write every result into the same memory.
            answer = leaves(prepared.answer(entry.run(*args)))
            entry.answers.append([np.array(leaf, dtype=float) for leaf in answer])
    except Exception as failure:  # any failure of a peer is a result to report
        entry.status, entry.note = "failed", f"{type(failure).__name__}: {failure}".split("\n")[0]
    return entry


def clock(run, args):
    """Seconds of one call."""
    start = perf_counter()
    run(*args)
    return perf_counter() - start


def check(entries):
    """Mark the entries whose derivative differs from the others' as wrong."""
    compared = [e for e in entries if e.status == "ok" and e.kind != "evaluation"]
    exact = {entry.name for entry in compared if entry.kind == "exact"}
    verdicts = agreement.judge({entry.name: entry.answers for entry in compared}, exact)
    for entry in compared:
        entry.error, agrees = verdicts[entry.name]
        if not agrees:
            entry.status, entry.note = "WRONG", f"differs from the others by {entry.error:.1e}"
        elif len(compared) == 1:
            entry.note = "; ".join(filter(None, (entry.note, "no other answer to compare with")))


def run_scenario(scenario, workload, names, rounds, progress):
    """Return the scenario's result as a dictionary of rows."""
    points = [scenario.args(seed) for seed in range(workload.points)]
    task = progress.add_task(f"{scenario.name}: preparing", total=len(names) + rounds)
    entries = []
    for name in names:
        progress.update(task, description=f"{scenario.name}: preparing {name}")
        entries.append(prepare(name, scenario, points, workload))
        progress.advance(task)
    check(entries)

    timed = {e.name: Timed(e.run, e.inputs) for e in entries if e.status == "ok"}
    progress.update(task, description=f"{scenario.name}: timing")
    if timed:
        interleave(timed, rounds, lambda: progress.advance(task))
    progress.update(task, description=scenario.name, completed=len(names) + rounds)
    for entry in entries:
        if entry.name in timed:
            entry.timing = timed[entry.name].summary()
    many = isinstance(scenario, Batch)
    return {
        "scenario": scenario.name,
        "what": ("set-up and " if workload.fresh else "") + scenario.what,
        "K": scenario.K,
        "D": scenario.D,
        "N": scenario.N if many else None,
        "own": workload.own,
        "limits": limits.of(scenario, point(points[0])) if many else None,
        "rows": [entry.row() for entry in entries],
    }


def run_workload(workload, chosen, rounds, batch, progress):
    """Run all scenarios of a workload on those of its peers that are ``chosen``; check its targets.

    ``batch`` is the number of points in a call, in workloads with many points.
    """
    names = [name for name in workload.peers if name in chosen]
    results = [
        run_scenario(scenario, workload, names, rounds, progress)
        for scenario in workload.sized(batch)
    ]
    targets = [row for target in workload.targets for row in target.rows(results)]
    targets += workload.further(progress)
    return {
        "name": workload.name,
        "title": workload.title,
        "notes": workload.notes,
        "results": results,
        "targets": targets,
    }
