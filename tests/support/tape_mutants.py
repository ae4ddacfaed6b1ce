# SPDX-License-Identifier: Apache-2.0
"""Forged tape files: each is a valid file in which some numbers, texts or shapes were changed, with
the right checksum."""

import copy
import json
import math
import struct
import zlib

import numpy as np

import ad_core

MAGIC, CHECKED_AT = b"AD_TAPE\x1a", 16
FORM_SPAN, FORM_BLOCK = 4, 5
VIEWS = {"spans": (0, 6, 3), "blocks": (0, 12, 2), "checks": (1, 7, 2)}  # extent, first view, views

EDGES = [e + d for e in (0, 1 << 31, 1 << 32, (1 << 63) - 1, -(1 << 63)) for d in (-2, -1, 0, 1, 2)]
EDGES = [e for e in EDGES if -(1 << 63) <= e < 1 << 63] + [
    3,
    4,
    5,
    7,
    64,
    65,
    255,
    256,
    10**6,
    10**9,
]
TEXTS = ["", "\x1b[2J\x1b]0;x\x07", "\ud800", "a\x00b", "\u202e", "/dev/zero", "/dev/stdin",
         "x" * 3000, "sum", "matmul", "call", "<f8", ">i8", "|O", "object", "runs"]  # fmt: skip
DEEP = "as deep as no parser goes"
HUGE = [10**30, -(10**30), 10**4000]
JUNK = [None, True, False, 0, 1, -1, 1.5, 1e300, math.nan, math.inf, [], {}, [[]], [[[]]], "x",
        ["dict", ["q"], [None]], ["tuple", [], [None, None]], ["none", [], []], ["list", [], []],
        [0] * 65, [1] * 64, [1 << 32] * 3, [0, 1 << 31, 1 << 31, 1 << 31]]  # fmt: skip


def taken_apart(data):
    """(header, {name: array}) of a valid file of the current format."""
    (length,) = struct.unpack_from("<I", data, CHECKED_AT)
    header = json.loads(data[CHECKED_AT + 4 : CHECKED_AT + 4 + length])
    arrays, at = {}, CHECKED_AT + 4 + length
    for key, dtype, shape in header.pop("arrays"):
        count = math.prod(shape)
        arrays[key] = np.frombuffer(data, dtype, count, at).reshape(shape).copy()
        at += 8 * count
    return header, arrays


def listing_of(arrays):
    return [[key, array.dtype.str, list(array.shape)] for key, array in arrays.items()]


def put_together(header, arrays, listing=None, text=None):
    """A file with the right checksum; `listing` and `text` replace those of the header."""
    if text is None:
        text = json.dumps({**header, "arrays": listing_of(arrays) if listing is None else listing})
    text = text.replace(json.dumps(DEEP), "[" * 50_000 + "]" * 50_000)
    text = text.encode("utf-8", "surrogatepass")
    body = b"".join(array.tobytes() for array in arrays.values())
    rest = struct.pack("<I", len(text)) + text + body
    return sealed(rest)


def sealed(rest, version=2):
    return MAGIC + struct.pack("<II", version, zlib.crc32(rest)) + rest


# ------------------------------------------------------------------------------ what is changed


def places(tree, path=()):
    """The path of every entry in JSON."""
    if path:
        yield path
    if isinstance(tree, dict | list):
        for key in tree if isinstance(tree, dict) else range(len(tree)):
            yield from places(tree[key], (*path, key))


def put(tree, path, value):
    for key in path[:-1]:
        tree = tree[key]
    tree[path[-1]] = value


def any_value(source, header):
    """A JSON value: one of the header, or one of another type."""
    kind = source.randrange(6)
    if kind == 0:
        value = header
        for key in source.choice(list(places(header))):
            value = value[key]
        return json.loads(json.dumps(value))
    if kind == 1:
        return nested(source)
    return copy.deepcopy(source.choice([JUNK, EDGES, TEXTS, HUGE][kind - 2]))


def nested(source):
    depth = source.choice([0, 3, 63, 64, 65, 100])
    if depth == 0:
        return DEEP
    told = None
    for _ in range(depth):
        told = source.choice([["tuple", [], [told]], ["dict", ["k"], [told]], ["list", [], [told]]])
    return told


def entries(source, header, arrays):
    """Changed numbers in arrays: others of the same array, or the largest and smallest integers."""
    keys = [key for key in arrays if arrays[key].size]
    for _ in range(source.randint(1, 3)):
        array = arrays[source.choice(keys)].reshape(-1).view(np.int64)
        k = source.randrange(array.size)
        near = [int(array[k]) + 1, int(array[k]) - 1, int(array[source.randrange(array.size)])]
        value = source.choice([*near, source.choice(EDGES)])
        array[k] = min(max(value, -(1 << 63)), (1 << 63) - 1)
    return put_together(header, arrays)


def texts(source, header, arrays):
    """A changed entry of the header, or a part of it."""
    for _ in range(source.randint(1, 2)):
        path = source.choice(list(places(header)))
        put(header, path, any_value(source, header))
    if source.random() < 0.2:
        del header[source.choice(list(header))]
    return put_together(header, arrays)


def comparisons(source, header, arrays):
    """Changed source lines of comparisons: files that would hang or reveal secrets."""
    count = source.randint(0, 3)
    header["lines"] = [
        [source.choice(EDGES[5:9]), source.choice(TEXTS), source.choice(EDGES[5:])]
        for _ in range(count)
    ]
    header["line texts"] = [source.choice(TEXTS) for _ in range(count)]
    if source.random() < 0.3:
        del header["line texts"]
    header["name"] = source.choice(TEXTS)
    return put_together(header, arrays)


def twice(source, header, arrays):
    """A key, an array or a row of it that is repeated or missing."""
    listing = listing_of(arrays)
    kind = source.randrange(5)
    key = source.choice(list(arrays))
    if kind == 0:
        text = json.dumps({**header, "arrays": listing})
        again = json.dumps(source.choice(list(header)))
        return put_together(header, arrays, text=f"{text[:-1]}, {again}: null}}")
    if kind == 1:
        listing.append(source.choice(listing))
    elif kind == 2:
        del arrays[key]
        return put_together(header, arrays)
    elif kind == 3 and len(arrays[key]):
        arrays[key] = np.delete(arrays[key], source.randrange(len(arrays[key])), axis=0)
        return put_together(header, arrays)
    else:
        arrays[key] = np.repeat(arrays[key], source.randint(0, 3), axis=0)
        return put_together(header, arrays)
    return put_together(header, arrays, listing=listing)


def listings(source, header, arrays):
    """Changed names, types and shapes of arrays in the header."""
    listing = listing_of(arrays)
    path = source.choice(list(places(listing)))
    put(listing, path, any_value(source, listing))
    return put_together(header, arrays, listing=listing)


def extents(source, header, arrays):
    """Sizes that agree with their counts, with operands of stride 0: valid, and as large as
    wanted. Nodes and outputs follow."""
    key = source.choice([key for key in VIEWS if len(arrays[key])])
    at, first, views = VIEWS[key]
    row = arrays[key][source.randrange(len(arrays[key]))]
    block = 6 * source.randrange(2) if key == "blocks" else 0
    ndim = source.randint(0, 4)
    sizes = [source.choice([1, 2, 3, 7, 100, 10**4, 10**6, 2**16, 2**31, 2**32 - 1])
             for _ in range(ndim)]  # fmt: skip
    count = math.prod(sizes)
    old, new = int(row[at + block + 1]), min(count, (1 << 63) - 1)
    row[at + block : at + block + 6] = [ndim, new, *sizes, *[0] * (4 - ndim)]
    for j in range(views):
        view = row[first + 6 * j : first + 6 * (j + 1)]
        if source.random() < 0.8:
            view[2:] = 0
        if source.random() < 0.5:
            view[1] = 0xFFFFFFFF
    if source.random() < 0.8:
        grown = min(max(int(arrays["nodes"][0]) + new - old, 0), (1 << 63) - 1)
        arrays["nodes"][0] = grown
        if source.random() < 0.5:
            arrays["outputs"][:] = max(grown - 1, 0)
    return put_together(header, arrays)


def products(source, header, arrays):
    """The same for a matrix product after all other operations."""
    header, arrays = taken_apart(PRODUCT)
    M, K, N = (source.choice([0, 1, 2, 50, 1000, 10**5, 2**31, 2**32 - 1]) for _ in range(3))
    row = arrays["blocks"][-1]
    batch = source.choice([1, 1, 1, 2, 1000, 2**32 - 1])
    row[1], row[8:11] = batch, (M, K, N)
    row[14:18] = row[20:24] = 0
    arrays["nodes"][0] = min(int(arrays["nodes"][0]) - 4 + batch * M * N, (1 << 63) - 1)
    arrays["outputs"][:] = min(max(int(arrays["nodes"][0]) - 1, 0), (1 << 63) - 1)
    return put_together(header, arrays)


def shapes(source, header, arrays):
    """Shapes of arguments or results: many axes, and products that overflow."""
    key = source.choice(["argument shapes", "result shapes"])
    shape = source.choice(header[key] or [[]])
    kind = source.randrange(4)
    if kind == 0:
        shape[:] = [1] * source.choice([30, 63, 64, 65, 1000]) + shape
    elif kind == 1:
        shape.append(source.choice([0, 1 << 31, 1 << 32, (1 << 63) - 1, 1 << 64, -1]))
    elif kind == 2:
        shape[:] = [0] + [source.choice([1 << 16, (1 << 32) - 1])] * source.randint(1, 5)
    else:
        nodes = arrays["outputs"] = np.resize(arrays["outputs"], source.choice([0, 1, 300, 3000]))
        header["result"], header["result shapes"] = None, [[len(nodes)]]
    return put_together(header, arrays)


def flipped(source, header, arrays):
    """Changed bytes of the file."""
    rest = bytearray(put_together(header, arrays)[CHECKED_AT:])
    for _ in range(source.randint(1, 4)):
        rest[source.randrange(len(rest))] = source.choice([0, 1, 255, source.randrange(256)])
    return sealed(bytes(rest), source.choice([1, 2]))


KINDS = [entries, extents, products, shapes, texts, comparisons, twice, listings, flipped]

# ---------------------------------------------------------------------------------- good files


def branches(x):
    y = np.sort(x[x > 0.2]) if x[0] > 0.0 else x
    return y @ y * np.max(x) + (x[1] if np.argmax(x) == 2 else 0.0)


def tables(x):
    y = x.reshape(2, 3)
    z = np.where(y > 0.5, np.sqrt(np.abs(y)), np.hypot(y, 2.0))
    return np.cumsum(z, axis=1), {
        "m": np.max(z, axis=0),
        "s": np.sum(y[:, None] * y[None]),
        "n": None,
    }


def pair(a, p):
    return [np.exp(a) * p["k"], (np.prod(p["v"]), a[::-1] - p["v"])]


X = np.array([0.3, 0.9, 0.4, 0.8, 0.6, 0.7])
PRODUCT = ad_core.trace(lambda x: np.outer(x, x)[:2, :2] @ x.reshape(2, 3)[:, :2], X).to_bytes()
GOOD = [
    ad_core.trace(branches, X).to_bytes(),
    ad_core.trace(tables, X).to_bytes(),
    ad_core.trace(pair, X[:3], {"k": 2.0, "v": X[3:]}).to_bytes(),
    ad_core.trace(lambda x: np.sum(np.sin(x) / x) ** 2, X).to_bytes(),
    ad_core.trace(lambda x: np.min(x * x[0]) + np.sum(x[:, None] * x), X).to_bytes(),
    PRODUCT,
]


def mutant(source):
    """(kind, forged file)."""
    kind = source.choice(KINDS)
    return kind.__name__, kind(source, *taken_apart(source.choice(GOOD)))
