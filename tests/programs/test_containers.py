# SPDX-License-Identifier: Apache-2.0
"""Containers of every kind as arguments and results: one-shot, recorded, compiled, in a batch and
traced, each derivative is that of the array within, and has the container's class."""

import gc
import pickle
import weakref

import numpy as np
import pytest

import ad_core
from agreement import refused
from container_rows import CONTAINERS, PLAIN, Frozen, Record, part

X = np.array([1.0, 2.0, 3.0])
T = np.array([0.5, -1.0, 2.0])
H = 3 * np.diag(np.arange(1.0, 4.0)) * 2  # of the sum of x^3 at X


@pytest.fixture(params=CONTAINERS)
def make(request):
    return CONTAINERS[request.param]


def cubes(p):
    assert part(p, "label") == "name"
    return part(p, "a") ** (part(p, "n") + 1)


def total(p):
    return np.sum(cubes(p))


def dense(sparse):
    return sparse.toarray()


def functions(fun, p):
    """The function as users have it, and a derivative of each."""
    compiled = ad_core.compile(fun)
    compiled(p), compiled(p)
    return {
        "plain": fun, "tape": ad_core.trace(fun, p), "compiled": compiled,
        "within": lambda q: fun(q), "compiled tape": ad_core.compile(ad_core.trace(fun, p)),
    }  # fmt: skip


def same(found, p, expected):
    assert type(found) is type(p)
    np.testing.assert_allclose(part(found, "a"), expected, rtol=1e-13)


@pytest.mark.parametrize("way", ["plain", "tape", "compiled", "within", "compiled tape"])
def test_transforms(make, way):
    p, t = make(X), make(T)
    f, g = functions(total, p)[way], functions(cubes, p)[way]
    same(ad_core.grad(f)(p), p, 3 * X**2)
    same(ad_core.value_and_grad(f)(p)[1], p, 3 * X**2)
    for mode in ("fwd", "rev", None):
        same(ad_core.jacobian(g, mode=mode)(p), p, np.diag(3 * X**2))
    same(part(ad_core.hessian(f)(p), "a"), p, H)
    same(ad_core.hvp(f, (p,), (t,)), p, H @ T)
    np.testing.assert_allclose(ad_core.jvp(g, (p,), (t,))[1], 3 * X**2 * T)
    np.testing.assert_allclose(ad_core.linearize(g, p)[1](t), 3 * X**2 * T)
    same(ad_core.vjp(g, p)[1](T)[0], p, 3 * X**2 * T)
    same(ad_core.ggnvp(g, (p,), (t,)), p, 9 * X**4 * T)
    ys = ad_core.jet(g, (p,), (make(T[None]),), order=2)[1]
    np.testing.assert_allclose(ys, [3 * X**2 * T, 3 * X * T**2])
    ad_core.check_grads(g, (p,))


@pytest.mark.parametrize("recorded", [ad_core.trace, lambda f, p: ad_core.compile(f)])
def test_methods(make, recorded):
    p, t = make(X), make(T)
    f, g = recorded(total, p), recorded(cubes, p)
    for _ in range(3):
        np.testing.assert_allclose(g(p), X**3, rtol=1e-13)
        same(f.grad(p), p, 3 * X**2)
        same(f.value_and_grad(p)[1], p, 3 * X**2)
        same(g.jacobian(p), p, np.diag(3 * X**2))
        same(part(f.hessian(p), "a"), p, H)
        same(f.hvp(p, t), p, H @ T)
        same(g.vjp(p, T), p, 3 * X**2 * T)
        np.testing.assert_allclose(g.jvp(p, t), 3 * X**2 * T)


def test_batches(make):
    batch, scale = np.stack([X, 2 * X, T]), np.array([1.0, 2.0, 3.0])[:, None]
    p = make(batch)
    compiled = ad_core.compile(total)
    for _ in range(2):
        same(compiled.grad(p, batch_dims=1), p, 3 * batch**2)
        same(compiled.hvp(p, make(scale * T), batch_dims=1), p, 6 * batch * (scale * T))
    same(ad_core.trace(total, make(X)).grad(p), p, 3 * batch**2)
    assert compiled.paths == 1


def test_results(make):
    def f(x):
        return make(x**2)

    for found in (
        ad_core.jacobian(f)(X), ad_core.trace(f, X).jacobian(X), ad_core.compile(f).jacobian(X),
        ad_core.jacobian(ad_core.trace(f, X))(X),
    ):  # fmt: skip
        same(found, f(X), np.diag(2 * X))
    tape, compiled = ad_core.trace(f, X), ad_core.compile(f)
    for value in (tape.value, tape(X), compiled(X), compiled(X), ad_core.vjp(f, X)[0]):
        same(value, f(X), X**2)
        assert part(value, "label") == "name"
        assert part(value, "n") == 2
    same(compiled(np.stack([X, T]), batch_dims=1), f(X), np.stack([X, T]) ** 2)
    same(ad_core.jvp(f, (X,), (T,))[1], f(X), 2 * X * T)
    np.testing.assert_allclose(ad_core.vjp(f, X)[1](make(T))[0], 2 * X * T)


@pytest.mark.parametrize("name", CONTAINERS)
def test_what_is_no_float_has_no_derivative(name):
    found = ad_core.grad(total)(CONTAINERS[name](X))
    expected = (None, None) if name in PLAIN else (2, "name")
    assert (part(found, "n"), part(found, "label")) == expected


def test_a_gradient_is_a_direction(make):
    p = make(X)
    g = ad_core.grad(total)(p)
    np.testing.assert_allclose(ad_core.jvp(cubes, (p,), (g,))[1], 9 * X**4)


def test_plain_entries_are_part_of_the_recording():
    f = ad_core.compile(lambda p: np.sum(p["a"] ** p["n"]) * len(p["s"]))
    for n, s in ((2, "ab"), (3, "ab"), (2, "c"), (2, "ab")):
        for _ in range(2):
            found = f.grad({"a": X, "n": n, "s": s})["a"]
            np.testing.assert_allclose(found, n * X ** (n - 1) * len(s))
    assert f.paths == 3
    assert f.grad({"a": X, "n": True, "s": "ab"})["a"].tolist() == [2.0, 2.0, 2.0]
    assert f.paths == 4


def test_arrays_of_integers_have_batch_axes_in_a_container():
    f = ad_core.compile(lambda p: np.sum(p["w"][p["i"]] ** 2))
    w, i = np.arange(10.0).reshape(2, 5), np.array([[0, 1], [3, 3]])
    found = f.grad({"w": w, "i": i}, batch_dims=1)
    np.testing.assert_array_equal(found["w"][0], [0.0, 2.0, 0.0, 0.0, 0.0])
    np.testing.assert_array_equal(found["w"][1], [0.0, 0.0, 0.0, 32.0, 0.0])
    assert found["i"] is None


def test_numbers_are_the_same_at_all_points():
    f = ad_core.compile(lambda x, p: x * p["a"] ** p["n"])
    found = f.jacobian(X, {"a": 2.0, "n": 3}, batch_dims=1, argnums=1)
    np.testing.assert_array_equal(found["a"], 12 * X)


@pytest.mark.parametrize(
    ("tangent", "words"),
    [
        ({"a": T, "n": 0.5, "s": None}, ["['n']", "no derivative", "None"]),
        ({"a": T, "n": 1, "s": None}, ["['n']", "no derivative"]),
        ({"a": T, "n": None}, ["'s'", "missing"]),
        ({"a": [T], "n": None, "s": None}, ["['a']", "an array or a number", "a list of 1"]),
        ([T, None, None], ["a dict of 3", "a list of 3"]),
    ],
)
def test_the_first_place_that_differs_is_named(tangent, words):
    p = {"a": X, "n": 2, "s": "name"}
    f = lambda p: p["a"] ** p["n"]  # noqa: E731
    for call in (
        lambda: ad_core.jvp(f, (p,), (tangent,)), lambda: ad_core.trace(f, p).jvp(p, tangent),
        lambda: ad_core.compile(f).jvp(p, tangent),
    ):  # fmt: skip
        with refused(ValueError, "structure", *words) as caught:
            call()
        assert len(str(caught.value)) < 250


@pytest.mark.parametrize("n", [None, 0, 0.0, 2])
def test_a_tangent_may_say_nothing_of_plain_entries(n):
    p = {"a": X, "n": 2}
    found = ad_core.jvp(lambda p: p["a"] ** p["n"], (p,), ({"a": T, "n": n},))[1]
    np.testing.assert_allclose(found, 2 * X * T)


def test_a_long_structure_is_not_printed_whole():
    p = {f"key {k}": float(k) for k in range(1000)}
    with refused(ValueError, "'key 7'", "missing") as caught:
        ad_core.jvp(lambda p: p["key 1"], (p,), ({k: x for k, x in p.items() if k != "key 7"},))
    assert len(str(caught.value)) < 200


def test_linear_maps_of_containers_can_be_pickled():
    for p in (Record(X), Frozen(X), {"a": X, "n": 2, "label": "name"}):
        _, pullback = ad_core.vjp(cubes, p)
        same(pickle.loads(pickle.dumps(pullback))(T)[0], p, 3 * X**2 * T)


def test_tape_files_refuse_other_containers_by_name():
    with refused(TypeError, "Record", "dict"):
        ad_core.trace(cubes, Record(X)).to_bytes()
    with refused(TypeError, "dicts"):
        ad_core.trace(cubes, {"a": X, "n": 2, "label": "name"}).to_bytes()


def test_nothing_keeps_arguments_alive():
    f = ad_core.compile(total)
    p = Record(X.copy())
    f.grad(p), f.grad(p)
    ended = weakref.ref(p)
    del p
    gc.collect()
    assert ended() is None


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"a": X, "n": 3, "s": "name"}, "at ['n'] it is 2"),
        ({"a": X, "n": 0, "s": "name"}, "at ['n'] it is 2"),
        ({"a": X, "n": None, "s": "name"}, "at ['n'] it is 2"),
        ({"a": X, "n": 2, "s": "other"}, "at ['s'] it is 'name'"),
    ],
)
def test_a_tape_keeps_the_plain_entries_of_its_recording(given, place):
    p = {"a": X, "n": 2, "s": "name"}
    tape = ad_core.trace(lambda p: p["a"] ** p["n"], p)
    np.testing.assert_allclose(tape(dict(p)), X**2)
    for call in (
        lambda: tape(given), lambda: tape.jacobian(given), lambda: tape.jvp(given, p),
        lambda: ad_core.jacobian(tape)(given),
    ):  # fmt: skip
        with refused(ValueError, place, "part of the recording"):
            call()


def test_fields_are_part_of_a_tape_too():
    tape = ad_core.trace(cubes, Record(X, 2, "name"))
    with refused(ValueError, "at .n it is 2"):
        tape(Record(X, 3, "name"))


def test_rules_take_containers():
    @ad_core.custom_vjp
    def scaled(p):
        return p.a * p.n

    scaled.defvjp(lambda p: (p.a * p.n, p), lambda p, w: (Record(w * p.n, np.sum(w * p.a), None),))
    p = Record(X, 2.0, None)
    found = ad_core.grad(lambda p: np.sum(scaled(p)))(p)
    np.testing.assert_array_equal(found.a, np.full(3, 2.0))
    assert found.n == 6.0
    checked = ad_core.checkpoint(cubes)
    same(ad_core.grad(lambda p: np.sum(checked(p)))(Record(X)), Record(X), 3 * X**2)
