# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""``ad-core demo sparse``: a stiff equation, its sparse Jacobian and its solution.

The two-dimensional Brusselator is traced, its Jacobian's sparsity pattern is found, and SciPy's
Radau solves the equation.  The command prints the times of the steps and the memory, and draws the
pattern and the solution.
"""

from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

import numpy as np

import ad_core
from ad_core import solvers
from ad_core.examples import brusselator

from .errors import UserError, need, reason
from .output import console

__all__ = ["SparseRun", "add", "measure", "rows"]

GRID = 64  # points along a side
LEAST, MOST = 4, 10_000
REPEATS = 20
TIMES = (0.0, 0.1, 0.5, 1.0)  # the times of the pictures, relative to the whole interval
TOLERANCES = {"rtol": 1e-4, "atol": 1e-5}


def add(commands):
    """Add the command to the parser of ``ad-core demo``."""
    parser = commands.add_parser(
        "sparse",
        help="solve the 2-D Brusselator with a sparse Jacobian, and draw both",
        description="Solve the 2-D Brusselator by SciPy's Radau with the exact sparse Jacobian, "
        "print what each step took, and draw the Jacobian's structure and the solution to "
        "spy.png and solution.png. Takes well under a minute at the default size.",
        epilog="examples:\n  ad-core demo sparse\n"
        "  ad-core demo sparse --grid 100 --out pictures\n",
    )
    parser.add_argument(
        "--grid", type=int, default=GRID, metavar="N",
        help="points along a side of the grid: 2 N N states (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--until", type=float, default=brusselator.END, metavar="T",
        help="the end of the solution, which begins at 0 (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, default=Path(), metavar="DIR",
        help="folder for the pictures, made if it is missing (default: the working folder)",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(args):
    """Carry the command out."""
    # Errors are reported before the solution, and imports are not part of the times.
    for name in ("scipy.sparse.linalg", "scipy.integrate", "rich.console", "matplotlib.figure"):
        need(name, "the demo")
    if not LEAST <= args.grid <= MOST:
        raise UserError(f"--grid: got {args.grid}, expected {LEAST} to {MOST}")
    if not 0.0 < args.until < np.inf:
        raise UserError(f"--until: got {args.until}, expected a time after 0")
    out = console()
    with _writing(args.out):
        args.out.mkdir(parents=True, exist_ok=True)
    with out.status("solving"):
        steps = measure(args.grid, args.until)
    out.print("\n".join(rows(args.grid, args.until, steps)), markup=False, soft_wrap=True)
    for name, draw in (("spy.png", _spy), ("solution.png", _solution)):
        with _writing(args.out):
            draw(steps, args.out / name)
        out.print(f"drawn to {args.out / name}", markup=False, soft_wrap=True)


@contextmanager
def _writing(folder):
    """Raise UserError if a folder cannot be written to."""
    try:
        yield
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise UserError(f"--out: cannot write to {str(folder)!r}: {reason(error)}") from error


class SparseRun(NamedTuple):
    """The pattern and the solution, the seconds of each step, and the peak memory in bytes before
    and after solving."""

    pattern: object
    solution: object
    seconds: dict
    before: int | None
    after: int | None


def measure(n, end):
    """Trace the equation on a grid of n x n points, evaluate its Jacobian and solve it."""
    y, seconds = brusselator.start(n), {}

    def timed(step, call):
        began = perf_counter()
        found = call()
        seconds[step] = perf_counter() - began
        return found

    tape = timed("trace", lambda: ad_core.trace(brusselator.rate, 0.0, y))
    pattern = timed("structure and program", lambda: tape.jacobian_sparsity(argnums=1))
    out = np.empty(pattern.nnz)
    calls = {
        "Jacobian": lambda: tape.jacobian(0.0, y, argnums=1, sparse=True, out=out),
        "right-hand side, NumPy": lambda: brusselator.rate(0.0, y),
    }
    samples = {step: [] for step in calls}
    for _ in range(REPEATS):
        for step, call in calls.items():
            timed(step, call)
            samples[step].append(seconds[step])
    seconds |= {step: median(taken) for step, taken in samples.items()}
    before = _peak()

    def solve():
        times = end * np.array(TIMES)
        return solvers.solve_ivp(
            brusselator.rate, (0.0, end), y, sparse=True, t_eval=times, **TOLERANCES
        )

    solution = timed("solution by Radau", solve)
    return SparseRun(pattern, solution, seconds, before, _peak())


def rows(n, end, steps):
    """The table as lines of text."""
    pattern, solution = steps.pattern, steps.solution
    size, count = pattern.shape[0], pattern.nnz
    lines = [
        f"2-D Brusselator on {n} x {n} points: {size:,} states; Jacobian {size:,} x {size:,} with "
        f"{count:,} entries, {100.0 * count / size**2:.2g} %",
        "",
    ]
    lines += [f"{step:24s}{1e3 * taken:12,.3f} ms" for step, taken in steps.seconds.items()]
    lines += [
        "",
        f"Radau to t = {end:g}: {solution.message}",
        f"{solution.nfev:,} values, {solution.njev:,} Jacobians, {solution.nlu:,} factorisations",
    ]
    if steps.before is not None:
        lines.append(
            f"peak memory of the process: {steps.before / 2**20:,.0f} MiB, with the solution "
            f"{steps.after / 2**20:,.0f} MiB"
        )
    return [*lines, ""]


def _peak():
    """The peak resident memory of this process in bytes; None if the system does not report it."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    import sys

    unit = 1 if sys.platform == "darwin" else 1024
    return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _spy(steps, path):
    """Draw the sparsity pattern of the whole Jacobian, and of its first rows."""
    from matplotlib.figure import Figure

    size = steps.pattern.shape[0]
    some = min(size, 4 * int(np.sqrt(size / 2.0)))
    figure = Figure(figsize=(10.0, 5.0), layout="constrained")
    for axis, count in zip(figure.subplots(1, 2), (size, some), strict=True):
        axis.spy(steps.pattern[:count, :count], markersize=max(0.2, 120.0 / count))
        axis.set_title(f"{count:,} rows")
    figure.suptitle(f"Jacobian of the 2-D Brusselator, {steps.pattern.nnz:,} entries")
    figure.savefig(path, dpi=150)


def _solution(steps, path):
    """Draw both concentrations at the solution's times."""
    from matplotlib.figure import Figure

    solution = steps.solution
    count = solution.t.size
    figure = Figure(figsize=(3.0 * count, 5.5), layout="constrained")
    axes = figure.subplots(2, count, squeeze=False)
    for column, t in enumerate(solution.t):
        for axis, name, field in zip(
            axes[:, column], "uv", brusselator.fields(solution.y[:, column]), strict=True
        ):
            image = axis.imshow(field.T, origin="lower", extent=(0.0, 1.0, 0.0, 1.0))
            axis.set_title(f"{name}, t = {t:g}")
            figure.colorbar(image, ax=axis, shrink=0.8)
    figure.savefig(path, dpi=120)
