# SPDX-License-Identifier: Apache-2.0
"""Write results into the pages: ``python -m benchmarks publish [results.json ...]``.

Each file is one that a run has written. Its tables go to ``docs/performance.md`` and
``docs/distributed.md``, and its times to ``benchmarks/published.json``. From that file the README's
table is written and ``docs/throughput.svg`` is drawn, also without files. If a run lacks a workload
of a table or a peer of a workload, the published version stays as it is, and a message says so.
"""

import argparse
import json
import textwrap
from pathlib import Path

from benchmarks import ROOT, picture, report

STORE = Path("benchmarks", "published.json")
PERFORMANCE = Path("docs", "performance.md")
README = Path("README.md")
PICTURE = Path("docs", "throughput.svg")

TABLES = {
    "one-shot": ("recording", "arm", "pollution", "brusselator", "gmm", "network"),
    "compiled": ("batch", "points", "programs", "gradient", "setup"),
    "sparse": ("sparse", "control", "bundle", "sparse_setup", "stiff", "grids"),
    "idioms": ("idioms",),
    "distributed": ("distributed",),
}
"""The tables of the pages, by the names in their comments, and the workloads of each."""

PAGES = {"distributed": Path("docs", "distributed.md")}
"""The pages of tables that are not in docs/performance.md."""

WHOLE = {"break_long_words": False, "break_on_hyphens": False}

PEERS = (
    # label, package; who is timed at one point (workload and peer), at many points, from nothing;
    # what its users write
    ("**ad_core**", None, ("points", "ad_core-tape"), "ad_core-batch", "ad_core-tape", "NumPy"),
    (
        *("JAX", "jax", ("points", "jax-jit"), "jax-vmap", "jax-jit"),
        "`jax.numpy`, with stores and branches in JAX's own form",
    ),
    (
        *("CasADi", "casadi", ("points", "casadi"), "casadi-map", "casadi-call"),
        "functions of CasADi symbols, with branches as `if_else`",
    ),
    (
        *("autograd", "autograd", ("arm", "autograd"), None, None),
        "`autograd.numpy`, with arrays joined instead of filled",
    ),
    (
        *("heyoka", "heyoka", ("points", "heyoka"), "heyoka-batch", "heyoka"),
        "functions of heyoka expressions, with branches as `select`",
    ),
    ("finite differences (SciPy)", "scipy", ("arm", "scipy"), None, None, "NumPy"),
)
"""The rows of the README's table."""


def between(text, name, body):
    """``text`` with ``body`` between the comments that mark the beginning and end of a table."""
    begin, end = f"<!-- {name} table -->", f"<!-- end of {name} table -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"{begin} and {end} must each occur once")
    before, rest = text.split(begin)
    return f"{before}{begin}\n\n{body.strip()}\n\n{end}{rest.split(end)[1]}"


def parts(outcome, names):
    """An outcome restricted to these workloads."""
    works = [work for work in outcome["workloads"] if work["name"] in names]
    peers = {row["name"] for work in works for result in work["results"] for row in result["rows"]}
    return outcome | {
        "workloads": works,
        "peers": {name: how for name, how in outcome["peers"].items() if name in peers},
        "recording": outcome["recording"] if "recording" in names else None,
        "grids": outcome["grids"] if "grids" in names else None,
        "distributed": outcome.get("distributed") if "distributed" in names else None,
        "idioms": outcome.get("idioms") if "idioms" in names else None,
    }


def measured(outcome):
    """The names of the workloads of an outcome."""
    names = {work["name"] for work in outcome["workloads"]}
    return names | {
        name for name in ("recording", "grids", "distributed", "idioms") if outcome.get(name)
    }


def section(outcome, names):
    """The report of these workloads as a part of a page: without title, headings a level lower."""
    text = report.markdown(parts(outcome, names)).removeprefix("# Benchmarks\n")
    return text.replace("\n### ", "\n#### ").replace("\n## ", "\n### ")


def shown():
    """``{workload: {scenario: the peers}}`` that the README's table and picture show."""
    found = {}
    for _, _, (workload, peer), many, setup, _ in PEERS:
        for name, shown_peer in ((workload, peer), ("batch", many), ("setup", setup)):
            if shown_peer:
                found.setdefault(name, {}).setdefault("arm", set()).add(shown_peer)
    found["points"]["arm"].add("casadi-call")
    found["arm"]["arm"].add("ad_core")
    for scenario in picture.PANELS:
        for _, workload, peer in picture.BARS:
            found.setdefault(workload or scenario, {}).setdefault(scenario, set()).add(peer)
    return found


def lacking(work, wanted):
    """The peers of a workload that the README shows, and that were not timed."""
    timed = {
        (result["scenario"], row["name"])
        for result in work["results"]
        for row in result["rows"]
        if "median" in row
    }
    asked = {(scenario, peer) for scenario, peers in wanted.items() for peer in peers}
    return sorted({peer for _, peer in asked - timed})


def times(outcome):
    """The published part of an outcome: the machine and all medians of the README's workloads.

    A workload that lacks a peer is left out, so that no published figure is lost.
    """
    kept = {}
    for work in outcome["workloads"]:
        wanted = shown().get(work["name"])
        if wanted and (missing := lacking(work, wanted)):
            print(f"times of {work['name']} left as they are: no {', '.join(missing)}")
        elif wanted:
            scenarios = {}
            for result in work["results"]:
                rows = [row for row in result["rows"] if "median" in row]
                scenarios[result["scenario"]] = {
                    **{key: result[key] for key in ("D", "K", "N")},
                    "seconds": {row["name"]: float(f"{row['median']:.4g}") for row in rows},
                    "errors": {row["name"]: row["error"] for row in rows},
                }
            kept[work["name"]] = {"machine": outcome["machine"], "scenarios": scenarios}
    return kept


def time(store, workload, peer):
    """A peer's time for the arm's Jacobian."""
    return report.seconds(store[workload]["scenarios"]["arm"]["seconds"][peer])


def readme_table(store):
    """The README's table of the published times, and a note on their origin."""
    head = ["", "one point", f"{store['batch']['scenarios']['arm']['N']:,} points", "set-up"]
    rows = [
        [
            label,
            time(store, *one),
            time(store, "batch", many) if many else "one call a point",
            time(store, "setup", setup) if setup else "none",
            written,
        ]
        for label, _, one, many, setup, written in PEERS
    ]
    table = report.table([*head, "you write"], rows, last="---")
    return f"{table}\n\n{textwrap.fill(readme_note(store), 110, **WHOLE)}"


def readme_note(store):
    """The note below the README's table: what it shows, and where and when it was measured."""
    arm, machine = store["arm"]["scenarios"]["arm"], store["batch"]["machine"]
    versions = machine["packages"] | store["arm"]["machine"]["packages"]
    named = [f"{label} {versions[package]}" for label, package, *_ in PEERS[1:-1]]
    used = ("arm", "batch", "points", "setup")
    days = " and ".join(sorted({store[name]["machine"]["date"][:10] for name in used}))
    return (
        f"The times are those of the Jacobian of a 7-joint robot arm, {arm['K']} x {arm['D']}, in "
        "float64: at one point, at many points on all cores, and from the function to its first "
        "Jacobian. ad_core's function is traced once; traced in every call, it takes "
        f"{time(store, 'arm', 'ad_core')}. JAX is jitted. CasADi is called through its buffers (an "
        f"ordinary call takes {time(store, 'points', 'casadi-call')}) and returns nonzeros alone. "
        f"Finite differences have errors of {arm['errors']['scipy']:.0e}, the others rounding "
        f"errors. Measured on {days}: {machine['cpu']}, {machine['cores']} cores, "
        f"{machine['python']}, {', '.join(named)}, SciPy {versions['scipy']}. "
        "[How it is measured, and more functions](docs/performance.md)."
    )


def load(root=ROOT):
    """The published times."""
    return json.loads((root / STORE).read_text("utf-8"))


def rewrite(path, name, body):
    """Replace a table of a page."""
    path.write_text(between(path.read_text("utf-8"), name, body), "utf-8")


def publish(files, root=ROOT):
    """Write the results in ``files`` to the pages below ``root``; return what was written."""
    store = load(root)
    written = []
    for file in files:
        outcome = json.loads(Path(file).read_text("utf-8"))
        store |= times(outcome)
        for name, works in TABLES.items():
            missing = [work for work in works if work not in measured(outcome)]
            if not missing:
                page = PAGES.get(name, PERFORMANCE)
                rewrite(root / page, name, section(outcome, works))
                written.append(f"{page}: {name} table")
            elif len(missing) < len(works):
                print(f"{name} table left as it is: {file} has no {', '.join(missing)}")
    (root / STORE).write_text(json.dumps(store, indent=1, ensure_ascii=False) + "\n", "utf-8")
    rewrite(root / README, "comparison", readme_table(store))
    picture.draw(store, root / PICTURE)
    return [*written, str(STORE), f"{README}: comparison table", str(PICTURE)]


def main(argv):
    """Publish the files that the command line names."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks publish",
        description="Write the tables of docs/performance.md and README.md, and draw "
        "docs/throughput.svg. Without a file table and picture are made of what was published.",
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="a results.json of a run")
    for line in publish(parser.parse_args(argv).files):
        print(f"wrote {line}")
