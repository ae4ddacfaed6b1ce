# SPDX-License-Identifier: Apache-2.0
"""Sparse Hessians of Lagrangians by products with few seeds and by programs: both give the same
entries in the same pattern, whatever the multipliers."""

import numpy as np
import pytest

import ad_core
from ad_core.programs import by_cost
from ad_core.programs.by_cost import ByCost
from ad_core.programs.sparse import Compressed

special = pytest.importorskip("scipy.special")
RNG = np.random.default_rng(11)


def neighbours(x):
    return np.sin(x[1:]) * x[:-1] ** 2


def opposite(x):
    """Results whose sum is linear: with equal multipliers no entry is left."""
    return np.concatenate([x**2, -(x**2), x[:1] * x[1:2]])


def iterated(x):
    for _ in range(4):
        x = np.tanh(x + 0.1 * np.roll(x, 1) * x)
    return {"a": x[:-1] * x[1:], "b": np.sum(x)}


def ruled(x):
    y = np.linalg.solve(np.array([[3.0, 1.0], [1.0, 2.0]]), x[:2] ** 2)
    return np.concatenate([special.gammaln(x[1:] ** 2 + 1.0) * x[:-1], y])


def matrices(x):
    return np.linalg.inv(np.diag(x[:3]) + np.outer(x[:3], x[:3])).ravel() * x[3]


FUNCTIONS = [neighbours, opposite, iterated, ruled, matrices]


def multipliers_of(f, x):
    y = f(x)
    if isinstance(y, dict):
        return {k: RNG.normal(size=np.shape(v)) for k, v in y.items()}
    return RNG.normal(size=y.shape)


def scaled(v, factor):
    return {k: factor * x for k, x in v.items()} if isinstance(v, dict) else factor * v


@pytest.fixture(params=["products", "program", "both"])
def way(request, monkeypatch):
    """How methods are computed: by products alone, by programs at once, or as costs say."""
    if request.param == "products":
        monkeypatch.setattr(by_cost, "FIRST", 0)
        monkeypatch.setattr(by_cost, "MAKE", 1 << 60)
    if request.param == "program":
        monkeypatch.setattr(by_cost, "FIRST", 10**9)
    return request.param


@pytest.mark.parametrize("f", FUNCTIONS)
def test_entries_are_those_of_the_dense_hessian(f, way):
    x = RNG.uniform(0.5, 1.5, size=6)
    tape = ad_core.trace(f, x)
    v = multipliers_of(f, x)
    for point, weights in (
        (x, v),
        (x + 0.1, v),
        (x[::-1].copy(), scaled(v, 0.0)),
        (x, scaled(v, -2.0)),
    ):
        found = tape.lagrangian_hessian(point, weights, sparse=True)
        wanted = ad_core.lagrangian_hessian(f, (point,), weights)
        np.testing.assert_allclose(found.toarray(), wanted, rtol=1e-10, atol=1e-12)
    assert type(tape._build("sparse_lagrangian_hessian", 0)) is not ByCost or way != "program"


@pytest.mark.parametrize("f", [neighbours, opposite, ruled])
def test_batches_of_points_and_multipliers(f, way):
    x = RNG.uniform(0.5, 1.5, size=(5, 6))
    tape, v = ad_core.trace(f, x[0]), multipliers_of(f, x[0])
    weights = v * RNG.normal(size=(5, 1))
    one = tape.lagrangian_hessian(x[0], weights[0], sparse=True)
    found = tape.lagrangian_hessian(x, weights, sparse=True, batch_dims=1)
    assert found.shape == (5, one.nnz)
    for k in range(5):
        wanted = tape.lagrangian_hessian(x[k], weights[k], sparse=True)
        np.testing.assert_allclose(found[k], wanted.data, rtol=1e-11, atol=1e-13)


def test_the_pattern_holds_for_all_multipliers(way):
    tape = ad_core.trace(opposite, np.arange(1.0, 4.0))
    equal = tape.lagrangian_hessian(np.ones(3), np.ones(7), sparse=True)
    assert equal.nnz == 5
    assert np.count_nonzero(equal.data) == 2
    other = tape.lagrangian_hessian(np.ones(3), np.arange(7.0), sparse=True)
    assert np.count_nonzero(other.data) == 5


def test_a_large_program_is_not_made_at_once():
    """Its terms are estimated from samples: the first call costs as much as some others."""

    def deep(x):
        for _ in range(30):
            x = np.tanh(x + 0.1 * np.roll(x, 1) * x)
        return x[:-1] * x[1:]

    x = RNG.normal(size=300)
    tape = ad_core.trace(deep, x)
    found = tape.lagrangian_hessian(x, np.ones(299), sparse=True)
    call = tape._build("sparse_lagrangian_hessian", 0)
    assert type(call) is ByCost
    assert type(call.replayed) is Compressed
    wanted = ad_core.lagrangian_hessian(deep, (x,), np.ones(299))
    np.testing.assert_allclose(found.toarray(), wanted, rtol=1e-10, atol=1e-12)
