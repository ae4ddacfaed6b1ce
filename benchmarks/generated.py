# SPDX-License-Identifier: Apache-2.0
"""Set-up of a generated program of a million scalar operations: its time and its peak memory.

``python -m benchmarks.generated`` prints seconds and bytes. It runs in a process of its own, after
a small program, so that imports are not counted. The peak is relative to the memory before it.
"""

import subprocess
import sys
from pathlib import Path
from time import perf_counter

import numpy as np

from benchmarks import ROOT
from benchmarks.memory import status_bytes
from benchmarks.targets import judged

NODES = 10**6
INPUTS = 8
RECENT = 64
"""An operation takes its second operand from this many previous values, or from the inputs."""
CHAIN = 100
"""Operations after which the last value is added to the result, so that all affect it."""


def program(nodes, seed=0):
    """A scalar function of 8 inputs with about ``nodes`` operations, chosen at random.

    Each step uses the value before it, so that none can be left out, and scales it or takes its
    sine, so that no value grows.
    """
    rng = np.random.default_rng(seed)
    steps = nodes * 4 // 9  # a step has nine operations in four, on average
    seconds = rng.integers(RECENT + INPUTS, size=steps).tolist()
    kinds = rng.integers(4, size=steps).tolist()

    def fun(x):
        inputs = [x[i] for i in range(INPUTS)]
        recent = (inputs * RECENT)[:RECENT]
        total, a = 0.0, inputs[0]
        for step, (second, kind) in enumerate(zip(seconds, kinds, strict=True)):
            b = recent[second] if second < RECENT else inputs[second - RECENT]
            if kind == 0:
                a = np.sin(a * b)
            elif kind == 1:
                a = (a + b) * 0.6
            elif kind == 2:
                a = (a - b) * 0.7
            else:
                a = 0.5 + a * b * 0.25
            recent[step % RECENT] = a
            if step % CHAIN == CHAIN - 1:
                total = total + a
        return total + a

    return fun


def first_jacobian(fun):
    """Trace a function of 8 inputs and take its Jacobian."""
    import ad_core

    x = np.linspace(0.5, 1.5, INPUTS)
    return ad_core.trace(fun, x).jacobian(x)


def main():
    """The seconds and bytes of the set-up at full size."""
    first_jacobian(program(1000))
    fun = program(NODES)
    Path("/proc/self/clear_refs").write_text("5")  # sets the peak back to what is resident now
    before = status_bytes("VmRSS")
    start = perf_counter()
    result = first_jacobian(fun)
    seconds = perf_counter() - start
    if not np.all(np.isfinite(result)) or not np.any(result):
        raise ArithmeticError("the generated program's gradient is not finite, or zero")
    return seconds, status_bytes("VmHWM") - before


def measure(progress):
    """The rows of the target table."""
    task = progress.add_task("generated program", total=1)
    command = [sys.executable, "-m", "benchmarks.generated"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    progress.advance(task)
    seconds = peak = None
    if done.returncode == 0:
        seconds, peak = (float(word) for word in done.stdout.split())
    what = f"generated program of {NODES:,} scalar operations, trace and first Jacobian"
    return [
        judged(what, seconds, 3.0, "s"),
        judged(f"{what}: peak memory", peak and peak / 1e9, 1.0, "GB"),
    ]


if __name__ == "__main__":
    print(*main())
