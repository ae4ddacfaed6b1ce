# SPDX-License-Identifier: Apache-2.0
"""The program of each method: the terms that it computes, and the layout of its results."""

from functools import cached_property, partial

import numpy as np

from ad_core import _core
from ad_core.recording.complex_leaves import (
    Complex,
    check_holomorphic,
    refuse_complex_hessian,
    refuse_complex_weights,
)
from ad_core.recording.trees import leaf_paths, rows_joined
from ad_core.sparse.pattern import SparsePattern, check_one_argument

__all__ = [
    "SEEDS",
    "WHOLE",
    "Labels",
    "build",
    "check_scalar",
    "is_bare",
    "jacobian_layout",
    "joins",
    "pack_of",
    "pack_with_value",
    "seed_leaves",
]

# What methods take besides the primals: the side of a Source that it is like, and its name.
SEEDS = {
    "jvp": {"arguments": "tangent"},
    "hvp": {"arguments": "tangent"},
    "vjp": {"result": "cotangent"},
    "ggnvp": {"arguments": "tangent"},
    "weighted_ggnvp": {"arguments": "tangent", "result": "weights"},
    "lagrangian_hessian": {"result": "multipliers"},
    "sparse_lagrangian_hessian": {"result": "multipliers"},
}
# Methods that involve all arguments, and therefore take no argnums.
WHOLE = ("value", "jvp", "vjp", "hvp", "ggnvp", "weighted_ggnvp")


def build(source, name, argnums, report, room=None, structure=None):
    """(Call, {"route": ..., "operations": ...}) of a method.

    structure: the SparsePattern that the entries of a sparse method are given in; None: that of the
    graph.

    Raises TypeError for the gradient of a function without a scalar result, and ProgramTooLarge
    for a program of more than `room` terms besides the function's own (None: those of a Graph), or
    with entries that a given structure does not have.
    """
    shapes = list(source.arguments.shapes)
    firsts = list(source.arguments.firsts)
    if name in _REFUSED:
        _REFUSED[name](source, argnums)
    for side in _seed_sides(source, name):
        shapes += side.shapes
        firsts += _seed_firsts(source, side)
    before = source.graph.set_room(room)
    try:
        terms, out_shapes, pack, checked, facts = _METHODS[name](source, argnums)
    finally:
        source.graph.set_room(before)
    if structure is not None:
        terms, out_shapes, pack = _in_structure(source, terms, out_shapes, pack, structure)
    program = _core.Program(source.graph, terms, checked)
    call = _core.Call(
        program, shapes, firsts, out_shapes, f"{name} of {source.name}", Labels(source, name),
        len(source.arguments.shapes), is_bare(source, name), pack, report,
    )  # fmt: skip
    return call, facts


class Labels:
    """The name in messages of each array that a method takes, made when a message needs it."""

    def __init__(self, source, name):
        self._source = source
        self._name = name

    def __getitem__(self, k):
        return self._texts[k]

    @cached_property
    def _texts(self):
        return _labels(self._source, self._name)


def _labels(source, name):
    found = []
    for k, tree in enumerate(source.arguments.trees):
        for path in leaf_paths(tree):
            found.append(f"argument {k}{' ' if path else ''}{path} of {source.name}")
    (tree,) = source.result.trees
    parts = [f" at {path}" if path else "" for path in leaf_paths(tree)]
    seeds = []
    for side, what in SEEDS.get(name, {}).items():
        if side == "arguments":
            seeds += [f"the {what} of {label}" for label in found]
        else:
            seeds += [f"the {what}{part} of {source.name}" for part in parts]
    return found + seeds


def is_bare(source, name):
    """Whether each argument of a method is one array, so that nothing has to be flattened."""
    alone = len(source.arguments.trees) == 1 or name not in SEEDS
    sides = [source.arguments, *_seed_sides(source, name)]
    return alone and all(side.bare for side in sides)


def _seed_sides(source, name):
    return [getattr(source, side) for side in SEEDS.get(name, {})]


def _seed_firsts(source, side):
    """The places among the program's inputs at which the seeds of a side begin."""
    first = source.graph.input_number(source.seeds(side)[0]) if side.size else 0
    return [first + k for k in side.firsts]


def seed_leaves(source, name, seeds):
    """The leaves of the tangents, cotangents or weights of a method, checked."""
    row = []
    for (side, what), given in zip(SEEDS[name].items(), seeds, strict=True):
        several = side == "arguments" and len(source.arguments.trees) > 1
        plural = what if what.endswith("s") else f"{what}s"
        row += getattr(source, side).flatten(given if several else (given,), f"the {plural}")
    return row


def _result_pack(source, is_value=True):
    """The function that nests values, or tangents, of the result as the caller gets them; None for
    a single array."""
    tree = source.result.trees[0]
    return None if tree.kind is None else tree.fill if is_value else tree.build


def _value(source, argnums):
    side = source.result
    return source.graph.outputs, side.shapes, _result_pack(source), side.size, {}


def check_scalar(source, name):
    """Raise TypeError unless the function has one scalar result, which the method needs."""
    if source.result.is_complex:
        raise TypeError(
            f"{name} needs a function with one real result, but that of {source.name} is complex; "
            f"return its .real, .imag or np.abs(...), or use jvp, vjp or jacobian(holomorphic=True)"
        )
    if source.result.shapes != [()] or not source.result.bare:
        shapes = ", ".join(map(str, source.result.shapes))
        raise TypeError(
            f"{name} needs a function with one scalar result, but {source.name} returned shape "
            f"{shapes}; use jacobian() for arrays"
        )


def _wrt(source, argnums):
    """For the arguments that a derivative is with respect to: the terms of their inputs, the shapes
    and sizes of their leaves, the function that nests results, and whether there is one array."""
    numbers, single = source.wrt(argnums)
    leaves = [leaf for k in numbers for leaf in source.arguments.numbers(k)]
    trees = [source.arguments.trees[k] for k in numbers]
    side = source.arguments
    inputs = [source.inputs[side.firsts[k] : side.firsts[k] + side.sizes[k]] for k in leaves]
    terms = np.concatenate([*inputs, np.empty(0, np.uint32)]).astype(np.uint32)

    def arrange(parts):
        parts = iter(parts)
        made = [tree._build(parts) for tree in trees]
        return made[0] if single else tuple(made)

    bare = single and trees[0].kind is None
    return terms, [side.shapes[k] for k in leaves], [side.sizes[k] for k in leaves], arrange, bare


def _one(source):
    return np.array([source.graph.constant(1.0)], np.uint32)


def _gradient_pack(source, argnums):
    *_, arrange, bare = _wrt(source, argnums)
    return None if bare else arrange


def _grad(source, argnums):
    check_scalar(source, "grad")
    terms, shapes, *_ = _wrt(source, argnums)
    found = source.graph.pull(terms, source.graph.outputs, _one(source))
    return found, shapes, _gradient_pack(source, argnums), 0, {}


def _value_and_grad(source, argnums):
    terms, shapes, pack, _, facts = _grad(source, argnums)
    return _with_value(source, terms, shapes, pack, facts)


def pack_with_value(source, pack):
    """The function that nests value and derivative as the caller gets them."""
    value_pack, n = _result_pack(source), len(source.result.shapes)

    def both(parts):
        value = parts[0] if value_pack is None else value_pack(parts[:n])
        return value, parts[n] if pack is None else pack(parts[n:])

    both.structure = getattr(pack, "structure", None)
    return both


def _with_value(source, terms, shapes, pack, facts):
    terms = np.concatenate([source.graph.outputs, terms])
    pack = pack_with_value(source, pack)
    return terms, source.result.shapes + shapes, pack, source.result.size, facts


def _blocks(entries, row_sizes, column_sizes):
    """Entries (rows, columns, terms) of a K x D matrix as the row-major terms of its blocks."""
    rows, columns, terms = entries
    top, height, row = _within(rows, row_sizes)
    left, width, column = _within(columns, column_sizes)
    K, D = sum(row_sizes), sum(column_sizes)
    blocks = np.full(K * D, _core.NO_TERM, np.uint32)
    # The offset of all blocks above, then of the blocks to the left, then within the block.
    blocks[top * D + height * left + row * width + column] = terms
    return blocks


def _within(numbers, sizes):
    """For each number along an axis of blocks: the first number of its block, the block's size, and
    its place within the block."""
    sizes = np.array(sizes, np.intp)
    firsts = np.cumsum(sizes) - sizes
    block = np.searchsorted(firsts, numbers, side="right") - 1  # empty blocks are passed over
    return firsts[block], sizes[block], numbers.astype(np.intp) - firsts[block]


def jacobian_layout(source, argnums):
    """(terms of the inputs, sizes of their leaves, shapes of the blocks, pack) of a Jacobian."""
    inputs, in_shapes, in_sizes, arrange, bare = _wrt(source, argnums)
    side, n = source.result, len(in_shapes)
    shapes = [out + into for out in side.shapes for into in in_shapes]

    def pack(parts):
        rows = [arrange(parts[k * n : (k + 1) * n]) for k in range(len(side.shapes))]
        if not side.is_complex:
            return side.trees[0].build(rows)
        lead = np.ndim(parts[0]) - len(shapes[0]) if parts else 0
        return rows_joined(side.trees[0], rows, source.name, lead)

    return inputs, in_sizes, shapes, None if bare and side.bare else pack


def _check_jacobian(holomorphic, source, argnums):
    trees = [source.arguments.trees[k] for k in source.wrt(argnums)[0]]
    check_holomorphic(holomorphic, trees, source.result.trees[0], source.name)


def _check_hessian(source, argnums):
    trees = [source.arguments.trees[k] for k in source.wrt(argnums)[0]]
    refuse_complex_hessian(source.name, trees)


# What raises DtypeError before a method that has no meaning for complex arguments or results.
_REFUSED = {
    "jacobian": partial(_check_jacobian, False),
    "value_and_jacobian": partial(_check_jacobian, False),
    "holomorphic_jacobian": partial(_check_jacobian, True),
    "holomorphic_value_and_jacobian": partial(_check_jacobian, True),
    "hessian": _check_hessian,
    "lagrangian_hessian": _check_hessian,
    "weighted_ggnvp": lambda source, argnums: refuse_complex_weights(
        f"ggnvp of {source.name}", source.result.trees[0]
    ),
}


def pack_of(source, name, argnums):
    """The function that nests the results of a dense method as the caller gets them; None for one
    array.  Raises DtypeError as the method does."""
    if name in _REFUSED:
        _REFUSED[name](source, argnums)
    if name in ("value", "jvp"):
        return _result_pack(source, name == "value")
    if name in ("vjp", "hvp", "ggnvp", "weighted_ggnvp"):
        return _arguments_pack(source)
    if name.endswith("hessian"):
        return _hessian_pack(source, argnums)
    if name.endswith("grad"):
        pack = _gradient_pack(source, argnums)
    else:
        *_, pack = jacobian_layout(source, argnums)
    return pack_with_value(source, pack) if "value" in name else pack


def joins(source, name, argnums):
    """Whether a dense method returns complex numbers."""
    side = source.arguments
    numbers = range(len(side.trees)) if name in WHOLE else source.wrt(argnums)[0]
    by_complex = any(side.trees[k].holds(Complex) for k in numbers)
    if name in ("value", "jvp"):
        return source.result.is_complex
    return by_complex or (name.endswith("jacobian") and source.result.is_complex)


def _jacobian(source, argnums, also=None):
    inputs, in_sizes, shapes, pack = jacobian_layout(source, argnums)
    also = np.empty(0, np.uint32) if also is None else also
    *entries, route, counts = source.graph.jacobian(inputs, source.graph.outputs, also)
    terms = _blocks(entries, source.result.sizes, in_sizes)
    facts = {"route": route, "candidates": counts, "entries": len(entries[2])}
    return terms, shapes, pack, 0, facts


def _value_and_jacobian(source, argnums):
    terms, shapes, pack, _, facts = _jacobian(source, argnums, source.graph.outputs)
    return _with_value(source, terms, shapes, pack, facts)


def _nonzero(source, terms):
    """The terms, in which structural zeros are replaced by the constant 0."""
    zero = source.graph.constant(0.0)
    return np.where(terms == _core.NO_TERM, np.uint32(zero), terms).astype(np.uint32)


def _hessian_entries(source, inputs, adjoints=None):
    """Entries of the Hessian of a scalar result, or of the sum of results times adjoints."""
    adjoints = _one(source) if adjoints is None else adjoints
    gradient = _nonzero(source, source.gradient(inputs, adjoints))
    rows, columns, terms, route, counts = source.graph.jacobian(
        inputs, gradient, np.empty(0, np.uint32)
    )
    return _symmetric(rows, columns, terms, len(inputs)), route, counts


def _hessian(source, argnums):
    check_scalar(source, "hessian")
    return _dense_hessian(source, argnums, None)


def _lagrangian_hessian(source, argnums):
    return _dense_hessian(source, argnums, source.seeds(source.result))


def _dense_hessian(source, argnums, adjoints):
    inputs, in_shapes, in_sizes, *_ = _wrt(source, argnums)
    entries, route, counts = _hessian_entries(source, inputs, adjoints)
    terms = _blocks(entries, in_sizes, in_sizes)
    shapes = [a + b for a in in_shapes for b in in_shapes]
    facts = {"route": route, "candidates": counts, "entries": len(terms)}
    return terms, shapes, _hessian_pack(source, argnums), 0, facts


def _hessian_pack(source, argnums):
    _, in_shapes, _, arrange, bare = _wrt(source, argnums)
    n = len(in_shapes)

    def pack(parts):
        return arrange([arrange(parts[k * n : (k + 1) * n]) for k in range(n)])

    return None if bare else pack


def _sparse(source, entries, rows, inputs, route, counts):
    row, column, terms = entries
    order = np.lexsort((column, row))
    pack = SparsePattern.of_entries(row[order], column[order], (rows, len(inputs)))
    facts = {"route": route, "candidates": counts, "entries": len(terms)}
    return terms[order], [(len(terms),)], pack, 0, facts


def _in_structure(source, terms, out_shapes, pack, wanted):
    """The terms, shapes and pack of a sparse method with the entries of another structure: those
    that the graph leaves out, because they cancel at every point, are zero."""
    found = pack.structure
    first = len(terms) - found.nnz
    places = wanted.places(found)
    if places is None:
        raise _core.ProgramTooLarge
    entries = np.full(wanted.nnz, _core.NO_TERM, np.uint32)
    entries[places] = terms[first:]
    pack = pack_with_value(source, wanted) if first else wanted
    return np.concatenate([terms[:first], entries]), [*out_shapes[:-1], (wanted.nnz,)], pack


def _sparse_jacobian(source, argnums, also=None):
    inputs = _wrt(source, argnums)[0]
    also = np.empty(0, np.uint32) if also is None else also
    *entries, route, counts = source.graph.jacobian(inputs, source.graph.outputs, also)
    return _sparse(source, entries, source.result.size, inputs, route, counts)


def _sparse_value_and_jacobian(source, argnums):
    terms, shapes, pack, _, facts = _sparse_jacobian(source, argnums, source.graph.outputs)
    return _with_value(source, terms, shapes, pack, facts)


def _sparse_hessian(source, argnums):
    inputs = _wrt(source, argnums)[0]
    entries, route, counts = _hessian_entries(source, inputs)
    return _sparse(source, entries, len(inputs), inputs, route, counts)


def _sparse_lagrangian_hessian(source, argnums):
    numbers, single = source.wrt(argnums)
    trees = [source.arguments.trees[k] for k in numbers]
    check_one_argument("lagrangian_hessian", source.name, trees, single)
    inputs = _wrt(source, argnums)[0]
    entries, route, counts = _hessian_entries(source, inputs, source.seeds(source.result))
    return _sparse(source, entries, len(inputs), inputs, route, counts)


def _symmetric(rows, columns, terms, n):
    """Entries in which each mirrored pair has one term, so that both are equal to the bit."""
    low, high = np.minimum(rows, columns), np.maximum(rows, columns)
    _, first = np.unique(low.astype(np.int64) * n + high, return_index=True)
    low, high, terms = low[first], high[first], terms[first]
    off = low != high
    return (
        np.concatenate([low, high[off]]),
        np.concatenate([high, low[off]]),
        np.concatenate([terms, terms[off]]),
    )


def _jvp(source, argnums):
    side = source.result
    tangents = source.seeds(source.arguments)
    terms = source.graph.push(source.inputs, source.graph.outputs, tangents)
    return terms, side.shapes, _result_pack(source, False), 0, {}


def _arguments_pack(source):
    trees = source.arguments.trees
    if len(trees) == 1:
        return None if trees[0].kind is None else trees[0].build

    def pack(parts):
        parts = iter(parts)
        return tuple(tree._build(parts) for tree in trees)

    return pack


def _vjp(source, argnums):
    cotangents = source.seeds(source.result)
    terms = source.graph.pull(source.inputs, source.graph.outputs, cotangents)
    return terms, source.arguments.shapes, _arguments_pack(source), 0, {}


def _hvp(source, argnums):
    check_scalar(source, "hvp")
    gradient = _nonzero(source, source.gradient(source.inputs, _one(source)))
    terms = source.graph.push(source.inputs, gradient, source.seeds(source.arguments))
    return terms, source.arguments.shapes, _arguments_pack(source), 0, {}


def _ggnvp(source, argnums, weights=None):
    outputs = source.graph.outputs
    pushed = source.graph.push(source.inputs, outputs, source.seeds(source.arguments))
    if weights is not None:
        pushed = source.graph.products(weights, pushed)
    terms = source.graph.pull(source.inputs, outputs, _nonzero(source, pushed))
    return terms, source.arguments.shapes, _arguments_pack(source), 0, {}


def _weighted_ggnvp(source, argnums):
    return _ggnvp(source, argnums, source.seeds(source.result))


_METHODS = {
    "value": _value,
    "jacobian": _jacobian,
    "value_and_jacobian": _value_and_jacobian,
    "holomorphic_jacobian": _jacobian,
    "holomorphic_value_and_jacobian": _value_and_jacobian,
    "grad": _grad,
    "value_and_grad": _value_and_grad,
    "hessian": _hessian,
    "sparse_jacobian": _sparse_jacobian,
    "sparse_hessian": _sparse_hessian,
    "sparse_value_and_jacobian": _sparse_value_and_jacobian,
    "jvp": _jvp,
    "vjp": _vjp,
    "hvp": _hvp,
    "ggnvp": _ggnvp,
    "weighted_ggnvp": _weighted_ggnvp,
    "lagrangian_hessian": _lagrangian_hessian,
    "sparse_lagrangian_hessian": _sparse_lagrangian_hessian,
}
