# SPDX-License-Identifier: Apache-2.0
"""Run the idioms, a process for each subject, and compare their figures with the bounds."""

import json
import math
import subprocess
import sys
from queue import Empty, Queue
from threading import Thread

from benchmarks import ROOT, idioms
from benchmarks.idioms.idiom import FIGURES, UNNOTICED

START = 60.0
"""Seconds that the start of a process may take."""
PATIENCE = 10.0
"""Seconds that a stage may take. A set-up that takes longer is reported so, and ended."""
PEERS = ("autograd", "jax", "jax-jit")
"""Peers, where they are installed."""


def records(subject, pairs, names, patience):
    """The records that a process prints about idioms ``[(name, size), ...]``, as they come.

    If none comes for ``patience`` seconds after the first, the process is ended, and the last
    record is None. With ``patience=None`` there is no limit.
    """
    chosen = [subject, ",".join(f"{name}:{size}" for name, size in pairs), ",".join(names)]
    command = [sys.executable, "-m", "benchmarks.idioms.measuring", *chosen]
    lines = Queue()
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:

        def read():
            for line in process.stdout:
                lines.put(line)
            lines.put("")

        Thread(target=read, daemon=True).start()
        try:
            line = lines.get(timeout=patience and START)
            while line:
                yield json.loads(line)
                line = lines.get(timeout=patience)
        except Empty:
            yield None
        finally:
            process.kill()


def measured(subject, pairs, names, patience, done):
    """``{(name, size): (last stage, all figures)}``; ``done()`` is called after each.

    A process that ends is started anew without the pair at which it ended.
    """
    found, left = {}, list(pairs)
    while left:
        pair, stage, known = left[0], "start", {}
        for record in records(subject, left, names, patience):
            if record is None:
                known["over"] = patience
                break
            if pair != (pair := (record["name"], record["size"])):
                known = {}
                done()
            stage = record["stage"]
            known |= record["figures"]
            found[pair] = stage, known
        found[pair] = stage, known
        done()
        left = left[left.index(pair) + 1 :]
    return found


def status(stage, known):
    """``"ok"``, or the stage at which the measurement ended, and why."""
    if stage == "end":
        return "ok"
    if "over" in known:
        return f"{stage} took more than {known['over']:g} s"
    if stage in ("WRONG", "failed"):
        return f"{stage}: {known['note']}"
    return f"the process ended during {stage}"


def figures(known, idiom):
    """The figures that bounds are on, of those that are known: ``{name: number}``."""
    found = {}

    def ratio(name, over, under):
        if known.get(over) is not None and known.get(under):
            found[name] = known[over] / known[under]

    ratio("one", "one", "numpy")
    ratio("call", "call", "numpy")
    ratio("gain", "call", "one")
    ratio("setup", "setup", "one")
    for name, seconds, unit in (
        ("setup_ms", "setup", 1e-3),
        ("call_us", "call", 1e-6),
        ("point_ns", "call", 1e-9),
        ("traced_us", "traced", 1e-6),
        ("plain_us", "plain", 1e-6),
        ("first_ms", "first", 1e-3),
        ("peak_mb", "peak", 1e6),
        ("entries", "entries", 1),
    ):
        if known.get(seconds) is not None:
            found[name] = known[seconds] / unit
    if "call" in known and idiom.points == 1:
        del found["point_ns"]
    return found


def judged(idiom, size, found, known):
    """``{figure: bound}`` of all bounds, and ``[figure, ...]`` of those missed or not measured."""

    def beyond(name, bound):
        if name not in found:
            return True
        general = idiom.own_bound(name, size) is None
        if general and known.get(name, math.inf) <= UNNOTICED.get(name, 0.0):
            return False
        return not found[name] <= bound

    bounds = {name: idiom.bound(name, size) for name in FIGURES}
    bounds = {name: bound for name, bound in bounds.items() if bound is not None}
    return bounds, [name for name, bound in bounds.items() if beyond(name, bound)]


def nothing():
    """No progress to show."""


def rows(subject, work, names, patience=PATIENCE, done=nothing):
    """The rows of idioms of a subject, one for each size."""
    pairs = {(idiom.name, size): idiom for idiom in work for size in idiom.sizes}
    found = []
    for pair, (stage, known) in measured(subject, pairs, names, patience, done).items():
        idiom, size = pairs[pair], pair[1]
        numbers = figures(known, idiom)
        bounds, missed = judged(idiom, size, numbers, known)
        row = {"name": idiom.name, "text": idiom.text, "what": idiom.what, "how": idiom.how}
        row |= {"points": idiom.points, "size": size, "status": status(stage, known)}
        row |= {"reason": idiom.reason}
        found.append(
            row | {"seconds": known, "figures": numbers, "bounds": bounds, "missed": missed}
        )
    return found


def run(names, progress, chosen=idioms.SUBJECTS):
    """``[{"subject", "title", "rows"}, ...]`` of the chosen subjects."""
    asked = [name for name in PEERS if name in names]
    works = [(name, idioms.subject(name)) for name in chosen]
    total = sum(len(idiom.sizes) for _, work in works for idiom in work)
    task, parts = progress.add_task("idioms", total=total), []
    for name, work in works:
        progress.update(task, description=f"idioms: {name}")
        found = rows(name, work, asked, done=lambda: progress.advance(task))
        parts.append({"subject": name, "title": work.title, "rows": found})
    progress.update(task, description="idioms")
    return parts
