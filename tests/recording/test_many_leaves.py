# SPDX-License-Identifier: Apache-2.0
"""Functions of many numbers in nested containers: the cost of a leaf does not grow with their
number.  The tests count Python's instructions, additions and comparisons of memory, not seconds."""

import sys
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.programs.build import _blocks
from ad_core.programs.source import Side
from ad_core.recording.trees import flatten, leaf_path, leaf_paths

PACKAGE = str(Path(ad_core.__file__).parent)


def instructions(call):
    """The number of instructions of this package's Python code that a call takes, counted at the
    second call, because CPython 3.13 misses some instructions that it traces for the first time."""
    count = 0

    def step(frame, event, argument):
        nonlocal count
        count += event == "opcode"
        return step

    def enter(frame, event, argument):
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace_opcodes = True
        return step

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        call()
        count = 0
        call()
    finally:
        sys.settrace(before)
    return count


def numbers(n):
    return [1.0 + k % 5 for k in range(n)]


def balanced(n):
    row = numbers(n)
    while len(row) > 1:
        row = [tuple(row[k : k + 2]) for k in range(0, len(row), 2)]
    return row[0]


def chained(n):
    """Containers nested eight deep, with many elements at each level."""
    x = 1.0
    for _ in range(8):
        x = {"next": x, "row": numbers(n // 8)}
    return x


MAKE = {
    "list": numbers,
    "dict": lambda n: {f"k{k}": x for k, x in enumerate(numbers(n))},
    "pairs": lambda n: [namedtuple("Pair", "a b")(x, x) for x in numbers(n // 2)],
    "balanced": balanced,
    "chained": chained,
    "arrays": lambda n: [np.ones(2) for _ in range(n)],
}


def total(tree):
    s = 0.0
    for x in flatten(tree)[0]:
        s = s + np.sum(x * x)
    return s


def doubled(tree):
    leaves, structure = flatten(tree)
    return structure.build([x * 2.0 for x in leaves])


def several(*args):
    return total(args)


def batch(tree):
    leaves, structure = flatten(tree)
    return structure.build([np.stack([x, x]) for x in leaves])


CALLS = {
    "trace": lambda x: ad_core.trace(total, x),
    "tape": lambda x: ad_core.trace(doubled, x)(x),
    "tape.jvp": lambda x: ad_core.trace(doubled, x).jvp(x, x),
    "tape.vjp": lambda x: ad_core.trace(doubled, x).vjp(x, x),
    "tape.hvp": lambda x: ad_core.trace(total, x).hvp(x, x),
    "tape.ggnvp": lambda x: ad_core.trace(doubled, x).ggnvp(x, x),
    "tape.bytes": lambda x: ad_core.Tape.from_bytes(ad_core.trace(total, x).to_bytes()),
    "grad": lambda x: ad_core.grad(total)(x),
    "value_and_grad": lambda x: ad_core.value_and_grad(total)(x),
    "jacobian": lambda x: ad_core.jacobian(total)(x),
    "jacfwd": lambda x: ad_core.jacfwd(doubled)(flatten(x)[0][0]),
    "jvp": lambda x: ad_core.jvp(doubled, (x,), (x,)),
    "vjp": lambda x: ad_core.vjp(doubled, x)[1](x),
    "linearize": lambda x: ad_core.linearize(doubled, x)[1](x),
    "hvp": lambda x: ad_core.hvp(total, (x,), (x,)),
    "ggnvp": lambda x: ad_core.ggnvp(doubled, (x,), (x,)),
    "jet": lambda x: ad_core.jet(total, (x,), (batch(x),)),
    "check_grads": lambda x: ad_core.check_grads(total, (x,), order=1),
    "explain": lambda x: ad_core.explain(total, x),
    "compiled": lambda x: ad_core.compile(doubled)(x),
    "compiled.grad": lambda x: ad_core.compile(total).grad(x),
    "compiled.jacobian": lambda x: ad_core.compile(total).jacobian(x),
    "compiled.jvp": lambda x: ad_core.compile(doubled).jvp(x, x),
    "compiled.vjp": lambda x: ad_core.compile(doubled).vjp(x, x),
    "compiled.hvp": lambda x: ad_core.compile(total).hvp(x, x),
    "compiled, a batch": lambda x: ad_core.compile(total).grad(batch(x), batch_dims=1),
    "compiled, verified": lambda x: ad_core.compile(doubled, verify=1)(x),
    "arguments": lambda x: ad_core.grad(several, tuple(range(leaves(x))))(*flatten(x)[0]),
    "compiled arguments": lambda x: ad_core.compile(several).grad(
        *flatten(x)[0], argnums=tuple(range(leaves(x)))
    ),
}


def leaves(x):
    return len(flatten(x)[0])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (name, kind)
        for name in CALLS
        for kind in MAKE
        if (name, kind) != ("tape.bytes", "pairs")  # a file has no classes of its own
    ],
)
def test_instructions_are_linear_in_the_leaves(name, kind):
    small, large = MAKE[kind](64), MAKE[kind](256)
    call = CALLS[name]
    call(small)  # what is computed once
    few, many = instructions(lambda: call(small)), instructions(lambda: call(large))
    ratio = leaves(large) / leaves(small)
    assert many < 1.1 * ratio * few + 2000


class Counted(int):
    """A number that counts its additions and multiplications."""

    operations = 0

    def _done(self, value):
        Counted.operations += 1
        return Counted(value)

    def __add__(self, other):
        return self._done(int(self) + int(other))

    def __mul__(self, other):
        return self._done(int(self) * int(other))

    __radd__, __rmul__ = __add__, __mul__


@pytest.mark.parametrize("n", [1, 50, 1000])
def test_sizes_of_one_side_are_added_once(n):
    _, tree = flatten(numbers(n))
    Counted.operations = 0
    side = Side([tree], [(Counted(2), Counted(3))] * n)
    assert Counted.operations <= 6 * n
    assert side.sizes == [6] * n
    assert side.firsts == list(range(0, 6 * n, 6))
    assert side.size == 6 * n


def test_sizes_of_several_arguments():
    trees = [flatten(x)[1] for x in (1.0, [], [1.0, [2.0]], None, (3.0,))]
    side = Side(trees, [(2,), (), (0, 3), (4,)])
    assert [list(side.numbers(k)) for k in range(5)] == [[0], [], [1, 2], [], [3]]
    assert (side.sizes, side.firsts, side.size) == ([2, 1, 0, 4], [0, 2, 3, 3], 7)
    assert side.extent([0, 2, 4]) == 7
    empty = Side([], [])
    assert (empty.firsts, empty.size) == ([], 0)


def test_the_instructions_for_a_block_do_not_depend_on_their_number():
    rng = np.random.default_rng(0)

    def blocks(rows, columns):
        K, D = sum(rows), sum(columns)
        matrix = rng.integers(1, 99, (K, D)).astype(np.uint32) * (rng.uniform(size=(K, D)) < 0.5)
        where = np.nonzero(matrix)
        entries = (*(k.astype(np.uint32) for k in where), matrix[where])
        found = _blocks(entries, rows, columns)
        expected = np.where(matrix == 0, _core.NO_TERM, matrix)
        tops, lefts = np.cumsum(rows)[:-1], np.cumsum(columns)[:-1]
        parts = [
            part.ravel()
            for band in np.split(expected, tops, axis=0)
            for part in np.split(band, lefts, axis=1)
        ]
        np.testing.assert_array_equal(found, np.concatenate(parts))
        assert found.dtype == np.uint32
        return instructions(lambda: _blocks(entries, rows, columns))

    sizes = [blocks([2], [3]), blocks([0, 2, 0, 1], [3, 0, 0, 2, 0]), blocks([1] * 30, [2] * 40)]
    assert len(set(sizes)) == 1
    assert _blocks((np.empty(0, np.uint32),) * 3, [], [0]).shape == (0,)


class Bar:
    def update(self, n):
        pass


@pytest.mark.parametrize("way", ["one point", "batch", "sweeps"])
def test_memory_is_compared_only_where_it_may_overlap(monkeypatch, way):
    count = 0
    own = np.shares_memory

    def counted(*args):
        nonlocal count
        count += 1
        return own(*args)

    n = 100
    whole = np.ones((n, 4))
    x = [row[:2] for row in whole]  # between the results' memory
    out = [row[2:] for row in whole]
    tape = ad_core.trace(doubled, x)
    tape(x)
    monkeypatch.setattr(np, "shares_memory", counted)
    if way == "sweeps":
        _core.refuse_overlaps(out, x, "f")
    else:
        tape(x, out=out, progress=None if way == "one point" else Bar())
        np.testing.assert_array_equal(whole, np.tile([1.0, 1.0, 2.0, 2.0], (n, 1)))
    assert count == 0


@pytest.mark.parametrize("progress", [None, Bar()])
def test_overlaps_among_many_arrays_raise_an_error(progress):
    n = 50
    x = [np.ones(2) for _ in range(n)]
    tape = ad_core.trace(doubled, x)
    out = [np.empty(2) for _ in range(n)]
    for k in (0, 17, n - 1):
        with pytest.raises(ValueError, match="shares memory with an argument"):
            tape(x, out=[*out[:k], x[3], *out[k + 1 :]], progress=progress)
        j = (k + 5) % n
        wrong = list(out)
        wrong[k] = wrong[j]
        with pytest.raises(ValueError, match=f"arrays {min(j, k)} and {max(j, k)} share memory"):
            tape(x, out=wrong, progress=progress)
    tape(x, out=out, progress=progress)
    np.testing.assert_array_equal(out, np.full((n, 2), 2.0))


def test_overlaps_with_views():
    whole = np.ones((6, 8))
    out = np.zeros(4)
    for part in (
        whole[::-1],
        whole.T,
        whole[:, ::2],
        whole[::2, ::-3],
        np.broadcast_to(out, (3, 4)),
    ):
        for k in range(6):
            row = whole[k, 2:6]
            if np.shares_memory(row, part):
                with pytest.raises(ValueError, match="an argument"):
                    _core.refuse_overlaps([out, row], [part], "f")
            elif not np.shares_memory(out, part):
                _core.refuse_overlaps([out, row], [part], "f")
    with pytest.raises(ValueError, match="an argument"):
        _core.refuse_overlaps([out], [np.broadcast_to(out, (3, 4))], "f")
    empty = np.empty(0)
    _core.refuse_overlaps([empty, empty, out], [empty, out[:0], 3.0, None], "f")


@pytest.mark.parametrize("kind", MAKE)
def test_the_path_of_a_leaf_is_the_one_among_all_paths(kind):
    _, tree = flatten(MAKE[kind](32))
    paths = leaf_paths(tree)
    assert [leaf_path(tree, k) for k in range(tree.leaves)] == paths
    assert leaf_path(flatten((None, [], {"a": [None, 1.0]}))[1], 0) == "[2]['a'][1]"


def test_the_message_names_a_leaf_among_many():
    x = {"a": numbers(300), "b": [1.0, np.ones(2)]}
    wrong = {"a": numbers(300), "b": [1.0, np.ones(3)]}
    text = {"a": [*numbers(299), np.clongdouble(1j)], "b": [1.0, np.ones(2)]}
    for call, place in (
        (lambda: ad_core.jvp(doubled, (x,), (wrong,)), r"at \[0\]\['b'\]\[1\], must have shape"),
        (lambda: ad_core.jvp(doubled, (x,), (text,)), r"at \[0\]\['a'\]\[299\], must be real"),
        (lambda: ad_core.grad(total)(text), r"argument 0 \['a'\]\[299\]"),
        (lambda: ad_core.trace(doubled, x)(text), r"argument 0 \['a'\]\[299\]"),
        (lambda: ad_core.trace(doubled, x).jvp(x, wrong), r"tangent of argument 0 \['b'\]\[1\]"),
        (lambda: ad_core.compile(doubled).jvp(x, wrong), r"tangent of argument 0 \['b'\]\[1\]"),
    ):
        with pytest.raises((TypeError, ValueError), match=place):
            call()
