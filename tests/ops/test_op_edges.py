"""Every row at edge points: zeros of both signs, infinities, NaN and the ends of the range.

Values agree with NumPy's there too, and all ways to compute a derivative give the same number.
docs/conventions.md says which number it is where several conventions are in use.
"""

import itertools

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

# NumPy warns at these points, as it should. Only the values are tested.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
ULPS = 4
ULPS_OF_PARTIALS = 32
SOME = 7  # a stride with which every edge value is used for each operand; all pairs would take long


def columns_of(row):
    return [np.array(column) for column in zip(*points.edges(row), strict=True)]


def every(row):
    """The stride through a row's edge points: a ternary row has over a thousand."""
    return 1 if row["arity"] < 3 else 97


def partials_at(row, point):
    return _core.op_point(row["name"], *point)[1]


@each(NUMPYS)
def test_kernel_value_agrees_with_numpy(row):
    reference = getattr(np, row["ufunc"])
    values = [_core.op_point(row["name"], *point)[0] for point in points.edges(row)]
    assert_ulps(values, reference(*columns_of(row)), ULPS)


@each(UFUNCS)
def test_traced_value_agrees_with_numpy(row):
    ufunc = getattr(np, row["ufunc"])
    operands = columns_of(row)
    value = ad_core.value_and_jacobian(lambda *x: 1.0 * ufunc(*x))(*operands)[0]
    np.testing.assert_array_equal(value, ufunc(*operands).astype(float))
    for point in points.edges(row)[::SOME]:
        value = ad_core.value_and_jacobian(lambda *x: 1.0 * ufunc(*x))(*point)[0]
        np.testing.assert_array_equal(value, float(ufunc(*map(np.float64, point))))


@each(SMOOTH)
def test_both_modes_give_the_kernels_partials(row):
    """The derivative of one operation is its partial derivative, unchanged even if it is NaN."""
    which = tuple(range(row["arity"]))
    for point in points.edges(row)[:: every(row)]:
        expected = partials_at(row, point)
        for mode in ("fwd", "rev"):
            actual = ad_core.jacobian(function(row), argnums=which, mode=mode)(*point)
            np.testing.assert_array_equal(actual, expected)


@each(SMOOTH)
@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_arrays_have_the_partials_of_scalars(row, mode):
    given = points.edges(row)[:: every(row)]
    operands = [np.array(column) for column in zip(*given, strict=True)]
    whole = ad_core.jacobian(function(row), argnums=tuple(range(row["arity"])), mode=mode)
    for j, matrix in enumerate(whole(*operands)):
        assert not np.any(matrix - np.diag(np.diagonal(matrix)) > 0), "off the diagonal"
        expected = [partials_at(row, point)[j] for point in given]
        assert_ulps(np.diagonal(matrix), expected, ULPS_OF_PARTIALS)


@edges_of(SMOOTH)
def test_partial_text_and_kernel_agree(row, j):
    for point in points.edges(row)[:: every(row)]:
        recorded = ad_core.value_and_jacobian(partial_of_vector(row, j))(np.array(point))[0]
        assert_ulps(recorded, partials_at(row, point)[j], ULPS_OF_PARTIALS)


@each(SMOOTH)
def test_second_derivatives_agree_in_every_order_of_modes(row):
    ways = [
        one_way(outer)(one_way(inner)(of_vector(row)))
        for inner, outer in itertools.product(("fwd", "rev"), repeat=2)
    ]
    for point in points.edges(row)[:: SOME * every(row)]:
        results = np.array([way(np.array(point)) for way in ways])
        finite = np.isfinite(results)
        scale = np.max(np.abs(results[finite]), initial=1.0)
        for result in results[1:]:
            np.testing.assert_allclose(result, results[0], rtol=1e-13, atol=1e-15 * scale)


@each([row for row in SMOOTH if row["arity"] == 2])
def test_one_variable_on_both_sides(row):
    """f(x, x): the sum of both partials, also if one is infinite or NaN."""
    f = function(row)
    for a in points.EDGES:
        partials = partials_at(row, (a, a))
        forward = ad_core.jacfwd(lambda x: f(x, x))(a)
        reverse = ad_core.jacrev(lambda x: f(x, x))(a)
        np.testing.assert_array_equal(forward, reverse)
        np.testing.assert_array_equal(forward, partials[0] + partials[1])


@each([row for row in SMOOTH if row["arity"] == 2])
def test_a_constant_operand_does_not_affect_the_derivative(row):
    f = function(row)
    for a, b in points.edges(row)[::3]:
        partials = partials_at(row, (a, b))
        for derivative in (ad_core.jacfwd, ad_core.jacrev):
            np.testing.assert_array_equal(derivative(lambda x, b=b: f(x, b))(a), partials[0])
            np.testing.assert_array_equal(derivative(lambda x, a=a: f(a, x))(b), partials[1])


@each(SMOOTH)
def test_an_unused_result_does_not_affect_the_derivative(row):
    """A zero adjoint or tangent gives zero for all partials, so where() may mask any row."""
    for point in points.edges(row)[:: every(row)]:
        for derivative in (ad_core.jacfwd, ad_core.jacrev):

            def masked(x):
                v = _core.record_op(row["name"], *(x[k] for k in range(row["arity"])))
                return _core.record_op("SELECT", x[0] == x[0] + 1.0, v, 3.0)

            if point[0] + 1.0 != point[0]:
                np.testing.assert_array_equal(derivative(masked)(np.array(point)), 0.0)


@pytest.mark.parametrize("b", [-1.0, 0.0, 1.0, 2.0, 3.0])
def test_powers_with_a_variable_exponent_where_factors_are_zero(b):
    """d2(a**b)/da db at b = 0 is 1 / a, though d(a**b)/da is 0 there."""
    row = next(row for row in ROWS if row["ufunc"] == "power")
    for a in (0.4, 2.5):
        for second in (ad_core.hessian, lambda f: ad_core.jacrev(ad_core.jacfwd(f))):
            actual = second(of_vector(row))(np.array([a, b]))
            orders = [[(2, 0), (1, 1)], [(1, 1), (0, 2)]]
            expected = [[points.derivative("power", (a, b), o) for o in line] for line in orders]
            np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-15)
