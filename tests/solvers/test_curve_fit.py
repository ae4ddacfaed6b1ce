# SPDX-License-Identifier: Apache-2.0
"""curve_fit with exact Jacobians: SciPy's results for its options."""

import numpy as np
import pytest

import ad_core
from ad_core import solvers
from agreement import refused

optimize = pytest.importorskip("scipy.optimize")

T = np.linspace(0.0, 4.0, 30)
Y = 2.5 * np.exp(-1.3 * T) + 0.1 * np.cos(T)


def model(t, a, b):
    return a * np.exp(-b * t)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"p0": [1, 2]},
        {"p0": [1.0, 2.0], "method": "dogbox"},
        {"bounds": (0, [10.0, 10.0])},
        {"sigma": np.linspace(1.0, 2.0, 30), "absolute_sigma": True},
        {"sigma": np.diag(np.linspace(1.0, 2.0, 30))},
    ],
    ids=lambda options: ",".join(options) or "none",
)
def test_options(options):
    found, spread = solvers.curve_fit(model, T, Y, **options)
    own, own_spread = optimize.curve_fit(model, T, Y, **options)
    np.testing.assert_allclose(found, own, rtol=1e-6)
    np.testing.assert_allclose(spread, own_spread, rtol=1e-4)


def test_missing_data():
    y = Y.copy()
    y[3] = np.nan
    options = {"nan_policy": "omit", "check_finite": False}
    found, _ = solvers.curve_fit(model, T, y, **options)
    own, _ = optimize.curve_fit(model, T, y, **options)
    np.testing.assert_allclose(found, own, rtol=1e-6)


def test_data_stay_plain_and_lists_are_values():
    table = {0.0: 1.0, 1.0: 2.0, 2.0: 5.0}
    found, _ = solvers.curve_fit(
        lambda t, a, b: [a + b * table[k] for k in t], [0.0, 1.0, 2.0], [3.0, 5.0, 11.0], [0, 0]
    )
    np.testing.assert_allclose(found, [1.0, 2.0])


def test_several_parameters_and_a_compiled_model():
    def wide(t, *p):
        return sum(a * t**k for k, a in enumerate(p))

    found, _ = solvers.curve_fit(ad_core.compile(wide), T, wide(T, 1.0, -2.0, 0.5), np.zeros(3))
    np.testing.assert_allclose(found, [1.0, -2.0, 0.5], rtol=1e-8)


def test_bad_input():
    for name in ("jac", "diff_step", "jac_sparsity"):
        with refused(TypeError, name):
            solvers.curve_fit(model, T, Y, **{name: None})
    with refused(TypeError, "function"):
        solvers.curve_fit(3.0, T, Y)
    with refused(TypeError, "traced", "ad_core.implicit"):
        ad_core.grad(lambda y: solvers.curve_fit(model, T, y)[0][0])(Y)
