# SPDX-License-Identifier: Apache-2.0
"""The growth of set-up, evaluation and memory of a sparse Jacobian with the Brusselator's grid.

``python -m benchmarks.grids N`` prints the figures of a grid of N x N points as JSON. It runs in a
process of its own, so that the peak memory is that of this grid.
"""

import json
import subprocess
import sys
from statistics import median
from time import perf_counter

import numpy as np

from benchmarks import ROOT
from benchmarks.memory import status_bytes
from benchmarks.targets import judged

SIDES = (50, 100, 200, 350, 500)
REPEATS = 31
TOLERANCE = 1e-8
SHOWN = {"setup": "set-up (s)", "evaluation": "evaluation (s)", "memory": "peak memory (bytes)"}


def check(fun, y, jacobian, step=1e-4):
    """Compare the product with a random direction with a central difference."""
    v = np.random.default_rng(0).normal(size=y.size)
    expected = (fun(y + step * v) - fun(y - step * v)) / (2.0 * step)
    error = np.abs(jacobian @ v - expected).max() / np.abs(expected).max()
    if not error < TOLERANCE:
        raise ArithmeticError(f"a product with the Jacobian of {y.size} states is off by {error:g}")


def measure(n):
    """Seconds of set-up and of an evaluation, and the peak memory of the process in bytes."""
    import ad_core
    from scenarios import brusselator, brusselator_args

    def traced(y):
        tape = ad_core.trace(brusselator, y)
        return tape, tape.jacobian_sparsity()

    traced(brusselator_args(0, 8)[0])  # imports and the like
    points = [brusselator_args(seed, n)[0] for seed in range(3)]
    start = perf_counter()
    tape, pattern = traced(points[0])
    setup = perf_counter() - start
    out, samples = np.empty(pattern.nnz), []
    tape.jacobian(points[0], out=out, sparse=True)
    for k in range(REPEATS):
        start = perf_counter()
        tape.jacobian(points[k % 3], out=out, sparse=True)
        samples.append(perf_counter() - start)
    check(brusselator, points[0], tape.jacobian(points[0], sparse=True))
    return {
        "side": n,
        "states": 2 * n * n,
        "nonzeros": pattern.nnz,
        "setup": setup,
        "evaluation": median(samples),
        "memory": status_bytes("VmHWM"),
    }


def exponent(rows, what):
    """The p of a least-squares fit of ``what`` by states^p."""
    states = np.log([row["states"] for row in rows])
    return float(np.polyfit(states, np.log([row[what] for row in rows]), 1)[0])


def run(progress):
    """``{"rows": the figures of each grid, "targets": rows of the target table}``."""
    task = progress.add_task("grids", total=len(SIDES))
    rows = []
    for n in SIDES:
        command = [sys.executable, "-m", "benchmarks.grids", str(n)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            rows.append(json.loads(done.stdout))
        progress.advance(task)
    largest = rows[-1] if rows and rows[-1]["side"] == SIDES[-1] else {}
    size = f"Brusselator {SIDES[-1]} x {SIDES[-1]}"

    def bound(what, limit, unit, scale):
        found = largest.get(what)
        return judged(f"{size}: {what}", None if found is None else found / scale, limit, unit)

    targets = [
        bound("setup", 10.0, "s", 1.0),
        bound("evaluation", 30.0, "ms", 1e-3),
        bound("memory", 2.0, "GB", 1e9),
    ]
    for what in ("setup", "evaluation"):
        growth = exponent(rows, what) if len(rows) == len(SIDES) else None
        targets.append(judged(f"Brusselator: growth of {what} (1: linear)", growth, 1.2, ""))
    return {"rows": rows, "targets": targets}


def plot(rows, path):
    """Draw log-log curves, each with a line of linear growth from its first point."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    states = np.array([row["states"] for row in rows])
    figure, axes = pyplot.subplots(1, len(SHOWN), figsize=(12, 4), layout="constrained")
    for axis, (what, label) in zip(axes, SHOWN.items(), strict=True):
        values = np.array([row[what] for row in rows])
        axis.loglog(
            states, values, "o-", color="tab:orange", label=f"p = {exponent(rows, what):.2f}"
        )
        axis.loglog(states, values[0] * states / states[0], ":", color="tab:gray", label="linear")
        axis.set_xlabel("states")
        axis.set_title(label)
        axis.legend()
    figure.suptitle("Sparse Jacobian of the 2-D Brusselator, 50 x 50 to 500 x 500 points")
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
