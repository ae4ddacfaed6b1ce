"""The tables of docs/conventions.md are evaluated and compared."""

import re

import numpy as np
import pytest

import ad_core
from convention_rows import FUNCTIONS, PAGE, each, function, number, table
from rows import one_way

MODES = ("fwd", "rev")

pytestmark = [
    pytest.mark.skipif(not PAGE.is_file(), reason="the docs are not beside the tests"),
    # Plain NumPy divides by these zeros as well, and warns.
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]


GUARDED = table("Functions that depend on an order or an interval")
each_guarded = each(GUARDED)
each_row = each(FUNCTIONS + GUARDED)


def test_the_tables_are_read():
    assert len(FUNCTIONS) > 70
    assert len(GUARDED) > 5
    for row in FUNCTIONS + GUARDED:
        assert len(row) == 8
        assert all(row)
        assert all(re.fullmatch("`[^`]+`", cell) for cell in row[:3])


@each_row
@pytest.mark.parametrize("mode", MODES)
def test_first_derivative(row, mode):
    actual = one_way(mode)(function(row[0]))(number(row[1]))
    expected = number(row[2])
    assert np.shape(actual) == np.shape(expected)
    np.testing.assert_allclose(actual, expected, rtol=1e-15)


@each_row
@pytest.mark.parametrize("inner", MODES)
@pytest.mark.parametrize("outer", MODES)
def test_second_derivative(row, inner, outer):
    actual = one_way(outer)(one_way(inner)(function(row[0])))(number(row[1]))
    if row[3] == "none":
        assert not np.any(np.isfinite(actual))
        return
    expected = number(row[3])
    assert np.shape(actual) == np.shape(expected)
    np.testing.assert_allclose(actual, expected, rtol=1e-14)


@each_row
def test_value_agrees_with_numpy(row):
    """The convention is about the derivative; the value is that of NumPy."""
    x = number(row[1])
    f = function(row[0])
    np.testing.assert_array_equal(ad_core.value_and_jacobian(f)(x)[0], f(x))


@each_row
@pytest.mark.parametrize("mode", MODES)
def test_a_masked_branch_does_not_contribute(row, mode):
    """Rule 1 for every function of the table: where() around it leaves no infinity and no NaN."""
    f, x = function(row[0]), number(row[1])
    masked = one_way(mode)(lambda x: np.where(np.full(np.shape(f(x)), False), f(x), 1.0))
    np.testing.assert_array_equal(masked(x), 0.0)


@each_guarded
def test_a_recording_is_right_or_raises(row):
    f, x, expected = function(row[0]), number(row[1]), number(row[2])
    np.testing.assert_allclose(ad_core.trace(f, x).jacobian(x), expected, rtol=1e-14)
    step = 0.13 * np.arange(np.size(x)).reshape(np.shape(x))[()]
    assert any(leaves(ad_core.trace(f, elsewhere), x) for elsewhere in (0.61 + step, 0.61 - step))


def leaves(tape, x):
    """Whether x is on another path than the recording."""
    try:
        tape.jacobian(x)
    except ad_core.BranchChanged:
        return True
    return False


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["maximum", "minimum", "fmax", "fmin"])
def test_extremes_share_ties(name, mode):
    """The rows of the table for maximum, for the related functions and for each operand."""
    extreme = getattr(np, name)
    derivative = one_way(mode)(lambda x: extreme(x[0], x[1]))
    np.testing.assert_array_equal(derivative(np.array([1.0, 1.0])), [0.5, 0.5])
    np.testing.assert_array_equal(derivative(np.array([0.0, -0.0])), [0.5, 0.5])
    taken = [1.0, 0.0] if name.startswith("m") else [0.0, 1.0]
    np.testing.assert_array_equal(derivative(np.array([np.nan, 1.0])), taken)
    np.testing.assert_array_equal(derivative(np.array([1.0, np.nan])), taken[::-1])
    np.testing.assert_array_equal(derivative(np.array([np.nan, np.nan])), [1.0, 0.0])


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ["floor", "ceil", "trunc", "rint", "sign"])
def test_steps_have_derivative_zero_everywhere(name, mode):
    for x in (-1.0, -0.5, 0.0, 0.5, 1.0, 2.5):
        assert one_way(mode)(getattr(np, name))(x) == 0.0


def total(x):
    return np.sum(x * x)


BOTH_WAYS = pytest.mark.parametrize(
    "derivative", [ad_core.grad, ad_core.jacfwd, ad_core.jacrev, ad_core.hessian]
)


@BOTH_WAYS
@pytest.mark.parametrize(
    "x",
    [3, True, np.int32(3), np.arange(3), np.array([True]), np.array([1, 2], dtype=np.uint8)],
    ids=repr,
)
def test_integers_and_truth_values_raise(derivative, x):
    with pytest.raises(TypeError, match=rf"got dtype {np.asarray(x).dtype}; pass floats"):
        derivative(total)(x)


@BOTH_WAYS
@pytest.mark.parametrize("x", ["1.0", np.array(["1.0"]), np.array([None])], ids=repr)
def test_inputs_that_are_no_numbers_raise(derivative, x):
    with pytest.raises(TypeError):
        derivative(total)(x)


@BOTH_WAYS
@pytest.mark.skipif(np.dtype(np.longdouble).itemsize <= 8, reason="long double is double here")
def test_long_doubles_raise(derivative):
    with pytest.raises(TypeError, match="float64"):
        derivative(total)(np.longdouble(2.0))


@BOTH_WAYS
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_short_floats_are_converted_to_doubles(derivative, dtype):
    for x in (dtype(0.1), np.array([0.1, 0.2], dtype=dtype)):
        actual = derivative(total)(x)
        assert actual.dtype == np.float64
        np.testing.assert_array_equal(actual, derivative(total)(np.asarray(x, dtype=float)[()]))


@BOTH_WAYS
@pytest.mark.skipif(np.dtype(np.longdouble).itemsize <= 8, reason="long double is double here")
def test_long_complex_numbers_raise(derivative):
    with pytest.raises(TypeError, match="complex256"):
        derivative(total)(np.clongdouble(1j))


def test_short_complex_numbers_are_converted():
    for z in (np.complex64(0.5 + 0.25j), np.array([0.5 + 0.25j, 1j], np.complex64)):
        actual = ad_core.grad(lambda z: np.sum(np.abs(z) ** 2))(z)
        assert actual.dtype == np.complex128
        np.testing.assert_array_equal(actual, 2 * np.conj(z))


def test_the_table_of_inputs_is_right():
    assert [row[1].split(",")[0] for row in table("Inputs")] == [
        "TypeError",
        "conjugate gradient",
        "TypeError",
        "taken as float64",
        "taken as complex128",
        "TypeError",
    ]
