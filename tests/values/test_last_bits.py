"""Comparisons of values whose last bit differs between a program and NumPy.

At the point of the recording, the function's own result decides, and BranchChanged is not raised.
"""

import pickle

import numpy as np
import pytest

import ad_core
from ad_core.recording.trees import flatten
from threads import everywhere

rng = np.random.default_rng(11)


def one(x):
    """Whether sin^2 + cos^2 > 1 depends on the last bits."""
    return x * x * (2.0 if np.sin(x) ** 2 + np.cos(x) ** 2 > 1 else 3.0)


def equal(x):
    return x * x * (2.0 if np.exp(np.log(x)) == x else 3.0)


def summed(x):
    return x @ x * (2.0 if np.sum(x / 3.0) > np.sum(x[::-1] / 3.0) else 3.0)


def products(x):
    return x @ x * (2.0 if np.tanh(x) @ np.cos(x) > np.sum(np.cos(x) * np.tanh(x)) else 3.0)


def chosen(x):
    """A mask and an order of values that are equal except for rounding."""
    y = np.sin(x) ** 2 + np.cos(x) ** 2
    return x**2 * np.where(y > 1, 1.0, 1.0) + np.sum(x[y > 1] ** 2) + np.sum(x[y <= 1] ** 2)


def vector(x):
    return x**2 * (2.0 if np.sum(np.sin(x) ** 2 + np.cos(x) ** 2) > len(x) else 3.0)


def nested(p):
    """A dictionary in and a pair out."""
    s = np.sin(p["x"]) ** 2 + np.cos(p["x"]) ** 2
    return np.sum(p["x"] ** 2) * (2.0 if s[0] > 1 else 3.0), p["y"] * (2.0 if s[1] > 1 else 3.0)


POINTS = rng.uniform(0.5, 9.0, (50, 6))
SCALAR = {"one": one, "equal": equal}
OF_ARRAYS = {"summed": summed, "products": products}


def either(found, smooth):
    """Whether results are those of either branch: 2 or 3 times those of a smooth function."""
    found = np.asarray(found)
    return any(np.allclose(found, k * smooth, rtol=1e-12, atol=1e-12) for k in (2.0, 3.0))


def same(found, expected):
    found, expected = flatten(found), flatten(expected)
    assert found[1] == expected[1]
    for x, y in zip(found[0], expected[0], strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", SCALAR)
def test_the_point_of_a_tape_has_the_functions_own_result(name):
    fun, t = SCALAR[name], 0.7
    for x in POINTS.ravel()[:50].tolist():
        tape = ad_core.trace(fun, x)
        for again in (tape, ad_core.Tape.from_bytes(tape.to_bytes())):
            assert np.isclose(again(x), fun(x), rtol=1e-14)
            for method in ("grad", "jacobian", "hessian", "value_and_grad", "value_and_jacobian"):
                same(getattr(again, method)(x), getattr(ad_core, method)(fun)(x))
            same(again.jvp(x, t), ad_core.jvp(fun, (x,), (t,))[1])
            same(np.squeeze(again.vjp(x, t)), ad_core.vjp(fun, x)[1](t)[0])
            same(again.hvp(x, t), ad_core.hvp(fun, (x,), (t,)))
            for n in (2, 5, 40):
                many = np.full(n, x)
                same(again.grad(many), np.full(n, ad_core.grad(fun)(x)))
                out = np.empty(n)
                assert again.grad(many, out=out) is out
                same(out, np.full(n, ad_core.grad(fun)(x)))


@pytest.mark.parametrize("name", OF_ARRAYS)
def test_the_point_of_a_tape_of_an_array(name):
    fun, t = OF_ARRAYS[name], np.ones(6)
    for x in POINTS:
        tape = ad_core.trace(fun, x)
        same(tape(x), tape.value)  # sums of ours may differ from NumPy's in the last bit
        for method in ("grad", "hessian", "value_and_grad"):
            same(getattr(tape, method)(x), getattr(ad_core, method)(fun)(x))
        same(tape.hessian(x, sparse=True).toarray(), ad_core.hessian(fun)(x))
        same(tape.hvp(x, t), ad_core.hvp(fun, (x,), (t,)))
        same(tape.ggnvp(x, t), ad_core.ggnvp(fun, (x,), (t,)))
        same(tape.lagrangian_hessian(x, 2.0), 2.0 * ad_core.hessian(fun)(x))


def test_other_points_of_a_tape_still_raise():
    """At some point the branch is another one, and the message for a batch names that point."""
    fun = lambda x: x * 2.0 if x > 1.0 else x * 3.0  # noqa: E731
    tape = ad_core.trace(fun, 2.0)
    with pytest.raises(ad_core.errors.BranchChanged, match="point 1 of the batch"):
        tape(np.array([2.0, 0.5]))
    with pytest.raises(ad_core.errors.BranchChanged, match="at this point"):
        tape(0.5)


@pytest.mark.filterwarnings("ignore::ad_core.errors.PerformanceWarning")
@pytest.mark.parametrize("name", SCALAR)
@pytest.mark.parametrize("method", ["grad", "hessian", "jacobian", "value_and_grad"])
def test_points_of_a_function(name, method):
    fun = SCALAR[name]
    for f in (ad_core.compile(fun), ad_core.compile(fun, max_paths=1)):
        for x in POINTS.ravel()[:40].tolist():
            *_, found = flatten(getattr(f, method)(x))[0]
            assert either(found, 2.0 if method == "hessian" else 2.0 * x)
        assert f.paths <= 2


@pytest.mark.parametrize("n", [1, 3, 4, 17, 200])
@pytest.mark.parametrize("name", SCALAR)
def test_batches_of_a_function(name, n):
    fun, X = SCALAR[name], POINTS.ravel()[:n]
    f = ad_core.compile(fun)
    calls = {
        "value": (f(X, batch_dims=1), X**2), "grad": (f.grad(X, batch_dims=1), 2 * X),
        "hessian": (f.hessian(X, batch_dims=1), 2 + 0 * X),
        "jvp": (f.jvp(X, X, batch_dims=1), 2 * X * X), "hvp": (f.hvp(X, X, batch_dims=1), 2 * X),
        "vjp": (np.ravel(f.vjp(X, X, batch_dims=1)), 2 * X * X),
    }  # fmt: skip
    for found, smooth in calls.values():
        assert all(map(either, found, smooth))
    out = np.full(n, np.nan)
    assert f.grad(X, batch_dims=1, out=out) is out
    assert all(map(either, out, 2 * X))
    assert f.paths <= 2


def test_every_method_of_a_function_of_an_array():
    f, once = ad_core.compile(vector), None
    for x in POINTS:
        t, smooth = np.ones(6), np.diag(2 * x)
        once = ad_core.compile(vector)
        for g in (f, once):
            assert either(g(x), x**2)
            assert either(g.jacobian(x), smooth)
            sparse = g.jacobian(x, sparse=True)
            assert sparse.nnz == 6
            assert either(sparse.toarray(), smooth)
            value, sparse = g.value_and_jacobian(x, sparse=True)
            assert either(value, x**2)
            assert either(sparse.toarray(), smooth)
            assert either(g.lagrangian_hessian(x, t), 2 * np.eye(6))
            hessian = g.lagrangian_hessian(x, t, sparse=True)
            assert hessian.nnz == 6
            assert either(hessian.toarray(), 2 * np.eye(6))
            assert either(g.jvp(x, t), 2 * x)
            assert either(np.ravel(g.vjp(x, t)), 2 * x)
            out = np.empty((6, 6))
            assert g.jacobian(x, out=out) is out
            assert either(out, smooth)
            assert g.jacobian_sparsity(x).nnz == 6
            assert "route" in g.explain(x)
    data = ad_core.compile(vector).jacobian(POINTS, batch_dims=1, sparse=True)
    assert all(map(either, data, 2 * POINTS))
    dense = ad_core.compile(vector).jacobian(POINTS[:, None], batch_dims=2)
    assert all(either(J, np.diag(2 * x)) for J, x in zip(dense[:, 0], POINTS, strict=True))


@pytest.mark.filterwarnings("ignore::ad_core.errors.PerformanceWarning")
def test_masks():
    f = ad_core.compile(chosen, max_paths=4)
    expected = np.array([ad_core.jacobian(chosen)(x) for x in POINTS])
    same(f.jacobian(POINTS, batch_dims=1), expected)
    same(np.array([f.jacobian(x) for x in POINTS]), expected)
    for x in POINTS:
        same(ad_core.trace(chosen, x).jacobian(x), ad_core.jacobian(chosen)(x))
    assert f.paths <= 4


def test_nested_arguments_and_results():
    f = ad_core.compile(nested)
    for x in POINTS:
        p = {"x": x[:2], "y": x[2]}
        first, second = f(p)
        assert either(first, x[:2] @ x[:2])
        assert either(second, x[2])
        first, second = f.jacobian(p)
        assert list(first) == ["x", "y"]
        assert either(first["x"], 2 * x[:2])
        assert either(second["y"], 1.0)
        tape = ad_core.trace(nested, p)
        same(tape.jacobian(p), ad_core.jacobian(nested)(p))
        same(tape(p), nested(p))
    P = {"x": POINTS[:, :2], "y": POINTS[:, 2]}
    first, second = f.jacobian(P, batch_dims=1)
    assert all(map(either, first["x"], 2 * POINTS[:, :2]))
    assert all(map(either, second["y"], np.ones(50)))


def test_a_function_that_changes_in_the_second_run_raises():
    """The last bit decides the first run; the second takes another branch."""
    x, runs = next(x for x in POINTS.ravel().tolist() if differs(x)), []

    def impure(x):
        runs.append(1)
        return x * (len(runs) if np.sin(x) ** 2 + np.cos(x) ** 2 > 1 else float(len(runs)))

    f = ad_core.compile(impure)
    for call in (lambda: f.grad(x), lambda: f.grad(np.array([x, x]), batch_dims=1)):
        with pytest.raises(RuntimeError) as caught:
            call()
        for part in ("impure is not a function of its arguments alone", "called twice", "and then"):
            assert part in str(caught.value)
    assert f.paths == 0


def differs(x):
    """Whether the program has another outcome than its recording, at the point of the recording."""
    tape = ad_core.trace(one, x)
    _, missed = tape._build("grad", 0).batch([np.array(x)], None, None, None)
    return bool(missed.any())


def test_the_points_of_these_tests_exist():
    """Without such points the tests in this file would be trivial."""
    assert any(map(differs, POINTS.ravel().tolist()))


@pytest.mark.filterwarnings("ignore::ad_core.errors.PerformanceWarning")
def test_threads():
    f, wrong = ad_core.compile(one, max_paths=2), []

    def work(number):
        for x in POINTS.ravel()[:100].tolist():
            if not either(f.grad(x), 2 * x):
                wrong.append(x)
        if not all(map(either, f.grad(POINTS.ravel(), batch_dims=1), 2 * POINTS.ravel())):
            wrong.append("batch")

    everywhere(work)
    assert not wrong
    assert pickle.loads(pickle.dumps(f)).grad(2.0) in (8.0, 12.0)
