# SPDX-License-Identifier: Apache-2.0
"""Roots that are found by bisection are refused; other iterations, and comparisons of many numbers
in one line, are not."""

import bisect
import math

import numpy as np
import pytest

import ad_core
from ad_core.errors import NoDerivativeError


def residual(x, p):
    return x * x * x + p * x - 2.0 * p * p


def by_difference(p, lower, upper, steps):
    target = 2.0 * p * p
    for _ in range(steps):
        x = (lower + upper) / 2.0
        if x * x * x + p * x > target:
            upper = x
        else:
            lower = x
    return (lower + upper) / 2.0


def by_sign(p, lower, upper, steps):
    for _ in range(steps):
        x = 0.5 * (lower + upper)
        if residual(x, p) > 0:
            upper = x
        else:
            lower = x
    return x


def by_product(p, lower, upper, steps):
    """As SciPy's own bisect: the value at the lower end stays."""
    at_lower, step = residual(lower, p), upper - lower
    for _ in range(steps):
        step *= 0.5
        x = lower + step
        at_x = residual(x, p)
        if at_x * at_lower >= 0.0:
            lower = x
    return x


def by_product_of_ends(p, lower, upper, steps):
    at_lower = residual(lower, p)
    for _ in range(steps):
        x = (lower + upper) / 2.0
        at_x = residual(x, p)
        if at_lower * at_x < 0.0:
            upper = x
        else:
            lower, at_lower = x, at_x
    return x


def by_signs(p, lower, upper, steps):
    for _ in range(steps):
        x = (lower + upper) / 2.0
        if np.sign(residual(x, p)) == np.sign(residual(lower, p)):
            lower = x
        else:
            upper = x
    return x


def in_one_line(p, lower, upper, steps):
    for _ in range(steps):
        x = (lower + upper) / 2.0
        lower, upper = (x, upper) if p < 1e3 and residual(x, p) < 0 else (lower, x)
    return x


def by_constants(p, lower, upper, steps):
    """The inverse of a function of one variable: the values at the middles are constants."""
    for _ in range(steps + 15):
        x = (lower + upper) / 2.0
        if math.exp(x) < p:
            lower = x
        else:
            upper = x
    return x


def in_a_helper(p, lower, upper, steps):
    return 3.0 * by_sign(p * 0.5, lower, upper, steps) + np.sin(p)


SEARCHES = [by_difference, by_sign, by_product, by_product_of_ends, by_signs, in_one_line,
            in_a_helper]  # fmt: skip


@pytest.mark.parametrize("search", SEARCHES)
@pytest.mark.parametrize("steps", [14, 25, 60])
def test_bisection_is_refused(search, steps):
    ends = [
        lambda p: search(p, 0.0, 10.0, steps),
        lambda p: search(p, 0.1 * p, 10.0, steps),
        lambda p: search(p, 0.0, 5.0 * p, steps),
    ]
    for f in ends:
        for transform in (ad_core.grad, ad_core.jacfwd, ad_core.jacrev):
            with pytest.raises(NoDerivativeError, match=r"bisection \(.*test_bisection.py, line"):
                transform(f)(1.7)
        with pytest.raises(NoDerivativeError, match="bisection"):
            ad_core.compile(f).jacobian(1.7)
        with pytest.raises(NoDerivativeError, match="bisection"):
            ad_core.trace(f, 1.7)


@pytest.mark.parametrize("p", [0.3, 1.0, 2.0, 17.5])
@pytest.mark.parametrize("search", SEARCHES)
def test_bisection_at_other_points(search, p):
    with pytest.raises(NoDerivativeError, match="bisection"):
        ad_core.grad(lambda p: search(p, 0.0, 20.0, 20))(p)


def test_bisection_of_a_function_without_parameters():
    for f in lambda p: by_constants(p, 0.0, 10.0, 20), lambda p: p * by_constants(p, 0.0, 9.0, 60):
        with pytest.raises(NoDerivativeError, match="bisection"):
            ad_core.grad(f)(2.7)


def test_bisection_by_one_of_several_inputs():
    def f(x):
        return by_sign(x[2] + x[0], 0.0, 10.0, 30) * x[1]

    with pytest.raises(NoDerivativeError, match="bisection"):
        ad_core.jacobian(f)(np.array([0.5, 2.0, 1.0]))


def test_bisection_within_an_inner_derivative():
    f = ad_core.grad(lambda p: by_sign(p, 0.0, 10.0, 30))
    with pytest.raises(NoDerivativeError, match="bisection"):
        ad_core.grad(f)(1.7)


def test_bisection_is_allowed_on_request():
    def f(p):
        by_sign(p, 0.0, 10.0, 30)
        return p * p

    with ad_core.allow_refusals():
        assert ad_core.grad(f)(1.5) == 3.0


def test_bisection_on_plain_numbers_is_not_seen():
    assert ad_core.grad(lambda p: p * by_sign(1.7, 0.0, 10.0, 30))(2.0) > 0.0


def newton(p, steps=40):
    x = 5.0
    for _ in range(steps):
        value = residual(x, p)
        if value == 0 or abs(value) < 1e-14:
            break
        if value > 0:
            x = x - value / (3.0 * x * x + p)
        else:
            x = x + abs(value) / (3.0 * x * x + p)
    return x


def secant(p):
    a, b = 0.1, 5.0
    at_a, at_b = residual(a, p), residual(b, p)
    for _ in range(60):
        if abs(at_b) < 1e-14 or at_a == at_b:
            break
        a, b = b, b - at_b * (b - a) / (at_b - at_a)
        at_a, at_b = at_b, residual(b, p)
        if at_b > 0:
            pass
    return b


def false_position(p):
    """Regula falsi with Illinois' factor: a bracket that shrinks by secants."""
    a, b = 0.0, 5.0
    at_a, at_b = residual(a, p), residual(b, p)
    for _ in range(80):
        x = (a * at_b - b * at_a) / (at_b - at_a)
        at_x = residual(x, p)
        if abs(at_x) < 1e-13:
            break
        if at_x * at_b < 0:
            a, at_a = b, at_b
        else:
            at_a = at_a * 0.5
        b, at_b = x, at_x
    return x


def bisection_then_newton(p):
    """Safeguarded: steps of Newton's method that leave the bracket are replaced by halving it."""
    a, b, x = 0.0, 4096.0, 2048.0
    for _ in range(100):
        value = residual(x, p)
        if value > 0:
            b = x
        else:
            a = x
        if abs(value) < 1e-13:
            break
        step = x - value / (3.0 * x * x + p)
        x = step if a < step < b and abs(value) < 20.0 else (a + b) / 2.0
    return x


def fixed_point(p):
    """x = 2 p - x^3 / p, damped, which converges by a factor of about two."""
    x = 1.3
    for _ in range(60):
        change = -residual(x, p) / (2.0 * (3.0 * 1.2 + p))
        x = x + change
        if change > 0:
            continue
        if abs(change) < 1e-15:
            break
    return x


@pytest.mark.parametrize(
    "find", [newton, secant, false_position, bisection_then_newton, fixed_point]
)
@pytest.mark.parametrize("p", [1.0, 1.7, 2.5])
def test_other_iterations_are_right(find, p):
    x = find(p)
    expected = -(x - 4.0 * p) / (3.0 * x * x + p)
    assert ad_core.grad(find)(p) == pytest.approx(expected, rel=1e-6)
    assert ad_core.compile(find).jacobian(p) == pytest.approx(expected, rel=1e-6)


def test_comparisons_of_many_numbers():
    rng = np.random.default_rng(3)
    x = rng.normal(size=3000)

    def positive(x):
        return sum([v for v in x if v > 0], 0.0)

    assert np.array_equal(ad_core.grad(positive)(x), 1.0 * (x > 0))

    def above(x):
        total = 0.0
        for v in x[1:]:
            if v * x[0] < 0.25:
                total = total + v
        return total

    assert np.all(np.isin(ad_core.grad(above)(x[:2000]), [0.0, 1.0]))
    assert np.all(ad_core.grad(lambda x: sorted(x)[5] + max(x))(x[:500]).sum() == 2.0)


def test_a_table_that_is_searched_by_halving():
    knots = np.linspace(0.0, 1.0, 1025) ** 2
    values = np.sin(knots)

    def interpolated(x):
        k = bisect.bisect(knots.tolist(), x)
        slope = (values[k] - values[k - 1]) / (knots[k] - knots[k - 1])
        return values[k - 1] + slope * (x - knots[k - 1])

    assert ad_core.grad(interpolated)(0.3) == pytest.approx(math.cos(0.3), rel=1e-3)


def test_series_that_decrease():
    def exponential(x):
        term, total, k = 1.0, 0.0, 0
        while term > 1e-17:
            total, k = total + term, k + 1
            term = term * x / k
        return total

    assert ad_core.grad(exponential)(1.5) == pytest.approx(math.exp(1.5), rel=1e-12)

    def cooling(t):
        steps = 0
        while t - 20.0 > 1e-6:
            t, steps = 20.0 + (t - 20.0) * 0.5, steps + 1
        return t * 2.0**steps

    assert ad_core.grad(cooling)(95.0) == pytest.approx(1.0)


def where(p):
    lower, upper = np.zeros_like(p), np.full_like(p, 10.0)
    for _ in range(30):
        x = (lower + upper) / 2.0
        high = residual(x, p) > 0
        lower, upper = np.where(high, lower, x), np.where(high, x, upper)
    return x


def masks(p):
    lower, upper = np.zeros_like(p), 5.0 * p
    for _ in range(30):
        x = (lower + upper) / 2.0
        high = residual(x, p) > 0
        upper[high] = x[high]
        lower[~high] = x[~high]
    return x


def signs(p):
    lower, upper = 0.1 * p, 10.0 * np.ones_like(p)
    for _ in range(30):
        x = (lower + upper) / 2.0
        same = np.sign(residual(x, p)) == np.sign(residual(lower, p))
        lower, upper = np.where(same, x, lower), np.where(same, upper, x)
    return x


def products(p):
    lower, upper = 0.1 * p, 10.0 * np.ones_like(p)
    for _ in range(30):
        x = (lower + upper) / 2.0
        other = residual(x, p) * residual(lower, p) < 0
        lower, upper = np.where(other, lower, x), np.where(other, x, upper)
    return x


@pytest.mark.parametrize("search", [where, masks, signs, products])
@pytest.mark.parametrize(
    "p",
    [1.7, np.array([0.5, 1.7, 3.0]), np.linspace(0.5, 4.0, 60).reshape(3, 20)],
    ids=["number", "vector", "matrix"],
)
def test_bisection_of_arrays_is_refused(search, p):
    if search is masks and not np.ndim(p):
        pytest.skip("a number has no masks")
    for transform in (ad_core.jacfwd, ad_core.jacrev):
        with pytest.raises(NoDerivativeError, match="bisection"):
            transform(search)(p)
    with pytest.raises(NoDerivativeError, match="bisection"):
        ad_core.compile(search).jacobian(p)


def test_choices_of_arrays_in_loops():
    t = np.linspace(0.0, 1.0, 40)

    def layers(x):
        total = np.zeros_like(x)
        for k in range(20):
            total = total + np.where(x > 0.05 * k, x * t, 0.1)
        return total

    assert ad_core.jacobian(layers)(t + 0.01).shape == (40, 40)

    def newton(p):
        x = np.full_like(p, 3.0)
        for _ in range(30):
            step = residual(x, p) / (3.0 * x * x + p)
            x = np.where(step > 0, x - step, x - step)
        return x

    p = np.array([1.0, 2.0, 3.0])
    x = newton(p)
    expected = np.diag(-(x - 4.0 * p) / (3.0 * x * x + p))
    assert ad_core.jacobian(newton)(p) == pytest.approx(expected, rel=1e-9)
