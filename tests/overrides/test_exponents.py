# SPDX-License-Identifier: Apache-2.0
"""np.modf, np.frexp and np.ldexp, and math's functions of these names: values with NumPy's bits,
derivatives, and other exponents at other points."""

import math

import numpy as np
import pytest

import ad_core
from agreement import refused

LIMITS = np.array(
    [0.0, -0.0, 1.0, -2.0, 2.25, -3.75, np.inf, -np.inf, np.nan, 5e-324, -1e-310, 1.7e308, 2.2e-308]
)
ALL_SIZES = np.concatenate(
    [LIMITS, np.random.default_rng(3).standard_normal(60) * 2.0 ** np.arange(-1020, 1020, 34)]
)
SHIFTS = (0, 1, -1, 1022, -1022, 1023, 1024, -1060, -1074, -1075, 2097, 2098, -2098, 5000, -9999)


def value_of(f, x):
    with np.errstate(all="ignore"):
        return ad_core.jvp(f, (x,), (np.ones_like(x),))[0]


@pytest.mark.parametrize(("function", "part"), [(np.modf, 0), (np.modf, 1), (np.frexp, 0)], ids=str)
def test_parts_have_numpys_bits(function, part):
    got = value_of(lambda x: function(x)[part], ALL_SIZES)
    expected = function(ALL_SIZES)[part]
    np.testing.assert_array_equal(got, expected)
    numbers = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(got[numbers]), np.signbit(expected[numbers]))


def test_exponents_are_numpys_integers():
    found = []
    value_of(lambda x: found.append(np.frexp(x)[1]) or x * 1.0, ALL_SIZES)
    expected = np.frexp(ALL_SIZES)[1]
    assert found[0].dtype == expected.dtype
    np.testing.assert_array_equal(found[0], expected)


@pytest.mark.parametrize("shift", SHIFTS)
def test_a_power_of_two_rounds_once(shift):
    got = value_of(lambda x: np.ldexp(x, shift), ALL_SIZES)
    with np.errstate(all="ignore"):
        expected = np.ldexp(ALL_SIZES, shift)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("x", [2.25, 2.0, -2.0, 0.0, -0.75])
@pytest.mark.parametrize("modf", [np.modf, math.modf])
def test_the_fractional_part_has_derivative_1_at_integers_too(modf, x):
    assert ad_core.value_and_grad(lambda x: modf(x)[0])(x) == (math.modf(x)[0], 1.0)
    assert ad_core.grad(lambda x: modf(x)[1] + x)(x) == 1.0


def test_each_exponent_is_a_path():
    def f(x):
        mantissas, exponents = np.frexp(x)
        return mantissas * exponents + exponents

    compiled, tape = ad_core.compile(f), ad_core.trace(f, np.array([1.5, -5.0]))
    for x in ([1.5, -5.0], [1.0, -7.9], [0.99, 0.0], [1e300, 3.0]):
        x = np.array(x)
        np.testing.assert_array_equal(compiled(x), f(x))
        expected = np.diag(np.frexp(x)[1] * 2.0 ** -np.frexp(x)[1].astype(float))
        for jacobian in (ad_core.jacobian(f), compiled.jacobian):
            np.testing.assert_array_equal(jacobian(x), expected)
    np.testing.assert_array_equal(tape(np.array([1.0, -7.9])), f(np.array([1.0, -7.9])))
    for x in ([2.0, -5.0], [1.5, 0.0], [1.5, np.inf]):
        with refused(ad_core.BranchChanged, "frexp"):
            tape(np.array(x))


def test_parts_of_lists_with_truth_values():
    def f(x):
        mantissas, exponents = np.frexp([x[0] > 0.5, 3.0])
        return x * mantissas[1] + exponents[1]

    np.testing.assert_array_equal(ad_core.jacobian(f)(np.array([1.0, 2.0])), 0.75 * np.eye(2))
