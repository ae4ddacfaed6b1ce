# SPDX-License-Identifier: Apache-2.0
"""The program of a method does not depend on what was built before it from the same recording."""

import itertools

import numpy as np
import pytest

import ad_core

RNG = np.random.default_rng(2)
A, B = RNG.normal(size=(60, 16)), RNG.normal(size=(40, 20))


def quartic(x):
    return np.sum(((A @ x) ** 2) ** 2)


def hyperbolic(x):
    return np.sum(np.tanh(B @ x) ** 2)


def chained(x):
    return np.sum(np.sin(x[1:] * x[:-1]) ** 3)


def vectors(x):
    return np.concatenate([np.sin(A @ x), np.cumprod(x)])


def deep(x):
    for _ in range(40):
        x = np.sin(x) * np.roll(x, 1)
    return x[:3]


SCALAR = [(quartic, 16), (hyperbolic, 20), (chained, 12)]
METHODS = ("hessian", "value_and_grad", "grad", "jacobian")


@pytest.mark.parametrize(("function", "n"), SCALAR, ids=lambda x: getattr(x, "__name__", ""))
def test_of_scalar_functions(function, n):
    x = RNG.normal(size=n)
    new = {name: ad_core.trace(function, x).to_c("f", name) for name in METHODS}
    for order in itertools.islice(itertools.permutations(METHODS), 0, None, 7):
        tape = ad_core.trace(function, x)
        for name in (*order, *order):
            assert tape.to_c("f", name) == new[name]


@pytest.mark.parametrize(("function", "n"), [(vectors, 16), (deep, 4)])
def test_of_vector_functions(function, n):
    x = RNG.normal(size=n)
    methods = ("jacobian", "value_and_jacobian")
    new = {name: ad_core.trace(function, x).to_c("f", name) for name in methods}
    tape = ad_core.trace(function, x)
    for name in ("jacobian", "value_and_jacobian", "jacobian", "value_and_jacobian"):
        assert tape.to_c("f", name) == new[name]


def test_bits_of_a_tape_that_was_used_before():
    points = RNG.normal(size=(50, 16))
    used = ad_core.trace(quartic, points[0])
    used.cfunction("hessian")
    for x in points:
        used.hessian(x)
    expected = ad_core.trace(quartic, points[0]).hessian(points)
    np.testing.assert_array_equal(used.hessian(points), expected)
