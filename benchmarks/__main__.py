# SPDX-License-Identifier: Apache-2.0
"""Command line: ``python -m benchmarks [WORKLOAD ...]``, ``python -m benchmarks publish``."""

import argparse
import sys
from pathlib import Path

try:
    import matplotlib  # noqa: F401 (said now rather than after ten minutes of timing)
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn
except ImportError:
    sys.exit('The benchmarks need the bench extra: pip install ".[bench]"')

from benchmarks import (
    distributed,
    grids,
    idioms,
    machine,
    memory,
    peers,
    publish,
    recording,
    report,
    workload,
)
from benchmarks.idioms import run as run_idioms
from benchmarks.runner import run_workload

WORKLOADS = ("recording", *workload.NAMES, "grids", "distributed", "idioms")


def arguments(argv):
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time ad_core and its peers on the same plain NumPy functions. Answers are "
        "compared before anything is timed; a peer whose answer is wrong is reported, not timed.",
        epilog="Everything takes about an hour, and nothing else should run meanwhile. "
        "Peers that are not installed are left out. 'python -m benchmarks publish FILE' brings a "
        "run's results.json into README.md and docs/.",
    )
    parser.add_argument(
        "workloads",
        nargs="*",
        metavar="WORKLOAD",
        help=f"what to run (default: all): {', '.join(WORKLOADS)}",
    )
    parser.add_argument(
        "--peers",
        default=",".join(peers.MODULES),
        metavar="A,B",
        help="comma-separated peers (default: %(default)s)",
    )
    parser.add_argument(
        "--rounds", type=int, default=30, metavar="N", help="interleaved rounds (default: 30)"
    )
    parser.add_argument(
        "--subjects",
        default=",".join(idioms.SUBJECTS),
        metavar="A,B",
        help="comma-separated subjects of the idioms (default: all)",
    )
    parser.add_argument(
        "--batch",
        type=int,
        default=100_000,
        metavar="N",
        help="points a call in workloads that take many (default: 100000)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("benchmark-results"),
        metavar="DIR",
        help="where the results (.md, .json) and plots (.png) go (default: %(default)s)",
    )
    parser.add_argument(
        "--memory", action="store_true", help="also measure peak memory, a process a peer"
    )
    parser.add_argument(
        "--wheel", type=Path, metavar="FILE", help="a built wheel whose size is to be judged"
    )
    chosen = parser.parse_args(argv)
    chosen.peers = chosen.peers.split(",")
    chosen.subjects = chosen.subjects.split(",")
    chosen.workloads = chosen.workloads or list(WORKLOADS)
    for given, known in (
        (chosen.workloads, WORKLOADS),
        (chosen.peers, peers.MODULES),
        (chosen.subjects, idioms.SUBJECTS),
    ):
        for name in given:
            if name not in known:
                parser.error(f"{name!r} is unknown; known are {', '.join(known)}")
    if chosen.rounds < 1:
        parser.error(f"--rounds must be at least 1, not {chosen.rounds}")
    if chosen.batch < 1:
        parser.error(f"--batch must be at least 1, not {chosen.batch}")
    if chosen.wheel and not chosen.wheel.is_file():
        parser.error(f"--wheel: there is no file {chosen.wheel}")
    return chosen


def main(argv=None):
    """Run the chosen workloads, print the results and write the files."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["publish"]:
        return publish.main(argv[1:])
    chosen = arguments(argv)
    works = [workload.load(name) for name in chosen.workloads if name in workload.NAMES]
    asked = [name for name in chosen.peers if any(name in work.peers for work in works)]
    # A pipe or a file has no width and would get 80 columns, too few for a table.
    console = Console(width=None if sys.stdout.isatty() else 140)
    outcome = {
        "machine": machine.describe(),
        "rounds": chosen.rounds,
        "peers": {name: peers.describe(name) for name in asked},
        "workloads": [],
        "recording": None,
        "grids": None,
        "distributed": None,
        "idioms": None,
    }
    columns = (
        "[progress.description]{task.description}",
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        if "recording" in chosen.workloads:
            outcome["recording"] = recording.run(chosen.rounds, chosen.wheel, progress)
        for work in works:
            done = run_workload(work, chosen.peers, chosen.rounds, chosen.batch, progress)
            if chosen.memory and not work.fresh:
                for result in done["results"]:
                    memory.measure(work.name, result, chosen.batch, progress)
            outcome["workloads"].append(done)
        if "grids" in chosen.workloads:
            outcome["grids"] = grids.run(progress)
        if "distributed" in chosen.workloads:
            outcome["distributed"] = distributed.run(progress)
        if "idioms" in chosen.workloads:
            outcome["idioms"] = run_idioms.run(chosen.peers, progress, chosen.subjects)
    report.show(outcome, console)
    for path in report.write(outcome, chosen.out):
        console.print(f"wrote {path}")


if __name__ == "__main__":
    main()
