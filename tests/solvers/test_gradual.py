# SPDX-License-Identifier: Apache-2.0
"""Functions that are one-shot first and compiled when that pays: the same results throughout."""

import math

import numpy as np
import pytest

import ad_core
from ad_core.solvers import costs
from ad_core.solvers.gradual import Gradual
from solver_problems import broyden, rosenbrock

pytest.importorskip("scipy.sparse")


@pytest.fixture
def soon(monkeypatch):
    """Everything is judged at the third call, and compiled at the fifth."""
    monkeypatch.setattr(costs, "FIRST", {"value": 2})
    monkeypatch.setattr(costs, "SOON", 2)
    monkeypatch.setattr(costs, "calls_until", lambda *args: 4)


def dense(matrix):
    return matrix.toarray() if hasattr(matrix, "toarray") else matrix


X = np.linspace(-0.5, 1.0, 7)


@pytest.mark.parametrize(
    ("name", "fun", "call", "expected"),
    [
        ("value", broyden, lambda g: g(X), lambda: broyden(X)),
        ("grad", rosenbrock, lambda g: g.grad(X), lambda: ad_core.grad(rosenbrock)(X)),
        ("jacobian", broyden, lambda g: g.jacobian(X), lambda: ad_core.jacobian(broyden)(X)),
        (
            "sparse_jacobian", broyden, lambda g: g.jacobian(X, sparse=True),
            lambda: ad_core.jacobian(broyden)(X),
        ),
        ("hessian", rosenbrock, lambda g: g.hessian(X), lambda: ad_core.hessian(rosenbrock)(X)),
        (
            "sparse_hessian", rosenbrock, lambda g: g.hessian(X, sparse=True),
            lambda: ad_core.hessian(rosenbrock)(X),
        ),
        (
            "hvp", rosenbrock, lambda g: g.hvp(X, X + 2.0),
            lambda: ad_core.hessian(rosenbrock)(X) @ (X + 2.0),
        ),
        (
            "lagrangian_hessian", broyden, lambda g: g.lagrangian_hessian(X, X),
            lambda: ad_core.hessian(lambda x: X @ broyden(x))(X),
        ),
        (
            "sparse_lagrangian_hessian", broyden,
            lambda g: g.lagrangian_hessian(X, X, sparse=True),
            lambda: ad_core.hessian(lambda x: X @ broyden(x))(X),
        ),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)  # fmt: skip
def test_both_stages_agree(soon, name, fun, call, expected):
    g = Gradual(fun)
    for k in range(8):
        np.testing.assert_allclose(dense(call(g)), expected(), rtol=1e-12, atol=1e-13)
        assert (name in g._ready) == (k >= 4)


def test_together_needs_a_program(soon):
    g = Gradual(broyden)
    assert g.together("jacobian", X) is None
    for _ in range(6):
        g.jacobian(X)
    y, J = g.together("jacobian", X)
    np.testing.assert_allclose(y, broyden(X))
    np.testing.assert_allclose(J, ad_core.jacobian(broyden)(X))


def test_what_a_program_refuses_stays_one_shot(soon):
    g = Gradual(lambda y, t: y * y * table[t])
    table = {0.25 * k: k + 1.0 for k in range(9)}
    for t, factor in table.items():
        np.testing.assert_array_equal(g(X, t), X * X * factor)
        np.testing.assert_array_equal(g.jacobian(X, t), np.diag(2.0 * X * factor))
    assert not g._ready
    with pytest.raises(ad_core.NotDifferentiable):
        Gradual(lambda x: np.array([table[x[0]]])).jacobian(X)


def test_memory_that_is_not_enough_is_no_error(soon, monkeypatch):
    def jacobian(*args, **options):
        raise MemoryError

    for fun in (broyden, branching):
        g = Gradual(fun)
        monkeypatch.setattr(g._evaluator(X), "jacobian", jacobian, raising=False)
        for _ in range(7):
            np.testing.assert_allclose(g.jacobian(X), ad_core.jacobian(fun)(X))
        assert not g._ready


def branching(x):
    return x * x if x[0] < 1.0 else x * x * x


def test_other_paths_are_found(soon):
    g = Gradual(branching)
    for k in range(12):
        x = X + k % 3
        np.testing.assert_array_equal(g(x), branching(x))
        np.testing.assert_allclose(g.jacobian(x), ad_core.jacobian(branching)(x), rtol=1e-14)
    assert g._ready == {"value", "jacobian"}


def test_values_that_a_recording_refuses_are_the_functions_own(soon):
    g = Gradual(lambda x: x * x)
    value = g.light(lambda x: x * x, g)
    for _ in range(8):
        value(X)
    longer = np.ones(9)
    np.testing.assert_array_equal(value(longer), longer)
    assert not g._ready


def test_many_paths_end_the_program(soon):
    g = Gradual(lambda x: x * math.prod(2.0 for _ in range(int(np.trunc(x[0])))))
    for k in range(60):
        x = np.array([1.0 + k, 2.0])
        np.testing.assert_array_equal(g.jacobian(x), np.diag([2.0 ** (1 + k)] * 2))
    assert g.program.paths < 30
    assert not g._ready


def test_light_values_are_counted(soon, monkeypatch):
    monkeypatch.setattr(costs, "calls_until", lambda *args: 20)
    fast = []
    g = Gradual(lambda x: x * x)
    value = g.light(lambda x: (fast.append(1), x * x)[1], g)
    for k in range(25):
        assert (g._ready == {"value"}) == (k > 20)
        np.testing.assert_array_equal(value(X + k), (X + k) ** 2)
    assert len(fast) == 17


class TestCosts:
    def size(self, fun, x):
        return Gradual(fun).size(x)

    def test_a_loop_is_compiled(self):
        def loop(x):
            s = x[0]
            for k in range(300):
                s = s * 0.5 + x[k % 2]
            return s

        assert costs.calls_until("value", self.size(loop, np.ones(2)), 2, 1) < 100

    def test_matrix_products_are_not(self):
        A = np.ones((200, 200))
        size = self.size(lambda x: np.tanh(A @ x), np.ones(200))
        assert costs.calls_until("value", size, 200, 200) == math.inf
        assert costs.calls_until("hessian", size, 200, 200) == math.inf
        assert not costs.one_shot_hessian(self.size(lambda x: np.sum(A @ x), np.ones(200)), 200)

    def test_what_cannot_be_recorded_is_not(self):
        assert costs.calls_until("value", self.size(lambda x: hash(x[0]), X), 7, 1) == math.inf
