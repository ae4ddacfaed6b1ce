# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""``ad-core demo``: the uses of the library, on real data.

The demo has four parts: NIST's certified regression problems, fitted with exact Jacobians and with
finite differences; the Jacobian of a robot arm; the same at 100,000 points; and the evaluation
trace of a textbook's example.  ``ad-core demo sparse`` is in sparse.py.
"""

import argparse
import platform
from itertools import product
from time import perf_counter

import numpy as np

import ad_core
from ad_core.examples import arm, strd, textbook
from ad_core.inspect import show

from . import sparse, throughput
from .errors import UserError, need, reason
from .fit import fit
from .output import console

GOAL = 6  # digits of agreement that count as solved
POINTS = 100_000  # of the arm, in one batch
MOST_POINTS = 10**8
ANGLES = np.array([0.1, -0.6, 0.3, -2.0, 0.4, 1.7, 0.8])


def add(commands):
    """Add the command to the parser."""
    parser = commands.add_parser(
        "demo",
        help="fit NIST's regression problems, differentiate a robot arm, show a trace",
        description="Fit the 27 NIST StRD nonlinear regression problems with exact Jacobians and "
        "with differences, evaluate the Jacobian of a 7-joint arm at one point and at 100,000, "
        "and print the evaluation trace of a textbook example. Takes well under a minute.",
        epilog="examples:\n  ad-core demo\n  ad-core demo --draw trace.svg\n"
        "  ad-core demo sparse\n",
    )
    parser.add_argument(
        "--draw", metavar="F", help="also draw the textbook's trace to this .svg, .png or .pdf file"
    )
    parser.add_argument("--points", type=int, default=POINTS, help=argparse.SUPPRESS)
    parser.set_defaults(run=run)
    sparse.add(parser.add_subparsers(dest="part", metavar="[PART]"))


def run(args):
    """Carry the command out."""
    scipy = need("scipy", "the demo")
    need("rich", "the demo")
    if args.draw:  # errors are reported before the fits, not after them
        need("matplotlib", "drawing a trace")
        if not args.draw.lower().endswith((".svg", ".png", ".pdf")):
            raise UserError(f"--draw: got {args.draw!r}, expected a name in .svg, .png or .pdf")
    if not 1 <= args.points <= MOST_POINTS:
        raise UserError(f"--points: got {args.points}, expected 1 to {MOST_POINTS}")
    out = console()
    out.print(
        f"ad_core {ad_core.__version__}, NumPy {np.__version__}, SciPy {scipy.__version__}, "
        f"Python {platform.python_version()} on {platform.machine()}"
    )
    _regression(out)
    _arm(out)
    _batch(out, args.points)
    _textbook(out, args.draw)


def _regression(console):
    """Fit every problem from both starts, and print the table and its summary."""
    from rich.progress import Progress

    console.rule("1. Regression: NIST StRD, certified to 11 digits")
    problems = strd.problems()
    modes, fits = {}, {}
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("", total=4 * len(problems))
        for problem, start, exact in product(problems, (0, 1), (True, False)):
            bar.update(task, description=f"{problem.name:8s} start {start + 1}")
            point = problem.starts[start]
            if problem.name not in modes:
                with np.errstate(all="ignore"):
                    modes[problem.name] = ad_core.explain(problem.residual, point).mode
            fits[problem.name, start, exact] = fit(problem, point, exact)
            bar.advance(task)
    console.print(_fits_table(problems, modes, fits))
    console.print(
        "\npar, obs: parameters, observations. digits: agreement of the worst parameter\n"
        "with its certified value. f: evaluations of the residual, those for differences\n"
        "included. J: Jacobians. ms: the whole fit; SciPy's same solvers on both sides.\n"
    )
    console.print("\n".join(summary(problems, fits)))


def _fits_table(problems, modes, fits):
    """Return the rich table of all fits."""
    from rich.table import Table

    # Without a box and with one blank between columns the table fits 80 characters.
    table = Table(box=None, collapse_padding=True, pad_edge=False)
    table.add_column("\nproblem", no_wrap=True)
    for name in ("start", "par", "obs", "mode"):
        table.add_column(f"\n{name}", justify="right", no_wrap=True)
    for side in ("exact J", "2-point"):
        for k, name in enumerate(("digits", "f", "J", "ms")):
            table.add_column(f"{'' if k else side}\n{name}", justify="right", no_wrap=True)
    for problem, start in product(problems, (0, 1)):
        cells = []
        for exact in (True, False):
            done = fits[problem.name, start, exact]
            style = "green" if done.digits >= GOAL else "red"
            cells.append(f"[{style}]{done.digits:.1f}[/]")
            cells += [str(done.calls), str(done.jacobians), f"{1e3 * done.seconds:.1f}"]
        size = (str(start + 1), str(problem.certified.size), str(problem.y.size))
        table.add_row(problem.name, *size, modes[problem.name], *cells)
    return table


def summary(problems, fits):
    """Return lines that say how many problems were solved, and how many digits differences lose.

    Parameters
    ----------
    problems : sequence of Problem
    fits : dict
        (problem's name, start 0 or 1, exact or not) -> Fit.
    """
    names = [problem.name for problem in problems]
    lines = []
    for exact, jacobian in ((True, "Exact Jacobians"), (False, "2-point differences")):
        digits = {(n, s): fits[n, s, exact].digits for n, s in product(names, (0, 1))}
        solved = [n for n in names if max(digits[n, 0], digits[n, 1]) >= GOAL]
        runs = sum(reached >= GOAL for reached in digits.values())
        line = (
            f"{jacobian}: at least {GOAL} digits on {len(solved)} of {len(names)} problems "
            f"({runs} of {len(digits)} fits)"
        )
        missed = [n for n in names if n not in solved]
        lines.append(line + (f"; from neither start: {', '.join(missed)}." if missed else "."))
    keys = product(names, (0, 1))
    lost = {key: fits[*key, True].digits - fits[*key, False].digits for key in keys}
    worst = max(lost, key=lost.get)
    lines.append(
        f"Differences lose {np.median(list(lost.values())):.1f} digits in the median, "
        f"{lost[worst]:.1f} at most ({worst[0]} from start {worst[1] + 1})."
    )
    return lines


def _arm(console):
    """Print the arm's Jacobian, and its largest difference from complex steps."""
    console.print()
    console.rule("2. A 7-joint arm (Franka Panda): position and rotation, 12 x 7")
    differentiate = ad_core.jacobian(arm.pose)
    matrix = differentiate(ANGLES)
    began = perf_counter()
    for _ in range(20):
        differentiate(ANGLES)
    each = (perf_counter() - began) / 20
    rows = ["x", "y", "z", *(f"r{i}{k}" for i in "123" for k in "123")]
    lines = ["     " + "".join(f"{f'q{k + 1}':>8s}" for k in range(7))]
    for name, row in zip(rows, matrix, strict=True):
        lines.append(f"{name:>5s}" + "".join(f"{value + 0.0:8.3f}" for value in row.round(3)))
    error = np.abs(matrix - _complex_steps(arm.pose, ANGLES)).max()
    plan = ad_core.explain(arm.pose, ANGLES)
    lines += [
        "",
        f"mode {plan.mode}, {plan.passes} passes; {1e6 * each:.0f} us a Jacobian, tracing included",
        f"largest difference from complex steps: {error:.1e}",
    ]
    _plain(console, lines)


class _Bar:
    """A progress bar of rich with the protocol of `progress=`: update(n)."""

    def __init__(self, bar):
        self._bar = bar
        self._task = bar.add_task("")

    def start(self, name, total):
        self._bar.reset(self._task, description=name, total=total)

    def update(self, n):
        self._bar.advance(self._task, n)


def _batch(console, points):
    """Print how many Jacobians of the arm a batch computes in a second, and how many NumPy does."""
    from rich.progress import Progress

    console.print()
    console.rule(f"3. The arm's Jacobian at {points:,} points")
    with Progress(console=console, transient=True) as bar:
        measured = throughput.measure(points, _Bar(bar))
    _plain(console, throughput.rows(points, measured))
    _plain(console, throughput.NOTES)


def _complex_steps(function, point, step=1e-200):
    """Return the Jacobian by complex steps: exact to rounding, one column a call."""
    columns = [function(point + 1j * step * unit).imag / step for unit in np.eye(point.size)]
    return np.stack(columns, axis=1)


def _textbook(console, path):
    """Print the textbook's evaluation trace and its products with the Jacobian."""
    console.print()
    console.rule("4. Evaluation trace of f(x1, x2) = x1 x2 + exp(x1 x2) - sin(x2) at (1, 2)")
    tape = ad_core.trace(textbook.f, 1.0, 2.0)
    first, second, along = np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.6, 0.8])
    weight = np.ones(1)
    outputs, inputs = list(tape.outputs), list(tape.inputs)
    lines = [show.table(tape, along, weight), ""]
    lines.append("(tangents along r = (0.6, 0.8); adjoints of the one output, weight 1)")
    for name, seed in (("J e1", first), ("J e2", second), ("J r", along)):
        lines.append(f"{name:5s} = {tape.tangents(seed)[outputs].item():.10f}   one forward pass")
    gradient = ", ".join(f"{value:.10f}" for value in tape.adjoints(weight)[inputs])
    lines.append(f"w^T J = ({gradient})   one reverse pass, w = 1")
    _plain(console, lines)
    if path:
        try:
            show.draw(tape, path)
        except (OSError, ValueError) as error:  # ValueError: a name that no file can have
            raise UserError(f"--draw: cannot write {path!r}: {reason(error)}") from error
        _plain(console, [f"drawn to {path}"])


def _plain(console, lines):
    """Print text as it stands, without markup or wrapping."""
    console.print("\n".join(lines), markup=False, soft_wrap=True)
