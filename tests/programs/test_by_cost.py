# SPDX-License-Identifier: Apache-2.0
"""The choice between a program and replays: large recordings work with every method, a program is
made once it pays, and both give the same answers."""

import math

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.programs import by_cost
from ad_core.programs.by_cost import ByCost

RNG = np.random.default_rng(3)
A = RNG.normal(size=(30, 30)) / 6
MANY = 10**6

LARGE = {
    "Rosenbrock": lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
    "quotient": lambda x: np.sum(np.sqrt(1 + x**2) / (1 + np.abs(x))),
    "cumsum": lambda x: np.sum(np.cumsum(x) ** 2) / x.size,
    "running maximum": lambda x: np.sum(np.maximum.accumulate(x)),
    "logarithm of a sum": lambda x: np.logaddexp.reduce(x),
    "without NaN": lambda x: np.nanmean(x * x) + np.nansum(x),
    "average": lambda x: np.average(x, weights=x * x),
    "clipped": lambda x: np.sum(np.maximum(x, 0) * np.clip(x, -1, 1)),
}


def tree(x, steps=1000):
    """The price of an option by a binomial tree."""
    rate, spread, strike = x
    up = np.exp(spread / np.sqrt(steps))
    p = (np.exp(rate / steps) - 1 / up) / (up - 1 / up)
    value = np.maximum(up ** (2.0 * np.arange(steps + 1) - steps) - strike, 0)
    for _ in range(steps):
        value = np.exp(-rate / steps) * (p * value[1:] + (1 - p) * value[:-1])
    return value[0]


def product(x):
    return np.sum(np.tanh(A @ np.reshape(x, (30, 30))) @ A)


def call_of(tape, name):
    return tape._build(name, 0)


@pytest.mark.parametrize("name", LARGE)
def test_a_million_elements(name):
    x = RNG.normal(size=MANY)
    tape = ad_core.trace(LARGE[name], x)
    value, gradient = tape.value_and_grad(x)
    wanted = ad_core.value_and_grad(LARGE[name])(x)
    np.testing.assert_allclose(value, wanted[0], rtol=1e-12)
    np.testing.assert_allclose(gradient, wanted[1], rtol=1e-12, atol=1e-12)
    assert "replayed at each point" in tape.explain()
    tangent = RNG.normal(size=MANY)
    pushed = tape.jvp(x, tangent)
    np.testing.assert_allclose(pushed, np.sum(gradient * tangent), rtol=1e-9)


def test_an_operation_on_an_array_counts_once_however_it_is_recorded():
    """So no program is tried for large folds, which the function computes in one call."""
    for n in (100, 10**5):
        recording = ad_core.trace(LARGE["running maximum"], np.ones(n))._recording
        assert _core.recording_counts(recording.trace)[4:] == (2, 1)  # scalar: the first copy
    tape = ad_core.trace(LARGE["running maximum"], np.ones(10**5))
    tape.value_and_grad(np.ones(10**5))
    assert call_of(tape, "value_and_grad").failed == 0


def test_a_million_elements_of_second_order():
    x, t = RNG.normal(size=(2, MANY))
    tape = ad_core.trace(LARGE["Rosenbrock"], x)
    np.testing.assert_allclose(tape.hvp(x, t), ad_core.hvp(LARGE["Rosenbrock"], (x,), (t,)))


def test_a_tree_of_a_thousand_steps():
    x = np.array([0.03, 0.2, 1.05])
    tape = ad_core.trace(tree, x)
    other = x + 0.01
    found = tape.value_and_grad(np.stack([x, other]))
    for k, point in enumerate((x, other)):
        value, gradient = ad_core.value_and_grad(tree)(point)
        np.testing.assert_allclose(found[0][k], value, rtol=1e-10)
        np.testing.assert_allclose(found[1][k], gradient, rtol=1e-9, atol=1e-12)


METHODS = {
    "value": lambda tape, x: tape(x),
    "grad": lambda tape, x: tape.grad(x),
    "value_and_grad": lambda tape, x: tape.value_and_grad(x),
    "jacobian": lambda tape, x: tape.jacobian(x),
    "value_and_jacobian": lambda tape, x: tape.value_and_jacobian(x),
    "hessian": lambda tape, x: tape.hessian(x),
    "jvp": lambda tape, x: tape.jvp(x, np.cos(x)),
    "vjp": lambda tape, x: tape.vjp(x, np.ones(x.shape[:-1])),
    "hvp": lambda tape, x: tape.hvp(x, np.cos(x)),
    "ggnvp": lambda tape, x: tape.ggnvp(x, np.cos(x)),
    "lagrangian_hessian": lambda tape, x: tape.lagrangian_hessian(x, np.ones(x.shape[:-1])),
}


def curve(x):
    return np.sum(np.exp(-x * x) * np.sin(x[0] * x)) + np.sum(x[1:] * x[:-1])


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("points", [(), (3,), (2, 3)])
def test_replays_and_programs_agree(name, points, monkeypatch):
    x = RNG.normal(size=(*points, 6))
    wanted = METHODS[name](ad_core.trace(curve, np.ones(6)), x)
    monkeypatch.setattr(by_cost, "FIRST", 0)
    tape = ad_core.trace(curve, np.ones(6))
    found = METHODS[name](tape, x)
    assert type(call_of(tape, name)) is ByCost
    if not isinstance(found, tuple):
        found, wanted = (found,), (wanted,)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)


def test_matrix_products_are_replayed_at_single_points():
    x = RNG.normal(size=900)
    tape = ad_core.trace(product, x)
    tape.value_and_grad(x)
    stand_in = call_of(tape, "value_and_grad")
    assert type(stand_in) is ByCost
    assert stand_in.call is None
    text = tape.explain()
    assert "replayed at each point" in text
    assert "reason" in text


def test_a_batch_gets_a_program():
    def small(x):
        return np.sum(np.tanh(A[:8, :8] @ x) ** 2)

    x = RNG.normal(size=(5000, 8))
    tape = ad_core.trace(small, x[0])
    found = tape.grad(x)
    call = call_of(tape, "grad")
    assert not isinstance(call, ByCost) or call.call is not None
    np.testing.assert_allclose(found[7], ad_core.grad(small)(x[7]), rtol=1e-12)


def test_a_program_is_made_when_replays_have_cost_as_much():
    x = RNG.normal(size=2000)
    tape = ad_core.trace(curve, x)
    wanted = tape.grad(x)
    stand_in = call_of(tape, "grad")
    assert type(stand_in) is ByCost
    assert stand_in.call is None
    calls = math.ceil(stand_in.costs.least * by_cost.MAKE / stand_in.costs.replay)
    for _ in range(4 * calls):
        np.testing.assert_allclose(tape.grad(x), wanted, rtol=1e-12, atol=1e-13)
    assert stand_in.call is not None
    if stand_in.settled:
        assert type(call_of(tape, "grad")) is _core.Call


def test_a_function_takes_the_same_choice():
    x = RNG.normal(size=900)
    function = ad_core.compile(product)
    np.testing.assert_allclose(function.grad(x), ad_core.grad(product)(x), rtol=1e-12)
    assert "replayed at each point" in function.explain(x)


def test_replays_keep_guards():
    def f(x):
        y = np.tanh(A @ np.reshape(x, (30, 30))) @ A
        return np.sum(y) if x[0] > 0 else np.sum(y * y)

    x = np.abs(RNG.normal(size=900))
    tape, function = ad_core.trace(f, x), ad_core.compile(f)
    tape.grad(x)
    with pytest.raises(ad_core.BranchChanged, match=r"x\[0\] > 0"):
        tape.grad(-x)
    for point in (x, -x, 2 * x):
        np.testing.assert_allclose(function.grad(point), ad_core.grad(f)(point), rtol=1e-12)


def test_instructions_are_those_of_a_program():
    rows, outputs = ad_core.trace(curve, np.ones(2000)).instructions("grad")
    assert len(outputs) == 2000
    assert len(rows) > 2000


def test_a_chain_of_sums_is_not_searched_through_to_the_end():
    """Its Jacobian has hardly any terms, but as many shares as entries."""

    def chained(x):
        total, parts = 0.0, []
        for k in range(x.size):
            total = total + x[k]
            parts.append(total)
        return np.stack(parts)

    tape = ad_core.trace(chained, np.ones(1500))
    np.testing.assert_array_equal(tape.jacobian(np.ones(1500)), np.tril(np.ones((1500, 1500))))


def test_a_limit_that_was_too_small_is_not_tried_again(monkeypatch):
    tried = []

    def too_large(source, name, argnums, report, room):
        tried.append(room)
        raise _core.ProgramTooLarge

    monkeypatch.setattr("ad_core.programs.compiled.build", too_large)
    tape = ad_core.trace(curve, np.ones(6))
    for _ in range(3):
        np.testing.assert_allclose(tape.grad(np.ones(6)), ad_core.grad(curve)(np.ones(6)))
    assert len(tried) == 1


@pytest.mark.parametrize("name", ["grad", "jacobian", "hessian"])
def test_a_program_that_fails_leaves_the_graph_usable(name):
    """A limit that stops one method's program does not disturb the others."""
    x = RNG.normal(size=6)
    tape = ad_core.trace(curve, x)
    with pytest.raises(_core.ProgramTooLarge):
        tape._program(name, 0, None, 1)
    np.testing.assert_allclose(tape.grad(x), ad_core.grad(curve)(x), rtol=1e-12)
    np.testing.assert_allclose(tape.hessian(x), ad_core.hessian(curve)(x), rtol=1e-11)


def test_a_matrix_of_calls_is_replayed(monkeypatch):
    """A program would call the rule for each seed; no attempt is made at single points."""

    def refused(*args):
        raise AssertionError

    def inverse(a):
        return np.linalg.inv(a + 2 * np.eye(len(a)))

    monkeypatch.setattr("ad_core.programs.compiled.build", refused)
    a = RNG.normal(size=(12, 12))
    tape = ad_core.trace(inverse, a)
    found = tape.jacobian(1.1 * a)
    np.testing.assert_allclose(found, ad_core.jacobian(inverse)(1.1 * a), rtol=1e-11)
    assert "take as long" in tape.explain()


def test_a_program_that_is_slower_is_kept_for_batches(monkeypatch):
    monkeypatch.setattr(by_cost, "CACHED", 0)
    monkeypatch.setattr(by_cost, "SLOW", 10**6)
    tape = ad_core.trace(curve, np.ones(6))
    x = RNG.normal(size=(5, 6))
    wanted = [ad_core.grad(curve)(at) for at in x]
    np.testing.assert_allclose(tape.grad(x[0]), wanted[0], rtol=1e-12)
    stand_in = call_of(tape, "grad")
    assert type(stand_in) is ByCost
    assert stand_in.call is not None
    assert "it is used for batches" in stand_in.facts["reason"]
    monkeypatch.setattr(by_cost, "SLOW", 1)
    np.testing.assert_allclose(tape.grad(x), wanted, rtol=1e-12)
    assert type(call_of(tape, "grad")) is _core.Call
