# SPDX-License-Identifier: Apache-2.0
"""np.interp in sample points that are not sorted everywhere, as tables of data may be."""

import numpy as np
import pytest

import ad_core

pytestmark = pytest.mark.usefixtures("nothing_leaks")

XP = np.array([0.0, 1.0, 2.0, 1.9, 3.0, 4.0, 5.0])
FP = np.array([0.0, 1.0, 4.0, 5.0, 9.0, 16.0, 25.0])


@pytest.mark.parametrize("x", [0.5, 1.4, 1.95, 2.6, 3.5, np.array([0.2, 3.3, 4.7])])
def test_interval_that_numpys_search_finds(x):
    f = lambda x: np.interp(x, XP, FP)  # noqa: E731
    step = 1e-6
    expected = (f(x + step) - f(x - step)) / (2.0 * step)
    value, derivative = ad_core.value_and_jacobian(f)(x)
    np.testing.assert_array_equal(value, f(x))
    np.testing.assert_allclose(np.sum(np.atleast_1d(derivative), -1), expected, rtol=1e-7)
    compiled = ad_core.compile(f)
    compiled(x)
    np.testing.assert_allclose(compiled(x + 0.02), f(x + 0.02), rtol=1e-14)


def test_by_the_values():
    g = ad_core.grad(lambda fp: np.interp(3.5, XP, fp))(FP)
    np.testing.assert_allclose(g, [0.0, 0.0, 0.0, 0.0, 0.5, 0.5, 0.0])


@pytest.mark.parametrize("x", [2.0, -1.0, 9.0])
def test_outside_of_an_interval_it_is_an_error(x):
    with pytest.raises(ValueError, match="not sorted"):
        ad_core.grad(lambda x: np.interp(x, XP, FP))(x)
