# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""An evaluation trace as a table, as Graphviz DOT, or as a drawing of its graph.

The functions read a tape through ``tape.nodes``, ``tape.tangents`` and ``tape.adjoints``, and
change nothing.  The terms are those of Bishop and Bishop, Deep Learning (2024), section 8.2:
arrows lead from a node's operands to the node, and from the node to its children.
"""

from itertools import pairwise

import numpy as np

from ad_core.errors.integers import integer

__all__ = ["dot", "draw", "table"]

TEXT_WIDTH = 36  # longer formulas and lists of names are cut
DRAW_LIMIT = 200  # a drawing of more nodes cannot be read


def table(tape, tangent=None, cotangent=None, limit=40):
    """Return the evaluation trace as an aligned text table, with one node on each line.

    Parameters
    ----------
    tape : Tape
    tangent : array_like, optional
        Direction in input space, in the structure of the inputs or flat with
        shape ``(D,)``. Adds a column with every node's tangent.
    cotangent : array_like, optional
        Weights of the outputs, flat with shape ``(K,)``. Adds a column with
        every node's adjoint.
    limit : int or None
        The most nodes to show. Of a longer tape the first and the last nodes are
        shown, and a line says how many were left out. None shows all.

    Returns
    -------
    str

    Examples
    --------
    >>> import ad_core
    >>> from ad_core.inspect import show
    >>> text = show.table(ad_core.trace(lambda x: x * x, 3.0), tangent=1.0)
    >>> text.splitlines()[0].split()
    ['node', 'formula', 'value', 'partials', 'children', 'tangent']
    """
    if limit is not None:
        expected = "a number of nodes, at least 1, or None for all of them"
        limit = integer(limit, "limit", expected, least=1)
    nodes = tape.nodes
    columns = [
        ("node", "<", lambda node: node.name),
        ("formula", "<", lambda node: _cut(_formula(node))),
        ("value", ">", lambda node: _number(node.value)),
        ("partials", "<", lambda node: _partials(node, nodes)),
        ("children", "<", lambda node: _names(node.children, nodes)),
    ]
    if tangent is not None:
        tangents = tape.tangents(tangent)
        columns.append(("tangent", ">", lambda node: _number(tangents[node.index])))
    if cotangent is not None:
        adjoints = tape.adjoints(cotangent)
        columns.append(("adjoint", ">", lambda node: _number(adjoints[node.index])))

    shown, left_out = _ends(nodes, limit)
    rows = [[text(node) for _, _, text in columns] for node in shown]
    lines = _aligned([name for name, _, _ in columns], [side for _, side, _ in columns], rows)
    if left_out:
        lines.insert(
            2 + (len(shown) + 1) // 2,
            f"... {left_out:,} of {len(nodes):,} nodes left out "
            "(limit=None, or --limit 0 on the command line, shows all) ...",
        )
    return "\n".join(lines)


def dot(tape):
    """Return the evaluation trace as a graph in Graphviz's DOT language.

    A node is labelled with its formula and value, an edge with the partial derivative
    along it. ``dot -Tsvg`` makes a picture of it.

    Parameters
    ----------
    tape : Tape

    Returns
    -------
    str

    Examples
    --------
    >>> import ad_core
    >>> from ad_core.inspect import show
    >>> show.dot(ad_core.trace(lambda x: x * x, 3.0)).splitlines()[0]
    'digraph trace {'
    """
    lines = ["digraph trace {", "  rankdir=LR;", '  node [shape=box, fontname="Helvetica"];']
    inputs, outputs = set(tape.inputs), set(tape.outputs)
    for node in tape.nodes:
        style = ', style="rounded"' if node.index in inputs else ""
        style += ", peripheries=2" if node.index in outputs else ""
        lines.append(f"  n{node.index} [label={_quoted(_label(node))}{style}];")
    for node in tape.nodes:
        for operand, partial in zip(node.operands, node.partials, strict=True):
            constant = tape.nodes[operand].op == "constant"
            label = "" if constant else f" [label={_quoted(_number(partial))}]"
            lines.append(f"  n{operand} -> n{node.index}{label};")
    return "\n".join([*lines, "}"])


def draw(tape, path, format=None):
    """Draw the evaluation trace as a graph, in layers from left to right.

    The layer of a node is the length of its longest path from the inputs. Edges are
    labelled with the partial derivatives. Needs matplotlib.

    Parameters
    ----------
    tape : Tape
        Its size is at most 200 nodes; a drawing of more cannot be read.
    path : str, path or binary file
        The file to write.
    format : str, optional
        ``"svg"``, ``"png"`` or ``"pdf"``; by default that of the path's suffix.

    Raises
    ------
    ImportError
        If matplotlib is not installed.
    ValueError
        For a tape of more than 200 nodes.

    Examples
    --------
    >>> import io, ad_core
    >>> from ad_core.inspect import show
    >>> file = io.BytesIO()
    >>> show.draw(ad_core.trace(lambda x: x * x, 3.0), file, "svg")
    >>> file.getvalue()[:5]
    b'<?xml'
    """
    count = len(tape.nodes)
    if count > DRAW_LIMIT:
        raise ValueError(
            f"tape has {count:,} nodes, but draw() draws at most {DRAW_LIMIT}, since more cannot "
            "be read; trace a smaller input, or use table() or dot()"
        )
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        message = 'drawing a trace needs matplotlib: pip install "ad_core[demo]"'
        raise ImportError(message) from error

    places, routes = _layout(tape.nodes)
    spots = np.array([*places.values(), *(spot for *_, route in routes for spot in route)])
    spots = spots.reshape(-1, 2)  # a tape without nodes has no spots
    wide, high = np.ptp(spots, axis=0) if spots.size else (0.0, 0.0)
    figure = Figure(figsize=(2.4 * wide + 2.2, 1.2 * high + 1.4))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_xlim(-0.5, wide + 0.5)
    axes.set_ylim(-0.5 - high, 0.5)
    boxes = _draw_nodes(axes, tape, places)
    figure.draw_without_rendering()  # computes the sizes of the boxes, at which arrows end
    _draw_edges(axes, places, routes, boxes)
    figure.savefig(path, format=format)


def _draw_nodes(axes, tape, places):
    """Draw every node's box with formula and value; return node index -> box."""
    fill = dict.fromkeys(tape.outputs, "#fde7c7") | dict.fromkeys(tape.inputs, "#dbe9f6")
    boxes = {}
    for node in tape.nodes:
        label = _text(axes, places[node.index], _label(node, digits=5), size=9)
        boxes[node.index] = label.get_bbox_patch()
        boxes[node.index].set(facecolor=fill.get(node.index, "#f4f4f4"), edgecolor="0.3")
    return boxes


def _draw_edges(axes, places, routes, boxes):
    """Draw every edge along its route, with its partial derivative."""
    for source, target, partial, route in routes:
        spots = [places[source], *route, places[target]]
        for k, (here, there) in enumerate(pairwise(spots)):
            last = k == len(spots) - 2
            style = {
                "arrowstyle": "-|>" if last else "-",
                "color": "0.45",
                "shrinkA": 0,
                "shrinkB": 0,
                "patchA": boxes[source] if k == 0 else None,
                "patchB": boxes[target] if last else None,
            }
            axes.annotate("", xy=there, xytext=here, arrowprops=style, zorder=4)
        if partial is not None:
            # Labels are nearer to the source, where fewer edges meet than at the target.
            (x0, y0), (x1, y1) = spots[:2]
            spot = (x0 + 0.4 * (x1 - x0), y0 + 0.4 * (y1 - y0))
            _text(axes, spot, _number(partial, digits=4), size=8, zorder=5)


def _text(axes, spot, text, **style):
    """Write text, in which dollar signs are literal, in a white box centred on a spot."""
    box = {"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": "none"}
    return axes.text(*spot, text, ha="center", va="center", parse_math=False, bbox=box, **style)


def _layout(nodes):
    """Place nodes in layers and route edges through the layers they cross.

    Returns
    -------
    places : dict
        Node index -> (x, y).
    routes : list
        (source, target, partial, [(x, y), ...]) for each edge; from a constant, partial is None.
    """
    level = _levels(nodes)
    layers = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for node in nodes:
        layers[level[node.index]].append(node.index)

    # An edge over several layers has a place in each of them, like a chain of
    # nodes, so that it is drawn beside the boxes and not across them.
    links, edges = [], []
    for node in nodes:
        for k, (operand, partial) in enumerate(zip(node.operands, node.partials, strict=True)):
            span = range(level[operand] + 1, level[node.index])
            between = [(operand, node.index, k, at) for at in span]
            for stop in between:
                layers[stop[-1]].append(stop)
            links += pairwise([operand, *between, node.index])
            constant = nodes[operand].op == "constant"
            edges.append((operand, node.index, None if constant else partial, between))

    height = _order(layers, links)
    depth = {member: x for x, layer in enumerate(layers) for member in layer}
    spot = {member: (float(depth[member]), -height[member]) for member in depth}
    places = {node.index: spot[node.index] for node in nodes}
    return places, [(s, t, p, [spot[stop] for stop in between]) for s, t, p, between in edges]


def _levels(nodes):
    """Return each node's layer: its longest path from a node without operands."""
    level = {}
    for node in nodes:
        level[node.index] = 1 + max((level[operand] for operand in node.operands), default=-1)
    for node in nodes:  # a constant is placed beside the first node that uses it
        if node.op == "constant" and node.children:
            level[node.index] = min(level[child] for child in node.children) - 1
    return level


def _order(layers, links):
    """Sort every layer in place by its neighbours' mean height; return heights.

    Four passes of the barycentre rule are enough for graphs of at most DRAW_LIMIT nodes.
    """
    near = {member: ([], []) for layer in layers for member in layer}
    for source, target in links:
        near[source][1].append(target)
        near[target][0].append(source)

    def spread():
        return {m: y - (len(layer) - 1) / 2 for layer in layers for y, m in enumerate(layer)}

    height = spread()
    for sweep in range(4):
        side = sweep % 2  # neighbours on the left, then on the right
        for layer in layers if side == 0 else reversed(layers):
            means = {m: np.mean([height[n] for n in near[m][side]] or [height[m]]) for m in layer}
            layer.sort(key=means.__getitem__)
            height.update((m, y - (len(layer) - 1) / 2) for y, m in enumerate(layer))
    top = min(height.values(), default=0.0)
    return {member: y - top for member, y in height.items()}


def _ends(nodes, limit):
    """Return the nodes to show and how many are left out between them."""
    if limit is None or len(nodes) <= limit:
        return nodes, 0
    tail = limit // 2
    return nodes[: limit - tail] + nodes[len(nodes) - tail :], len(nodes) - limit


def _aligned(names, sides, rows):
    """Return header, rule and rows as lines with aligned columns."""
    widths = [max(len(cell) for cell in column) for column in zip(names, *rows, strict=True)]

    def line(cells):
        padded = zip(cells, sides, widths, strict=True)
        return "  ".join(f"{cell:{side}{width}}" for cell, side, width in padded).rstrip()

    return [line(names), "  ".join("-" * width for width in widths), *map(line, rows)]


def _partials(node, nodes):
    """Return a node's partials as text, each with the name of its operand.

    Partials with respect to constants are left out.
    """
    pairs = zip(node.operands, node.partials, strict=True)
    varying = [(nodes[i], p) for i, p in pairs if nodes[i].op != "constant"]
    return _cut(", ".join(f"d/d{operand.name} {_number(p)}" for operand, p in varying))


def _names(indices, nodes):
    """Return the names of some nodes; a long list ends with the number of further nodes."""
    names = [nodes[i].name for i in indices[:5]]
    return ", ".join(names) + (f", +{len(indices) - 5:,}" if len(indices) > 5 else "")


def _label(node, digits=6):
    """Return the label of a node in a graph: name = formula, then the value."""
    if node.op == "constant":
        return _number(node.value, digits)
    head = f"{node.name} = {_cut(node.formula)}" if node.operands else node.name
    return f"{head}\n{_number(node.value, digits)}"


def _formula(node):
    """Return the formula of a node, or "input" or "constant" for a leaf."""
    return node.formula if node.operands else node.op


def _number(value, digits=6):
    """Return a float as short text."""
    return f"{value:.{digits}g}"


def _cut(text):
    """Return text, shortened to at most TEXT_WIDTH characters."""
    return text if len(text) <= TEXT_WIDTH else text[: TEXT_WIDTH - 3] + "..."


def _quoted(text):
    """Return text as a quoted string of the DOT language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
