# SPDX-License-Identifier: Apache-2.0
"""Taylor coefficients: every row of the op table against the mathematics, arrays and blocks
against nested tangents."""

import math

import mpmath
import numpy as np
import pytest

import ad_core
import points
from rows import SMOOTH, each, function

ORDER = 8
CURVE = np.array([[1.0, -0.4, 0.3, 0.2], [0.7, 0.5, -0.1, 0.0], [-0.6, 0.2, 0.4, 0.1]])


def nested(fun, x, series, order):
    """The coefficients by tangents of tangents along the curve."""
    curve = lambda t: fun(x + sum(c * t ** (k + 1) for k, c in enumerate(series)))  # noqa: E731
    found = []
    for k in range(1, order + 1):
        curve = lambda t, g=curve: ad_core.jvp(g, (t,), (1.0,))[1]  # noqa: E731
        found.append(curve(0.0) / math.factorial(k))
    return np.stack(found)


def assert_close(found, expected, tolerance):
    """Each coefficient within the tolerance of the largest up to its order."""
    expected = np.asarray(expected, dtype=float)
    scale = np.maximum.accumulate(np.max(np.abs(expected), axis=tuple(range(1, expected.ndim))))
    worst = np.max(np.abs(found - expected), axis=tuple(range(1, expected.ndim)))
    assert np.all(worst <= tolerance * np.maximum(scale, 1e-300)), (found, expected)


def expected_row(row, point):
    """Along x_j + CURVE[j], from 60 digits."""
    value = points.mathematics(row["ufunc"])
    with mpmath.workdps(60):

        def along(t):
            moved = [
                mpmath.mpf(a) + sum(mpmath.mpf(float(c)) * t ** (k + 1) for k, c in enumerate(cs))
                for a, cs in zip(point, CURVE, strict=False)
            ]
            return value(*moved)

        return [float(c) for c in mpmath.taylor(along, 0, ORDER)][1:]


# Whose partial near 0 is a polynomial, and whose recurrence divides by a small a beyond it.
LOSE = {"sinc": 1e-4}


@each([row for row in SMOOTH if points.mathematics(row["ufunc"]) is not None])
def test_every_row_is_the_mathematics(row):
    some = points.interior(row)
    some = some[:: max(1, len(some) // 8)]
    operands = [np.array(column) for column in zip(*some, strict=True)]
    series = tuple(np.broadcast_to(CURVE[j][:, None], (4, len(some))) for j in range(row["arity"]))
    ufunc = function(row)
    whole = None
    if isinstance(ufunc, np.ufunc):
        whole = ad_core.jet(lambda *x: ufunc(*x) * 1.0, tuple(operands), series, order=ORDER)[1]
    for k, point in enumerate(some):
        expected = expected_row(row, point)
        tangents = tuple(CURVE[: row["arity"]])
        found = ad_core.jet(lambda *x: ufunc(*x) * 1.0, point, tangents, order=ORDER)[1]
        assert_close(found, expected, LOSE.get(row["ufunc"], 1e-11))
        if whole is not None:
            assert_close(whole[:, k], found, 1e-12)


@each(SMOOTH)
def test_every_row_is_nested_tangents(row):
    """Also with one varying operand at a time, while the others are constants."""
    fun, arity = function(row), row["arity"]
    for point in points.interior(row)[:: max(1, len(points.interior(row)) // 5)]:
        for moving in [range(arity), *([j] for j in range(arity))]:
            moving = list(moving)

            def some(x, point=point, moving=moving):
                operands = list(point)
                for k, j in enumerate(moving):
                    operands[j] = x[k]
                return fun(*operands) * 1.0

            x, series = np.array(point)[moving], CURVE[moving].T
            found = ad_core.jet(some, (x,), (series,), order=4)[1]
            assert_close(found, nested(some, x, series, 4), 1e-10)


A = np.random.default_rng(5).standard_normal((3, 4))
x4 = np.array([0.7, -1.3, 2.1, 0.4])
series4 = np.array([[1.0, 0.3, -0.2, 2.0], [0.2, -0.1, 0.4, 0.3], [0.0, 0.5, 0.0, -0.2]])


def buffer(x):
    out = np.zeros(5)
    out[1:] = x**2
    out[1:] += np.sin(out[:-1])
    return out * x[0]


FUNCTIONS = {
    "sum": lambda x: np.sum(np.outer(x, np.exp(x)), axis=1) ** 2,
    "whole sum": lambda x: np.sum(np.sin(x)) ** 2,
    "running sum": lambda x: np.cumsum(np.outer(x, x**2), axis=0),
    "extremes": lambda x: np.stack([np.max(x**3), np.min(x * x), np.max(x[:2])]),
    "ties": lambda x: np.max(np.stack([x[0] * x[1], x[1] * x[0], x[3] - 9.0])) ** 2,
    "constant matrix": lambda x: np.tanh(A @ x),
    "matrices": lambda x: np.outer(x, np.sin(x)) @ np.outer(x**2, x) @ np.cos(x),
    "batched": lambda x: np.matmul(np.stack([np.outer(x, x), np.outer(x, 1 / x)]), A.T),
    "transposed": lambda x: (x.reshape(2, 2).T @ x.reshape(2, 2)) @ A[:2, :3],
    "scalars": lambda x: np.stack([x[i] ** (i + 1) / (1.0 + x[i - 1] ** 2) for i in range(4)]),
    "where": lambda x: np.where(x > 0.5, np.log(np.abs(x)), x**3),
    "lists": lambda x: x[[0, 3, 3, 1]] * np.sqrt(x[[2, 2, 0, 0]]),
    "buffer": buffer,
    "powers": lambda x: np.abs(x) ** x[::-1] + 2.0**x + x**-3,
    "a constant": lambda x: np.ones(3),
    "the input": lambda x: x[::-1],
    "complex": lambda x: np.abs(np.exp(1j * x) * (x + 2j)),
    "solve": lambda x: np.linalg.solve(np.eye(4) + np.outer(x, x), np.sin(x)),
    "long": lambda x: np.cumsum(np.sin(np.tile(x, 300)) / np.tile(x + 9.0, 300)),
    "nothing": lambda x: x[:0],
}


class TestJet:
    @pytest.mark.parametrize("name", FUNCTIONS)
    def test_arrays_and_blocks(self, name):
        fun, order = FUNCTIONS[name], 4
        y, ys = ad_core.jet(fun, (x4,), (series4,), order=order)
        np.testing.assert_allclose(y, fun(x4), rtol=1e-14)
        expected = nested(fun, x4, series4, order)
        assert ys.shape == expected.shape == (order, *np.shape(y))
        if ys.size:
            assert_close(ys, expected, 1e-11)

    def test_thirty_orders(self):
        fun = lambda x, m=np: m.exp(m.sin(x)) * x**3 / (1 + x * x)  # noqa: E731
        for x in (0.7, 0.0, -1.3):
            with mpmath.workdps(60):
                expected = mpmath.taylor(lambda t, x=x: fun(x + t, mpmath), 0, 30)[1:]
            ys = ad_core.jet(fun, (x,), (np.ones(1),), order=30)[1]
            assert_close(ys, expected, 1e-13)

    @pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 7.0])
    def test_whole_powers_of_zero(self, n):
        found = ad_core.jet(lambda x: x**n, (0.0,), (np.array([2.0]),), order=9)[1]
        expected = [2.0**n if k == n else 0.0 for k in range(1, 10)]
        np.testing.assert_array_equal(found, expected)
        column = np.array([0.0, 1.5, -2.0])
        found = ad_core.jet(lambda x: x**n, (column,), (np.full((1, 3), 2.0),), order=9)[1]
        np.testing.assert_array_equal(found[:, 0], expected)
        binomial = [math.comb(int(n), k) * 2.0**k * 1.5 ** (n - k) for k in range(1, 10)]
        np.testing.assert_allclose(found[:, 1], binomial, rtol=1e-13, atol=1e-15)

    def test_roots_of_zero_agree_with_nested_tangents(self):
        for n in (0.5, 1.5, 2.5):
            found = ad_core.jet(lambda x, n=n: x**n, (0.0,), (np.ones(1),), order=3)[1]
            with np.errstate(all="ignore"):
                expected = nested(lambda x, n=n: x**n, 0.0, np.ones(1), 3)
            np.testing.assert_array_equal(np.isfinite(found), np.isfinite(expected))

    def test_a_branch_not_taken_does_not_count(self):
        fun = lambda x: np.where(x > 0.0, np.sqrt(x), 0.0)  # noqa: E731
        found = ad_core.jet(fun, (np.array([0.0, 4.0]),), (np.ones((1, 2)),), order=2)[1]
        np.testing.assert_allclose(found, [[0.0, 0.25], [0.0, -1 / 64]])

    def test_several_nested_arguments(self):
        fun = lambda p, s: {"a": p["x"] * s, "b": [np.sum(p["x"]) / s]}  # noqa: E731
        p, s = {"x": np.array([1.0, 2.0])}, 3.0
        along = {"x": np.array([[1.0, 0.0], [0.0, 1.0]])}, np.array([1.0, -1.0])
        y, ys = ad_core.jet(fun, (p, s), along, order=3)
        assert float(y["b"][0]) == 1.0
        np.testing.assert_allclose(ys["a"], [[4.0, 2.0], [0.0, 1.0], [-1.0, 1.0]])
        t = np.linspace(-1e-2, 1e-2, 9)
        exact = (3.0 + t + t**2) / (3.0 + t - t**2)
        np.testing.assert_allclose(
            1.0 + sum(c * t ** (k + 1) for k, c in enumerate(ys["b"][0])), exact, atol=1e-8
        )

    @pytest.mark.parametrize("name", ["matrices", "scalars", "solve"])
    def test_it_is_differentiated(self, name):
        fun = FUNCTIONS[name]
        coefficients = lambda x: ad_core.jet(fun, (x,), (series4,), order=2)[1]  # noqa: E731
        J = ad_core.jacobian(coefficients)(x4)
        h = 1e-6
        for j, e in enumerate(np.eye(4)):
            slope = (coefficients(x4 + h * e) - coefficients(x4 - h * e)) / (2 * h)
            np.testing.assert_allclose(J[..., j], slope, rtol=1e-6, atol=1e-6)
        by_series = ad_core.jacobian(lambda s: ad_core.jet(fun, (x4,), (s,))[1][0])(series4)
        np.testing.assert_allclose(by_series[..., 0, :], ad_core.jacobian(fun)(x4), rtol=1e-10)

    def test_a_closed_over_value_is_differentiated(self):
        def second(a):
            along = lambda x: np.sin(a * x)  # noqa: E731
            return ad_core.jet(along, (0.5,), (np.ones(1),), order=2)[1][1]

        assert ad_core.grad(second)(1.3) == pytest.approx(
            -1.3 * math.sin(0.65) - 0.5 * 1.3**2 * 0.5 * math.cos(0.65), rel=1e-12
        )

    def test_no_orders(self):
        y, ys = ad_core.jet(np.sin, (x4,), (np.zeros((0, 4)),))
        assert ys.shape == (0, 4)
        assert np.array_equal(y, np.sin(x4))

    def test_arguments_that_do_not_fit_raise(self):
        refused = [
            ((x4, (series4,)), {}, TypeError, "primals must be a tuple"),
            (((x4,), series4), {}, TypeError, "series must be a tuple"),
            (((x4,), ([series4],)), {}, ValueError, "the series must have the structure"),
            (((x4,), (series4[0],)), {}, ValueError, r"shape \(d,\) \+ \(4,\).*got \(4,\)"),
            (((x4,), (series4[:, :3],)), {}, ValueError, r"shape \(d,\) \+ \(4,\).*got \(3, 3\)"),
            (((2.0,), (1.0,)), {}, ValueError, r"shape \(d,\) \+ \(\).*got \(\)"),
            (((x4,), (series4,)), {"order": -1}, ValueError, "order must be an int"),
            (((x4,), (series4,)), {"order": 2.0}, TypeError, "order must be an int"),
            (((x4,), (series4 * 1j,)), {}, TypeError, "must be real numbers"),
        ]
        for args, options, error, message in refused:
            with pytest.raises(error, match=message):
                ad_core.jet(np.sin, *args, **options)
        with pytest.raises(ValueError, match="as many coefficients as those before it, 3, got 2"):
            ad_core.jet(np.add, (x4, x4), (series4, series4[:2]))
