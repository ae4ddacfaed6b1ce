"""Checks of np.testing in a traced function: they hold and become guards, or raise as for plain
numbers."""

import subprocess
import sys

import numpy as np
import numpy.testing as npt
import pytest
from numpy.testing import (
    assert_allclose,
    assert_almost_equal,
    assert_approx_equal,
    assert_array_equal,
    assert_array_less,
    assert_equal,
)

import ad_core
from agreement import refused

pytestmark = [
    pytest.mark.usefixtures("nothing_leaks"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]

x2 = np.array([1.0, 2.0])
OBJECTS = {"a": [1.0, [1.0, 2.0]], "b": (2.0, "text")}
# each check holds at x2; the first ones were imported before anything was traced
CHECKS = {
    "allclose": lambda x: assert_allclose(x, [1.0, 2.0], rtol=0.1),
    "allclose, the other way": lambda x: assert_allclose([1.0, 2.0], x, atol=0.5),
    "allclose of two": lambda x: assert_allclose(x * x, x**2),
    "allclose of a number": lambda x: assert_allclose(x[0], 1.0),
    "allclose with NaN": lambda x: assert_allclose(np.log(3.0 - x), [np.log(2.0), 0.0]),
    "allclose with infinities": lambda x: assert_allclose(x / (x - x), np.inf),
    "allclose, a message": lambda x: assert_allclose(x, x2, err_msg="where?", verbose=False),
    "allclose of a list": lambda x: assert_allclose([x[0], x[1]], [1, 2]),
    "allclose of shapes": lambda x: assert_allclose(x.reshape(1, 2), x2[None]),
    "less": lambda x: assert_array_less(x, 3.0),
    "less, the other way": lambda x: assert_array_less([0, 0], 4.0 - x),
    "equal arrays": lambda x: assert_array_equal(np.minimum(x, 5.0), x),
    "equal truths": lambda x: assert_array_equal(x < 5.0, [True, True]),
    "equal numbers": lambda x: assert_equal(np.floor(x[0] / 5.0), 0.0),
    "almost equal numbers": lambda x: assert_almost_equal(x[0], 1.0),
    "almost equal": lambda x: npt.assert_almost_equal(x, [1.0, 2.0], 3),
    "almost equal arrays": lambda x: npt.assert_array_almost_equal([1.0, 2.0], x),
    "almost equal arrays, both": lambda x: npt.assert_array_almost_equal(x, x * x / x),
    "allclose by its name": lambda x: npt.assert_allclose(x[0], 1.0),
    "equal objects": lambda x: npt.assert_equal({"a": [x[0], x], "b": (x[1], "text")}, OBJECTS),
    "approximately equal": lambda x: npt.assert_approx_equal(x[0], 1.0, significant=3),
    "plain": lambda x: npt.assert_allclose(np.array([1.0, 2.0]), [1.0, 2.0]),
    "a buffer": lambda x: npt.assert_allclose(np.zeros(2), 0.0),
}


def outcome(f, x):
    """None if f(x) returns, else the text of its AssertionError."""
    try:
        f(x)
    except AssertionError as error:
        return str(error)
    return None


def checked(check):
    def model(x):
        check(x)
        return x**2

    return model


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_that_holds(name):
    f = checked(CHECKS[name])
    assert outcome(f, x2) is None
    compiled, tape = ad_core.compile(f), ad_core.trace(f, x2)
    for J in (
        ad_core.jacfwd(f)(x2),
        ad_core.jacrev(f)(x2),
        compiled.jacobian(x2),
        tape.jacobian(x2),
        compiled.jacobian(np.stack([x2] * 5), batch_dims=1)[3],
    ):
        np.testing.assert_allclose(J, np.diag(2 * x2))


@pytest.mark.parametrize("factor", [1.0 + 1e-9, 1.01, 50.0, np.nan])
@pytest.mark.parametrize("name", CHECKS)
def test_a_check_at_other_points_agrees_with_numpy(name, factor):
    """The outcome and the text are those for plain numbers, also in a recording."""
    f, x = checked(CHECKS[name]), x2 * factor
    expected = outcome(f, x)
    assert outcome(ad_core.jacobian(f), x) == expected
    compiled, tape = ad_core.compile(f), ad_core.trace(f, x2)
    compiled.jacobian(x2)
    assert outcome(compiled.jacobian, x) == expected
    if expected is not None:
        with pytest.raises(ad_core.BranchChanged):
            tape(x)


def test_a_check_that_fails_is_a_path():
    def f(x):
        try:
            assert_allclose(x[0], 1.0, rtol=0.1)
        except AssertionError:
            return x * 3.0
        return x**2

    compiled = ad_core.compile(f)
    points = np.array([[1.0, 2.0], [5.0, 2.0], [1.05, 0.0], [7.0, 1.0]])
    found = compiled.jacobian(points, batch_dims=1)
    for x, J in zip(points, found, strict=True):
        expected = np.diag(2 * x) if abs(x[0] - 1.0) < 0.1 else 3.0 * np.eye(2)
        np.testing.assert_allclose(J, expected)
        np.testing.assert_allclose(ad_core.jacobian(f)(x), expected)
    with pytest.raises(ad_core.BranchChanged):
        ad_core.trace(f, points[1])(points[0])


def test_shapes_that_differ_raise_as_in_numpy():
    def f(x):
        assert_allclose(x, np.ones(3))
        return x

    assert outcome(ad_core.jacobian(f), x2) == outcome(f, x2) is not None


@pytest.mark.usefixtures("names_stay")
def test_checks_that_are_not_supported_raise():
    for check in (assert_approx_equal, lambda a, b: npt.assert_allclose(a + 1j * a, b + 1j * b)):
        with refused(ad_core.NotDifferentiable, "derivative", "test_testing.py"):
            ad_core.jacobian(lambda x, check=check: check(x[0], 1.0))(x2)


def test_functions_of_numpy_are_restored():
    from numpy.testing._private import utils

    names = ("assert_array_compare", "build_err_msg")
    before = [getattr(utils, name) for name in names], npt.assert_approx_equal
    inside = []

    def f(x):
        inside.append(utils.assert_array_compare)
        assert_allclose(x, x2)
        return x

    ad_core.jacobian(f)(x2)
    assert inside[0] is not before[0][0]
    assert ([getattr(utils, name) for name in names], npt.assert_approx_equal) == before


def test_imported_first_by_the_traced_function(tmp_path):
    code = """
import sys
import numpy as np, ad_core
assert "numpy.testing" not in sys.modules
def f(x):
    np.testing.assert_allclose(x[0], 1.0)
    return x ** 2
for _ in range(2):
    assert np.allclose(ad_core.jacobian(f)(np.array([1.0, 2.0])), [[2.0, 0.0], [0.0, 4.0]])
"""
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
