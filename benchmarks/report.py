# SPDX-License-Identifier: Apache-2.0
"""Show a benchmark's outcome: tables on the terminal, Markdown, JSON and a bar plot."""

import json

from rich.markdown import Markdown

from benchmarks import agreement, timing

OWN = "ad_core"


def seconds(value):
    """A time with three digits and a unit that suits it."""
    if value is None:
        return "-"
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value / 1e-9:.3g} ns"


def number(value):
    """Three digits, without an exponent where the number is large."""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def megabytes(value):
    """Bytes as MiB, or a dash where they were not measured."""
    return "-" if value is None else f"{value / 2**20:.3g} MiB"


def table(head, rows):
    """A Markdown table with the first column to the left and the others to the right."""
    lines = [
        "| " + " | ".join(head) + " |",
        "|" + "|".join(["---", *["--:"] * (len(head) - 1)]) + "|",
    ]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def peer_row(row, own, with_memory):
    """One peer's cells."""
    label = row["name"] + (f" ({row['variant']})" if row["variant"] else "")
    if "median" not in row:
        cells = [label, row["status"], "", "", "", "", row["note"]]
    else:
        low, high = row["quartiles"]
        cells = [
            label,
            seconds(row["median"]),
            f"{seconds(low)} to {seconds(high)}",
            number(row["median"] / own) if own else "-",
            seconds(row["first"]),
            "-" if row["error"] is None else f"{row['error']:.0e}",
            row["note"],
        ]
    if with_memory:
        cells.insert(-1, megabytes(row.get("memory")))
    return cells


def scenario_table(result):
    """The table of one scenario."""
    own = next((row.get("median") for row in result["rows"] if row["name"] == OWN), None)
    with_memory = any("memory" in row for row in result["rows"])
    head = ["peer", "median", "quartiles", f"ratio to {OWN}", "first call", "error", "note"]
    if with_memory:
        head.insert(-1, "peak memory")
    return table(head, [peer_row(row, own, with_memory) for row in result["rows"]])


def target_table(targets):
    """Targets with what was measured."""
    rows = []
    for row in targets:
        bound = f"{'≥' if row['at_least'] else '≤'} {row['bound']:g} {row['unit']}"
        value = "-" if row["measured"] is None else f"{number(row['measured'])} {row['unit']}"
        rows.append([row["what"], bound, value, row["verdict"]])
    return table(["target", "bound", "measured", "verdict"], rows)


def all_targets(outcome):
    """The targets of everything that was run, recording first."""
    recording = outcome["recording"] or {"targets": []}
    return recording["targets"] + [t for work in outcome["workloads"] for t in work["targets"]]


def machine_lines(outcome):
    """Where and with what it was measured."""
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
            asked = f"`{result['what']}` of {result['scenario']}"
            parts.append(f"{asked}, {result['D']:,} inputs, {result['K']:,} outputs:")
            parts.append(scenario_table(result))
    if outcome["workloads"]:
        peers = [f"- {name}: {how}" for name, how in outcome["peers"].items()]
        parts += ["## How each peer is used", "\n".join(peers)]
    return "\n\n".join(parts) + "\n"


def plot(outcome, path):
    """Horizontal bars of all medians, one panel a scenario, on a common logarithmic axis."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    results = [result for work in outcome["workloads"] for result in work["results"]]
    columns = min(3, len(results))
    lines = -(-len(results) // columns)
    figure, axes = pyplot.subplots(
        lines, columns, figsize=(5 * columns, 3 * lines), squeeze=False, layout="constrained"
    )
    for axis in axes.flat[len(results) :]:
        axis.set_visible(False)
    for axis, result in zip(axes.flat, results, strict=False):
        rows = [row for row in result["rows"] if "median" in row][::-1]
        colours = {OWN: "tab:orange", "numpy": "tab:gray"}
        bars = axis.barh(
            [row["name"] for row in rows],
            [row["median"] for row in rows],
            color=[colours.get(row["name"], "tab:blue") for row in rows],
        )
        axis.bar_label(bars, [seconds(row["median"]) for row in rows], padding=3, fontsize=8)
        axis.set_xscale("log")
        axis.margins(x=0.25)
        axis.set_title(f"{result['scenario']}: {result['what']}", fontsize=10)
        axis.set_xlabel("seconds (lower is better)", fontsize=8)
    machine = outcome["machine"]
    figure.suptitle(f"{machine['cpu']}, {machine['cores']} cores, {machine['date']}", fontsize=9)
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


def show(outcome, console):
    """Print the report."""
    console.print(Markdown(markdown(outcome)))


def write(outcome, folder):
    """Write results.md, results.json and, if there is a bar to draw, results.png; return paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / "results.md", folder / "results.json"]
    paths[0].write_text(markdown(outcome), encoding="utf-8")
    paths[1].write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
    if outcome["workloads"]:
        paths.append(folder / "results.png")
        plot(outcome, paths[2])
    return paths
