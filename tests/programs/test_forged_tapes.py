# SPDX-License-Identifier: Apache-2.0
"""Forged tape files: an error that names the entry, or tapes that keep to their limits."""

import os
import random
import re

import numpy as np
import pytest

import ad_core
from ad_core.programs import compiled, tape_file
from ad_core.recording.trees import flatten
from tape_mutants import KINDS, mutant

# 4,000 in all; AD_CORE_MUTANTS=100000 runs as many, AD_CORE_MUTANTS_SEED=7 others.
MUTANTS = int(os.environ.get("AD_CORE_MUTANTS", "4000"))
SEED = os.environ.get("AD_CORE_MUTANTS_SEED", "0")
PARTS = 8

WORK, MEMORY = 1 << 20, 1 << 22  # of the mutants, so that what they legally ask for is soon done
NAMED = re.compile(
    r"arrays? '|header|operation|test '|max_(work|memory)|cut short|format \d|lacks operations"
)
# What a method says of a tape that it is not for.
UNFIT = re.compile(r"one scalar result|one array|Lagrangian Hessian|no instructions")
PRINTABLE = re.compile(r"[^\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e]*")


def assert_printable(text):
    assert PRINTABLE.fullmatch(text), ascii(text)


def assert_is_told(text, words):
    assert re.search(words, text), text
    assert_printable(text)


def two_points(args):
    leaves, tree = flatten(args)
    axes = max((np.ndim(x) for x in leaves), default=0)
    return tree.build([np.stack([x, x]) for x in leaves]) if axes < 64 else args


def uses(tape):
    """The uses of any tape, at the point where it was recorded."""
    args = tape._args
    leaves, tree = flatten(tape.value)
    weights = tree.build([np.ones(np.shape(y))[()] for y in leaves])
    primals = args[0] if len(args) == 1 else args
    yield lambda: tape(*args)
    yield lambda: tape(*two_points(args))
    yield lambda: tape.jacobian(*args)
    yield lambda: tape.jacobian(*two_points(args))
    yield lambda: tape.grad(*args)
    yield lambda: tape.hessian(*args)
    yield lambda: tape.vjp(primals, weights)
    yield lambda: tape.jvp(primals, primals)
    yield lambda: tape.hvp(primals, primals)
    yield lambda: tape.lagrangian_hessian(primals, weights)
    yield lambda: tape.jacobian(*args, sparse=True)
    yield lambda: tape.hessian_sparsity()
    yield lambda: assert_printable(tape.explain())
    yield lambda: tape.instructions("jacobian")
    yield lambda: assert_printable(tape.table())
    yield lambda: tape.adjoints(weights)
    yield lambda: assert_printable(tape.dot())
    yield lambda: assert_printable(repr(tape))


def use(tape):
    for call in uses(tape):
        try:
            with np.errstate(all="ignore"):
                call()
        except ad_core.BranchChanged as error:
            assert_printable(str(error))
        except (ValueError, TypeError, NotImplementedError) as error:
            assert_is_told(str(error), "" if isinstance(error, ValueError) else UNFIT)
    again = ad_core.Tape.from_bytes(tape.to_bytes(), WORK, MEMORY)
    assert again.to_bytes() == tape.to_bytes()


@pytest.fixture
def nothing_is_opened(monkeypatch):
    """Fail if a source file is opened; source lines are read in one place."""

    def refuse(file, number):
        raise AssertionError(f"opened: {file!r}")

    monkeypatch.setattr(compiled, "line_text", refuse)
    monkeypatch.setattr(tape_file, "line_text", refuse)


@pytest.mark.parametrize("part", range(PARTS))
def test_mutants(part, nothing_is_opened):
    source = random.Random(f"{SEED}/{part}")
    accepted, refused = set(), set()
    for number in range(MUTANTS // PARTS):
        kind, data = mutant(source)
        try:
            tape = ad_core.Tape.from_bytes(data, WORK, MEMORY)
        except ValueError as error:
            assert_is_told(f"{part}, {number}, {kind}: {error}", NAMED)
            refused.add(kind)
            continue
        except Exception as error:
            error.add_note(f"part {part}, number {number}, {kind}")
            raise
        accepted.add(kind)
        try:
            use(tape)
        except Exception as error:
            error.add_note(f"part {part}, number {number}, {kind}")
            raise
    assert refused == {kind.__name__ for kind in KINDS}
    assert len(accepted) >= 6
