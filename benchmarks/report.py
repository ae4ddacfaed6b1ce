# SPDX-License-Identifier: Apache-2.0
"""The report of a benchmark's outcome: tables on the terminal, Markdown, JSON and a bar plot."""

import json

from rich.markdown import Markdown

from benchmarks import agreement, grids, timing
from benchmarks.idioms import tables


def seconds(value):
    """A time with three digits and a suitable unit."""
    if value is None:
        return "-"
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def number(value):
    """A number with three digits, without an exponent if it is large."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def megabytes(value):
    """Bytes as MiB, or a dash if they were not measured."""
    return "-" if value is None else f"{value / 2**20:.3g} MiB"


def table(head, rows, last="--:"):
    """A Markdown table whose first column is aligned left and whose others are aligned right.

    ``last="---"`` aligns the last one left.
    """
    lines = [
        "| " + " | ".join(head) + " |",
        "|" + "|".join(["---", *["--:"] * (len(head) - 2), last]) + "|",
    ]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def columns(result):
    """The columns of a scenario's table: heading, and a timed row's cell."""
    own = next((row.get("median") for row in result["rows"] if row["name"] == result["own"]), None)
    yield "median", lambda row: seconds(row["median"])
    yield "quartiles", lambda row: " to ".join(seconds(value) for value in row["quartiles"])
    if result["N"]:
        yield "a point", lambda row: seconds(row["median"] / result["N"])
    yield f"ratio to {result['own']}", lambda row: number(row["median"] / own) if own else "-"
    if result["limits"]:
        best = max(result["limits"]["memory"], result["limits"]["arithmetic"])
        yield "of the limit", lambda row: f"{100 * best / row['median']:.0f} %"
    yield "first call", lambda row: seconds(row["first"])
    yield "error", lambda row: "-" if row["error"] is None else f"{row['error']:.0e}"
    if any("memory" in row for row in result["rows"]):
        yield "peak memory", lambda row: megabytes(row.get("memory"))


def scenario_table(result):
    """The table of one scenario."""
    shown = list(columns(result))
    rows = []
    for row in result["rows"]:
        label = row["name"] + (f" ({row['variant']})" if row["variant"] else "")
        if "median" in row:
            cells = [cell(row) for _, cell in shown]
        else:
            cells = [row["status"], *[""] * (len(shown) - 1)]
        rows.append([label, *cells, row["note"]])
    return table(["peer", *[heading for heading, _ in shown], "note"], rows)


def question(result):
    """The derivative of a scenario that was computed, with its sizes and the number of points."""
    sizes = f"{result['D']:,} inputs, {result['K']:,} outputs"
    at = f", at {result['N']:,} points" if result["N"] else ""
    return f"`{result['what']}` of {result['scenario']}, {sizes}{at}:"


def limit_lines(limits):
    """The limits of the machine, and the figures from which they were computed."""
    moved, rate = limits["bytes"] / 1e6, limits["bandwidth"] / 1e9
    count, peak = limits["operations"] / 1e6, limits["peak"] / 1e9
    return (
        f"Limits on all cores: {moved:.4g} MB of inputs and dense Jacobians take "
        f"{seconds(limits['memory'])} at {rate:.3g} GB/s (measured by filling and copying); "
        f"{count:.4g} million operations (a sine is one) take {seconds(limits['arithmetic'])} at "
        f"{peak:.3g} GFLOP/s (measured by a matrix product). The larger is 100 %; where nonzeros "
        "alone are written, fewer bytes move."
    )


def target_table(targets):
    """The table of targets and measured figures."""
    rows = []
    for row in targets:
        bound = f"{'≥' if row['at_least'] else '≤'} {row['bound']:g} {row['unit']}"
        value = "-" if row["measured"] is None else f"{number(row['measured'])} {row['unit']}"
        rows.append([row["what"], bound, value, row["verdict"]])
    return table(["target", "bound", "measured", "verdict"], rows)


def all_targets(outcome):
    """The targets of all workloads that were run, recording first."""
    parts = [outcome["recording"], *outcome["workloads"], outcome["grids"]]
    parts.append(outcome.get("distributed"))
    return [target for part in parts if part for target in part["targets"]]


def machine_lines(outcome):
    """The machine, the versions and the method of the measurement."""
    machine = outcome["machine"]
    versions = ", ".join(f"{k} {v}" for k, v in machine["packages"].items() if v)
    absent = ", ".join(k for k, v in machine["packages"].items() if not v)
    lines = [
        f"- {machine['date']}; {machine['cpu']}, {machine['cores']} cores; {machine['system']}",
        f"- {machine['python']}; {versions}" + (f"; not installed: {absent}" if absent else ""),
        "- threads: " + ", ".join(f"{k} {v}" for k, v in machine["threads"].items()),
        f"- medians of up to {outcome['rounds']} interleaved samples (fewer, at least "
        f"{timing.FEWEST}, once a peer has taken {timing.BUDGET:g} s), each of at least "
        f"{timing.SHORTEST * 1e3:g} ms, on inputs that change from call to call; all in float64",
        f"- answers compared first: exact peers to {agreement.EXACT:g}, finite differences to "
        f"{agreement.DIFFERENCES:g}, relative to the smaller of an entry's largest neighbours in "
        "its row and in its column (vectors: to the largest entry)",
        "- ratio: the peer's time over ad_core's, so above 1 ad_core is faster; first call: with "
        "set-up, tracing and compilation; error: against the peer most others agree with",
    ]
    return "\n".join(lines)


def recording_text(recording):
    """The table of micro figures."""
    if not recording["figures"]:
        return f"## Recording\n\n{recording['note']}"
    rows = [
        [
            f"`{row['what']}`" + ("" if row["elements"] == 1 else f" of {row['elements']:,}"),
            seconds(row["traced"]),
            seconds(row["plain"]),
            number(row["traced"] / row["plain"]),
        ]
        for row in recording["figures"]
    ]
    head = ["inside a trace", "traced", "plain NumPy", "ratio"]
    return f"## Recording: value, partials and tape included\n\n{table(head, rows)}"


def grids_text(rows):
    """The table of the grids."""
    cells = [
        [
            f"{row['side']} x {row['side']}",
            f"{row['states']:,}",
            f"{row['nonzeros']:,}",
            *(seconds(row[what]) for what in ("setup", "evaluation")),
            megabytes(row["memory"]),
        ]
        for row in rows
    ]
    head = ["grid", "states", "nonzeros", "set-up", "evaluation", "peak memory of the process"]
    growth = ", ".join(f"{what} p = {grids.exponent(rows, what):.2f}" for what in grids.SHOWN)
    return (
        "## grids: set-up (trace, structure, program) and evaluation, sparse Jacobian of the 2-D "
        f"Brusselator\n\n{table(head, cells)}\n\nGrowth by states^p: {growth}."
    )


def distributed_text(part):
    """The tables of bytes, of times and of the extrapolation."""
    from benchmarks import distributed as made

    bytes_ = table(["what travels", "bytes"], [[k, f"{n:,}"] for k, n in part["bytes"].items()])
    names = {
        "summed": "points made and Jacobians added on the workers",
        "stay": "Jacobians stay on the workers",
        "gathered": "points sent, Jacobians gathered",
    }
    rows = [
        [
            label,
            *(seconds(part["seconds"][f"{name}, {k}"]) for k in (1, 2)),
            number(part["seconds"][f"{name}, 1"] / part["seconds"][f"{name}, 2"]),
        ]
        for name, label in names.items()
    ]
    times = table(["with Dask", "one worker", "two workers", "ratio"], rows)
    used = part["processor"]
    processor = ", ".join(
        f"{'and '.join(seconds(x) + ' ' for x in used[k]['workers'])}on {k} "
        f"worker{'s' * (int(k) > 1)}, {seconds(used[k]['caller'])} in the caller and scheduler"
        for k in used
    )
    ahead = table(
        [
            "an evaluation takes", "one core", f"one machine of {made.CORES} cores",
            "stay on the workers", "sums", "gathered",
        ],
        [
            [
                f"{row['slower']:,} x the arm's",
                *(seconds(row[key]) for key in ("one core", "one machine", "there", "summed")),
                seconds(row["gathered"]),
            ]
            for row in part["rows"]
        ],
    )  # fmt: skip
    return "\n\n".join([
        f"## distributed: {made.POINTS:,} Jacobians of the 7-joint arm on Dask's workers",
        bytes_,
        times,
        f"Without Dask one thread takes {seconds(part['seconds']['one thread'])}. Processor time "
        f"of the first row: {processor}. An empty task takes "
        f"{seconds(part['seconds']['an empty task'])}, a byte from a worker "
        f"{seconds(part['seconds']['a byte'])}.",
        f"Extrapolated to {made.MACHINES} machines of {made.CORES} cores and a network of "
        f"{made.NETWORK / 1e9:g} GB/s at the caller:",
        ahead,
    ])  # fmt: skip


def markdown(outcome):
    """The whole report."""
    parts = ["# Benchmarks", machine_lines(outcome)]
    if all_targets(outcome):
        parts += ["## Targets", target_table(all_targets(outcome))]
    if outcome["recording"]:
        parts.append(recording_text(outcome["recording"]))
    for work in outcome["workloads"]:
        parts.append(f"## {work['name']}: {work['title']}")
        if work["notes"]:
            parts.append(work["notes"])
        for result in work["results"]:
            parts += [question(result), scenario_table(result)]
            if result["limits"]:
                parts.append(limit_lines(result["limits"]))
    if outcome["grids"] and outcome["grids"]["rows"]:
        parts.append(grids_text(outcome["grids"]["rows"]))
    if outcome.get("distributed"):
        parts.append(distributed_text(outcome["distributed"]))
    if outcome.get("idioms"):
        parts.append(tables.markdown(outcome["idioms"]))
    if outcome["workloads"]:
        peers = [f"- {name}: {how}" for name, how in outcome["peers"].items()]
        parts += ["## How each peer is used", "\n".join(peers)]
    return "\n\n".join(parts) + "\n"


def plot(outcome, path):
    """Draw bars of all medians, one panel for each scenario, on a common logarithmic axis."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    results = [(work, result) for work in outcome["workloads"] for result in work["results"]]
    across = min(3, len(results))
    lines = -(-len(results) // across)
    figure, axes = pyplot.subplots(
        lines, across, figsize=(5 * across, 3 * lines), squeeze=False, layout="constrained"
    )
    for axis in axes.flat[len(results) :]:
        axis.set_visible(False)
    for axis, (work, result) in zip(axes.flat, results, strict=False):
        rows = [row for row in result["rows"] if "median" in row][::-1]
        colours = {result["own"]: "tab:orange", "numpy": "tab:gray"}
        bars = axis.barh(
            [row["name"] for row in rows],
            [row["median"] for row in rows],
            color=[colours.get(row["name"], "tab:blue") for row in rows],
        )
        axis.bar_label(bars, [seconds(row["median"]) for row in rows], padding=3, fontsize=8)
        axis.set_xscale("log")
        axis.margins(x=0.25)
        place = "" if result["scenario"].startswith(work["name"]) else f"{work['name']}, "
        axis.set_title(f"{place}{result['scenario']}: {result['what']}", fontsize=10)
        axis.set_xlabel("seconds (lower is better)", fontsize=8)
    machine = outcome["machine"]
    figure.suptitle(f"{machine['cpu']}, {machine['cores']} cores, {machine['date']}", fontsize=9)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def show(outcome, console):
    """Print the report."""
    console.print(Markdown(markdown(outcome)))


def write(outcome, folder):
    """Write results.md, results.json and the pictures, results.png and grids.png."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / "results.md", folder / "results.json"]
    paths[0].write_text(markdown(outcome), encoding="utf-8")
    paths[1].write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
    if any(work["results"] for work in outcome["workloads"]):
        paths.append(folder / "results.png")
        plot(outcome, paths[-1])
    if outcome["grids"] and len(outcome["grids"]["rows"]) > 1:
        paths.append(folder / "grids.png")
        grids.plot(outcome["grids"]["rows"], paths[-1])
    return paths
