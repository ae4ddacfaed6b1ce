"""compile(verify=n): the first n points are compared with the function itself."""

import functools
import pickle
import random

import numpy as np
import pytest

import ad_core
from agreement import refused
from threads import everywhere

rng = np.random.default_rng(4)


def impure_functions():
    """Impure functions: name -> (function, words of the error)."""
    draws, state, counted, kept = np.random.default_rng(1), {"scale": 2.0}, [0], []

    def random_number(x):
        return x * draws.random()

    def pythons_random_number(x):
        return x * random.random()

    def counter(x):
        counted[0] += 1
        return x * float(counted[0])

    def changed(x):
        state["scale"] += 1.0
        return {"a": x, "b": x * state["scale"]}

    def grows(x):
        kept.append(1.0)
        return x * np.ones(len(kept))

    def other_structure(x):
        kept.append(1.0)
        return x if len(kept) % 2 else (x, x)

    def fails(x):
        kept.append(1.0)
        if len(kept) > 2:
            raise KeyError("gone")
        return x

    def default(x, cache=[]):  # noqa: B006
        cache.append(1.0)
        return x + sum(cache)

    def attribute(x):
        attribute.calls = getattr(attribute, "calls", 0) + 1
        return x - attribute.calls

    told = {other_structure: "a tuple of 2", fails: "KeyError", changed: "leaf 1"}
    functions = (random_number, pythons_random_number, counter, changed, grows, other_structure,
                 fails, default, attribute)  # fmt: skip
    return {one.__name__: (one, told.get(one, "returns")) for one in functions}


def several_times(call):
    for _ in range(5):
        call()


METHODS = ("__call__", "grad", "jacobian", "value_and_jacobian")


@pytest.mark.parametrize("name", impure_functions())
def test_impurity_is_found(name):
    for batch_dims in (None, 1):
        for method in METHODS[:1] + METHODS[2:]:
            fun, told = impure_functions()[name]
            f = ad_core.compile(fun, verify=5)
            x = 2.0 if batch_dims is None else np.array([2.0, 3.0, 4.0])
            call = functools.partial(getattr(f, method), x, batch_dims=batch_dims)
            with pytest.raises(RuntimeError) as caught:
                several_times(call)
            for part in (f"{name} is not a function of its arguments alone", told, "clear()",
                         "as an argument", "ad_core.grad"):  # fmt: skip
                assert part in str(caught.value)
            if batch_dims and name == "counter":
                assert "at point 0 of the batch" in str(caught.value)


def test_a_change_between_calls_is_found_within_the_first_n():
    state = {"scale": 2.0}
    f = ad_core.compile(lambda x: x * state["scale"], verify=3)
    assert f.grad(1.0) == f.grad(2.0) == 2.0
    state["scale"] = 5.0
    for _ in range(2):  # and it is told as long as it is so
        with refused(RuntimeError, "returns 15.", "its recording 6."):
            f.grad(3.0)
    f.clear()
    assert f.grad(3.0) == 5.0
    state["scale"] = 7.0
    assert f.grad(3.0) == 5.0  # the documented limit: three calls were compared


def test_points_of_a_batch_count():
    calls = []

    def fun(x):
        calls.append(1)
        return x * x

    f = ad_core.compile(fun, verify=7)
    for k, compared in ((3, 3), (3, 6), (3, 7), (3, 7), (1, 7)):
        f.grad(np.arange(k) + 1.0, batch_dims=1)
        assert len(calls) == compared + 1  # and the recording
    f.grad(2.0)
    assert len(calls) == 8
    f = ad_core.compile(fun)
    calls.clear()
    for _ in range(3):
        f.grad(2.0)
    assert len(calls) == 1


def test_values_that_vary_over_a_batch_are_compared():
    f = ad_core.compile(lambda w, i: np.sum(w[i]), verify=100)
    f.grad(np.ones((9, 3)), np.arange(9)[:, None] % 3, batch_dims=1)
    assert f._to_verify == 91
    table = np.array([1.0, 2.0])
    g = ad_core.compile(lambda x, i: x * table[i], verify=100)
    i = np.arange(6) % 2
    np.testing.assert_array_equal(g.grad(np.ones(6), i, batch_dims=1), table[i])
    table[1] = 3.0
    with refused(RuntimeError, "returns 3.", "its recording 2."):
        g.grad(np.ones(6), i, batch_dims=1)


def cancelling(x):
    return np.sum(np.sin(1e9 * x)) - np.sum(np.sin(1e9 * x)[::-1]) + (np.exp(x[0]) - np.exp(x[0]))


def last_bit(x):
    return np.sum(x**2) * (2.0 if np.sin(x[0]) ** 2 + np.cos(x[0]) ** 2 > 1 else 3.0)


def branches(x):
    return np.sum(x**2) if x[0] > 4.0 else {1: x[0] * x[1]}[1]


def infinite(x):
    return np.log(x - x) + np.sqrt(-x)


def written_to(x):
    x *= 2.0
    return x


PURE = {one.__name__: one for one in (cancelling, last_bit, branches, infinite, written_to)}


@pytest.mark.parametrize("name", PURE)
def test_rounding_is_not_impurity(name):
    points = rng.uniform(0.5, 9.0, (50, 4))
    kept = points.copy()
    with np.errstate(all="ignore"):
        for f in (ad_core.compile(PURE[name], verify=50), ad_core.compile(PURE[name], verify=50)):
            for x in points:
                f.jacobian(x)
            assert f._to_verify == 0
        f = ad_core.compile(PURE[name], verify=50)
        f.jacobian(points, batch_dims=1)
        assert f._to_verify == 0
    np.testing.assert_array_equal(points, kept)


def test_warnings_of_the_function_itself_do_not_count():
    """A program gives no warnings; the comparison must not fail if warnings are errors."""
    f = ad_core.compile(lambda x: np.log(x), verify=2)
    with np.errstate(all="ignore"):
        f.grad(1.0)
    f.grad(-1.0)
    assert f._to_verify == 0


def test_arguments_of_every_kind():
    f = ad_core.compile(lambda p, n, _: p["a"] * len(str(n)) + p["b"][0], verify=10)
    p = {"b": (np.ones(3), 2.0), "a": 2.0}
    f.jacobian(p, 3, None)
    f.jacobian(p, "abc", None)
    assert f._to_verify == 8


def test_functions_recorded_in_every_call_are_not_compared():
    """The comparison would draw numbers that belong to the next call."""
    f = ad_core.compile(lambda x, rng: x * rng.random(), verify=5)
    generator, drawn = np.random.default_rng(0), np.random.default_rng(0).random(4)
    assert [f.grad(1.0, generator) for _ in range(2)] == drawn[:2].tolist()
    np.testing.assert_array_equal(f.grad(np.ones(2), generator, batch_dims=1), drawn[2:])


@pytest.mark.filterwarnings("ignore::ad_core.errors.PerformanceWarning")
def test_in_threads():
    f, wrong = ad_core.compile(branches, verify=40, max_paths=1), []

    def work(number):
        for x in rng.uniform(0.5, 9.0, (30, 4)):
            if not np.allclose(f.grad(x), ad_core.grad(branches)(x)):
                wrong.append(x)

    everywhere(work)
    assert not wrong
    assert f._to_verify == 0


@pytest.mark.parametrize("verify", [-1, True, 1.5, "1", None])
def test_a_wrong_number_of_calls_raises(verify):
    with refused(
        ValueError if verify == -1 else TypeError, "verify", "number of calls", repr(verify)
    ):
        ad_core.compile(np.sin, verify=verify)


def test_it_is_pickled():
    assert pickle.loads(pickle.dumps(ad_core.compile(np.sin, verify=3)))._to_verify == 3
