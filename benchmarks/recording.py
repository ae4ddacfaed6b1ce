# SPDX-License-Identifier: Apache-2.0
"""The cost of recording: scalar operators, calls, array operations, memory, import, wheel.

Every figure is measured inside the function that ad_core traces, around a loop of plain Python or
NumPy code, and in the same round around the same loop on plain NumPy values.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np

from benchmarks import ROOT
from benchmarks.targets import judged

SCALAR_LOOPS = 1000
UNROLLED = 10
ELEMENTS = 10**6
REPEATS = 4
CHAIN = 2 * 10**6

OPERATORS = {
    "a + b": "a + b",
    "a - b": "a - b",
    "a * b": "a * b",
    "a / b": "a / b",
    "a * 2.5": "a * 2.5",
    "2.5 - a": "2.5 - a",
    "-a": "-a",
    "a ** 2": "a ** 2",
}
CALLS = {f"np.{name}(a)": f"np.{name}(a)" for name in ("sin", "cos", "exp", "log", "sqrt", "tanh")}
UNARY = ("negative", "square", "sqrt", "exp", "log", "sin", "cos", "tanh", "arctan", "absolute")
BINARY = ("add", "subtract", "multiply", "divide", "maximum")


def scalar_loop(expression):
    """A function of two scalars that returns the seconds one evaluation of ``expression`` takes.

    The loop's body repeats the expression, so that the cost of the loop itself is small.
    """
    body = "\n".join([f"        {expression}"] * UNROLLED)
    source = (
        "def loop(a, b):\n"
        "    start = perf_counter()\n"
        f"    for _ in range({SCALAR_LOOPS}):\n{body}\n"
        f"    return (perf_counter() - start) / {SCALAR_LOOPS * UNROLLED}\n"
    )
    scope = {"np": np, "perf_counter": perf_counter}
    exec(source, scope)
    return scope["loop"]


def array_loop(name):
    """A function of two arrays that returns the seconds one call of a NumPy function takes."""
    function = getattr(np, name)
    operands = 2 if name in BINARY else 1

    def loop(a, b):
        args = (a, b)[:operands]
        start = perf_counter()
        for _ in range(REPEATS):
            function(*args)
        return (perf_counter() - start) / REPEATS

    return loop


def traced(loop, x):
    """Run ``loop`` on the two rows of a traced array."""
    import ad_core

    seconds = []

    def fun(x):
        seconds.append(loop(x[0], x[1]))
        return np.sum(x[0])

    ad_core.grad(fun)(x)
    return seconds[0]


def compare(loops, x, rounds, advance):
    """Medians of ``{name: loop}`` traced and plain, interleaved: ``{name: (traced, plain)}``."""
    samples = {name: ([], []) for name in loops}
    for _ in range(rounds):
        for name, loop in loops.items():
            samples[name][0].append(traced(loop, x))
            samples[name][1].append(loop(x[0], x[1]))
        advance()
    return {name: (median(own), median(plain)) for name, (own, plain) in samples.items()}


def resident():
    """The resident memory in bytes (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def bytes_per_node():
    """Resident bytes of a binary scalar node, on a tape of two million nodes; None off Linux."""
    if not Path("/proc/self/statm").exists():
        return None
    import ad_core

    grown = []

    def fun(x):
        a, b = x[0], x[1]
        before = resident()
        for _ in range(CHAIN):
            a = a * b
        grown.append((resident() - before) / CHAIN)
        return a

    ad_core.grad(fun)(np.array([1.0, 0.9999999]))
    return grown[0]


def bytes_per_node_alone():
    """`bytes_per_node` in a new process, which has no freed memory that could be used again."""
    code = "from benchmarks.recording import bytes_per_node; print(bytes_per_node())"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return None if done.stdout.strip() == "None" else float(done.stdout)


def import_seconds(rounds):
    """The median time in seconds of `import ad_core` after `import numpy`, in new processes."""
    code = (
        "import numpy, time; start = time.perf_counter(); import ad_core; "
        "print(time.perf_counter() - start)"
    )
    samples = []
    with tempfile.TemporaryDirectory() as elsewhere:  # where no source tree can be imported
        for _ in range(max(11, rounds)):
            done = subprocess.run(
                [sys.executable, "-c", code], cwd=elsewhere, capture_output=True, check=True
            )
            samples.append(float(done.stdout))
    return median(samples)


def run(rounds, wheel, progress):
    """Measure all figures; return ``{"figures": [...], "targets": [...]}``, or the reason for
    none."""
    try:
        import ad_core  # noqa: F401
    except ImportError as missing:
        return {"figures": [], "targets": [], "note": f"ad_core cannot be imported: {missing}"}
    task = progress.add_task("recording", total=2 * rounds + 2)

    def advance():
        progress.advance(task)

    scalars = {name: scalar_loop(text) for name, text in (OPERATORS | CALLS).items()}
    scalars = compare(scalars, np.array([0.7, 1.3]), rounds, advance)
    x = np.random.default_rng(0).uniform(0.5, 2.0, (2, ELEMENTS))
    arrays = {name: array_loop(name) for name in BINARY + UNARY}
    arrays = compare(arrays, x, rounds, advance)
    node = bytes_per_node_alone()
    advance()
    start = import_seconds(rounds)
    advance()
    return {
        "figures": [
            {"what": name, "traced": own, "plain": plain, "elements": count}
            for group, count in ((scalars, 1), (arrays, ELEMENTS))
            for name, (own, plain) in group.items()
        ],
        "targets": targets(scalars, arrays, node, start, wheel),
    }


def targets(scalars, arrays, node, start, wheel):
    """The verdicts on the slowest of each kind."""
    operator = max(scalars[name][0] for name in OPERATORS)
    call = max(scalars[name][0] for name in CALLS)
    name = max(arrays, key=lambda name: arrays[name][0] / arrays[name][1])
    ratio = arrays[name][0] / arrays[name][1]
    rows = [
        judged("scalar operator, the slowest", operator * 1e9, 150.0, "ns"),
        judged("np.sin-style call on a scalar, the slowest", call * 1e9, 600.0, "ns"),
        judged(f"10^6 elements against NumPy, the slowest ({name})", ratio, 3.0, "x"),
        judged("memory of a binary scalar node", node, 48.0, "bytes"),
        judged("import beyond NumPy's own", start * 1e3, 30.0, "ms"),
    ]
    if wheel:
        rows.append(judged("size of the wheel", wheel.stat().st_size / 2**20, 2.0, "MiB"))
    return rows
