# SPDX-License-Identifier: Apache-2.0
"""Sparse matrices from products: which columns and rows share a product, by the cheapest route.

Source: Gebremedhin, Manne, Pothen, What color is your Jacobian? SIAM Review 47 (2005).
"""

import numpy as np

from ad_core import _core

__all__ = ["Route", "hessian_route", "jacobian_route", "least_operations"]

TANGENT, ADJOINT = 2, 3  # operations per edge and seed; an adjoint reads where a tangent writes
DENSE = 0.5  # share of entries above which no colouring is tried
UNEVEN = 2  # both are coloured if the longest row and column exceed this multiple of the mean


class Route:
    """Colours of columns and rows (None: not coloured), and the matrix from their products.

    kind: "jacobian", "star", "acyclic", or "dense forward" and "dense reverse", which compute all
    columns or all rows and select the entries.  candidates: the operations of all routes that were
    counted, by name; name: the route taken.
    """

    def __init__(self, name, structure, columns, rows, kind="jacobian"):
        self.name = name
        self.candidates = {}
        self.columns, self.rows = columns, rows
        self.column_count, self.row_count = _count(columns), _count(rows)
        self.kind = kind
        self.recovery = None
        if kind == "dense forward":
            self.column_count = structure.shape[1]
        elif kind == "dense reverse":
            self.row_count = structure.shape[0]
        else:
            self.recovery = _core.Recovery(
                kind, structure.indptr, structure.indices, structure.shape[1], columns, rows
            )

    @property
    def passes(self):
        """The number of tangents and adjoints."""
        return self.column_count + self.row_count

    @property
    def label(self):
        """The name with its numbers of colours, or of seeds if the pattern is dense."""
        if self.recovery is None:
            return f"{self.name}, {self.passes:,} seeds"
        return _label(self.name, self.column_count, self.row_count)

    def entries(self, recording, structure, chunk_size=None):
        """The entries of a recording's Jacobian."""
        if self.recovery is None:
            return self._of_dense(recording, structure, chunk_size)
        K, D = structure.shape
        m, n = self.column_count, self.row_count
        packed = np.empty(m * K + n * D)
        _products(recording, self.columns, True, packed[: m * K].reshape(m, K), chunk_size)
        _products(recording, self.rows, False, packed[m * K :].reshape(n, D), chunk_size)
        return self.recovery(packed)

    def without_steps(self, structure):
        """A route on which no entry is computed from other entries."""
        if self.kind == "acyclic":
            colours, _ = _core.colour_star(structure.indptr, structure.indices)
            return Route("star colouring", structure, colours, None, "star")
        pattern = structure.indptr, structure.indices, structure.shape[1]
        columns, m, rows, n = _core.colour_bidirectional(*pattern)
        return Route("bidirectional", structure, columns if m else None, rows if n else None)

    def _of_dense(self, recording, structure, chunk_size):
        rows, columns = structure.rows, structure.indices
        mode = "fwd" if self.kind == "dense forward" else "rev"
        found = recording.matrix(mode, chunk_size)
        if self.name.endswith("symmetric"):  # both entries of a pair are the one below the diagonal
            return found[np.maximum(rows, columns), np.minimum(rows, columns)]
        return found[rows, columns]


def _products(recording, colours, forward, out, chunk_size):
    """Compute the product with the sum of each colour's unit vectors, in one row of out each."""
    if len(out) == 0:
        return
    size = chunk_size or _core.seed_chunk(recording.trace, len(out))
    sweep = _core.push_forward if forward else _core.pull_back
    coloured = np.flatnonzero(colours != _core.NO_COLOUR)
    coloured = coloured[np.argsort(colours[coloured], kind="stable")]
    bounds = np.searchsorted(colours[coloured], np.arange(len(out) + 1))
    for start in range(0, len(out), size):
        stop = min(start + size, len(out))
        some = coloured[bounds[start] : bounds[stop]]
        seeds = np.zeros((len(colours), stop - start))
        seeds[some, colours[some] - start] = 1.0
        inputs, outputs = recording.inputs.nodes, recording.outputs.nodes
        out[start:stop] = sweep(recording.trace, inputs, outputs, seeds).T


def _count(colours):
    some = () if colours is None else colours[colours != _core.NO_COLOUR]
    return int(np.max(some)) + 1 if len(some) else 0


def _label(name, columns, rows):
    parts = [f"{columns:,} column"] * (columns > 0) + [f"{rows:,} row"] * (rows > 0)
    many = "colour" if columns + rows == 1 else "colours"
    return name + (f", {' + '.join(parts)} {many}" if parts else "")


def least_operations(structure, edges, symmetric):
    """A lower bound of the operations of all routes by products.

    A product with K (or D) numbers gives at most as many entries, and if only columns are coloured,
    the entries of a row lie in different products.
    """
    K, D = structure.shape
    if structure.nnz == 0:
        return 0
    if symmetric:
        return TANGENT * edges * -(-structure.nnz // (2 * D))
    row, column = structure.longest()
    both = edges * structure.nnz * min(TANGENT / K, ADJOINT / D)
    return int(min(TANGENT * edges * row, ADJOINT * edges * column, both))


def _dense(structure, edges, symmetric, mode):
    """The route by all columns or all rows."""
    K, D = structure.shape
    forward = symmetric or (_core.cheapest_forward(D, K) if mode is None else mode == "fwd")
    kind = "dense forward" if forward else "dense reverse"
    name = kind + ", symmetric" * symmetric
    route = Route(name, structure, None, None, kind)
    route.candidates = {route.label: edges * (TANGENT * D if forward else ADJOINT * K)}
    return route


def _is_dense(structure):
    return structure.nnz > DENSE * structure.shape[0] * structure.shape[1]


def _fewest(colour, least, *args):
    """The colouring by the order that needs fewest colours; the natural order if it is optimal."""
    colours, count = colour(*args, "natural")
    return (colours, count) if count <= least else colour(*args)


def jacobian_route(structure, edges, mode=None):
    """The Route of fewest operations for a recording whose sweeps take `edges` edges per seed.

    mode: "fwd" for tangents alone, "rev" for adjoints alone.
    """
    if _is_dense(structure):
        return _dense(structure, edges, False, mode)
    if structure.nnz == 0:
        return _cheapest(structure, {"no products": (None, None)}, {"no products": 0}, {})
    K, D = structure.shape
    pattern = structure.indptr, structure.indices, D
    row, column = structure.longest()
    found, counted, least = {}, {}, {}
    sides = [
        ("compressed forward", "fwd", row, _core.colour_columns, TANGENT),
        ("compressed reverse", "rev", column, _core.colour_rows, ADJOINT),
    ]
    # The side that may be cheaper is first, since the other one is then often not coloured, which
    # takes the sum of the squares of its lengths.
    for name, wanted, most, colour, cost in sorted(sides, key=lambda side: side[2] * side[4]):
        if mode not in (None, wanted):
            continue
        if found and structure.is_symmetric():
            most = _count(found["compressed forward"][0])  # as rows mirror columns
        if cost * most * edges >= min(counted.values(), default=np.inf):
            least[name + f", at least {most:,} colours"] = cost * most * edges
            continue
        colours, count = _fewest(colour, most, *pattern)
        found[name] = (colours, None) if wanted == "fwd" else (None, colours)
        counted[name] = cost * count * edges
    # Dividing the entries pays if some rows and some columns are longer than the others.
    uneven = row * K > UNEVEN * structure.nnz and column * D > UNEVEN * structure.nnz
    if mode is None and uneven:
        for name, later in (("bidirectional", False), ("bidirectional, by substitution", True)):
            columns, m, rows, n = _core.colour_bidirectional(*pattern, later)
            found[name] = columns if m else None, rows if n else None
            counted[name] = (TANGENT * m + ADJOINT * n) * edges
    return _cheapest(structure, found, counted, least)


def _cheapest(structure, found, counted, least, kinds=None):
    """The first Route of fewest operations, with the operations of all routes."""
    taken = min(counted, key=counted.get)
    route = Route(taken, structure, *found[taken], "jacobian" if kinds is None else kinds[taken])
    labelled = {
        _label(name, *map(_count, found[name])): operations for name, operations in counted.items()
    }
    route.candidates = labelled | least
    return route


def hessian_route(structure, edges):
    """The Route of fewest operations for the symmetric Jacobian of a recorded gradient."""
    if _is_dense(structure):
        return _dense(structure, edges, True, None)
    if structure.nnz == 0:
        return _cheapest(structure, {"no products": (None, None)}, {"no products": 0}, {})
    row, _ = structure.longest()
    pattern = structure.indptr, structure.indices
    found, counted = {}, {}
    for name, colour, least in (
        ("star colouring", _core.colour_star, row),
        ("acyclic colouring, by substitution", _core.colour_acyclic, 2),
    ):
        colours, count = _fewest(colour, least, *pattern)
        found[name] = colours, None
        counted[name] = TANGENT * count * edges
    kinds = dict(zip(found, ("star", "acyclic"), strict=True))
    return _cheapest(structure, found, counted, {}, kinds)
