# SPDX-License-Identifier: Apache-2.0
"""Tapes as bytes: copies, other processes, and files that are cut short, altered or forged."""

import contextlib
import copy
import itertools
import json
import multiprocessing
import pickle
import random
import struct
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import ad_core
from ad_core.recording.trees import flatten
from agreement import refused
from tape_bytes import BODY_AT, GOLDEN, put_together, sealed, taken_apart
from tape_mutants import places


def golden(x, p):
    """The function whose tape is in golden_tape.txt, recorded at x[0] > 0."""
    y = np.sin(x) * x[0] if x[0] > 0 else x
    parts = np.cumsum(y[::-1]), np.max(y), y[[0, 2, 0]] @ np.ones((3, 2))
    return {"sum": np.sum(p["k"] * y), "parts": parts}


ARGS = np.array([1.0, 2.0, 3.0]), {"k": 2.0}
OTHER = np.array([0.3, 0.9, 0.4]), {"k": -0.7}


def buffers(x, y):
    out = np.zeros((2, 3))
    out[0] = np.where(x > 0.5, np.log(np.abs(x)), y)
    out[1, 1:] = np.prod(x) * np.linalg.norm(out[0]), max(x[0], y)
    return out, [out.T @ out, None]


CASES = {
    "golden": (golden, ARGS, OTHER),
    "buffers": (buffers, (np.array([0.6, 0.2, 0.8]), 0.3), (np.array([0.9, 0.7, 0.1]), 0.4)),
    "a number": (np.sin, (0.5,), (1.5,)),
    "empty": (lambda x: x * 2.0, (np.zeros((0, 2)),), (np.zeros((0, 2)),)),
    "constants": (lambda x: (3.0, np.array([np.inf, np.nan, -0.0])), (1.0,), (2.0,)),
    "the input": (lambda x: x, (np.ones(3),), (np.arange(3.0),)),
    "a derivative at numbers": (
        lambda x: x * ad_core.grad(lambda t: t * t * x)(2.0), (3.0,), (0.5,),
    ),
    "int keys": (lambda p: {0: p[1], 1: p[0] * 2.0}, ({0: 1.0, 1: 2.0},), ({0: 3.0, 1: 4.0},)),
    "nested": (lambda p: {"a": [p["x"], (p["y"][0],)], "": None},
               ({"x": 1.0, "y": [np.ones(2), ()]},), ({"x": 2.0, "y": [np.zeros(2), ()]},)),
}  # fmt: skip
COPIES = {
    "to_bytes": lambda tape: ad_core.Tape.from_bytes(tape.to_bytes()),
    "bytearray": lambda tape: ad_core.Tape.from_bytes(bytearray(tape.to_bytes())),
    "memoryview": lambda tape: ad_core.Tape.from_bytes(memoryview(tape.to_bytes())),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{f"pickle {p}": lambda tape, p=p: pickle.loads(pickle.dumps(tape, p))
       for p in range(pickle.HIGHEST_PROTOCOL + 1)},
}  # fmt: skip


def same(found, expected):
    (found, tree), (expected, other) = flatten(found), flatten(expected)
    assert tree == other
    for x, y in zip(found, expected, strict=True):
        assert type(x) is type(y)
        np.testing.assert_array_equal(x, y)
        np.testing.assert_array_equal(np.signbit(x), np.signbit(y))


def assert_same_tape(tape, original, args, other):
    assert type(tape) is ad_core.Tape
    for at in (args, other):
        same(tape(*at), original(*at))
        same(tape.jacobian(*at), original.jacobian(*at))
        same(tape.value_and_jacobian(*at), original.value_and_jacobian(*at))
    same(tape.value, original.value)
    assert str(tape) == str(original)
    assert repr(tape) == repr(original)
    assert tape.instructions("jacobian") == original.instructions("jacobian")
    assert (tape.inputs, tape.outputs) == (original.inputs, original.outputs)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("way", COPIES)
def test_copies(case, way):
    fun, args, other = CASES[case]
    original = ad_core.trace(fun, *args)
    assert_same_tape(COPIES[way](original), original, args, other)


def test_results_of_constant_arrays_are_constant_in_a_copy():
    tape = ad_core.trace(lambda x: x * np.sum(ad_core.jacobian(lambda t: t * t)(np.ones(3))), 2.0)
    copied = pickle.loads(pickle.dumps(tape))
    assert copied(0.5) == tape(0.5)
    assert copied.grad(0.5) == tape.grad(0.5)
    assert copied.size["runs"] < tape.size["runs"]


def test_a_copy_of_a_copy_is_the_same_file():
    data = ad_core.trace(buffers, *CASES["buffers"][1]).to_bytes()
    assert type(data) is bytes
    assert ad_core.Tape.from_bytes(data).to_bytes() == data


def test_a_copied_tape_keeps_its_messages():
    tape = pickle.loads(pickle.dumps(ad_core.trace(golden, *ARGS)))
    with pytest.raises(ad_core.BranchChanged, match=r"if x\[0\] > 0 else") as caught:
        tape(-OTHER[0], OTHER[1])
    assert "golden" in str(caught.value)
    assert "test_tape_files.py" in str(caught.value)
    with refused(ValueError, "golden", "(3,)", "(4,)"):
        tape(np.ones(4), {"k": 1.0})


def test_files_name_operations():
    """Numbers of operations may change from version to version; names do not."""
    assert b'"sin"' in ad_core.trace(np.sin, 0.5).to_bytes().lower()
    assert b'"matmul"' in GOLDEN.lower()


class Own(dict):
    """A container of a class that no file can hold."""


def test_arguments_that_no_file_can_hold():
    tape = ad_core.trace(lambda x: {(1, 2): x}, 1.0)
    for write in (ad_core.Tape.to_bytes, pickle.dumps, copy.copy):
        with refused(TypeError, "keys", "(1, 2)"):
            write(tape)


# -------------------------------------------------------------------------------- the golden file


def test_the_golden_file():
    tape, now = ad_core.Tape.from_bytes(GOLDEN), ad_core.trace(golden, *ARGS)
    for args in (ARGS, OTHER):
        for found, expected in zip(flatten(tape(*args))[0], flatten(golden(*args))[0], strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-14)
        found = tape.jacobian(*args, argnums=(0, 1))
        expected = ad_core.jacobian(golden, (0, 1))(*args)
        assert flatten(found)[1] == flatten(expected)[1]
        for x, y in zip(flatten(found)[0], flatten(expected)[0], strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-13, atol=1e-15)
    assert str(tape) == str(now)
    X = np.stack([ARGS[0], OTHER[0]] * 9)
    np.testing.assert_allclose(tape(X, {"k": 2.0})["sum"], now(X, {"k": 2.0})["sum"], rtol=1e-14)
    with pytest.raises(ad_core.BranchChanged, match="golden"):
        tape(-ARGS[0], ARGS[1])


# ---------------------------------------------------------------------------------- other processes


def test_a_tape_loads_in_a_process_without_the_function(tmp_path):
    def only_here(x):
        return np.sin(x) * x[0] if x[0] > 0 else x

    tape = ad_core.trace(only_here, np.array([1.0, 2.0]))
    (tmp_path / "tape").write_bytes(tape.to_bytes())
    (tmp_path / "pickled").write_bytes(pickle.dumps(tape))
    text = """
        import pickle, sys, pathlib, ad_core, numpy as np
        x = np.array([0.5, 0.7])
        one = ad_core.Tape.from_bytes(pathlib.Path("tape").read_bytes())
        two = pickle.loads(pathlib.Path("pickled").read_bytes())
        for tape in (one, two):
            print(*tape.jacobian(np.stack([x] * 20))[19].ravel().tolist(), *tape(x).tolist())
            try:
                tape(-x)
            except ad_core.BranchChanged as error:
                assert "only_here" in str(error), error
            else:
                sys.exit("no BranchChanged")
    """
    done = subprocess.run(
        [sys.executable, "-P", "-c", textwrap.dedent(text)],
        cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    x = np.array([0.5, 0.7])
    for line in done.stdout.splitlines():
        found = np.array(line.split(), dtype=float)
        np.testing.assert_allclose(found[:4].reshape(2, 2), tape.jacobian(x), rtol=1e-14)
        np.testing.assert_allclose(found[4:], tape(x), rtol=1e-14)
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_processes(method):
    tape, f = ad_core.trace(lambda x: np.sum(np.sin(x) * x[0]), np.ones(3)), ad_core.compile(np.sin)
    X = np.random.default_rng(0).random((30, 3))
    large = np.random.default_rng(1).random((40_000, 3))
    expected = tape.grad(large)  # its threads are there, and are not in a forked child
    with multiprocessing.get_context(method).Pool(2) as pool:
        found = pool.map(tape.grad, X)
        functions = pool.map(f, X)
        batches = pool.map_async(tape.grad, [large] * 4).get(timeout=600)
        copies = pool.map(copy.copy, [tape] * 2)
    np.testing.assert_array_equal(found, [tape.grad(x) for x in X])
    np.testing.assert_array_equal(functions, [f(x) for x in X])
    for batch in batches:
        np.testing.assert_array_equal(batch, expected)
    for tape_back in copies:
        np.testing.assert_array_equal(tape_back.grad(X), tape.grad(X))


# ------------------------------------------------------------------------- damaged and forged files


def test_sealed_files_have_the_right_checksum():
    assert sealed(GOLDEN[BODY_AT:]) == GOLDEN


def test_cut_short_anywhere():
    for n in range(len(GOLDEN)):
        with pytest.raises(ValueError, match="tape file"):
            ad_core.Tape.from_bytes(GOLDEN[:n])
    for more in (b"\0", GOLDEN):
        with pytest.raises(ValueError, match="damaged"):
            ad_core.Tape.from_bytes(GOLDEN + more)


def test_any_byte_altered():
    for k in range(len(GOLDEN)):
        for change in (1, 0x80, 0xFF):
            data = bytearray(GOLDEN)
            data[k] ^= change
            with pytest.raises(ValueError, match="tape file"):
                ad_core.Tape.from_bytes(data)


@pytest.mark.parametrize("n", [0, 4, 16, 20, 21, 40, 1000])
def test_cut_short_with_a_right_checksum(n):
    with pytest.raises(ValueError, match="tape file"):
        ad_core.Tape.from_bytes(sealed(GOLDEN[BODY_AT : BODY_AT + n]))


@pytest.mark.parametrize("version", [3, 4, 1000, 2**32 - 1])
def test_a_newer_version(version):
    with refused(ValueError, str(version), "newer", "upgrade"):
        ad_core.Tape.from_bytes(sealed(GOLDEN[BODY_AT:], struct.pack("<I", version)))


@pytest.mark.parametrize("data", [b"", b"AD_TAPE", b"\x80\x04N.", b"PK\x03\x04" * 20, bytes(500)])
def test_other_files(data):
    with refused(ValueError, "not an ad_core tape"):
        ad_core.Tape.from_bytes(data)


@pytest.mark.parametrize("data", [None, 3, 3.0, "AD_TAPE", [1, 2], Ellipsis], ids=repr)
def test_data_that_is_not_bytes(data):
    with refused(TypeError, "bytes", type(data).__name__):
        ad_core.Tape.from_bytes(data)


def harmless(data):
    """Check that data raise ValueError or are a tape that can be used; True if they are a tape."""
    tape = None
    with contextlib.suppress(ValueError):  # every other error is a failure of the test
        tape = ad_core.Tape.from_bytes(data)
    if tape is None:
        return False
    leaves, tree = flatten(tape.value)
    weights = tree.build([np.ones(np.shape(y))[()] for y in leaves])
    calls = (
        lambda: tape(*ARGS), lambda: tape.jacobian(*ARGS), lambda: tape.vjp(ARGS, weights),
        lambda: tape.jvp(ARGS, ARGS), lambda: tape.jacobian(np.ones((17, 3)), {"k": np.ones(17)}),
        lambda: str(tape), lambda: tape.to_bytes(), lambda: tape.grad(*ARGS),
    )  # fmt: skip
    for call in calls:
        try:
            with np.errstate(all="ignore"):
                call()
        except (ValueError, TypeError, ad_core.BranchChanged):
            pass  # a tape of another function, which these arguments do not fit
    return True


INTEGERS = (0, 1, -1, 2, 3, 4, 5, 7, 11, 20, 100, 255, 256, 65535, 2**31, 2**32 - 1, 2**32,
            2**63 - 1, -(2**63))  # fmt: skip
JUNK = (None, 0, 1, -1, 2, 3, 1.5, 1e300, 10**30, True, "", "x", "<f8", "<i8", [], {}, [[]],
        ["dict", ["q"], [None]], ["tuple", [], [None, None]], ["none", [], []])  # fmt: skip


def flip_bytes(source):
    rest = bytearray(GOLDEN[BODY_AT:])
    for _ in range(source.randint(1, 4)):
        rest[source.randrange(len(rest))] = source.choice([0, 1, 255, source.randrange(256)])
    return sealed(bytes(rest))


def change_numbers(source):
    header, arrays = taken_apart()
    for _ in range(source.randint(1, 3)):
        array = arrays[source.choice([key for key in arrays if arrays[key].size])].reshape(-1)
        value = source.choice([*INTEGERS, *array[:50].tolist()])
        array.view(np.int64)[source.randrange(array.size)] = int(value) if value == value else 0
    return put_together(header, arrays)


def change_header(source):
    header, _ = taken_apart()
    path, other = (source.choice(list(places(header))) for _ in range(2))
    value = header
    for key in other:
        value = value[key]
    value = json.loads(json.dumps(source.choice([*JUNK, value])))
    tree = header
    for key in path[:-1]:
        tree = tree[key]
    if source.random() < 0.2:
        del tree[path[-1]]
    else:
        tree[path[-1]] = value
    text = json.dumps(header).encode()
    body = GOLDEN[BODY_AT + 4 + struct.unpack_from("<I", GOLDEN, BODY_AT)[0] :]
    return sealed(struct.pack("<I", len(text)) + text + body)


def change_shapes(source):
    header, arrays = taken_apart()
    key = source.choice(list(arrays))
    array = arrays[key]
    change = source.choice(["rows", "columns", "dtype", "repeat", "empty", "drop"])
    if change == "rows" and len(array):
        arrays[key] = array[: source.randrange(len(array) + 1)]
    elif change == "columns":
        arrays[key] = array.reshape(-1, 1) if array.ndim == 1 else array.reshape(-1)
    elif change == "dtype":
        arrays[key] = array.astype(float) if array.dtype.kind == "i" else array.astype(int)
    elif change == "repeat":
        arrays[key] = np.repeat(array, source.randint(2, 4), axis=0)
    elif change == "empty":
        arrays[key] = np.empty((0, *array.shape[1:]), array.dtype)
    else:
        del arrays[key]
    return put_together(header, arrays)


@pytest.mark.parametrize("mutate", [flip_bytes, change_numbers, change_header, change_shapes])
def test_forged_files(mutate):
    """10,000 files, each with a right checksum: an error, or a tape that does no harm."""
    source, tapes = random.Random(mutate.__name__), 0
    for _ in range(2500):
        tapes += harmless(mutate(source))
    assert tapes < 2000


@pytest.mark.parametrize("key", ["inputs", "outputs"])
def test_nodes_in_a_matrix_raise(key):
    """More nodes than the shapes have: every program would read beyond its arrays."""
    header, arrays = taken_apart()
    arrays[key] = np.repeat(arrays[key], 3).reshape(-1, 3)
    with pytest.raises(ValueError, match="tape file"):
        ad_core.Tape.from_bytes(put_together(header, arrays))


def test_impossible_containers_raise():
    header, arrays = taken_apart()
    for bad in (["none", [], [None]], ["none", ["a"], [None]], ["dict", ["a", "a"], [None, None]],
                ["dict", [True], [None]], ["tuple", ["a"], [None]], ["set", [], [None]],
                ):  # fmt: skip
        forged = {**header, "arguments": [None, bad], "argument shapes": header["argument shapes"]}
        with pytest.raises(ValueError, match="tape file"):
            ad_core.Tape.from_bytes(put_together(forged, arrays))


def test_deep_containers():
    header, arrays = taken_apart()
    text = json.dumps({**header, "arguments": [0, 0]})
    for depth in (500, 5000, 100_000):
        deep = "[" + '["tuple",[],[' * depth + "null" + "]]" * depth + ",null]"
        forged = text.replace('"arguments": [0, 0]', f'"arguments": {deep}').encode()
        body = b"".join(array.tobytes() for array in arrays.values())
        harmless(sealed(struct.pack("<I", len(forged)) + forged + body))


def test_a_forged_large_tape_is_found_by_the_size_of_its_file():
    """A forged count of elements allocates no memory before it is found."""
    header, arrays = taken_apart()
    for key, count in itertools.product(("spans", "blocks"), (10**7, 2**31, 2**32 - 200, 2**62)):
        forged = {key: array.copy() for key, array in arrays.items()}
        forged[key][0, 1:3] = count
        forged["nodes"][0] += min(count, 2**32 - 200)
        with pytest.raises(ValueError, match="tape file"):
            ad_core.Tape.from_bytes(put_together(header, forged))


def test_pickles_hold_no_code():
    text = pickle.dumps(ad_core.trace(golden, *ARGS))
    assert b"golden" in text  # its name, for messages
    assert b"test_tape_files\n" not in text
    assert b"__main__" not in text


def test_pickles_hold_the_public_name_and_those_of_the_first_files_load():
    tape = ad_core.trace(lambda x: np.sin(x) * x[0], np.ones(3))
    data = pickle.dumps(tape, protocol=2)
    assert data.count(b"cad_core\nTape\n") == 1
    earlier = data.replace(b"cad_core\nTape\n", b"cad_core.tape\nTape\n")
    x = np.array([0.5, 1.0, 2.0])
    for given in (data, earlier):
        np.testing.assert_array_equal(pickle.loads(given).jacobian(x), tape.jacobian(x))
