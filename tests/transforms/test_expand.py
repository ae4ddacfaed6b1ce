"""Derivatives recorded as operations: arrays of adjoints that are part zero, part recorded."""

import numpy as np
import pytest

import ad_core
from rows import one_way

WAYS = [(inner, outer) for inner in ("fwd", "rev") for outer in ("fwd", "rev")]


@pytest.mark.parametrize(("inner", "outer"), WAYS)
@pytest.mark.parametrize("n", [2, 3])
@pytest.mark.parametrize("used", [[1], [0], [0, 1], [1, 1], [1, 0, 1]])
@pytest.mark.parametrize(
    ("ending", "slope", "bend"),
    [
        (np.exp, np.exp, np.exp),
        (np.negative, lambda y: -1.0 + 0 * y, lambda y: 0.0 * y),
        (np.square, lambda y: 2 * y, lambda y: 2.0 + 0 * y),
    ],
    ids=["exp", "negative", "square"],
)
def test_second_derivatives_of_parts_of_an_array(ending, slope, bend, used, n, inner, outer):
    """The zero of an element not used and the first recorded adjoint are neighbours on the
    tape (with n = 2 they are all there is), and yet not one run of constants."""
    x = np.array([0.3, 0.7, 1.1])[:n]

    def f(x):
        y = np.sin(x)
        total = ending(y[used[0]])
        for k in used[1:]:
            total = total + ending(y[k])
        return total

    count = np.bincount(used, minlength=x.size)
    y, dy, ddy = np.sin(x), np.cos(x), -np.sin(x)
    expected = np.diag(count * (bend(y) * dy**2 + slope(y) * ddy))
    np.testing.assert_allclose(one_way(outer)(one_way(inner)(f))(x), expected, rtol=1e-13)


@pytest.mark.parametrize(("inner", "outer"), WAYS)
def test_second_derivatives_through_stores_into_a_buffer(inner, outer):
    x = np.array([0.3, 0.7, 1.1])

    def f(x):
        out = np.zeros(5)
        out[1:4] = np.sin(x)
        out[4] = np.exp(out[2])
        return np.sum(np.cos(out) * np.array([1.0, 0.0, 2.0, 0.0, 3.0]))

    def derivatives(h=1e-4):
        gradient = ad_core.grad(f)
        steps = h * np.eye(x.size)
        sides = [(gradient(x + s) - gradient(x - s)) / (2 * h) for s in steps]
        finer = [(gradient(x + s / 2) - gradient(x - s / 2)) / h for s in steps]
        return (4 * np.array(finer) - np.array(sides)) / 3

    actual = one_way(outer)(one_way(inner)(f))(x)
    np.testing.assert_allclose(actual, derivatives(), rtol=1e-8, atol=1e-10)
