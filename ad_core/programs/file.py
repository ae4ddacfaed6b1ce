# SPDX-License-Identifier: Apache-2.0
"""Tape files: a recording without its Python function, as bytes.

Layout: 8 bytes magic, then little-endian uint32 format version, CRC-32 of all that follows it,
and length of the header; a header in JSON (names of operations, shapes, the arrays' types and
sizes in order); the arrays, one after the other.  A file is data, never code: everything in it is
checked before it is used, and what does not fit is refused with ValueError.
"""

import json
import struct
import zlib

import numpy as np

from ad_core import _core
from ad_core.recording import ArgumentTrees, Leaves, Recording
from ad_core.trees import Tree

__all__ = ["VERSION", "load", "save"]

MAGIC = b"AD_TAPE\x1a"
VERSION = 2
PREFIX = struct.Struct("<8sIII")
TYPES = {"<i8": 2, "<f8": 1}  # most dimensions
COLUMNS = {"runs": (6,), "spans": (24,), "blocks": (24,), "guards": (2,), "checks": (19,)}
COLUMNS |= dict.fromkeys(
    ("nodes", "leaves", "constant", "values", "lists", "outcomes", "inputs", "outputs"), ()
)


class IncompleteError(ValueError):
    """A file from which an early version left out operations."""


def save(recording, name):
    """A recording as bytes; TypeError for containers and functions that no file can name."""
    for rule in _core.called_rules(recording.trace):
        raise TypeError(
            f"a tape file holds elementary operations alone, but {name} calls {rule.name}; pickle "
            f"what ad_core.compile() returns instead"
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
    header = json.dumps({
        "name": name,
        "operations": [[key, is_block] for key, is_block in table],
        "arguments": [_told(tree) for tree in recording.inputs.tree.trees],
        "argument shapes": [list(shape) for shape in recording.inputs.shapes],
        "result": _told(recording.outputs.tree),
        "result shapes": [list(shape) for shape in recording.outputs.shapes],
        "lines": _core.lines_of(recording.trace),
        "arrays": listing,
    }).encode()  # fmt: skip
    rest = struct.pack("<I", len(header)) + header + body
    return MAGIC + struct.pack("<II", VERSION, zlib.crc32(rest)) + rest


def load(data):
    """(recording, name) of a tape file's bytes; ValueError for anything else."""
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"a tape file's bytes are wanted, got {type(data).__name__}")
    data = bytes(data)
    if len(data) < PREFIX.size or data[:8] != MAGIC:
        raise ValueError("this is no ad_core tape file (it begins with other bytes)")
    _, version, checksum, length = PREFIX.unpack_from(data)
    if version > VERSION:
        raise ValueError(
            f"this tape file has format {version}, newer than this ad_core reads ({VERSION}); "
            f"upgrade ad_core"
        )
    if version < 1 or zlib.crc32(data[16:]) != checksum:
        raise ValueError("this tape file is damaged: it is cut short or was altered (checksum)")
    try:
        return _read(data, length, version)
    except IncompleteError:
        raise
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError,
            RecursionError) as error:  # fmt: skip
        raise ValueError(f"this tape file is damaged or forged: {error!r}") from error


def _read(data, length, version):
    header = json.loads(data[PREFIX.size : PREFIX.size + length].decode())
    arrays, at = {}, PREFIX.size + length
    for key, dtype, shape in header["arrays"]:
        if dtype not in TYPES or len(shape) > TYPES[dtype] or min(shape, default=0) < 0:
            raise ValueError(f"array {key} of an impossible type")
        count = 1
        for extent in shape:
            count *= extent
        if len(data) - at < 8 * count:
            raise ValueError("arrays longer than the file")
        flat = np.frombuffer(data, dtype, count, at)
        arrays[key] = flat.reshape(shape).astype(dtype[1:])
        at += 8 * count
    if at != len(data):
        raise ValueError("bytes behind the last array")
    if version == 1:
        _from_format_1(arrays)
    for key, columns in COLUMNS.items():
        if arrays[key].shape[1:] != columns or arrays[key].dtype.kind != "if"[key == "values"]:
            raise ValueError(f"array {key} of a wrong shape or type")
    _name_codes(arrays, header["operations"])
    name = str(header["name"])
    trace, incomplete = _core.tape_from_arrays(arrays, name)
    if incomplete:
        raise IncompleteError(
            f"this tape file of {name!r} lacks operations: an early version of ad_core took arrays "
            f"that begin with a constant for constants; trace the function again and save it anew"
        )
    lines = [(int(k), str(file), int(line)) for k, file, line in header["lines"]]
    _core.keep_lines(trace, lines)
    inputs = _side(header, "argument shapes", arrays["inputs"], trace)
    outputs = _side(header, "result shapes", arrays["outputs"], trace)
    inputs = Leaves(ArgumentTrees([_tree(t) for t in header["arguments"]]), *inputs)
    outputs = Leaves(_tree(header["result"]), *outputs)
    if sum(tree.leaves for tree in inputs.tree.trees) != len(inputs.shapes):
        raise ValueError("arguments that do not fit their shapes")
    if outputs.tree.leaves != len(outputs.shapes):
        raise ValueError("results that do not fit their shapes")
    free = int(np.count_nonzero(arrays["constant"] == 0))
    if free != len(inputs.nodes) or not _core.are_inputs(trace, inputs.nodes):
        raise ValueError("inputs that are computed, or leaves that are no inputs")
    return Recording(trace, inputs, outputs, len(inputs.tree.trees) == 1, None), name


def _from_format_1(arrays):
    """Format 1 had guards of single nodes, each with its outcome."""
    guards = arrays["guards"]
    outcomes = np.packbits(guards[:, 1] != 0, bitorder="little")
    outcomes = np.pad(outcomes, (0, -len(outcomes) % 8)).view("<i8")
    arrays["guards"] = np.stack([guards[:, 0], np.ones(len(guards), np.int64)], axis=1)
    arrays["checks"], arrays["outcomes"] = np.empty((0, 19), np.int64), outcomes.astype(np.int64)


def _name_codes(arrays, operations):
    """Put the present numbers of operations in the place of a file's own."""
    runs, checks = arrays["runs"], arrays["checks"]
    ops, blocks = _core.code_names()
    ops = {name: code for code, name in ops.items()}
    blocks = {name: code for code, name in blocks.items()}
    for row in range(len(runs)):
        name, is_block = operations[_index(runs[row, 1], len(operations))]
        known = blocks if is_block else ops
        if name not in known:
            raise ValueError(f"operation {name!r}, which this ad_core does not know")
        if bool(is_block) != (runs[row, 2] == _core.BLOCK_FORM):
            raise ValueError(f"operation {name!r} in a form that it has not")
        runs[row, 1] = known[name]
    for row in range(len(checks)):
        name, is_block = operations[_index(checks[row, 0], len(operations))]
        if is_block or name not in ops:
            raise ValueError(f"test {name!r}, which this ad_core does not know")
        checks[row, 0] = ops[name]


def _index(x, end):
    if not 0 <= x < end:
        raise ValueError(f"{x} is no index")
    return int(x)


def _side(header, key, nodes, trace):
    """Shapes and nodes of the arguments or the results."""
    shapes = [tuple(_index(extent, 1 << 32) for extent in shape) for shape in header[key]]
    total = 0
    for shape in shapes:
        count = 1
        for extent in shape:
            count *= extent
        total += count
    if (
        nodes.ndim != 1
        or total != len(nodes)
        or (total and not 0 <= nodes.min() <= nodes.max() < trace.nodes)
    ):
        raise ValueError("nodes that do not fit their shapes")
    return shapes, nodes.astype(np.uint32)


KINDS = {"tuple": tuple, "list": list, "dict": dict, "none": type(None)}


def _told(tree):
    """A tree as JSON can say it: null for a leaf."""
    if tree.kind is None:
        return None
    for name, kind in KINDS.items():
        if tree.kind is kind:
            keys = list(tree.keys)
            if any(type(key) not in (str, int) for key in keys):
                raise TypeError(f"a tape file can name str and int keys of dicts, not {keys!r}")
            told = [name, keys, [_told(child) for child in tree.children]]
            return told if tree.order is None else [*told, list(tree.order)]
    raise TypeError(
        f"a tape file holds tuples, lists and dicts; {tree.kind.__name__} is a class of its own: "
        f"use a plain tuple or dict"
    )


def _tree(told):
    if told is None:
        return Tree(None)
    name, keys, children, *order = told
    if any(type(key) not in (str, int) for key in keys):
        raise ValueError("a container with impossible keys")
    if len(keys) != (len(children) if name == "dict" else 0) or len(set(keys)) != len(keys):
        raise ValueError("a container whose keys do not fit its parts")
    if name == "none" and children:
        raise ValueError("a container whose keys do not fit its parts")
    if order and (len(order) > 1 or sorted(order[0]) != list(range(len(keys)))):
        raise ValueError("a container whose keys are in no order")
    order = tuple(_index(k, len(keys)) for k in order[0]) if order else None
    return Tree(KINDS[name], [_tree(child) for child in children], keys or (), order)
