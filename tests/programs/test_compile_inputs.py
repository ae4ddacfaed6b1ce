"""compile(): inputs are distinguished by their containers, shapes and memory layouts."""

import pickle
from collections import namedtuple

import numpy as np

import ad_core

One = namedtuple("One", "n m")
Other = namedtuple("One", "n m")


class Length(float):
    """A float of a class of its own."""


def test_structures_of_inputs_are_compared_by_class_and_key():
    def fun(p):
        values = list(p.values()) if isinstance(p, dict) else list(p)
        kind = {dict: 1.0, list: 2.0, tuple: 3.0, One: 4.0, Other: 5.0}[type(p)]
        odd = 10.0 if isinstance(p, dict) and type(next(iter(p))) is bool else 0.0
        return (kind + odd) * values[0] + 2.0 * values[1]

    f = ad_core.compile(fun)
    x, y = 3.0, 5.0
    for _ in range(2):
        for p in (
            {"a": x, "b": y}, {"b": x, "a": y}, [x, y], (x, y), One(x, y), Other(x, y),
            {1: x, 0: y}, {True: x, 0: y}, {1.0: x, 0: y}, {0: x, 1: y},
        ):  # fmt: skip
            found, expected = f.grad(p), ad_core.grad(fun)(p)
            assert repr(found) == repr(expected)
            assert type(found) is type(p)


def test_gradients_of_a_dict_are_in_its_own_order():
    fun = lambda p: 2.0 * p["w"] * p["w"] + 5.0 * p["b"]  # noqa: E731
    for p in ({"w": 3.0, "b": 1.0}, {"b": 1.0, "w": 3.0}):
        tape, f = ad_core.trace(fun, p), ad_core.compile(fun)
        copy = pickle.loads(pickle.dumps(tape))
        for gradient in (
            ad_core.grad(fun)(p), tape.grad(p), f.grad(p), copy.grad(p),
            ad_core.value_and_grad(fun)(p)[1], f.value_and_grad(p)[1], tape.vjp(p, 1.0),
            ad_core.vjp(fun, p)[1](1.0)[0], f.hvp(p, {"b": 0.0, "w": 3.0}),
            ad_core.jacfwd(fun)(p), ad_core.jacrev(fun)(p), f.jacobian(p),
        ):  # fmt: skip
            assert list(gradient) == list(p)
            assert gradient["w"] == 12.0
        hessian = ad_core.hessian(fun)(p)
        assert list(hessian) == list(hessian["w"]) == list(p)
        other = {key: p[key] for key in reversed(p)}
        assert tape.grad(other)["w"] == 12.0
        assert ad_core.jvp(fun, (p,), ({"b": 1.0, "w": 0.0},))[1] == 5.0
        assert ad_core.jvp(fun, (p,), ({"w": 0.0, "b": 1.0},))[1] == 5.0
        assert f.jvp(p, {"b": 1.0, "w": 0.0}) == f.jvp(p, {"w": 0.0, "b": 1.0}) == 5.0


def test_results_that_are_dicts_keep_their_order():
    fun = lambda x: {"b": x, "a": 2.0 * x}  # noqa: E731
    tape, f = ad_core.trace(fun, 1.0), ad_core.compile(fun)
    for result in (
        tape(3.0), f(3.0), f(np.ones(20), batch_dims=1), tape.jacobian(3.0), f.jacobian(3.0),
        ad_core.jacobian(fun)(3.0), ad_core.jvp(fun, (3.0,), (1.0,))[1], tape.value,
        pickle.loads(pickle.dumps(tape))(3.0),
    ):  # fmt: skip
        assert list(result) == ["b", "a"]
        np.testing.assert_allclose(result["a"], 2.0 * np.asarray(result["b"]))
    assert tape.vjp(3.0, {"a": 1.0, "b": 10.0}) == tape.vjp(3.0, {"b": 10.0, "a": 1.0}) == 12.0


def test_an_array_without_axes_is_not_a_number():
    fun = lambda x: x * (2.0 if isinstance(x, np.ndarray) else 3.0)  # noqa: E731
    f = ad_core.compile(fun)
    for _ in range(3):
        for x in (1.0, np.array(1.0), np.float64(1.0), np.float32(1.0), Length(1.0), np.array(2.0)):
            expected = 2.0 if isinstance(x, np.ndarray) else 3.0
            assert f.grad(x) == ad_core.grad(fun)(x) == expected
    assert f.paths == 2


def layouts():
    base = np.arange(48.0).reshape(6, 8)
    yield from (base[:2, :3], base.T[:2, :3], base[::-1, ::2], np.asfortranarray(base[:3, :2]))
    yield from (base[:2, :3].copy(), base.reshape(2, 4, 6).transpose(1, 0, 2), base[:, 0], base[:1])


def test_inputs_of_another_memory_layout_have_recordings_of_their_own():
    """Each result is that of its own trace, whatever was recorded before."""
    fun = lambda x: np.ravel(x, order="K") * np.arange(1.0, x.size + 1.0)  # noqa: E731
    f = ad_core.compile(fun)
    for _ in range(2):
        for x in layouts():
            expected = ad_core.trace(fun, x).value
            np.testing.assert_array_equal(f(x), expected)
            np.testing.assert_array_equal(f.jacobian(x), ad_core.jacobian(fun)(x))
            many = np.stack([x, x])
            expected = ad_core.trace(fun, many[0]).value
            np.testing.assert_array_equal(f(many, batch_dims=1), [expected, expected])


def test_layouts_that_are_equal_without_the_batch_share_a_recording():
    f = ad_core.compile(lambda x: x * 2.0)
    x = np.arange(60.0).reshape(5, 3, 4)
    for batch in (x, x[::2], x[::-1], np.broadcast_to(x[0], (7, 3, 4))):
        np.testing.assert_array_equal(f(batch, batch_dims=1), batch * 2.0)
    f(x[0])
    assert f.paths == 1
