# SPDX-License-Identifier: Apache-2.0
"""compile(): recorded on first use, and again for each shape and each path."""

import numpy as np
import pytest

import ad_core
from agreement import refused
from counted import Counted
from paths import agree, branchy, quarters

rng = np.random.default_rng(5)


def halvings(x):
    """A while loop whose length depends on the data."""
    n = 0.0
    while x > 1.0:
        x = x * 0.5 + 0.01 * np.sin(x)
        n = n + x * x
    return x + n


def steps(x):
    """A path of its own at every point: 1, 2, 3, ..."""
    k = 0.0
    while k < x:
        k = k + 1.0
    return k * x


def test_it_is_recorded_once():
    counted = Counted(quarters)
    f = ad_core.compile(counted)
    for k in range(20):
        x = np.array([0.5 + k, 0.7])
        agree(f(x), quarters(x))
        agree(f.grad(x), ad_core.grad(quarters)(x))
        agree(f.hessian(x), ad_core.hessian(quarters)(x))
        agree(f.value_and_jacobian(x), ad_core.value_and_jacobian(quarters)(x))
    assert (counted.calls, f.paths) == (1, 1)
    f(np.array([-0.5, 0.7]))
    assert (counted.calls, f.paths) == (2, 2)
    f.clear()
    assert f.paths == 0
    f(np.array([0.5, 0.7]))
    assert (counted.calls, f.paths) == (3, 1)


def test_every_method():
    x, v, w = rng.random(4), rng.random(4), rng.random(4)
    f, one = ad_core.compile(branchy), ad_core.compile(lambda x: np.sum(branchy(x) ** 2))
    g = one.__wrapped__
    agree(f(x), branchy(x))
    agree(f.jacobian(x), ad_core.jacobian(branchy)(x))
    agree(f.value_and_jacobian(x), ad_core.value_and_jacobian(branchy)(x))
    agree(f.jvp(x, v), ad_core.jvp(branchy, (x,), (v,))[1])
    agree(f.vjp(x, w), ad_core.vjp(branchy, x)[1](w)[0])
    agree(one.grad(x), ad_core.grad(g)(x))
    agree(one.value_and_grad(x), ad_core.value_and_grad(g)(x))
    agree(one.hessian(x), ad_core.hessian(g)(x))
    agree(one.hvp(x, v), ad_core.hvp(g, (x,), (v,)))


def test_several_and_nested_arguments():
    def fun(p, s):
        return {"y": p["w"] @ p["b"][0] * s, "s": s if s > 0 else s * p["b"][1]}

    f = ad_core.compile(fun)
    for s in (0.5, -0.5):
        p = {"w": rng.random((2, 3)), "b": (rng.random(3), 0.3)}
        for argnums in (0, 1, -1, (0, 1), (1, 0)):
            agree(f.jacobian(p, s, argnums=argnums), ad_core.jacobian(fun, argnums)(p, s))
        q = {"w": rng.random((2, 3)), "b": (rng.random(3), 0.1)}
        agree(f.jvp((p, s), (q, 2.0)), ad_core.jvp(fun, (p, s), (q, 2.0))[1])
        weights = {"y": rng.random(2), "s": 0.7}
        agree(f.vjp((p, s), weights), ad_core.vjp(fun, p, s)[1](weights))
    assert f.paths == 2


def test_one_argument_that_is_a_tuple():
    """As with a Tape: one argument is not a tuple of arguments, whatever its structure."""
    fun = lambda p: p[0] * p[1][0]  # noqa: E731
    p, q, w = (rng.random(3), [0.4]), (rng.random(3), [0.2]), rng.random(3)
    for f in (ad_core.compile(fun), ad_core.trace(fun, p)):
        if isinstance(f, ad_core.Function):
            agree(f.jacobian(p), ad_core.jacobian(fun)(p))
        agree(f.jvp(p, q), ad_core.jvp(fun, (p,), (q,))[1])
        agree(f.vjp(p, w), ad_core.vjp(fun, p)[1](w)[0])


def test_each_shape_and_structure_is_recorded():
    f = ad_core.compile(lambda x: x * 2.0 if isinstance(x, np.ndarray) or np.ndim(x) else x * 3.0)
    for n in (1, 2, 3, 1, 2, 3):
        agree(f(np.ones(n)), np.full(n, 2.0))
        agree(f.jacobian(np.ones((n, n))).shape, (n,) * 4)
    assert f.paths == 6


def test_results_of_like_arguments_are_not_mixed_up():
    """A dict's array and a bare array have one shape, and are two recordings."""
    f = ad_core.compile(lambda p: p["a"] ** 2 if isinstance(p, dict) else p**3)
    x = np.array([1.0, 2.0, 3.0])
    for _ in range(2):
        agree(f(x), x**3)
        agree(f.jacobian({"a": x}), {"a": np.diag(2 * x)})
        agree(f(x), x**3)
        agree(f.jacobian(x), np.diag(3 * x**2))
        agree(f({"a": x}), x**2)
        agree(f.jacobian(x), np.diag(3 * x**2))
        agree(f.jvp(x, x), 3 * x**3)
        agree(f.jvp({"a": x}, {"a": x}), 2 * x**2)
        agree(f.jvp(x, x), 3 * x**3)


def test_results_of_like_shapes_of_several_arguments_are_not_mixed_up():
    f = ad_core.compile(lambda *a: sum(a) if len(a) < 3 else a[0] * a[1] * a[2])
    x = np.array([1.0, 2.0])
    for _ in range(3):
        agree(f(x), x)
        agree(f(x, x), 2 * x)
        agree(f(x, x, x), x**3)
        agree(f.jacobian(x, x, x), np.diag(x**2))
        agree(f.jacobian(x, x), np.eye(2))
        agree(f.jacobian(x), np.eye(2))


def test_static_arguments_are_compared_by_value():
    counted = Counted(lambda x, n, name, table, flag=None: x**n * table[n] * (2 if flag else 1))
    f = ad_core.compile(counted)
    table = np.array([5, 6, 7, 8])
    for n in (2, 3, 2, 3):
        agree(f(1.5, n, "a", table), 1.5**n * table[n])
        agree(f.grad(1.5, n, "a", table), n * 1.5 ** (n - 1) * table[n])
    assert counted.calls == 2
    table[2] = 60  # the same array, another value
    agree(f(1.5, 2, "a", table), 1.5**2 * 60)
    agree(f(1.5, 2, "a", table, True), 1.5**2 * 120)
    agree(f(1.5, 2, "a", table, 1), 1.5**2 * 120)
    agree(f(1.5, 2, "a", table, False), 1.5**2 * 60)
    agree(f(1.5, 2, "a", table, None), 1.5**2 * 60)
    with refused(TypeError, "argument 1", "float"):
        f.grad(1.5, 2, "a", table, argnums=1)


def test_static_numbers_that_compare_equal_are_not_mixed_up():
    f = ad_core.compile(lambda x, c: x * np.copysign(1.0, c[0]) * (1 if c[1] is True else 2))
    assert f(2.0, (0.0, 1)) == 4.0
    assert f(2.0, (-0.0, 1)) == -4.0
    assert f(2.0, (0.0, True)) == 2.0
    assert f(2.0, (0.0, 1)) == 4.0


def test_functions_are_static_arguments():
    f = ad_core.compile(lambda x, g: g(x) * 2.0)
    for g in (np.sin, np.cos, np.sin):
        agree(f(0.5, g), g(0.5) * 2.0)


def test_data_that_cannot_be_an_input_is_compared_by_value():
    f = ad_core.compile(lambda x, s: x * (1 + len(s)))
    for data in ({1, 2}, np.array([1j, 2.0]), np.array([None, "a"]), np.ones(2, np.longdouble)):
        for _ in range(2):
            agree(f.grad(1.0, data), 3.0)
    assert f.paths == 4
    with refused(TypeError, "argument 1", "float"):
        f.grad(1.0, {1, 2}, argnums=1)


# ---------------------------------------------------------------------------------------- paths


def test_every_point_of_a_batch_takes_its_own_path():
    f, plain = ad_core.compile(quarters), quarters
    X = rng.uniform(-1.0, 1.0, (5, 41, 2))
    for _ in range(2):
        for name in ("grad", "hessian", "jacobian"):
            one = getattr(ad_core, name)(plain)
            found = getattr(f, name)(X, batch_dims=2)
            agree(found, np.array([[one(x) for x in row] for row in X]))
        agree(f(X, batch_dims=2), np.array([[plain(x) for x in row] for row in X]))
        value, gradient = f.value_and_grad(X, batch_dims=2)
        agree(value, f(X, batch_dims=2))
        agree(gradient, f.grad(X, batch_dims=2))
        v = rng.random(2)
        agree(f.hvp(X, v, batch_dims=2), f.hessian(X, batch_dims=2) @ v)
        agree(f.jvp(X, v, batch_dims=2), gradient @ v)
        agree(f.vjp(X, 2.0, batch_dims=2), gradient * 2.0)
        agree(f.vjp(X, X[..., 0], batch_dims=2), gradient * X[..., :1])
    assert f.paths == 4


@pytest.mark.parametrize("n", [0, 1, 15, 16, 17, 257])
def test_sizes_of_batches(n):
    f = ad_core.compile(branchy)
    X = rng.uniform(-1.0, 1.0, (n, 3))
    agree(f(X, batch_dims=1), np.array([branchy(x) for x in X]).reshape(n, 3))
    expected = np.array([ad_core.jacobian(branchy)(x) for x in X]).reshape(n, 3, 3)
    for out in (None, np.full((n, 3, 3), np.nan)):
        found = f.jacobian(X, batch_dims=1, out=out)
        agree(found, expected)
        assert out is None or found is out


def test_results_in_given_arrays_on_every_path():
    f = ad_core.compile(branchy)
    for x in (np.array([0.9, 0.2]), np.array([0.1, 0.9]), np.array([0.1, 0.2])) * 2:
        out = np.full(2, np.nan), np.full((2, 2), np.nan)
        value, jacobian = f.value_and_jacobian(x, out=out)
        assert value is out[0]
        assert jacobian is out[1]
        agree(out, ad_core.value_and_jacobian(branchy)(x))


def test_batches_of_several_arguments_broadcast():
    def fun(a, b):
        return np.sum(a * b) if a[0] > 0 else b * a[1]

    f = ad_core.compile(fun)
    a, b = rng.uniform(-1.0, 1.0, (7, 1, 2)), rng.uniform(-1.0, 1.0, (1, 5))
    found = f.jacobian(a, b, argnums=(0, 1), batch_dims=2)
    for i in range(7):
        for k in range(5):
            expected = ad_core.jacobian(fun, (0, 1))(a[i, 0], b[0, k])
            agree((found[0][i, k], found[1][i, k]), expected)


def test_while_loops():
    f = ad_core.compile(halvings)
    for x in (0.3, 1.5, 100.0, 7.0, 0.9, 1e6):
        agree(f(x), halvings(x))
        agree(f.grad(x), ad_core.grad(halvings)(x))
        agree(f.hessian(x), ad_core.hessian(halvings)(x))
    X = np.exp(rng.uniform(-2.0, 12.0, 300))
    agree(f(X, batch_dims=1), np.array([halvings(x) for x in X]))
    agree(f.grad(X, batch_dims=1), np.array([ad_core.grad(halvings)(x) for x in X]))
    assert f.paths < 25


@pytest.mark.filterwarnings("ignore::ad_core.errors.PerformanceWarning")
def test_guards_that_change_at_every_point():
    counted = Counted(steps)
    f = ad_core.compile(counted, max_paths=4)
    X = rng.permutation(40) + 0.5
    agree(f(X, batch_dims=1), np.ceil(X) * X)
    assert f.paths <= 4
    assert counted.calls <= 40
    for x in X:
        agree(f(x), np.ceil(x) * x)
        agree(f.grad(x), np.ceil(x))
        assert f.paths <= 4
    assert counted.calls <= 40 + 80


@pytest.mark.filterwarnings("ignore::ad_core.errors.PerformanceWarning")
@pytest.mark.parametrize("max_paths", [1, 2, 3])
def test_the_least_recently_used_are_dropped_first(max_paths):
    counted = Counted(steps)
    f = ad_core.compile(counted, max_paths=max_paths)
    for k in range(max_paths):
        f(k + 0.5)
    f(0.5)  # the oldest is used again
    assert counted.calls == max_paths
    f(10.5)  # one more goes in, and the least recently used out
    assert f.paths == max_paths
    calls = counted.calls
    if max_paths > 1:
        f(0.5)
        assert counted.calls == calls
        f(1.5)
        assert counted.calls == calls + 1


def test_each_shape_has_paths_of_its_own():
    counted = Counted(lambda x: x * 2.0)
    f = ad_core.compile(counted, max_paths=1)
    for n in (1, 2, 3, 1, 4, 2):
        f(np.ones(n))
    assert (counted.calls, f.paths) == (4, 4)


@pytest.mark.filterwarnings("ignore::ad_core.errors.PerformanceWarning")
def test_a_shape_that_fails_leaves_nothing_behind():
    def fun(x):
        if x.size == 2:
            raise ZeroDivisionError("two")
        return x * 2.0 if x[0] > 0 else x * 3.0

    f = ad_core.compile(fun, max_paths=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError, match="two"):
            f(np.ones(2))
        agree(f(np.ones(3)), np.full(3, 2.0))
        agree(f(-np.ones(3)), np.full(3, -3.0))
        assert f.paths == 1


def test_an_error_on_a_new_path_keeps_the_others():
    def fun(x):
        if x < 0:
            raise ArithmeticError("negative")
        return x * x

    f = ad_core.compile(fun)
    for _ in range(2):
        assert f(3.0) == 9.0
        with pytest.raises(ArithmeticError, match="negative"):
            f(-1.0)
        with pytest.raises(ArithmeticError, match="negative"):
            f(np.array([1.0, -1.0, 2.0]), batch_dims=1)
        assert f.grad(3.0) == 6.0
        assert f.paths <= 2  # one for points, one for batches


def test_shapes_that_differ_within_a_batch_raise():
    f = ad_core.compile(lambda x: x[:1] if x[0] > 0 else x)
    with refused(ValueError, "<lambda>", "shape", "(1,)", "(2,)"):
        f(np.array([[1.0, 2.0], [-1.0, 2.0]]), batch_dims=1)
    agree(f(np.array([1.0, 2.0])), np.array([1.0]))
    agree(f(np.array([-1.0, 2.0])), np.array([-1.0, 2.0]))


def test_structures_that_differ_within_a_batch_raise():
    f = ad_core.compile(lambda x: (x, x * 2.0) if x > 0 else (x, {"a": 3.0 * x}))
    with refused(ValueError, "<lambda>"):
        f(np.array([1.0, -1.0]), batch_dims=1)
    g = ad_core.compile(lambda x: (x, x * 2.0) if x > 0 else x)
    with refused(ValueError, "<lambda>"):
        g(np.array([1.0, -1.0]), batch_dims=1)


# -------------------------------------------------------------------------------------- impurity


def test_what_is_read_besides_the_arguments_is_fixed():
    """The documented limit of compile()."""
    scale = [2.0]
    f = ad_core.compile(lambda x: x * scale[0])
    assert f(3.0) == 6.0
    scale[0] = 5.0
    assert f(3.0) == 6.0
    f.clear()
    assert f(3.0) == 15.0


def test_a_function_that_takes_another_path_each_time_raises():
    turns = []

    def impure(x):
        turns.append(1)
        threshold = -1e9 if len(turns) % 2 else 1e9
        return x * 2.0 if x > threshold * (x * x + 1.0) else x * 3.0

    f = ad_core.compile(impure, max_paths=8)
    for _ in range(4):
        assert f(1.0) in (2.0, 3.0)
        f(np.linspace(-1.0, 1.0, 20), batch_dims=1)
    assert len(turns) < 30


def test_arguments_are_not_changed_nor_kept():
    def fun(x):
        x *= 2.0
        return x

    f, x = ad_core.compile(fun), np.ones(3)
    agree(f(x), np.full(3, 2.0))
    agree(f(np.stack([x, x]), batch_dims=1), np.full((2, 3), 2.0))
    np.testing.assert_array_equal(x, 1.0)
