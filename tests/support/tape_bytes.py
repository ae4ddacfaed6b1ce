# SPDX-License-Identifier: Apache-2.0
"""Reading and writing the header and the arrays of a tape file."""

import base64
import json
import struct
import zlib
from pathlib import Path

import numpy as np

GOLDEN = base64.b64decode((Path(__file__).parent / "golden_tape.txt").read_text("ascii"))


VERSION_AT, CRC_AT, BODY_AT = 8, 12, 16


def sealed(rest, version=None):
    """A file with the right checksum."""
    head = GOLDEN[:VERSION_AT] + (GOLDEN[VERSION_AT:CRC_AT] if version is None else version)
    return head + struct.pack("<I", zlib.crc32(rest)) + rest


def taken_apart(data=GOLDEN):
    """(header, {name: array}) of a file."""
    (length,) = struct.unpack_from("<I", data, BODY_AT)
    header = json.loads(data[BODY_AT + 4 : BODY_AT + 4 + length])
    arrays, at = {}, BODY_AT + 4 + length
    for key, dtype, shape in header["arrays"]:
        count = int(np.prod(shape))
        arrays[key] = np.frombuffer(data, dtype, count, at).reshape(shape).copy()
        at += 8 * count
    return header, arrays


def put_together(header, arrays):
    listing = [[key, array.dtype.str, list(array.shape)] for key, array in arrays.items()]
    text = json.dumps({**header, "arrays": listing}).encode()
    body = b"".join(array.tobytes() for array in arrays.values())
    version = 2 if "outcomes" in arrays else 1  # the stored reference file has format 1
    rest = struct.pack("<I", len(text)) + text + body
    return sealed(rest, struct.pack("<I", version))
