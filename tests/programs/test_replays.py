# SPDX-License-Identifier: Apache-2.0
"""Replays of a recording: values and partials are computed in memory that is used again, and the
recording itself is never changed."""

import gc

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.recording.record import record
from threads import everywhere

RNG = np.random.default_rng(8)
B = RNG.normal(size=(7, 7)) / 3


def looped(x):
    """A number of which each depends on the last."""
    y = x[0]
    for k in range(1, x.size):
        y = np.tanh(y * x[k] + 0.1)
    return y


FUNCTIONS = {
    "elementwise": lambda x: np.sum(np.sin(x) * np.exp(-x * x)),
    "products": lambda x: np.sum(np.tanh(B @ np.reshape(x, (7, 7))) @ B),
    "running maximum": lambda x: np.sum(np.maximum.accumulate(x) * x),
    "logarithm of a sum": lambda x: np.logaddexp.reduce(x),
    "running product": lambda x: np.sum(np.cumprod(x)),
    "running extremes of rows": lambda x: np.sum(
        np.minimum.accumulate(np.sin(40 * np.reshape(x, (7, 7))), axis=1) ** 2
    ),
    "running products of columns": lambda x: np.sum(
        np.multiply.accumulate(np.reshape(x, (-1, 7))[::-1], axis=0)
    ),
    "folds of constants first": lambda x: np.sum(
        np.logaddexp.accumulate(np.concatenate([B[0], x]))
    ),
    "running sum": lambda x: np.sum(np.cumsum(x) ** 2),
    "lists": lambda x: np.sum(x[[3, 1, 2]] * x[::-1][[0, 5, 5]]),
    "sorted": lambda x: np.sum(np.sort(x)[::2] ** 2),
    "extremes": lambda x: np.max(np.reshape(x, (7, 7)), axis=0).sum() - np.min(x),
    "convolved": lambda x: np.sum(np.convolve(x, x[:5]) ** 2),
    "places": lambda x: np.sum(np.bincount(np.arange(49) % 5, x) ** 2),
    "rules": lambda x: np.linalg.det(np.reshape(x, (7, 7))),
    "solved": lambda x: np.sum(np.linalg.solve(B + np.diag(x[:7]), x[7:14])),
    "inner derivative": lambda x: np.sum(ad_core.grad(lambda y: np.sum(y**3 * x))(x)),
    "at numbers": lambda x: np.sum(x * ad_core.grad(lambda y: np.sum(y**3))(np.ones(49))),
    "norm": lambda x: np.linalg.norm(x) ** 2,
    "scalars": looped,
    "several results": lambda x: np.stack([x[0] * x[1], np.sum(x), x[3] + 0.0]),
    "an input": lambda x: x,
    "constant": lambda x: np.sum(0.0 * x) + np.sum(B),
}


def points(count):
    """Points of one path: only the first has the order in which the function was recorded."""
    x = np.sort(RNG.normal(size=49))
    return [x + 1e-3 * k * np.linspace(1, 2, 49) for k in range(count)]


def results(recording):
    found = recording.value(), recording.jacobian()
    assert all(np.ndim(y) == 0 or y.flags.owndata or y.base is not None for y in found)
    return found


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_replay_has_the_bits_of_a_recording(name):
    fun = FUNCTIONS[name]
    first, *others = points(4)
    recording = record(fun, (first,), {}, 0)
    own = results(recording)
    inputs = recording.inputs.nodes
    for x in (*others, first, others[0]):
        trace, flipped = _core.replayed(recording.trace, inputs, x)
        assert not flipped
        anew = type(recording)(trace, recording.inputs, recording.outputs, True, None)
        wanted = results(record(fun, (x,), {}, 0))
        for found, want in zip(results(anew), wanted, strict=True):
            np.testing.assert_array_equal(found, want)
    for found, want in zip(results(recording), own, strict=True):
        np.testing.assert_array_equal(found, want)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("method", ["value", "jacobian", "jvp", "vjp", "hvp", "hessian"])
def test_methods_by_replay_are_those_of_one_call(name, method):
    fun = FUNCTIONS[name]
    first, x, other = points(3)
    tape = ad_core.trace(fun, first)
    if method in ("hvp", "hessian") and np.ndim(tape.value) > 0:
        return
    t, w = np.cos(x), np.ones(np.shape(tape.value))
    given, wanted = {
        "value": ([x], lambda: fun(x)),
        "jacobian": ([x], lambda: ad_core.jacobian(fun)(x)),
        "jvp": ([x, t], lambda: ad_core.jvp(fun, (x,), (t,))[1]),
        "vjp": ([x, w], lambda: ad_core.vjp(fun, x)[1](w if w.ndim else 1.0)[0]),
        "hvp": ([x, t], lambda: ad_core.hvp(fun, (x,), (t,))),
        "hessian": ([x], lambda: ad_core.hessian(fun)(x)),
    }[method]
    again = tape._again(method, 0)
    again.evaluate([other, *given[1:]], None, None, None)
    found = again.evaluate(given, None, None, None)
    np.testing.assert_allclose(found, wanted(), rtol=1e-12, atol=1e-13)
    out = np.empty(np.shape(found))
    assert again.evaluate(given, [out], None, None) is out
    np.testing.assert_array_equal(out, found)


def test_results_do_not_change_with_the_next_replay():
    first, x, other = points(3)
    again = ad_core.trace(FUNCTIONS["an input"], first)._again("value_and_jacobian", 0)
    value, matrix = again.evaluate([x], None, None, None)
    kept = value.copy(), matrix.copy()
    again.evaluate([other], None, None, None)
    np.testing.assert_array_equal(value, kept[0])
    np.testing.assert_array_equal(matrix, kept[1])


def test_a_recording_is_not_evaluated_at_its_own_point():
    x = points(1)[0]
    recording = record(FUNCTIONS["rules"], (x,), {}, 0)
    assert _core.replayed(recording.trace, recording.inputs.nodes, x) == (recording.trace, [])
    other, _ = _core.replayed(recording.trace, recording.inputs.nodes, -x)
    assert other is not recording.trace
    zero = record(lambda x: x * 2.0, (0.0,), {}, 0)
    assert _core.replayed(zero.trace, zero.inputs.nodes, np.array([-0.0]))[0] is not zero.trace


def test_replays_that_exist_at_once():
    """Each has its own values, also after others have been dropped."""
    first, *others = points(6)
    fun = FUNCTIONS["elementwise"]
    recording = record(fun, (first,), {}, 0)
    held = []
    for x in others:
        trace, _ = _core.replayed(recording.trace, recording.inputs.nodes, x)
        held.append((trace, x))
        if len(held) == 3:
            del held[1]
    del trace
    gc.collect()
    for trace, x in held:
        found = _core.values_at(trace, recording.outputs.nodes, ())
        assert found == record(fun, (x,), {}, 0).value()


def test_a_replay_outlives_its_recording():
    first, x = points(2)
    fun = FUNCTIONS["rules"]
    recording = record(fun, (first,), {}, 0)
    nodes = recording.outputs.nodes
    trace, _ = _core.replayed(recording.trace, recording.inputs.nodes, x)
    del recording
    gc.collect()
    assert _core.values_at(trace, nodes, ()) == fun(x)


def test_memory_that_is_kept_for_the_next_replay_is_counted():
    first, x = points(2)
    recording = record(FUNCTIONS["elementwise"], (first,), {}, 0)
    before = _core.tape_size(recording.trace)
    trace, _ = _core.replayed(recording.trace, recording.inputs.nodes, x)
    assert _core.tape_size(recording.trace) == before
    del trace
    kept = _core.tape_size(recording.trace)["bytes"] - before["bytes"]
    assert kept == 8 * (before["nodes"] + before["partials"])


def test_replays_on_threads():
    first, *others = points(9)
    fun = FUNCTIONS["products"]
    again = ad_core.trace(fun, first)._again("value_and_grad", 0)
    wanted = [ad_core.value_and_grad(fun)(x) for x in others]
    wrong = []

    def work(k):
        for _ in range(30):
            value, gradient = again.evaluate([others[k]], None, None, None)
            if value != wanted[k][0] or not np.array_equal(gradient, wanted[k][1]):
                wrong.append(k)

    everywhere(work, len(others))
    assert not wrong


class Unwilling:
    """A function with a rule that replays the recording it is part of, or raises."""

    def __init__(self):
        self.then = None

    def __call__(self, x):
        if self.then is not None:
            then, self.then = self.then, None
            then()
        return x * 2.0


def ruled():
    """A tape with a call of such a function, and the function."""
    unwilling = Unwilling()
    outer = ad_core.external(unwilling, jacobian=lambda x: 2.0 * np.eye(3))
    first = np.array([1.0, 2.0, 3.0])
    return ad_core.trace(lambda x: np.sum(outer(x) ** 2 * x), first), unwilling, first


def test_a_rule_that_replays_the_same_recording():
    tape, unwilling, first = ruled()
    again = tape._again("grad", 0)
    inner = []
    unwilling.then = lambda: inner.append(again.evaluate([3 * first], None, None, None))
    found = again.evaluate([2 * first], None, None, None)
    np.testing.assert_allclose(found, 12 * (2 * first) ** 2)
    np.testing.assert_allclose(inner[0], 12 * (3 * first) ** 2)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_a_replay_that_fails_damages_nothing(error):
    tape, unwilling, first = ruled()
    again = tape._again("grad", 0)

    def fail():
        raise error

    for _ in range(3):
        unwilling.then = fail
        with pytest.raises(error):
            again.evaluate([5 * first], None, None, None)
        np.testing.assert_allclose(again.evaluate([2 * first], None, None, None), 48 * first**2)
        np.testing.assert_allclose(tape.grad(first), 12 * first**2)


def test_guards_of_replays():
    fun = FUNCTIONS["sorted"]
    first, x = points(2)
    again = ad_core.trace(fun, first)._again("grad", 0)
    good = again.evaluate([x], None, None, None)
    _, missed = again.batch([x[::-1]], None, None, None)
    _, each = again.batch([np.stack([x, x[::-1], x])], None, None, None)
    guard = again.at(x[::-1])[1][0]  # 0 or 1 + the number of the guard
    assert missed == 1 + guard
    assert missed.shape == ()
    assert each.tolist() == [0, 1 + guard, 0]
    np.testing.assert_array_equal(again.evaluate([x], None, None, None), good)


def swapped(x):
    """Later operations of the same length read results from their end, or one place further."""
    y = np.sin(x) * x
    z = y[::-1] * 3.0 + y
    return np.sum(z * z[0]) + np.sum(z[1:] * y[:-1] + z[:-1])


LONG = {
    "a chain": lambda x: np.sum(np.exp(-((np.sin(x) * x + 1.0) ** 2)) / (1.0 + np.abs(x))),
    "a long chain": lambda x: np.sum(np.polyval(np.linspace(0.1, 1.0, 20), x * 0.3)),
    "reversed and shifted": swapped,
    "a number": lambda x: np.sum((x * x[0] - x[-1]) * np.tanh(x)),
    "masks": lambda x: np.sum(np.where(x > 0.1, x * x, np.sin(x)) * np.maximum(x, 0.2)),
    "rows": lambda x: np.sum(np.sin(x.reshape(100, 30) * x[:30]) * x.reshape(100, 30)[::-1]),
    "lists": lambda x: np.sum(np.sin(x[np.arange(3000) ** 2 % 3000] * x) * x),
    "written in place": lambda x: in_place(x * 1.0),
    "several lengths": lambda x: np.sum(np.diff(np.cos(x)) * x[1:]) + np.sum(np.cos(x) * x),
}


def in_place(y):
    y[1500:] *= 2.0
    y[:1500] += y[1500:]
    y -= np.sin(y)
    return np.sum(y * y)


@pytest.mark.parametrize("name", LONG)
def test_chunks_of_long_arrays_have_the_bits_of_a_recording(name):
    """Long operations are computed chunk by chunk."""
    fun, first = LONG[name], RNG.normal(size=3000)
    recording = record(fun, (first,), {}, 0)
    inputs, compared = recording.inputs.nodes, 0
    for x in (first * 1.000001, np.copysign(np.abs(first) * 1.01, first), first):
        trace, flipped = _core.replayed(recording.trace, inputs, x)
        if flipped:
            continue
        anew = type(recording)(trace, recording.inputs, recording.outputs, True, None)
        wanted = record(fun, (x,), {}, 0)
        np.testing.assert_array_equal(anew.value(), wanted.value())
        np.testing.assert_array_equal(anew.jacobian(), wanted.jacobian())
        compared += 1
    assert compared
