# SPDX-License-Identifier: Apache-2.0
"""Functions that are recorded once and evaluated elsewhere: the same numbers as one-shot."""

import numpy as np
import pytest

import ad_core
from ad_core import _core, solvers
from ad_core.solvers.arguments import array_function
from ad_core.solvers.evaluation import Shared

optimize = pytest.importorskip("scipy.optimize")

T = np.linspace(0.0, 2.0, 7)
MANY = np.linspace(0.0, 2.0, 6000)
SAME = np.eye(3)

FUNCTIONS = {
    "array": lambda x: np.sin(x) * x[0],
    "list": lambda x: [x[0] * x[1], np.exp(x[2]), 2.0, x[0]],
    "tuple": lambda x: (x[0] - x[1], x[2]),
    "one number": lambda x: x @ x,
    "more values": lambda x: x[0] * np.exp(-x[1] * T) + x[2],
    "long runs": lambda x: x[0] * np.exp(-x[1] * MANY[::10]) + x[2],
    "large": lambda x: x[0] * np.exp(-x[1] * MANY) + x[2],
    "branch": lambda x: x * x if x[0] > 0.5 else x**3,
    "sort": lambda x: np.sort(x) * np.arange(3.0),
    "kink": lambda x: np.maximum(x, 0.2) + np.abs(x),
    "rule": lambda x: np.linalg.solve(np.diag(x + 3.0) + 0.1, x),
    "undetermined": lambda x: np.linalg.eigh(SAME + 0.0 * np.outer(x, x))[1][0] + x,
    "strided": lambda x: np.outer(x, x)[:, ::-1].T[1],
    "constants": lambda x: np.ones(2),
    "nothing": lambda x: x[:0],
}
POINTS = [[0.1, 0.2, 0.3], [0.9, 0.1, -0.4], [0.2, 0.7, 0.1], [0.9, 0.1, -0.4], [0.0, 0.0, 0.0]]


def equations(fun, record=True):
    return _core.Equations(fun, 3, lambda: Shared(fun), record)


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("record", [True, False])
def test_values_and_jacobians(name, record):
    fun = FUNCTIONS[name]
    recorded, one_shot = equations(fun, record), ad_core.jacobian(array_function(fun))
    for x in map(np.array, POINTS):
        np.testing.assert_allclose(np.ravel(recorded.value(x)), np.ravel(fun(x)), rtol=1e-14)
        np.testing.assert_allclose(recorded.jacobian(x), one_shot(x), rtol=1e-14)
        np.testing.assert_allclose(np.ravel(recorded.value(x)), np.ravel(fun(x)), rtol=1e-14)


def test_points_that_are_not_finite_or_contiguous():
    recorded = equations(FUNCTIONS["array"])
    recorded.value(np.ones(3))
    wide = np.linspace(0.0, 1.0, 6)[::2]
    np.testing.assert_array_equal(recorded.value(wide), FUNCTIONS["array"](wide))
    odd = np.array([np.nan, np.inf, 1.0])
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(recorded.value(odd), FUNCTIONS["array"](odd))
    with pytest.raises(ValueError, match="shape"):
        recorded.value(np.ones(2))


def test_a_branch_is_recorded_again_for_its_jacobian_alone():
    calls = []

    def fun(x):
        calls.append(type(x) is np.ndarray)
        return FUNCTIONS["branch"](x)

    recorded = equations(fun)
    for x in (0.1, 0.2, 0.9, 0.8):
        recorded.value(np.full(3, x))
    assert calls == [False, True, True]
    recorded.jacobian(np.full(3, 0.7))
    recorded.value(np.full(3, 0.6))
    assert calls == [False, True, True, False]


def test_what_can_not_be_recorded_is_refused_by_its_jacobian():
    table = {1.0: 2.0}
    recorded = equations(lambda x: np.array([table[x[0]]]))
    assert recorded.value(np.ones(3)) == 2.0
    with pytest.raises(ad_core.NotDifferentiable):
        recorded.jacobian(np.ones(3))


@pytest.mark.parametrize(
    "model",
    [
        lambda t, a, b: a * np.exp(-b * t),
        lambda t, a, b: a / (1.0 + np.abs(b) * t) if b > 0.5 else a * np.exp(-b * t),
        lambda t, a, b: [a * np.exp(-b * s) for s in t.tolist()],
        lambda t, a, b: np.interp(t, T, a * np.exp(-b * T)),
    ],
    ids=["array", "branch", "list", "rule"],
)
@pytest.mark.parametrize("points", [7, 900])
@pytest.mark.parametrize("method", ["lm", "trf"])
def test_models(model, points, method):
    t = np.linspace(0.0, 2.0, points)
    y = np.array(model(t, 2.5, 1.3)) + 0.01 * np.cos(9.0 * t)
    found, spread = solvers.curve_fit(model, t, y, [2.0, 1.0], method=method)
    own, own_spread = optimize.curve_fit(model, t, y, [2.0, 1.0], method=method)
    np.testing.assert_allclose(found, own, rtol=1e-5)
    np.testing.assert_allclose(spread, own_spread, rtol=1e-3)


@pytest.mark.parametrize("name", ["array", "more values"])
def test_lm(name):
    fun = FUNCTIONS[name]
    shift = np.ravel(fun(np.array([0.4, 0.5, 0.6])))
    found = solvers.root(lambda x: fun(x) - shift, [0.5, 0.4, 0.5], method="lm")
    assert found.success
    np.testing.assert_allclose(fun(found.x), shift, atol=1e-7)
    with pytest.raises(ValueError, match="3 numbers"):
        solvers.root(FUNCTIONS["tuple"], np.ones(3), method="lm")
