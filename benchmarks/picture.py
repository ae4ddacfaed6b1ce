# SPDX-License-Identifier: Apache-2.0
"""Draw the README's picture: how many Jacobians each library computes per second."""

PANELS = {
    "arm": "Robot arm: {K} \N{MULTIPLICATION SIGN} {D} Jacobians per second",
    "pollution": "Kinetics: {K} \N{MULTIPLICATION SIGN} {D} Jacobians per second",
}
BARS = (
    # the label, and who is timed: one call takes all points of a batch, or a single point
    ("ad_core", "batch", "ad_core-batch"),
    ("heyoka", "batch", "heyoka-batch"),
    ("CasADi", "batch", "casadi-map"),
    ("JAX", "batch", "jax-vmap"),
    ("SciPy differences", None, "scipy"),
)

TEXT, OWN, OTHERS = "#747d87", "#e8590c", "#8ba3b8"
"""Colours that are readable on a white and on a dark page."""


def rates(store, scenario):
    """``[(label, Jacobians per second)]`` of a scenario."""
    found = []
    for label, workload, peer in BARS:
        held = store[workload or scenario]["scenarios"][scenario]
        found.append((label, (held["N"] or 1) / held["seconds"][peer]))
    return found


def words(rate):
    """A rate as text with two digits: 17 million, 8.0 million or 6,100."""
    rate = float(f"{rate:.2g}")
    if rate < 1e6:
        return f"{rate:,.0f}"
    return f"{rate / 1e6:.1f} million" if rate < 1e7 else f"{rate / 1e6:,.0f} million"


def footer(store):
    """The number of points, the machine and the date."""
    machine, N = store["batch"]["machine"], store["batch"]["scenarios"]["arm"]["N"]
    return (
        f"{N:,} points in one call (SciPy: one call a point), {machine['cores']} cores, "
        f"{machine['cpu']}, {machine['date'][:10]}"
    )


def draw(store, path):
    """Draw a panel for each scenario, with a bar for each library, on a transparent background."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    # Glyphs are drawn as paths, so that the picture is the same everywhere.
    style = {"svg.fonttype": "path", "svg.hashsalt": "ad_core", "font.family": "DejaVu Sans"}
    style |= {"text.color": TEXT, "ytick.color": TEXT}
    with matplotlib.rc_context(style):
        figure, axes = pyplot.subplots(1, len(PANELS), figsize=(9.6, 2.75), layout="constrained")
        figure.get_layout_engine().set(wspace=0.06)
        for axis, (scenario, title) in zip(axes, PANELS.items(), strict=True):
            names, values = zip(*reversed(rates(store, scenario)), strict=True)
            colours = [OWN if name == "ad_core" else OTHERS for name in names]
            bars = axis.barh(names, values, height=0.62, color=colours)
            labels = axis.bar_label(bars, [words(value) for value in values], padding=5, fontsize=9)
            for text in (labels[-1], axis.get_yticklabels()[-1]):
                text.set(color=OWN, fontweight="bold")
            axis.set_title(
                title.format(**store["batch"]["scenarios"][scenario]),
                fontsize=10.5,
                loc="left",
                pad=8,
            )
            axis.set_xlim(0.0, 1.34 * max(values))
            axis.tick_params(axis="y", length=0, labelsize=9.5)
            axis.set_xticks([])
            for side in axis.spines.values():
                side.set_visible(False)
        figure.supxlabel(footer(store), fontsize=8, x=0.995, ha="right")
        figure.savefig(path, transparent=True, metadata={"Date": None})
        pyplot.close(figure)
    # matplotlib ends lines with spaces.
    lines = path.read_text("utf-8").splitlines()
    path.write_text("\n".join(line.rstrip() for line in lines) + "\n", "utf-8")
