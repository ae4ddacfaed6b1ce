# SPDX-License-Identifier: Apache-2.0
"""Peak memory of one call, in bytes: ``python -m benchmarks.memory WORKLOAD SCENARIO PEER ...``.

The remaining arguments are the peer's variant and how many points a batch has.

It runs in a process of its own, after one call on other inputs, so that memory that a library
allocates once (imports, compilation, thread pools) is not counted. The peak is relative to the
memory before the call.
"""

import subprocess
import sys
from pathlib import Path

from benchmarks import ROOT, peers, workload

STATUS = Path("/proc/self/status")


def status_bytes(key):
    """A line of Linux's process status, in bytes."""
    for line in STATUS.read_text().splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    raise KeyError(key)


def peak(work, name, peer, variant, batch):
    """The largest increase of resident memory during one call, in bytes."""
    chosen = workload.load(work).sized(int(batch))
    scenario = next(scenario for scenario in chosen if scenario.name == name)
    points = [scenario.args(seed) for seed in range(2)]
    prepared = peers.load(peer).prepare(scenario, points[0])
    run = prepared.variants[variant]
    inputs = [prepared.convert(args) for args in points]
    run(*inputs[0])
    Path("/proc/self/clear_refs").write_text("5")  # sets the peak back to what is resident now
    before = status_bytes("VmRSS")
    run(*inputs[1])
    return max(0, status_bytes("VmHWM") - before)


def measure(work, result, batch, progress):
    """Add ``"memory"`` to every timed row of a scenario's result; None if Linux's files fail."""
    rows = [row for row in result["rows"] if "median" in row]
    for row in progress.track(rows, description=f"{result['scenario']}: memory"):
        chosen = work, result["scenario"], row["name"], row["variant"], str(batch)
        command = [sys.executable, "-m", "benchmarks.memory", *chosen]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        row["memory"] = int(done.stdout) if done.returncode == 0 else None


if __name__ == "__main__":
    print(peak(*sys.argv[1:6]))
