"""check_grads: right derivatives pass, wrong ones are caught, by mode and order."""

from collections import namedtuple

import numpy as np
import pytest

import ad_core
from ad_core import check_grads, stop_gradient

x3 = np.array([0.6, 1.4, 2.3])

Point = namedtuple("Point", "x y")

RIGHT = {
    "sin": (np.sin, (0.7,)),
    "array": (lambda x: np.sin(x) * x[0], (x3,)),
    "matrix": (lambda X: X @ X.T * X[0, 0], (np.arange(6.0).reshape(2, 3) / 5,)),
    "two arguments": (lambda a, b: a**b, (x3, 1.5)),
    "tree": (lambda p: [p["a"] * p["b"][0], np.exp(p["b"][1])], ({"a": x3, "b": (2.0, 0.5)},)),
    "named tuple": (lambda p: Point(p.x * p.y, p.x / p.y), (Point(1.2, 3.4),)),
    "linear": (lambda x: 2 * x, (x3,)),
    "constant": (lambda x: np.ones(2), (x3,)),
    "zero-d": (lambda x: np.exp(x), (np.array(0.3),)),
    "empty": (lambda x: x * 2.0, (np.zeros(0),)),
    "float32": (lambda x: np.sin(x), (x3.astype(np.float32),)),
    "large": (lambda x: x**2, (1e6 * x3,)),
    "of several scales": (lambda a, b: a * np.sin(b), (1e7 * x3, 0.4)),
    "buffer": (lambda x: np.array([x[0] * x[1], x[2] ** 3, 1.0]), (x3,)),
    "nested": (lambda x: ad_core.grad(lambda y: np.sum(y**3))(x) * x, (x3,)),
    "no arguments to speak of": (lambda: 1.0, ()),
}


@pytest.mark.parametrize("name", RIGHT)
@pytest.mark.parametrize("modes", [("fwd",), ("rev",), ("fwd", "rev"), ["rev", "fwd"]])
def test_right_derivatives_pass(name, modes):
    f, args = RIGHT[name]
    assert check_grads(f, args, modes=modes) is None


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_orders(order):
    assert check_grads(lambda x: np.sin(x) * np.exp(x), (x3,), order=order) is None


def wrong(x):
    """Half of its derivative is missing."""
    return x * stop_gradient(x)


@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_a_missing_derivative_is_caught(mode):
    with pytest.raises(AssertionError, match=f"{mode} derivative of order 1 of wrong"):
        check_grads(wrong, (x3,), modes=(mode,))


@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_a_missing_second_derivative_is_caught(mode):
    """The first derivative is right: x^2 with a first-order twin that is linear in x."""

    def second_wrong(x):
        frozen = stop_gradient(x)
        return frozen**2 + 2 * frozen * (x - frozen)

    assert check_grads(second_wrong, (x3,), order=1, modes=(mode,)) is None
    with pytest.raises(AssertionError, match=f"{mode} derivative of order 2 of second_wrong"):
        check_grads(second_wrong, (x3,), order=2, modes=(mode,))


@pytest.mark.parametrize("relative", [1e-2, 1e-4, 1e-5])
def test_a_slightly_wrong_derivative_is_caught(relative):
    def f(x):
        return np.sin(x) + relative * (np.exp(x) - stop_gradient(np.exp(x)))

    with pytest.raises(AssertionError, match="order 1"):
        check_grads(f, (x3,), order=1)


def test_a_wrong_derivative_of_one_argument_or_element_is_caught():
    with pytest.raises(AssertionError):
        check_grads(lambda a, b: a * stop_gradient(b), (x3, x3))
    with pytest.raises(AssertionError):
        check_grads(lambda p: p["a"] * stop_gradient(p["b"]), ({"a": x3, "b": 2.0},))

    def one_element(x):
        out = np.zeros(3)
        out[:2] = x[:2] ** 2
        out[2] = stop_gradient(x[2]) ** 2
        return out

    with pytest.raises(AssertionError):
        check_grads(one_element, (x3,))


def test_modes_that_disagree_are_caught(monkeypatch):
    """The dot-product test is far more sensitive than the differences."""
    true_vjp = ad_core.vjp

    def biased(f, *args):
        y, pullback = true_vjp(f, *args)
        return y, lambda w: tuple(part * (1 + 1e-9) for part in pullback(w))

    monkeypatch.setattr("ad_core.transforms.testing.vjp", biased)
    assert check_grads(np.sin, (x3,), order=1, modes=("rev",)) is None
    with pytest.raises(
        AssertionError, match=r"dot-product test of sin failed at order 1: w \(J v\)"
    ):
        check_grads(np.sin, (x3,), order=1)


def test_a_wrong_rule_is_caught_at_its_order(monkeypatch):
    true_jvp = ad_core.jvp

    def biased(f, primals, tangents):
        y, t = true_jvp(f, primals, tangents)
        return y, t * (1 + 1e-3)

    monkeypatch.setattr("ad_core.transforms.testing.jvp", biased)
    with pytest.raises(AssertionError, match="fwd derivative of order 1 of sin"):
        check_grads(np.sin, (x3,), modes=("fwd",))


def test_the_message_has_both_numbers_and_the_bound():
    with pytest.raises(AssertionError, match=r"[-\d.e]+ but differences give [-\d.e]+ \(allowed "):
        check_grads(wrong, (x3,))


def test_tolerances():
    def f(x):
        return np.sin(x) + 1e-4 * (x - stop_gradient(x))

    with pytest.raises(AssertionError):
        check_grads(f, (x3,), order=1)
    assert check_grads(f, (x3,), order=1, atol=1e-2) is None
    assert check_grads(f, (x3,), order=1, atol=0.0, rtol=0.1) is None
    with pytest.raises(AssertionError):
        check_grads(np.sin, (x3,), order=1, atol=0.0, rtol=0.0)
    assert check_grads(np.sin, (x3,), eps=1e-3) is None


def test_a_derivative_that_is_not_a_number_is_caught():
    with pytest.raises(AssertionError), np.errstate(all="ignore"):
        check_grads(lambda x: np.sqrt(x), (np.array([0.0, 1.0]),), order=1)


def test_arguments_are_not_changed():
    x = x3.copy()
    check_grads(lambda x: x**2, (x,))
    np.testing.assert_array_equal(x, x3)


def test_the_same_directions_in_every_run():
    seen = []
    for _ in range(2):
        points = []
        check_grads(lambda x, points=points: points.append(repr(x)) or x * 1.0, (0.5,), order=1)
        seen.append(points)
    assert len(seen[0]) >= 4
    assert seen[0] == seen[1]


def test_functions_on_a_small_scale_take_a_smaller_step():
    assert check_grads(lambda x: np.sin(1e3 * x), (1e-3 * x3,), eps=1e-7, order=1) is None


def test_bad_arguments():
    with pytest.raises(TypeError, match=r"args must be a tuple.*ndarray"):
        check_grads(np.sin, x3)
    with pytest.raises(TypeError, match=r"args must be a tuple.*float"):
        check_grads(np.sin, 1.0)
    for modes in ((), ("forward",), ("fwd", "reverse")):
        with pytest.raises(ValueError, match="modes must be 'fwd', 'rev' or both"):
            check_grads(np.sin, (1.0,), modes=modes)
    for order in (0, -1):
        with pytest.raises(ValueError, match="order must be an int >= 1"):
            check_grads(np.sin, (1.0,), order=order)
    with pytest.raises(TypeError, match="float64"):
        check_grads(np.sin, (1,))


def test_one_mode_by_name():
    assert check_grads(np.sin, (x3,), modes="fwd") is None
    with pytest.raises(AssertionError, match="rev derivative"):
        check_grads(wrong, (x3,), modes="rev")


def test_the_functions_own_error_comes_through():
    def f(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        check_grads(f, (1.0,))
