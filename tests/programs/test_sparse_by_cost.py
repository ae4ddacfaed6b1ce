# SPDX-License-Identifier: Apache-2.0
"""The choice between a program of all entries and products with few seeds: both give the same
entries in the same pattern, and neither is set up at a cost that it cannot save."""

import numpy as np
import pytest

import ad_core
from ad_core import _core
from ad_core.programs import by_cost, sparse, sparse_costs
from ad_core.programs.by_cost import ByCost
from ad_core.programs.sparse import Compressed
from ad_core.programs.sparse_costs import SparseCosts
from ad_core.recording.record import record

RNG = np.random.default_rng(5)


def area(u):
    """The area of a surface over a square grid."""
    u = u.reshape(int(np.sqrt(u.size)), -1)
    a, b = u[1:, :-1] - u[:-1, :-1], u[:-1, 1:] - u[:-1, :-1]
    return np.sum(np.sqrt(1.0 + a**2 + b**2))


def bands(x):
    y = np.zeros(x.size - 6)
    for k in range(7):
        y = y + np.sin(x[k : x.size - 6 + k]) * x[3:-3]
    return y


def cancelling(x):
    """Derivatives by x[k + 1] cancel, and x[0] has no entry below the first."""
    return x * x + (x - x) * np.roll(x, -1) + 0.0 * x[0]


def stretched(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def branched(x):
    y = np.where(x > 0, x * np.roll(x, 1), np.exp(x) * np.roll(x, 2))
    y[0] = np.sum(np.maximum(x, 0.5))
    return y


KINDS = {
    "area": (area, "hessian"),
    "stretched": (stretched, "hessian"),
    "bands": (bands, "jacobian"),
    "cancelling": (cancelling, "jacobian"),
    "branched": (branched, "jacobian"),
    "sums over an axis": (lambda x: np.sum(np.sin(x.reshape(-1, 4)), axis=0), "jacobian"),
    "linear": (lambda x: x[1:] - x[:-1], "jacobian"),
    "nothing": (lambda x: np.sum(x), "hessian"),
}


def call_of(tape, what):
    return tape._build(f"sparse_{what}", 0)


def costs_of(fun, what, x):
    """The recording at a point, and the SparseCosts of its derivative."""
    recording = record(fun, (x,), {}, 0)
    swept = recording.differentiated() if what == "hessian" else recording
    return recording, SparseCosts(recording, f"sparse_{what}", _core.sweep_edges(swept.trace))


def postponed(monkeypatch):
    """Let programs be made only when a test asks for them."""
    monkeypatch.setattr(by_cost, "FIRST", 0)
    monkeypatch.setattr(by_cost, "MAKE", 1 << 60)


def points(n):
    """Points with zeros, ties and large numbers."""
    x = RNG.normal(size=(4, n))
    x[1, ::3] = 0.0
    x[2] = np.round(x[2])
    x[3, ::5] *= 1e8
    return x


@pytest.mark.parametrize("name", KINDS)
def test_a_later_program_has_the_pattern_of_the_products(name, monkeypatch):
    fun, what = KINDS[name]
    x = points(36)
    postponed(monkeypatch)
    tape = ad_core.trace(fun, x[0])
    derivative = getattr(tape, what)
    swept = [derivative(at, sparse=True) for at in x]
    stand_in = call_of(tape, what)
    assert type(stand_in) is ByCost
    assert stand_in.call is None
    pattern = getattr(tape, f"{what}_sparsity")()
    stand_in.try_program(1 << 20)
    assert stand_in.call is not None
    monkeypatch.setattr(ByCost, "pays", lambda self, points: True)
    for at, before in zip(x, swept, strict=True):
        after = derivative(at, sparse=True)
        assert after.indptr is before.indptr
        assert after.indices is before.indices
        scale = np.abs(before.data).max(initial=1.0)
        np.testing.assert_allclose(after.data, before.data, rtol=1e-10, atol=1e-13 * scale)
    assert (getattr(tape, f"{what}_sparsity")() != pattern).nnz == 0
    batch = derivative(x, sparse=True)
    wanted = np.stack([y.data for y in swept])
    scale = np.abs(wanted).max(initial=1.0)
    np.testing.assert_allclose(batch, wanted, rtol=1e-10, atol=1e-12 * scale)


@pytest.mark.parametrize("name", KINDS)
def test_value_and_jacobian_before_and_after(name, monkeypatch):
    fun, what = KINDS[name]
    if what == "hessian":
        return
    x = points(36)[0]
    postponed(monkeypatch)
    tape = ad_core.trace(fun, x)
    before = tape.value_and_jacobian(1.1 * x, sparse=True)
    stand_in = tape._build("sparse_value_and_jacobian", 0)
    stand_in.try_program(1 << 20)
    monkeypatch.setattr(ByCost, "pays", lambda self, points: True)
    after = tape.value_and_jacobian(1.1 * x, sparse=True)
    np.testing.assert_allclose(after[0], before[0], rtol=1e-13)
    np.testing.assert_allclose(after[1].toarray(), before[1].toarray(), rtol=1e-12, atol=1e-12)
    assert after[1].indices is before[1].indices


@pytest.mark.parametrize("name", ["area", "stretched", "bands", "branched"])
def test_no_attempt_costs_more_than_some_calls(name, monkeypatch):
    """The terms that attempts may add are bounded before any call has been made."""
    fun, what = KINDS[name]
    rooms = []

    def counted(source, name, argnums, report, room=None, structure=None):
        rooms.append(room)
        raise _core.ProgramTooLarge

    monkeypatch.setattr(sparse, "build", counted)
    x = RNG.normal(size=100 * 100)
    tape = ad_core.trace(fun, x)
    found = getattr(tape, what)(x, sparse=True)
    wanted = getattr(ad_core, what)(fun, sparse=True)(x)
    np.testing.assert_allclose(found.data, wanted.data, rtol=1e-12)
    stand_in = call_of(tape, what)
    assert type(stand_in) is ByCost
    assert len(rooms) <= 1
    recording, costs = costs_of(fun, what, x)
    products = min(stand_in.replayed.swept.route.candidates.values())
    for room in rooms:
        assert costs.estimate(recording, recording) <= room <= costs.room(products)
    # The next attempt is due when the replays have cost as much as it may.
    made = len(rooms)
    calls = int(stand_in.costs.least * by_cost.MAKE / stand_in.costs.replay) + 2
    for _ in range(2 * calls if not rooms else 0):
        stand_in.spent += stand_in.costs.replay
    stand_in.try_program(stand_in.spent / by_cost.MAKE)
    assert len(rooms) - made <= 1


@pytest.mark.parametrize("name", ["area", "stretched", "bands", "linear"])
def test_samples_estimate_the_number_of_terms(name, monkeypatch):
    fun, what = KINDS[name]
    monkeypatch.setattr(sparse_costs, "SMALL", 0)
    monkeypatch.setattr(sparse_costs, "SAMPLED", (16, 8))
    monkeypatch.setattr(by_cost, "FIRST", 10**9)
    x = RNG.normal(size=30 * 30)
    recording, costs = costs_of(fun, what, x)
    tape = ad_core.trace(fun, x)
    graph = tape._lowered.graph
    tape._build(f"sparse_{what}", 0)
    found = costs.estimate(recording, recording)
    assert 0.5 * graph.terms < found < 5 * graph.terms


def test_samples_of_a_function_that_is_too_large(monkeypatch):
    def too_large(*args):
        raise _core.ProgramTooLarge

    monkeypatch.setattr(sparse_costs, "SMALL", 0)
    monkeypatch.setattr(_core, "Graph", too_large)
    x = RNG.normal(size=900)
    recording, costs = costs_of(bands, "jacobian", x)
    assert costs.estimate(recording, recording) == np.inf
    tape = ad_core.trace(bands, x)
    assert tape.jacobian(x, sparse=True).nnz == (900 - 6) * 7
    assert "reason" in tape.explain(sparse=True)


def test_samples_by_one_of_several_arguments(monkeypatch):
    monkeypatch.setattr(sparse_costs, "SMALL", 0)
    monkeypatch.setattr(by_cost, "FIRST", 10**9)
    x, y = RNG.normal(size=(2, 1500))
    for k in (0, 1):
        tape = ad_core.trace(lambda x, y: np.sum(np.sin(x * y) * x[0]), x, y)
        found = tape.hessian(x, y, argnums=k, sparse=True)
        wanted = ad_core.hessian(lambda x, y: np.sum(np.sin(x * y) * x[0]), k, sparse=True)(x, y)
        np.testing.assert_allclose(found.toarray(), wanted.toarray(), rtol=1e-12, atol=1e-12)
        assert type(tape._build("sparse_hessian", k)) is _core.Call


def test_small_functions_have_programs_at_once():
    for name, (fun, what) in KINDS.items():
        tape = ad_core.trace(fun, RNG.normal(size=16))
        assert type(call_of(tape, what)) in (_core.Call, Compressed), name


def test_the_shorter_side_is_coloured_first(monkeypatch):
    """To colour the columns of a matrix of few full rows takes the square of their length."""

    def refused(*args):
        raise AssertionError

    monkeypatch.setattr(_core, "colour_columns", refused)
    found = ad_core.jacobian(KINDS["sums over an axis"][0], sparse=True)(np.ones(4000))
    assert found.nnz == 4000


def test_explain_gives_the_route_and_the_reason(monkeypatch):
    postponed(monkeypatch)
    tape = ad_core.trace(area, np.ones(25))
    text = tape.explain(what="hessian", sparse=True)
    assert "colours" in text
    assert "reason" in text
    assert "terms or more to make" in text


def test_guards_on_both_routes(monkeypatch):
    def f(x):
        return bands(x) if x[0] > 0 else x[3:-3] * x[:-6]

    postponed(monkeypatch)
    x = np.abs(RNG.normal(size=40))
    tape, function = ad_core.trace(f, x), ad_core.compile(f)
    for made in (False, True):
        for at in (x, -x, 2 * x):
            found = function.jacobian(at, sparse=True).toarray()
            np.testing.assert_allclose(found, ad_core.jacobian(f)(at), rtol=1e-12, atol=1e-14)
        with pytest.raises(ad_core.BranchChanged, match=r"x\[0\] > 0"):
            tape.jacobian(-x, sparse=True)
        if not made:
            call_of(tape, "jacobian").try_program(1 << 20)
            monkeypatch.setattr(by_cost, "MAKE", 1e-9)
            monkeypatch.setattr(ByCost, "pays", lambda self, points: True)
    assert type(call_of(tape, "jacobian")) is _core.Call
