# SPDX-License-Identifier: Apache-2.0
"""Hessians of Lagrangians and Gauss-Newton products, as transforms, on Tapes and Functions."""

import numpy as np
import pytest

import ad_core
import points
from rows import SMOOTH, each, function

x0 = np.array([0.7, -1.3, 2.1, 0.4])
v0 = np.array([0.5, -2.0, 1.5])
A = np.random.default_rng(3).standard_normal((3, 4))


def constraints(x):
    return np.sin(A @ x) * np.stack([x[0] * x[1], x @ x, np.exp(x[3])])


def solved(x):
    """A function known by a rule, so that its second derivatives have no program."""
    return np.linalg.solve(np.eye(3) + 0.1 * np.outer(A @ x, A @ x), constraints(x))


def banded(x):
    return x[1:] * x[:-1] ** 2


def parts(x, p):
    return {"f": p * np.sum(x**4), "c": constraints(x)}


def weighted(fun, x, v):
    """The sum of the Hessians of all results, each times its multiplier."""
    return sum(vk * ad_core.hessian(lambda x, k=k: fun(x)[k])(x) for k, vk in enumerate(v))


def product(fun, x, t, w=1.0):
    J = ad_core.jacobian(fun)(x)
    return J.T @ (w * (J @ t))


WAYS = {
    "tape": lambda fun: ad_core.trace(fun, x0),
    "loaded tape": lambda fun: ad_core.Tape.from_bytes(ad_core.trace(fun, x0).to_bytes()),
    "function": ad_core.compile,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fun", [constraints, solved, banded])
class TestCompiled:
    def test_lagrangian_hessian(self, way, fun):
        if fun is solved and way == "loaded tape":
            pytest.skip("a tape of calls is not a file")
        made = WAYS[way](fun)
        for x, v in [(x0, v0), (x0[::-1] + 0.3, -v0)]:
            expected = weighted(fun, x, v)
            found = made.lagrangian_hessian(x, v)
            np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)
            if fun is not solved:
                assert np.array_equal(found, found.T)
            again = ad_core.lagrangian_hessian(fun, (x,), v)
            np.testing.assert_allclose(again, expected, rtol=1e-11, atol=1e-12)

    def test_ggnvp(self, way, fun):
        if fun is solved and way == "loaded tape":
            pytest.skip("a tape of calls is not a file")
        made, t = WAYS[way](fun), np.array([1.0, 0.3, -0.2, 2.0])
        for x in (x0, x0[::-1] + 0.3):
            for weights in (None, v0**2):
                expected = product(fun, x, t, 1.0 if weights is None else weights)
                np.testing.assert_allclose(made.ggnvp(x, t, weights), expected, rtol=1e-11)
                found = ad_core.ggnvp(fun, (x,), (t,), weights)
                np.testing.assert_allclose(found, expected, rtol=1e-11)


class TestLagrangianHessian:
    def test_an_entry_that_is_zero_is_not_in_the_sparse_one(self):
        sparse = pytest.importorskip("scipy.sparse")
        tape = ad_core.trace(banded, x0)
        found = tape.lagrangian_hessian(x0, v0, sparse=True)
        assert isinstance(found, sparse.csr_array)
        assert found.nnz == 9  # x[1] x[0]^2 and so on: a band without its last corner
        np.testing.assert_allclose(found.toarray(), weighted(banded, x0, v0), rtol=1e-12)
        again = tape.lagrangian_hessian(2 * x0, v0, sparse=True)
        assert np.shares_memory(again.indices, found.indices)

    def test_a_batch_of_multipliers_and_of_points(self):
        tape, V = ad_core.trace(constraints, x0), np.stack([v0, 2 * v0, v0**2])
        expected = [weighted(constraints, x0, v) for v in V]
        np.testing.assert_allclose(tape.lagrangian_hessian(x0, V), expected, rtol=1e-11)
        X = np.linspace(0.5, 1.5, 80).reshape(20, 4)
        out = np.empty((20, 4, 4))
        found = tape.lagrangian_hessian(X, v0, out=out)
        assert found is out
        expected = [weighted(constraints, x, v0) for x in X]
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)
        batch = ad_core.compile(constraints).lagrangian_hessian(X, v0, batch_dims=1)
        np.testing.assert_allclose(batch, expected, rtol=1e-10, atol=1e-12)

    @pytest.mark.parametrize("make", [ad_core.compile, lambda f: ad_core.trace(f, x0, 2.0)])
    def test_objective_and_constraints_at_once(self, make):
        made, v = make(parts), {"f": 0.5, "c": v0}
        expected = 0.5 * 3.0 * np.diag(12 * x0**2) + weighted(constraints, x0, v0)
        found = made.lagrangian_hessian((x0, 3.0), v)
        np.testing.assert_allclose(found, expected, rtol=1e-11)
        by_p = made.lagrangian_hessian((x0, 3.0), v, argnums=(1, 0))
        assert by_p[0][0] == 0.0
        np.testing.assert_allclose(by_p[0][1], 0.5 * 4 * x0**3, rtol=1e-12)
        np.testing.assert_allclose(by_p[1][1], expected, rtol=1e-11)
        once = ad_core.lagrangian_hessian(parts, (x0, 3.0), v)
        np.testing.assert_allclose(once, expected, rtol=1e-11)

    @pytest.mark.parametrize("way", WAYS)
    def test_no_constraints(self, way):
        nothing = lambda x: x[:0] * 2.0  # noqa: E731
        made = WAYS[way](nothing)
        assert np.array_equal(made.lagrangian_hessian(x0, np.zeros(0)), np.zeros((4, 4)))
        found = ad_core.lagrangian_hessian(nothing, (x0,), np.zeros(0))
        assert np.array_equal(found, np.zeros((4, 4)))
        pytest.importorskip("scipy.sparse")
        assert made.lagrangian_hessian(x0, np.zeros(0), sparse=True).nnz == 0

    @pytest.mark.parametrize("way", WAYS)
    def test_wrong_multipliers_raise(self, way):
        made = WAYS[way](constraints)
        with pytest.raises(ValueError, match=r"the multipliers of constraints .*\(3,\).*\(2,\)"):
            made.lagrangian_hessian(x0, v0[:2])
        with pytest.raises((ValueError, TypeError), match=r"the multipliers .*must"):
            made.lagrangian_hessian(x0, {"c": v0})
        with pytest.raises(ValueError, match=r"the multipliers must have .*shape \(3,\).*\(2,\)"):
            ad_core.lagrangian_hessian(constraints, (x0,), v0[:2])
        with pytest.raises(ValueError, match=r"the multipliers must have .*structure"):
            ad_core.lagrangian_hessian(constraints, (x0,), [v0])
        with pytest.raises(TypeError, match="primals must be a tuple"):
            ad_core.lagrangian_hessian(constraints, x0, v0)

    def test_sparse_by_nested_arguments_raises(self):
        tape = ad_core.trace(lambda z: z["a"] * z["b"], {"a": x0, "b": x0})
        with pytest.raises(TypeError, match="sparse=True"):
            tape.lagrangian_hessian({"a": x0, "b": x0}, x0, sparse=True)

    def test_it_is_differentiated_again(self):
        made = ad_core.compile(constraints)
        third = ad_core.jacobian(lambda x: made.lagrangian_hessian(x, v0))(x0)
        h = 1e-5
        moved = [
            (weighted(constraints, x0 + h * e, v0) - weighted(constraints, x0 - h * e, v0))
            / (2 * h)
            for e in np.eye(4)
        ]
        np.testing.assert_allclose(third, np.moveaxis(moved, 0, -1), atol=1e-7)
        by_v = ad_core.jacobian(lambda v: made.lagrangian_hessian(x0, v))(v0)
        np.testing.assert_allclose(by_v @ v0, weighted(constraints, x0, v0), atol=1e-11)

    def test_an_exact_zero_multiplier_wins(self):
        tape = ad_core.trace(lambda x: np.stack([np.sqrt(x[0]), x[1] ** 2]), np.ones(2))
        found = tape.lagrangian_hessian(np.array([0.0, 1.0]), np.array([0.0, 3.0]))
        np.testing.assert_array_equal(found, [[0.0, 0.0], [0.0, 6.0]])

    def test_zero_seeds_win_in_every_product(self):
        fun = lambda x: np.stack([np.sqrt(x[0]), x[1] ** 2])  # noqa: E731
        scalar = lambda x: np.sqrt(x[0]) + x[1] ** 2  # noqa: E731
        tape, one = ad_core.trace(fun, np.ones(2)), ad_core.trace(scalar, np.ones(2))
        x, seed = np.array([0.0, 1.0]), np.array([0.0, 3.0])
        many = np.stack([x] * 9), np.stack([seed] * 9)
        for made, name, expected in [
            (tape, "jvp", ad_core.jvp(fun, (x,), (seed,))[1]),
            (tape, "vjp", ad_core.vjp(fun, x)[1](seed)[0]),
            (one, "hvp", ad_core.hvp(scalar, (x,), (seed,))),
        ]:
            np.testing.assert_array_equal(expected, [0.0, 6.0])
            np.testing.assert_array_equal(getattr(made, name)(x, seed), expected)
            np.testing.assert_array_equal(getattr(made, name)(*many), [expected] * 9)


class TestGaussNewton:
    def test_a_loss_in_the_middle(self):
        loss = lambda y: np.sum(np.log(np.cosh(y))) + y[0] * y[1]  # noqa: E731
        t = np.array([1.0, 0.3, -0.2, 2.0])
        y, J = constraints(x0), ad_core.jacobian(constraints)(x0)
        expected = J.T @ (ad_core.hessian(loss)(y) @ (J @ t))
        found = ad_core.ggnvp(constraints, (x0,), (t,), loss=loss)
        np.testing.assert_allclose(found, expected, rtol=1e-11)

    @pytest.mark.parametrize("make", [ad_core.compile, lambda f: ad_core.trace(f, x0, 2.0)])
    def test_several_arguments_and_results(self, make):
        made, t = make(parts), (np.array([1.0, 0.3, -0.2, 2.0]), 0.7)
        weights = {"f": 0.5, "c": v0**2}
        _, jt = ad_core.jvp(parts, (x0, 3.0), t)
        pull = ad_core.vjp(parts, x0, 3.0)[1]
        expected = pull({"f": 0.5 * jt["f"], "c": v0**2 * jt["c"]})
        for found in (
            made.ggnvp((x0, 3.0), t, weights),
            ad_core.ggnvp(parts, (x0, 3.0), t, weights),
        ):
            np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
            np.testing.assert_allclose(found[1], expected[1], rtol=1e-12)
        loss = lambda y: np.sum(y["c"] ** 2) + y["f"] ** 2  # noqa: E731
        expected = pull({"f": 2 * jt["f"], "c": 2 * jt["c"]})
        found = ad_core.ggnvp(parts, (x0, 3.0), t, loss=loss)
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)

    def test_a_batch_of_tangents_is_the_matrix(self):
        tape = ad_core.trace(constraints, x0)
        J = ad_core.jacobian(constraints)(x0)
        np.testing.assert_allclose(tape.ggnvp(x0, np.eye(4)), J.T @ J, rtol=1e-11)
        found = tape.ggnvp(x0, np.eye(4), v0**2)
        np.testing.assert_allclose(found, J.T @ np.diag(v0**2) @ J, rtol=1e-11, atol=1e-14)

    def test_it_is_differentiated_again(self):
        made, t = ad_core.compile(constraints), np.array([1.0, 0.3, -0.2, 2.0])
        for weights in ((), (v0**2,)):
            slope = ad_core.jacobian(lambda x, w=weights: made.ggnvp(x, t, *w))(x0)
            h = 1e-6
            w = weights[0] if weights else 1.0
            moved = [
                (product(constraints, x0 + h * e, t, w) - product(constraints, x0 - h * e, t, w))
                / (2 * h)
                for e in np.eye(4)
            ]
            np.testing.assert_allclose(slope, np.transpose(moved), atol=1e-7)

    def test_arguments_that_do_not_fit_raise(self):
        tape, t = ad_core.trace(constraints, x0), np.ones(4)
        with pytest.raises(ValueError, match=r"the weights of constraints .*\(3,\).*\(2,\)"):
            tape.ggnvp(x0, t, v0[:2])
        with pytest.raises(ValueError, match=r"the tangent of argument 0 .*\(4,\).*\(3,\)"):
            tape.ggnvp(x0, t[:3])
        with pytest.raises(ValueError, match=r"the weights must have .*shape \(3,\).*\(2,\)"):
            ad_core.ggnvp(constraints, (x0,), (t,), v0[:2])
        with pytest.raises(ValueError, match=r"the tangents must have shape \(4,\)"):
            ad_core.ggnvp(constraints, (x0,), (t[:3],))
        with pytest.raises(TypeError, match="got both"):
            ad_core.ggnvp(constraints, (x0,), (t,), v0, loss=np.sum)
        with pytest.raises(TypeError, match="primals must be a tuple"):
            ad_core.ggnvp(constraints, x0, (t,))


WEIGHTS = np.sin(np.arange(6000.0) ** 2)

# Functions of 6000 numbers, enough for the sweeps to look at arrays as a whole.
LONG = {
    "neighbours": lambda x: np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2),
    "both ways": lambda x: np.sum(x * np.exp(-x[::-1]) * WEIGHTS),
    "every other": lambda x: np.sum(np.sin(x[::2]) * x[1::2] ** 3),
    "a list": lambda x: np.sum(x[np.arange(6000) * 7 % 6000] * np.tanh(x)),
    "one for all": lambda x: np.sum(x[17] * np.cos(x)) * np.max(x),
    "running": lambda x: np.sum(np.log(np.cumsum(x)) * x),
    "products": lambda x: np.sum(np.tanh(x.reshape(60, 100) @ x.reshape(100, 60)) ** 2),
    "columns": lambda x: np.sum(np.sum(x.reshape(60, 100) ** 2, axis=0) ** 2),
    "joined": lambda x: np.sum(np.concatenate([x[:5000], WEIGHTS]) ** 3) + x[0] * x[5999],
    "linear": lambda x: np.sum(WEIGHTS * x) ** 2,
    "twice": lambda x: np.sum((y := np.sqrt(x)) * y * x + y / (1 + x) + WEIGHTS),
}


class TestHessianProducts:
    """Products in one call, whose second derivatives come from the recurrences of the table."""

    @each(SMOOTH)
    def test_every_row(self, row):
        operands = np.array(points.interior(row)[:40]).T
        fun, arity = function(row), row["arity"]
        t = np.cos(1.0 + np.arange(operands.size)).reshape(operands.shape)

        def whole(x):
            parts = [x[j] for j in range(arity)]
            return np.sum(np.sin(np.arange(x.shape[1]) + 1.0) * fun(*parts) ** 2)

        def single(x):
            return fun(*(x[j] for j in range(arity))) ** 2 * 1.0

        for f, x, s in [(single, operands[:, k], t[:, k]) for k in range(0, operands.shape[1], 7)]:
            expected = ad_core.hessian(f)(x) @ s
            size = np.max(np.abs(expected), initial=1.0)
            found = ad_core.hvp(f, (x,), (s,))
            np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12 * size)
        if isinstance(fun, np.ufunc):
            expected = ad_core.jvp(ad_core.grad(whole), (operands,), (t,))[1]
            size = np.max(np.abs(expected), initial=1.0)
            found = ad_core.hvp(whole, (operands,), (t,))
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12 * size)

    @pytest.mark.parametrize("n", [0, 1, 2, 3, 2.5, 4.0])
    def test_powers_of_zero(self, n):
        x, t = np.array([0.0, 1.5, 0.0]), np.array([1.0, -2.0, 0.0])
        f = lambda x: np.sum(x**n)  # noqa: E731
        found, expected = ad_core.hvp(f, (x,), (t,)), ad_core.hessian(f)(x) @ t
        np.testing.assert_allclose(found, expected, rtol=1e-13)

    def test_a_branch_not_taken_does_not_count(self):
        f = lambda x: np.sum(np.where(x > 0.0, np.sqrt(x), x**2))  # noqa: E731
        found = ad_core.hvp(f, (np.array([0.0, 4.0]),), (np.ones(2),))
        np.testing.assert_allclose(found, [2.0, -1 / 32], rtol=1e-14)

    @pytest.mark.parametrize("name", LONG)
    def test_long_arrays(self, name):
        f = LONG[name]
        x, t = np.sin(np.arange(6000.0)) + 1.1, np.cos(np.arange(6000.0) ** 2)
        expected = ad_core.jvp(ad_core.grad(f), (x,), (t,))[1]
        size = np.max(np.abs(expected))
        for _ in range(2):  # the second time in memory that holds the first one's numbers
            found = ad_core.hvp(f, (x,), (t,))
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12 * size)

    def test_zeros_win_along_long_arrays(self):
        still = np.arange(9000) % 3 == 0
        x, t = np.where(still, 0.0, 4.0), np.where(still, 0.0, 1.0)
        f = lambda x: np.sum(np.where(still, 0.0, 3.0) * np.sqrt(x))  # noqa: E731
        found = ad_core.hvp(f, (x,), (t,))
        np.testing.assert_allclose(found, np.where(still, 0.0, -3 / 32), rtol=1e-14)

    def test_calls_by_rules_and_traces_take_the_recorded_gradient(self):
        f = lambda x: np.sum(solved(x) ** 2)  # noqa: E731
        t = np.array([1.0, 0.3, -0.2, 2.0])
        expected = ad_core.hessian(f)(x0) @ t
        np.testing.assert_allclose(ad_core.hvp(f, (x0,), (t,)), expected, rtol=1e-11)
        third = ad_core.jacobian(lambda x: ad_core.hvp(lambda x: np.sum(x**4), (x,), (t,)))(x0)
        np.testing.assert_allclose(third, np.diag(24 * x0 * t), rtol=1e-12)
        closed = lambda a: ad_core.hvp(lambda x: a * np.sum(x**3), (x0,), (t,))  # noqa: E731
        np.testing.assert_allclose(ad_core.jacobian(closed)(2.0), 6 * x0 * t, rtol=1e-12)

    def test_arguments_that_do_not_fit_raise(self):
        with pytest.raises(TypeError, match="hvp needs a function with a scalar result"):
            ad_core.hvp(constraints, (x0,), (x0,))
        with pytest.raises(ValueError, match=r"the tangents must have shape \(4,\)"):
            ad_core.hvp(lambda x: x @ x, (x0,), (x0[:3],))
        with pytest.raises(TypeError, match="tangents must be a tuple"):
            ad_core.hvp(lambda x: x @ x, (x0,), x0)
