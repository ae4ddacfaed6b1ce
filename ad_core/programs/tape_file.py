# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Tape files: a recording without its Python function, as bytes.

Layout: 8 bytes of magic; then, as little-endian uint32, the format version, the CRC-32 of all that
follows it, and the length of the header; the header in JSON (names of operations, shapes, types and
sizes of the arrays in order); the arrays, one after the other.  A file is data, never code.
Everything in it is checked before it is used.  A file that is inconsistent, or that needs more work
or memory than its limits allow, raises ValueError.
"""

import json
import math
import struct
import zlib

import numpy as np

from ad_core import _core
from ad_core.errors.callers import line_text
from ad_core.programs import tape_header as parts
from ad_core.programs.tape_limits import LimitsExceeded, limits_of
from ad_core.recording.record import ArgumentTrees, Leaves, Recording

__all__ = ["VERSION", "load", "save"]

MAGIC = b"AD_TAPE\x1a"
VERSION = 2
PREFIX = struct.Struct("<8sIII")
COLUMNS = {"runs": (6,), "spans": (24,), "blocks": (24,), "guards": (2,), "checks": (19,)}
COLUMNS |= dict.fromkeys(
    ("nodes", "leaves", "constant", "values", "lists", "outcomes", "inputs", "outputs"), ()
)
NEW_IN_2 = ("checks", "outcomes")
VIEWS = {"spans": 6, "blocks": 12, "checks": 7}  # the first column that belongs to a view
NO_INDICES = ("constant", "values", "outcomes")  # arrays of arbitrary numbers


class IncompleteError(ValueError):
    """A file from which an early version left out operations."""


def save(recording, name):
    """A recording as bytes; raises TypeError for calls of rules and for containers of the user's
    classes."""
    for rule in _core.called_rules(recording.trace):
        raise TypeError(
            f"a tape file holds elementary operations only, but {name} calls {rule.name}; pickle "
            f"the result of ad_core.compile() instead"
        )
    arrays = dict(_core.tape_arrays(recording.trace))
    arrays["inputs"] = recording.inputs.nodes.astype(np.int64)
    arrays["outputs"] = recording.outputs.nodes.astype(np.int64)
    ops, blocks = _core.code_names()
    table, codes = {}, arrays["runs"][:, 1].tolist()
    for row, form in enumerate(arrays["runs"][:, 2].tolist()):
        key = (blocks if form == _core.BLOCK_FORM else ops)[codes[row]]
        arrays["runs"][row, 1] = table.setdefault((key, form == _core.BLOCK_FORM), len(table))
    for row, code in enumerate(arrays["checks"][:, 0].tolist()):
        arrays["checks"][row, 0] = table.setdefault((ops[code], False), len(table))
    body, listing = b"", []
    for key, array in arrays.items():
        array = np.ascontiguousarray(array, dtype="<f8" if array.dtype.kind == "f" else "<i8")
        listing.append([key, array.dtype.str, list(array.shape)])
        body += array.tobytes()
    lines = _core.lines_of(recording.trace)
    texts = [line_text(file, line) if text is None else text for _, file, line, text in lines]
    header = json.dumps({
        "name": name,
        "operations": [[key, is_block] for key, is_block in table],
        "arguments": [parts.tree_as_json(tree) for tree in recording.inputs.tree.trees],
        "argument shapes": [list(shape) for shape in recording.inputs.shapes],
        "result": parts.tree_as_json(recording.outputs.tree),
        "result shapes": [list(shape) for shape in recording.outputs.shapes],
        "lines": [[first, file, line] for first, file, line, _ in lines],
        "line texts": texts,
        "arrays": listing,
    }).encode()  # fmt: skip
    rest = struct.pack("<I", len(header)) + header + body
    return MAGIC + struct.pack("<II", VERSION, zlib.crc32(rest)) + rest


def load(data, max_work=None, max_memory=None):
    """(recording, name, limits) of a tape file's bytes.

    Raises ValueError for other bytes, and for a file that needs more than the limits (None: limits
    that are safe for its size).
    """
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"data must be the bytes of a tape file, got {type(data).__name__}")
    data = bytes(data)
    limits = limits_of(len(data), max_work, max_memory)
    if len(data) < PREFIX.size or data[:8] != MAGIC:
        raise ValueError("this is not an ad_core tape file (it begins with other bytes)")
    _, version, checksum, length = PREFIX.unpack_from(data)
    if version > VERSION:
        raise ValueError(
            f"this tape file has format {version}, newer than this ad_core reads ({VERSION}); "
            f"upgrade ad_core"
        )
    if version < 1 or zlib.crc32(data[16:]) != checksum:
        raise ValueError("this tape file is damaged: it is cut short or was altered (checksum)")
    try:
        return *_read(data, length, version, limits), limits
    except (IncompleteError, LimitsExceeded):
        raise
    except ValueError as error:
        raise ValueError(f"this tape file is damaged or forged: {error}") from error
    except MemoryError as error:
        raise limits.no_memory("this tape file") from error


def _read(data, length, version, limits):
    at = PREFIX.size + length
    if at > len(data):
        raise ValueError(f"its header should have {length} bytes, but the file has {len(data)}")
    header = parts.read(data[PREFIX.size : at])
    arrays = _arrays(data, at, parts.entry(header, "arrays", list), version)
    if version == 1:
        _from_format_1(arrays)
    for key, array in arrays.items():
        _check_indices(key, array)
    _name_codes(arrays, _operations(header))
    name = parts.text_of(header, "name")
    lines = parts.lines_of(header)
    inputs = parts.trees_of(header, "arguments"), "argument shapes", arrays["inputs"]
    outputs = [parts.tree_of(header.get("result"), "result")], "result shapes", arrays["outputs"]
    inputs, outputs = (_side(header, *side, arrays["nodes"][0]) for side in (inputs, outputs))
    inputs = Leaves(ArgumentTrees(inputs[0]), *inputs[1:])
    outputs = Leaves(outputs[0][0], *outputs[1:])
    trace, incomplete = _core.tape_from_arrays(arrays, name, limits)
    if incomplete:
        raise IncompleteError(
            f"this tape file of {name!r} lacks operations: an early version of ad_core treated "
            f"arrays that begin with a constant as constants; trace and save the function again"
        )
    _core.keep_lines(trace, lines)
    free = int(np.count_nonzero(arrays["constant"] == 0))
    if free != len(inputs.nodes) or not _core.are_inputs(trace, inputs.nodes):
        raise ValueError("array 'inputs' must hold each leaf that is not a constant exactly once")
    return Recording(trace, inputs, outputs, len(inputs.tree.trees) == 1, None), name


def _arrays(data, at, listing, version):
    """The arrays that the header lists, by name."""
    arrays = {}
    known = [key for key in COLUMNS if version > 1 or key not in NEW_IN_2]
    for row in listing:
        if not isinstance(row, list) or len(row) != 3 or row[0] not in known:
            raise ValueError(f"header entry 'arrays' holds {parts.shown(row)}, expected the name, "
                             "type and shape of one of a tape's arrays")  # fmt: skip
        key, dtype, shape = row
        what = f"array {key!r}"
        if key in arrays:
            raise ValueError(f"{what} is listed twice")
        expected = "<f8" if key == "values" else "<i8"
        if dtype != expected:
            raise ValueError(f"{what} has type {parts.shown(dtype)}, expected {expected!r}")
        if not isinstance(shape, list) or len(shape) != 1 + len(COLUMNS[key]):
            raise ValueError(
                f"{what} has shape {parts.shown(shape)}, expected {1 + len(COLUMNS[key])} axes"
            )
        shape = tuple(
            parts.bounded_integer(extent, 1 << 62, f"the shape of {what}") for extent in shape
        )
        if shape[1:] != COLUMNS[key]:
            raise ValueError(f"{what} has shape {shape}, expected rows of {COLUMNS[key]}")
        count = shape[0] * (shape[1] if len(shape) == 2 else 1)
        if len(data) - at < 8 * count:
            raise ValueError(f"{what} is longer than the file")
        arrays[key] = np.frombuffer(data, dtype, count, at).reshape(shape).astype(dtype[1:])
        at += 8 * count
    if at != len(data):
        raise ValueError(f"header entry 'arrays' leaves {len(data) - at} bytes at the end")
    for key in known:
        if key not in arrays:
            raise ValueError(f"array {key!r} is missing")
    return arrays


def _from_format_1(arrays):
    """Convert the arrays of format 1, which had guards of single nodes, each with its outcome."""
    guards = arrays["guards"]
    outcomes = np.packbits(guards[:, 1] != 0, bitorder="little")
    outcomes = np.pad(outcomes, (0, -len(outcomes) % 8)).view("<i8")
    arrays["guards"] = np.stack([guards[:, 0], np.ones(len(guards), np.int64)], axis=1)
    arrays["checks"], arrays["outcomes"] = np.empty((0, 19), np.int64), outcomes.astype(np.int64)


def _check_indices(key, array):
    """Raise ValueError for numbers that cannot be indices; strides may be any numbers."""
    if key in NO_INDICES:
        return
    wrong = (array < 0) | (array > 0xFFFFFFFF)
    if key in VIEWS:
        column = np.arange(array.shape[1]) - VIEWS[key]
        wrong &= ~((column >= 0) & (column % _core.TAPE_VIEW_COLUMNS >= 2))
    elif key == "runs":
        wrong |= array > np.array(
            [_core.MOST_TAPE_NODES, 255, 255, 3, _core.MOST_TAPE_NODES, _core.MOST_TAPE_NODES]
        )
    elif key == "nodes":
        if array.shape != (1,):
            raise ValueError(f"array 'nodes' must hold one number, got {array.size}")
        wrong |= array > _core.MOST_TAPE_NODES
    if wrong.any():
        at = tuple(np.argwhere(wrong)[0].tolist())
        raise ValueError(
            f"array {key!r} holds {array[at]} at {at if len(at) > 1 else at[0]}, which is not an "
            f"index"
        )


def _operations(header):
    """(name, whether it is a block operation) for each code of the runs."""
    operations = parts.entry(header, "operations", list)
    for row in operations:
        if not (isinstance(row, list) and list(map(type, row)) == [str, bool]):
            raise ValueError(f"header entry 'operations' holds {parts.shown(row)}, expected a name "
                             "and whether it is a block operation")  # fmt: skip
    return operations


def _name_codes(arrays, operations):
    """Replace the file's codes of operations by those of this version."""
    runs, checks = arrays["runs"], arrays["checks"]
    ops, blocks = _core.code_names()
    ops = {name: code for code, name in ops.items()}
    blocks = {name: code for code, name in blocks.items()}
    for row, (code, form) in enumerate(runs[:, 1:3].tolist()):
        code = parts.bounded_integer(code, len(operations), f"array 'runs', row {row},")
        name, is_block = operations[code]
        known = blocks if is_block else ops
        if name not in known:
            raise ValueError(f"operation {parts.shown(name)}, which this ad_core does not know")
        if is_block != (form == _core.BLOCK_FORM):
            raise ValueError(f"operation {name!r} has a form that is not possible (array 'runs', "
                             f"row {row})")  # fmt: skip
        runs[row, 1] = known[name]
    for row, code in enumerate(checks[:, 0].tolist()):
        code = parts.bounded_integer(code, len(operations), f"array 'checks', row {row},")
        name, is_block = operations[code]
        if is_block or name not in ops:
            raise ValueError(f"test {parts.shown(name)}, which this ad_core does not know")
        checks[row, 0] = ops[name]


def _side(header, trees, key, nodes, end):
    """(trees, shapes, nodes) of the arguments or the results."""
    shapes = parts.shapes_of(header, key)
    total = sum(math.prod(shape) for shape in shapes)
    leaves = sum(tree.leaves for tree in trees)
    if leaves != len(shapes):
        raise ValueError(f"header entry {key!r} holds {len(shapes)} shapes, expected {leaves}, "
                         f"one for each array")  # fmt: skip
    array = "inputs" if key.startswith("argument") else "outputs"
    if total != len(nodes) or np.any(nodes >= end):
        raise ValueError(
            f"array {array!r} must hold a node below {end} for each of {total} numbers, by header "
            f"entry {key!r}; it holds {len(nodes)}"
        )
    return trees, shapes, nodes.astype(np.uint32)
