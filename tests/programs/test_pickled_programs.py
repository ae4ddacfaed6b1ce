# SPDX-License-Identifier: Apache-2.0
"""A pickled tape is the tape: random programs with constants anywhere in what they join, recorded,
pickled and evaluated beside the original; and files that were changed."""

import contextlib
import pickle

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.programs import tape_file
from tape_bytes import put_together, taken_apart

D = 4  # inputs of every program


def constants(rng, n):
    return rng.uniform(-1.0, 1.0, n)


def mixed(rng, x):
    """Numbers of x and constants in any order, in half of the cases with a constant first."""
    parts = [constants(rng, rng.integers(1, 3)), x, constants(rng, 1), x[::-1]]
    order = rng.permutation(4) if rng.random() < 0.5 else np.arange(4)
    return np.concatenate([parts[k] for k in order])


def listed(rng, x):
    numbers = [x[k] if rng.random() < 0.6 else float(rng.uniform(-1, 1)) for k in range(len(x))]
    return np.array([float(rng.uniform(-1, 1)), *numbers, np.sum(x)])


def stacked(rng, x):
    rows = [constants(rng, len(x)), x, np.cos(x), np.full(len(x), 0.3)]
    return np.stack([rows[k] for k in rng.permutation(4)], axis=int(rng.integers(2)))


def stored(rng, x):
    out = np.full(len(x) + 2, 0.25)
    out[rng.permutation(len(x) + 2)[: len(x)]] = x
    return out


def masked(rng, x):
    mixture = mixed(rng, x)
    return np.where(rng.random(len(mixture)) < 0.5, mixture, constants(rng, len(mixture)))


def padded(rng, x):
    return np.pad(x, (int(rng.integers(1, 3)), 1), constant_values=0.5)


def at_numbers(rng, x):
    """Derivatives at plain numbers, within the function, of sorting, selecting and adding."""
    inner = [
        lambda t: np.sum(np.sort(t) * np.arange(3.0)), lambda t: np.prod(t),
        lambda t: np.max(t) * t[0] if t[0] > t[1] else t[1] ** 2, lambda t: np.cumprod(t)[-1],
    ]  # fmt: skip
    slope = ad_core.grad(inner[rng.integers(len(inner))])(constants(rng, 3))
    return np.concatenate([slope, x, slope]) if rng.random() < 0.5 else x * np.sum(slope)


def of_both(rng, x):
    """A derivative at plain numbers of a function that depends on the outer input."""
    scale = constants(rng, 3)
    return ad_core.jacobian(lambda t: np.sort(t) * np.sum(t * t) * np.sum(x[:2]))(scale)[0]


def joined(rng, x):
    """Operands, of which each may begin with a constant."""
    a, b = mixed(rng, x), mixed(rng, np.sin(x))
    n = min(len(a), len(b))
    choice = [np.multiply, np.arctan2, np.hypot, np.maximum, np.subtract, np.logaddexp]
    return choice[rng.integers(len(choice))](a[:n], b[:n])


JOINS = [mixed, listed, stacked, stored, masked, padded, at_numbers, of_both, joined]
USES = [
    lambda rng, y: np.sum(y, axis=0), lambda rng, y: np.sort(y, axis=-1),
    lambda rng, y: np.cumsum(y, axis=0), lambda rng, y: np.cumprod(np.cos(y), axis=0),
    lambda rng, y: np.max(y, axis=-1) * np.min(y), lambda rng, y: y @ y.T,
    lambda rng, y: y[y > 0.1] if np.any(y > 0.1) else y * 0.5,
    lambda rng, y: np.multiply.accumulate(y, axis=0), lambda rng, y: np.diff(y, axis=0),
    lambda rng, y: y[np.argmax(np.ravel(y)) % len(y)] * y, lambda rng, y: np.prod(np.cos(y)),
    lambda rng, y: y * 2.0 if np.sum(y) > 0.3 else y * y, lambda rng, y: np.median(y) * y,
    lambda rng, y: np.var(y) + y, lambda rng, y: np.ravel(y)[::-1], lambda rng, y: np.mean(y) * y,
]  # fmt: skip


def program(seed):
    """A function of D numbers: joins, and what is made of them, in turn."""

    def f(x):
        rng = np.random.default_rng(seed)  # the same choices in every call
        y = x
        for _ in range(int(rng.integers(1, 4))):
            y = JOINS[rng.integers(len(JOINS))](rng, np.ravel(np.sin(y))[:6] * 1.3)
            for _ in range(int(rng.integers(1, 3))):
                y = USES[rng.integers(len(USES))](rng, np.atleast_1d(y))
        return np.ravel(y)[:8]

    return f


def point(seed, number):
    return np.random.default_rng([seed, 7]).uniform(-1.0, 1.0, D) + 0.3 * number


def told(ask, *args):
    """The results of a tape, or, if the point takes another path, the comparison in the error."""
    try:
        return ask(*args)
    except ad_core.BranchChanged as error:
        return str(error)


def assert_same(found, expected):
    if isinstance(expected, str):
        assert found == expected
    else:
        # what stems from constants alone is computed once more where the tape stands in a file
        np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)


def assert_is_the_tape(copied, tape, points):
    for x in points:
        assert_same(told(copied, x), told(tape, x))
        assert_same(told(copied.jacobian, x), told(tape.jacobian, x))
    own, other = copied._recording, tape._recording
    for mode in ("fwd", "rev"):
        assert_same(own.jacobian(mode), other.jacobian(mode))
    X = np.stack([points[0]] * 5)
    assert_same(copied.jacobian(X), tape.jacobian(X))
    assert_same(copied.lagrangian_hessian(points[0], np.ones(tape.value.shape)),
                tape.lagrangian_hessian(points[0], np.ones(tape.value.shape)))  # fmt: skip
    replayed, flipped = _core.replayed(own.trace, own.inputs.nodes, points[0])
    assert not flipped
    assert_same(_core.values_at(replayed, own.outputs.nodes, tape.value.shape), tape.value)


@pytest.mark.parametrize("seed", range(90))
def test_a_pickled_program_is_the_program(seed):
    f, points = program(seed), [point(seed, k) for k in range(4)]
    tape = ad_core.trace(f, points[0])
    assert_is_the_tape(pickle.loads(pickle.dumps(tape)), tape, points)
    np.testing.assert_allclose(tape.value, f(points[0]), rtol=1e-12, atol=1e-13)
    first, second = steps(tape, points[0], 2e-3), steps(tape, points[0], 1e-3)
    if np.allclose(first, second, rtol=1e-7, atol=1e-8):  # no kink, and no other path, nearby
        np.testing.assert_allclose(tape.jacobian(points[0]), second, rtol=1e-5, atol=1e-6)


def steps(tape, x, h):
    """The Jacobian by differences of eighth order; NaN where a step takes another path."""
    weights = {1: 4 / 5, 2: -1 / 5, 3: 4 / 105, 4: -1 / 280}
    columns = []
    for unit in np.eye(D) * h:
        ends = {k: [told(tape, x + k * unit), told(tape, x - k * unit)] for k in weights}
        if any(isinstance(value, str) for pair in ends.values() for value in pair):
            return np.full((tape.value.size, D), np.nan)
        columns.append(sum(c * (ends[k][0] - ends[k][1]) / h for k, c in weights.items()))
    return np.stack(columns, axis=1)


# ------------------------------------------------------------------------------ files of before


def test_a_constant_that_comes_first():
    x = np.array([0.3, -0.2, 0.9])
    for f in (
        lambda x: np.sum(np.concatenate([[1.0], x])),
        lambda x: np.sort(np.concatenate([[0.1], x])),
        lambda x: np.max(np.array([0.0, x[0], 1.0, x[1]])) * np.concatenate([[2.0], x]),
        lambda x: np.cumprod(np.concatenate([np.full((1, 3), 2.0), x[None]]), axis=0),
    ):
        tape = ad_core.trace(f, x)
        copied = pickle.loads(pickle.dumps(tape))
        np.testing.assert_array_equal(copied.jacobian(x), tape.jacobian(x))
        assert np.any(copied.jacobian(x))
        np.testing.assert_array_equal(copied.jacobian(x), ad_core.jacobian(f)(x))


def test_a_file_in_which_operations_are_missing():
    """As an early version wrote it: the run whose list begins with a constant is gone, and what it
    computed stands there as constants."""
    tape = ad_core.trace(lambda x: np.sum(np.concatenate([[1.0], x])) * x[0], np.ones(3))
    header, arrays = taken_apart(tape.to_bytes())
    sums = [k for k, run in enumerate(arrays["runs"]) if run[2] == _core.BLOCK_FORM]
    (gone,) = arrays["runs"][sums]
    arrays["runs"] = np.delete(arrays["runs"], sums, axis=0)
    at = np.searchsorted(arrays["leaves"], gone[0])
    for key, value in (("leaves", gone[0]), ("constant", 1), ("values", 4.0)):
        arrays[key] = np.insert(arrays[key], at, value)
    with pytest.raises(
        tape_file.IncompleteError, match=r"lacks operations.*trace and save the function again"
    ):
        ad_core.Tape.from_bytes(put_together(header, arrays))
    assert issubclass(tape_file.IncompleteError, ValueError)


# -------------------------------------------------------------------------------- changed files


def changed(seed):
    """The file of a program with some of its numbers changed."""
    rng = np.random.default_rng([seed, 3])
    tape = ad_core.trace(program(seed), point(seed, 0))
    header, arrays = taken_apart(tape.to_bytes())
    names = [name for name in arrays if arrays[name].size]
    for _ in range(int(rng.integers(1, 3))):
        array = arrays[names[rng.integers(len(names))]].reshape(-1)
        k = rng.integers(array.size)
        array[k] = array[rng.integers(array.size)] if rng.random() < 0.6 else array[k] + 1
    return tape, put_together(header, arrays)


@pytest.mark.parametrize("seed", range(120))
def test_a_changed_file_raises_or_is_another_tape(seed):
    """A whole one: its ways to a derivative agree, and it is the same in a file of its own."""
    tape, data = changed(seed)
    other = None
    with contextlib.suppress(ValueError):  # every other error is a failure of the test
        other = ad_core.Tape.from_bytes(data)
    if other is None:
        return
    x = point(seed, 0)
    if other._recording.inputs.shapes != [(D,)] or other.value.shape != tape.value.shape:
        return
    with np.errstate(all="ignore"):
        forward, reverse = (other._recording.jacobian(mode) for mode in ("fwd", "rev"))
        again = ad_core.Tape.from_bytes(other.to_bytes())
        if np.all(np.isfinite(forward)) and np.all(np.isfinite(reverse)):
            np.testing.assert_allclose(forward, reverse, rtol=1e-9, atol=1e-9)
        assert_same(again._recording.jacobian("fwd"), forward)
        assert_same(told(again.jacobian, x), told(other.jacobian, x))
        assert_same(told(again, x), told(other, x))
