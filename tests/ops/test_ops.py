"""Every row of the op table compared with NumPy's values and exact derivatives.

The tests are generated from the table: a new row is tested without a change of this file.
"""

import re

import numpy as np
import pytest

import ad_core
import points
from ad_core import _core
from rows import (
    NUMPYS,
    ROWS,
    SMOOTH,
    UFUNCS,
    assert_ulps,
    each,
    edges_of,
    function,
    of_vector,
    one_way,
    partial_of_vector,
)

FIRST = 1e-12  # largest relative errors, by order of the derivative
SECOND = 2e-12
THIRD = 2e-11
BY_DIFFERENCES = 1e-8  # the same if only finite differences are available
ULPS = 4
CLASSES = {"0": 0.0, "1": 1.0, "-1": -1.0}


def orders(row, *along):
    """How often the function is differentiated by each operand."""
    return tuple(along.count(k) for k in range(row["arity"]))


def error(actual, expected):
    """The relative error; the absolute error if the derivative is zero."""
    return abs(actual - expected) / (abs(expected) if abs(expected) > 1e-18 else 1.0)


def agrees(row, actual, expected, tolerance):
    return error(actual, expected) <= (
        tolerance if points.is_exact(row["ufunc"]) else BY_DIFFERENCES
    )


def test_the_table_names_each_operation_once():
    names = [row["name"] for row in ROWS]
    ufuncs = [row["ufunc"] for row in ROWS]
    assert len(set(names)) == len(names)
    assert len(set(ufuncs) | set(_core.op_aliases())) == len(ufuncs) + len(_core.op_aliases())


@each(ROWS)
def test_rows_are_complete(row):
    assert len(row["partials"]) == len(row["domains"]) == row["arity"]
    assert set(row["domains"]) <= set(points.INTERIOR)


@each(NUMPYS)
def test_kernel_value_agrees_with_numpy(row):
    reference = getattr(np, row["ufunc"])
    for point in points.interior(row):
        assert_ulps(_core.op_point(row["name"], *point)[0], reference(*point), ULPS)


@each([row for row in SMOOTH if points.is_exact(row["ufunc"])])
def test_kernel_value_is_exact(row):
    for point in points.interior(row):
        value = _core.op_point(row["name"], *point)[0]
        assert error(value, points.derivative(row["ufunc"], point, orders(row))) < 1e-15


@each(UFUNCS)
def test_traced_value_agrees_with_numpy_bit_for_bit(row):
    ufunc = getattr(np, row["ufunc"])
    operands = [np.array(column) for column in zip(*points.interior(row), strict=True)]
    whole = ad_core.value_and_jacobian(lambda *x: ufunc(*x) * 1.0)(*operands)[0]
    np.testing.assert_array_equal(whole, ufunc(*operands).astype(float))
    for point in points.interior(row)[:5]:
        single = ad_core.value_and_jacobian(lambda *x: ufunc(*x) * 1.0)(*point)[0]
        np.testing.assert_array_equal(single, float(ufunc(*map(np.float64, point))))


@edges_of(SMOOTH)
def test_partial_is_the_derivative(row, j):
    """An error of a millionth would be found, at every point."""
    for point in points.interior(row):
        partial = _core.op_point(row["name"], *point)[1][j]
        expected = points.derivative(row["ufunc"], point, orders(row, j))
        assert agrees(row, partial, expected, FIRST), (point, partial, expected)
        mutant = partial * (1 + 1e-6) if partial else 1e-6
        assert not agrees(row, mutant, expected, FIRST), (point, mutant, expected)


@edges_of(SMOOTH)
def test_partial_text_and_kernel_agree(row, j):
    for point in points.interior(row):
        partial = _core.op_point(row["name"], *point)[1][j]
        recorded = ad_core.value_and_jacobian(partial_of_vector(row, j))(np.array(point))[0]
        assert error(recorded, partial) < 1e-13


@edges_of(SMOOTH)
def test_partial_class_agrees_with_the_numbers(row, j):
    text = row["partials"][j]
    values = [_core.op_point(row["name"], *point) for point in points.interior(row)]
    for (value, partials), point in zip(values, points.interior(row), strict=True):
        known = CLASSES | {"v": value} | dict(zip("abc", point, strict=False))
        assert partials[j] == known.get(text, partials[j])
    # A row that is constant or linear everywhere must say so, or sparsity patterns are too large.
    numbers = {_core.op_point(row["name"], *point)[1][j] for point in points.edges(row)}
    numbers |= {partials[j] for _, partials in values}
    if len(numbers) == 1 and numbers <= set(CLASSES.values()):
        assert text in CLASSES


@edges_of(SMOOTH)
@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_second_partials(row, j, mode):
    gradient = ad_core.jacobian(partial_of_vector(row, j), mode=mode)
    for point in points.interior(row):
        for k, actual in enumerate(gradient(np.array(point))):
            expected = points.derivative(row["ufunc"], point, orders(row, j, k))
            assert agrees(row, actual, expected, SECOND), (point, k, actual, expected)
            mutant = actual * (1 + 1e-6) if actual else 1e-6
            assert not agrees(row, mutant, expected, SECOND)


@each(SMOOTH)
@pytest.mark.parametrize("outer", ["fwd", "rev"])
@pytest.mark.parametrize("inner", ["fwd", "rev"])
def test_hessians(row, inner, outer):
    second = ad_core.jacobian(ad_core.jacobian(of_vector(row), mode=inner), mode=outer)
    for point in points.interior(row)[::3]:
        actual = second(np.array(point))
        for j, k in np.ndindex(actual.shape):
            expected = points.derivative(row["ufunc"], point, orders(row, j, k))
            assert agrees(row, actual[j, k], expected, SECOND), (point, j, k)


@each(SMOOTH)
def test_third_derivatives(row):
    third = ad_core.jacfwd(ad_core.hessian(of_vector(row)))
    for point in points.interior(row)[::7]:
        actual = third(np.array(point))
        scale = np.max(np.abs(actual))
        for index in np.ndindex(actual.shape):
            expected = points.derivative(row["ufunc"], point, orders(row, *index))
            assert abs(actual[index] - expected) <= max(THIRD * scale, 1e-18), (point, index)


@each(SMOOTH)
@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_arrays_have_the_partials_of_scalars(row, mode):
    operands = [np.array(column) for column in zip(*points.interior(row), strict=True)]
    whole = ad_core.jacobian(function(row), argnums=tuple(range(row["arity"])), mode=mode)
    single = np.array([_core.op_point(row["name"], *point)[1] for point in points.interior(row)])
    for j, matrix in enumerate(whole(*operands)):
        np.testing.assert_array_equal(matrix, np.diag(np.diagonal(matrix)))
        np.testing.assert_allclose(np.diagonal(matrix), single[:, j], rtol=1e-13)


@each([row for row in ROWS if row["is_test"]])
def test_truth_values_have_no_derivative(row):
    assert row["partials"] == ["0"] * row["arity"]
    for point in points.interior(row):
        value, partials = _core.op_point(row["name"], *point)
        assert value in (0.0, 1.0)
        assert partials == [0.0] * row["arity"]
        np.testing.assert_array_equal(ad_core.grad(of_vector(row))(np.array(point)), 0.0)


@each([row for row in SMOOTH if row["arity"] == 2])
@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_roles_of_two_operands(row, mode):
    """Both operands variable, one of them constant, and the same variable for both."""
    f = function(row)
    derivative = one_way(mode)
    for a, b in points.interior(row):
        partial = _core.op_point(row["name"], a, b)[1]
        assert derivative(lambda x, b=b: f(x, b))(a) == partial[0]
        assert derivative(lambda x, a=a: f(a, x))(b) == partial[1]
        assert derivative(lambda x, b=b: f(x, np.float64(b)))(a) == partial[0]
        assert derivative(lambda x, b=b: f(x, np.array(b)))(a) == partial[0]
        both = ad_core.jacobian(f, argnums=(0, 1), mode=mode)(a, b)
        assert both == (partial[0], partial[1])
        if set(row["domains"]) == {row["domains"][0]} or row["domains"] == ["REAL", "NONZERO"]:
            twice = _core.op_point(row["name"], b, b)[1]
            np.testing.assert_allclose(
                derivative(lambda x: f(x, x))(b), twice[0] + twice[1], rtol=1e-15, atol=1e-15
            )


@each([row for row in SMOOTH if row["arity"] == 1])
def test_kinds_of_scalars(row):
    """A Python float, a NumPy scalar and a 0-d array have the same derivative, of shape ()."""
    f = function(row)
    for (a,) in points.interior(row):
        expected = _core.op_point(row["name"], a)[1][0]
        for x in (a, np.float64(a), np.array(a)):
            result = ad_core.grad(f)(x)
            assert np.shape(result) == ()
            np.testing.assert_allclose(result, expected, rtol=1e-15)


@pytest.mark.parametrize("mode", ["fwd", "rev"])
@pytest.mark.parametrize("kind", [int, float, np.float64, np.int64])
@pytest.mark.parametrize("n", range(-3, 6))
def test_constant_exponents_are_not_differentiated(n, kind, mode):
    """A negative base then has a derivative, although log(a) is NaN."""
    derivative = one_way(mode)
    forms = [lambda x: x ** kind(n), lambda x: np.power(x, kind(n)), lambda x: pow(x, kind(n))]
    for a in (-2.0, -0.5, 0.0, 1.5):
        if a == 0 and n < 0:
            continue
        first = n * a ** (n - 1) if n not in (0, 1) else float(n)
        second = n * (n - 1) * a ** (n - 2) if n not in (0, 1, 2) else float(n * (n - 1))
        for f in forms:
            for x in (a, np.array([a])):
                np.testing.assert_allclose(np.ravel(derivative(f)(x)), first, rtol=1e-14)
                np.testing.assert_allclose(
                    np.ravel(derivative(derivative(f))(x)), second, rtol=1e-14
                )


@pytest.mark.parametrize("alias", _core.op_aliases())
def test_aliases_use_their_row(alias):
    name = _core.op_aliases()[alias]
    row = next(row for row in ROWS if row["name"] == name)
    for point in points.interior(row):
        f = getattr(np, alias)
        actual = ad_core.jacobian(lambda x, f=f: f(*(x[j] for j in range(row["arity"]))))
        np.testing.assert_array_equal(actual(np.array(point)), _core.op_point(name, *point)[1])


def test_texts_use_what_the_table_provides():
    """The names in the texts are operands, constants, sel or values of rows."""
    provided = {re.match(r"\w+", row["value"])[0] for row in ROWS if "(" in row["value"]}
    for row in ROWS:
        for text in (row["value"], *row["partials"]):
            called = set(re.findall(r"([A-Za-z_]\w*)\(", text))
            assert called <= provided | {"sel"}, row["name"]
