# SPDX-License-Identifier: Apache-2.0
"""Programs of long arrays, whose runs are interleaved in chunks, against new recordings."""

import numpy as np
import pytest

import ad_core
from ad_core.programs import by_cost

RNG = np.random.default_rng(0)


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def waves(x):
    return np.sum(np.sin(x) * np.exp(-x * x))


def around(x):
    y = np.roll(x, 1) * x[::-1] + np.cumsum(x) / x.size
    return np.sum(np.tanh(y) * np.where(x > 0, x, -2.0 * x) + np.sqrt(1.0 + y * y))


def chain(x):
    y = x
    for _ in range(17):  # more runs than one group holds
        y = 0.5 * y + np.sin(y)
    return y @ x


def folded(x):
    half = x.size // 2
    return np.sum(x[:half] * x[half : 2 * half]) + np.max(x) * np.sum(x[::2] ** 3)


SCALAR = rosenbrock, waves, around, chain, folded


@pytest.mark.parametrize("fun", SCALAR)
@pytest.mark.parametrize("n", [2047, 2048, 2562])
def test_scalar_functions(fun, n):
    x, v = RNG.uniform(-1.0, 1.0, n), RNG.normal(size=n)
    tape = ad_core.trace(fun, RNG.uniform(-1.0, 1.0, n))
    assert np.isclose(tape(x), fun(x), rtol=1e-13)
    for got, want in (
        (tape.grad(x), ad_core.grad(fun)(x)),
        (tape.value_and_grad(x)[1], ad_core.grad(fun)(x)),
        (tape.hvp(x, v), ad_core.hvp(fun, (x,), (v,))),
        (tape.jvp(x, v), ad_core.jvp(fun, (x,), (v,))[1]),
        (tape.ggnvp(x, v), ad_core.ggnvp(fun, (x,), (v,))),
    ):
        np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-11 * np.max(np.abs(want)))
    again = tape.hvp(x, v)  # on an arena that has been used
    assert np.array_equal(again, tape.hvp(x, v))


def test_runs_are_grouped_in_chunks(monkeypatch):
    monkeypatch.setattr(by_cost, "FIRST", 10**6)
    explained = ad_core.trace(waves, np.ones(3000)).explain(what="jacobian")
    assert "chunk groups 1" in " ".join(explained.split())
    assert "chunk groups 0" in " ".join(ad_core.trace(waves, np.ones(300)).explain().split())


def test_results_that_are_read_later_are_kept():
    """Results of a group that are outputs, or that later runs read, are complete."""

    def fun(x):
        y = np.sin(x)
        z = y * y
        w = np.exp(z)
        return y, w, np.sum(z), z[7] + w[2500], y[::-1]

    x = RNG.normal(size=4000)
    tape = ad_core.trace(fun, np.ones(4000))
    for got, want in zip(tape(x), fun(x), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-14)


def test_a_derivative_that_is_not_finite():
    """Then the strict program runs, in interleaved chunks too."""

    def fun(x):
        return np.sum(np.where(x > 0, np.sqrt(np.abs(x)) * x, 0.0) + x**2)

    x = RNG.normal(size=3000)
    x[5], x[2900] = 0.0, -0.0
    tape = ad_core.trace(fun, np.ones(3000))
    got, want = tape.grad(x), ad_core.grad(fun)(x)
    assert np.isfinite(want).all()
    np.testing.assert_allclose(got, want, rtol=1e-13)


def test_sparse_jacobians_of_long_stencils():
    def fun(x):
        y = np.exp(-x * x) * np.sin(x)
        return y[1:-1] * (y[2:] - y[:-2]) + x[1:-1] ** 3

    x = RNG.normal(size=6000)
    tape = ad_core.trace(fun, np.ones(6000))
    v = RNG.normal(size=6000)
    got = tape.jacobian(x, sparse=True) @ v
    np.testing.assert_allclose(got, ad_core.jvp(fun, (x,), (v,))[1], rtol=1e-11, atol=1e-12)


def test_batches_point_by_point():
    """A program whose lanes would not fit the cache runs point by point."""
    x = RNG.uniform(-1.0, 1.0, (5, 40_000))
    tape = ad_core.trace(waves, x[0])
    got = tape.grad(x)
    for row, want in zip(got, x, strict=True):
        assert np.array_equal(row, tape.grad(want))
