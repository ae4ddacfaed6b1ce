# SPDX-License-Identifier: Apache-2.0
"""The tables of the idioms: every figure, and those beyond their bounds."""

from benchmarks.idioms.idiom import ALONE, FIGURES, MOST_GAIN, MOST_ONE_SHOT, MOST_SETUP
from benchmarks.idioms.run import PATIENCE, PEERS

LABELS = {
    "jacobian": "Jacobian",
    "hessian": "Hessian",
    "sparse_jacobian": "sparse Jacobian",
    "sparse_hessian": "sparse Hessian",
    "hvp": "Hessian's product",
}
"""Derivatives other than a value and gradient."""
EXTREME = 1000.0
"""From here on ratios are shown with separators."""


def short(value):
    """A number with three digits."""
    if value >= EXTREME:
        return f"{value:,.0f}"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def cell(row, figure):
    """A figure; if it is beyond its bound, MISSED with the bound."""
    value, bound = row["figures"].get(figure), row["bounds"].get(figure)
    text = "-" if value is None else short(value)
    return f"{text} MISSED (≤ {short(bound)})" if figure in row["missed"] else text


def label(row):
    """The name of an idiom, the derivative if it is not the gradient, and the size."""
    kind = LABELS.get(row["what"])
    return f"{row['name']}{f' ({kind})' if kind else ''}", f"{row['size']:,}"


def peer_cell(row, name):
    """A peer's time over ad_core's: compiled if the peer's code is jitted, else one-shot."""
    seconds = row["seconds"].get(name)
    own = row["seconds"].get("call" if name == "jax-jit" else "one")
    if not isinstance(seconds, float):
        return seconds or "-"
    return short(seconds / own) if own else "-"


def shown_peers(parts):
    """The peers that were timed in any row."""
    return [name for name in PEERS if any(row["seconds"].get(name) for row in all_rows(parts))]


def all_rows(parts):
    """The rows of all subjects."""
    return [row for part in parts for row in part["rows"]]


def grid(head, rows, left=1):
    """A Markdown table whose first ``left`` columns and last one are aligned left."""
    marks = ["---"] * left + ["--:"] * (len(head) - left - 1) + ["---"]
    lines = ["| " + " | ".join(cells) + " |" for cells in (head, *rows)]
    return "\n".join([lines[0], "|" + "|".join(marks) + "|", *lines[1:]])


def derivatives(part, peers):
    """The table of a subject's derivatives."""
    figures = ["one", "call", "gain", "setup", "setup_ms", "peak_mb"]
    if any("call_us" in row["bounds"] for row in part["rows"]):
        figures.append("call_us")
    if any("entries" in row["bounds"] for row in part["rows"]):
        figures.append("entries")
    if any(row["points"] > 1 for row in part["rows"]):
        figures.append("point_ns")
    head = ["idiom", "size", "NumPy (µs)"]
    head += [headed(figure) for figure in figures]
    head += [f"{name} / {'compiled' if name == 'jax-jit' else 'one-shot'}" for name in peers]
    rows = []
    for row in part["rows"]:
        own = row["seconds"].get("numpy")
        cells = [*label(row), "-" if own is None else short(own * 1e6)]
        cells += [cell(row, figure) for figure in figures]
        cells += [peer_cell(row, name) for name in peers]
        rows.append([*cells, note(row)])
    return grid([*head, "note"], rows)


def operations(rows):
    """The table of figures that are measured alone."""
    names = [name for name in FIGURES if any(name in row["figures"] for row in rows)]
    cells = [[row["text"], *[cell(row, name) for name in names], note(row)] for row in rows]
    return grid(["operation", *[headed(name) for name in names], "note"], cells)


def headed(figure):
    """The heading of a figure."""
    text, unit = FIGURES[figure]
    return f"{text} ({unit})" if unit not in ("", "x") else text


def note(row):
    """What else there is to say on a row."""
    return "" if row["status"] == "ok" else row["status"]


def excess(row):
    """By what factor a row's worst figure misses its bound; infinite without a figure."""
    factors = [
        row["figures"][name] / row["bounds"][name] if name in row["figures"] else float("inf")
        for name in row["missed"]
    ]
    return max(factors, default=0.0)


def misses(parts):
    """The table of all misses, the worst first."""
    rows = sorted((row for row in all_rows(parts) if row["missed"]), key=excess, reverse=True)
    cells = []
    for row in rows:
        texts = []
        for name in row["missed"]:
            heading, unit = FIGURES[name]
            value = row["figures"].get(name)
            text = "not measured" if value is None else f"{short(value)} {unit}".strip()
            bound = f"{short(row['bounds'][name])} {unit}".strip()
            texts.append(f"{heading}: {text} MISSED (≤ {bound})")
        reason = "; ".join(filter(None, (row["reason"], note(row))))
        cells.append([*label(row), row["text"], "; ".join(texts), reason])
    return grid(["idiom", "size", "code", "figures beyond their bounds", "reason"], cells, 4)


def markdown(parts):
    """The whole report of the idioms."""
    rows = all_rows(parts)
    count = sum(len(row["bounds"]) for row in rows)
    missed = sum(len(row["missed"]) for row in rows)
    wrong = sum(row["status"].startswith("WRONG") for row in rows)
    names = {(part["subject"], row["name"]) for part in parts for row in part["rows"]}
    text = [
        "## idioms: the cost of a derivative in units of the function",
        f"{len(names)} idioms in {len(rows)} sizes, {count} bounds, of which {missed} are missed; "
        f"{wrong} wrong answers. Times are medians of interleaved samples of one run, in processor "
        "time, which other processes disturb little (batches: elapsed time). Set-up is "
        "`trace` and the first call; where inputs take different paths it is `compile` and two "
        "calls at each input, over the number of inputs. A figure beyond its bound is marked "
        "MISSED, with the bound. Bounds are those of the idiom's file, or else: a gradient in one "
        "shot at "
        f"most {MOST_ONE_SHOT:g} times NumPy's own time, a compiled call at most {MOST_GAIN:g} "
        f"one-shot calls, set-up at most {MOST_SETUP:g} one-shot calls (a gradient in 0.1 ms and a "
        "set-up in 1 ms miss no general bound, since nobody notices them). A stage that takes more "
        f"than {PATIENCE:g} s is ended.",
    ]
    if missed:
        text += ["### Missed bounds", misses(parts)]
    peers = shown_peers(parts)
    for part in parts:
        calls = [row for row in part["rows"] if row["what"] not in ALONE]
        within = [row for row in part["rows"] if row["what"] in ALONE]
        text.append(f"### {part['title']}")
        if calls:
            text.append(derivatives(part | {"rows": calls}, peers))
        if within:
            text.append(operations(within))
    return "\n\n".join(text)
