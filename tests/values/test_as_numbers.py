# SPDX-License-Identifier: Apache-2.0
"""Traced values in checks, conversions and stores that packages make of plain numbers."""

import numbers
import sys
import types

import numpy as np
import pytest

import ad_core
from ad_core.errors import NotDifferentiable

pytestmark = pytest.mark.usefixtures("nothing_leaks")

X = np.array([0.3, 0.8])


def test_a_traced_number_is_real():
    def f(x):
        assert issubclass(type(x[0]), numbers.Real)
        assert isinstance(x[0], numbers.Real)
        return x[0] * x[1]

    np.testing.assert_allclose(ad_core.grad(f)(X), X[::-1])


@pytest.mark.parametrize("name", ["__len__", "__iter__"])
def test_complex_numbers_have_no_axes(name):
    def f(x):
        z, array = x[0] + 1j * x[1], x + 1j * x
        assert not hasattr(z, name)
        assert hasattr(array, name)
        assert len(array) == len([*array]) == 2
        return abs(z) ** 2

    np.testing.assert_allclose(ad_core.grad(f)(X), 2.0 * X)


@pytest.mark.parametrize("dtype", [complex, np.complex128, "complex", "complex128", "D"])
@pytest.mark.parametrize("make", [np.array, np.asarray])
def test_dtypes_of_complex_arrays(make, dtype):
    def f(x):
        z = make([x[0] + 1j * x[1], 2.0], dtype=dtype).reshape(-1)
        return np.sum(np.abs(z * make(x, dtype=dtype)))

    expected = [2 * X[0] ** 2 + X[1] ** 2, X[0] * X[1] + 2.0 * np.hypot(*X)] / np.hypot(*X)
    np.testing.assert_allclose(ad_core.grad(f)(X), expected)


def test_a_class_of_numbers_that_was_exchanged_as_a_dtype():
    made = sys.modules["made_for_test"] = types.ModuleType("made_for_test")
    exec(
        "from numpy import array\ndef f(x): return array(x, dtype=complex).reshape(-1)", vars(made)
    )
    try:
        ad_core.adapt("made_for_test")
        found = ad_core.grad(lambda x: np.sum(np.abs(made.f(x[0] + 1j * x[1])) ** 2))(X)
        np.testing.assert_allclose(found, 2.0 * X)
    finally:
        ad_core.restore()
        del sys.modules["made_for_test"]


def test_none_is_stored_as_nan():
    def f(x):
        stored = np.zeros((2, 2))
        stored[0] = None
        assert np.isnan(stored[0]).all()
        stored[0] = x
        return np.sum(stored**2)

    np.testing.assert_allclose(ad_core.grad(f)(X), 2.0 * X)


def test_the_memory_of_constants():
    def f(x):
        table = np.array([1.0, 2.0])
        assert table.tobytes() == np.array([1.0, 2.0]).tobytes()
        return x[0] * table[1]

    np.testing.assert_allclose(ad_core.grad(f)(X), [2.0, 0.0])
    with pytest.raises(NotDifferentiable, match="tobytes"):
        ad_core.grad(lambda x: np.array([x[0], 1.0]).tobytes() and x[0])(X)


@pytest.mark.parametrize("spec", ["", ".17g", ".18f", ".25f"])
def test_a_number_that_is_read_from_all_its_digits(spec):
    def f(x):
        return 3.0 * float(format(x, spec)) ** 2

    assert f(0.3) == pytest.approx(0.27)
    assert ad_core.grad(f)(0.3) == pytest.approx(1.8)
    assert ad_core.compile(f).grad(0.4) == pytest.approx(2.4)


@pytest.mark.parametrize(("spec", "derivative"), [(".3f", 0.0), (".1e", 0.0), (".12f", None)])
def test_a_number_that_is_read_from_fewer_digits(spec, derivative):
    def f(x):
        return x + float(format(x / 3.0, spec))

    if derivative is None:
        with pytest.raises(NotDifferentiable, match="text"):
            ad_core.grad(f)(0.5)
    else:
        assert ad_core.grad(f)(0.5) == 1.0 + derivative
