# SPDX-License-Identifier: Apache-2.0
"""The scenarios' derivatives by ad_core: both modes against each other and against two others.

Complex steps are exact to rounding, because every scenario is analytic where it is evaluated;
central differences take no part of that argument on trust.
"""

import numpy as np
import pytest

import ad_core
import scenarios

SEEDS = (0, 1)


class ComplexNumpy:
    """NumPy with complex ``zeros``, so that a complex step passes through."""

    def __getattr__(self, name):
        return getattr(np, name)

    @staticmethod
    def zeros(shape):
        return np.zeros(shape, dtype=complex)


def flatten(tree):
    """Nested tuples and lists of arrays as one vector."""
    if isinstance(tree, list | tuple):
        return np.concatenate([flatten(item) for item in tree])
    return np.ravel(tree)


def rebuild(flat, like):
    """A vector in the nested shape of ``like``, and what is left of the vector."""
    if isinstance(like, list | tuple):
        items = []
        for item in like:
            part, flat = rebuild(flat, item)
            items.append(part)
        return type(like)(items), flat
    return flat[: like.size].reshape(like.shape), flat[like.size :]


def columns(fun, args, entries, quotient):
    """The columns of the Jacobian that ``quotient(f, x, i)`` gives for the ``entries`` asked."""

    def f(x):
        return np.ravel(fun(rebuild(x, args[0])[0], *args[1:]))

    x = flatten(args[0])
    return np.stack([quotient(f, x, i) for i in entries], axis=1)


def complex_step(f, x, i):
    step = np.zeros(x.size, dtype=complex)
    step[i] = 1e-30j
    return f(x + step).imag / 1e-30


def central_difference(f, x, i):
    step = np.zeros(x.size)
    step[i] = 1e-5 * max(1.0, abs(x[i]))
    return (f(x + step) - f(x - step)) / (2.0 * step[i])


def derivative(scenario, args, mode=None):
    """The scenario's derivative by ad_core as a K x D matrix."""
    if scenario.what == "jacobian":
        return ad_core.jacobian(scenario.fun, mode=mode)(*args)
    _, gradient = ad_core.value_and_grad(scenario.fun)(*args)
    return flatten(gradient)[None, :]


def assert_close(actual, expected, tolerance):
    """Compare relative to the largest entry of a row: Pollution's rows differ by decades."""
    assert actual.shape == expected.shape
    size = np.max(np.abs(expected), axis=1, keepdims=True)
    assert np.max(np.abs(actual - expected) - tolerance * size) <= 0.0


def each(*chosen):
    """Run a test on each of these scenarios, by name."""
    return pytest.mark.parametrize("scenario", chosen, ids=lambda scenario: scenario.name)


JACOBIANS = [scenario for scenario in scenarios.SMALL if scenario.what == "jacobian"]
GRADIENTS = [scenario for scenario in scenarios.SMALL if scenario.what == "value_and_grad"]


@each(*scenarios.SMALL)
@pytest.mark.parametrize("seed", SEEDS)
def test_sizes_are_as_stated(scenario, seed):
    args = scenario.args(seed)
    assert flatten(args[0]).size == scenario.D
    assert np.size(scenario.fun(*args)) == scenario.K


@each(*scenarios.SMALL)
@pytest.mark.parametrize("seed", SEEDS)
def test_agrees_with_complex_step(scenario, seed):
    args = scenario.args(seed)
    fun = scenarios.with_numpy(scenario.fun, ComplexNumpy())
    expected = columns(fun, args, range(scenario.D), complex_step)
    assert_close(derivative(scenario, args), expected, 1e-12)


@each(*scenarios.SMALL)
def test_agrees_with_central_differences(scenario):
    args = scenario.args(2)
    expected = columns(scenario.fun, args, range(scenario.D), central_difference)
    assert_close(derivative(scenario, args), expected, 1e-5)


@each(*JACOBIANS)
@pytest.mark.parametrize("seed", SEEDS)
def test_modes_agree(scenario, seed):
    args = scenario.args(seed)
    forward = derivative(scenario, args, "fwd")
    reverse = derivative(scenario, args, "rev")
    assert_close(forward, reverse, 1e-13)
    assert_close(derivative(scenario, args), reverse, 1e-13)


@each(*GRADIENTS)
@pytest.mark.parametrize("mode", ["fwd", "rev"])
def test_gradient_is_the_jacobian(scenario, mode):
    args = scenario.args(0)

    def flat_fun(x):
        return scenario.fun(rebuild(x, args[0])[0], *args[1:])

    row = ad_core.jacobian(flat_fun, mode=mode)(flatten(args[0]))
    assert_close(row[None, :], derivative(scenario, args), 1e-13)


@each(*GRADIENTS)
def test_value_comes_with_the_gradient(scenario):
    args = scenario.args(0)
    value, gradient = ad_core.value_and_grad(scenario.fun)(*args)
    np.testing.assert_allclose(value, scenario.fun(*args), rtol=1e-14)
    assert type(gradient) is type(args[0])


@each(*[scenario for scenario in scenarios.FULL if scenario not in scenarios.SMALL])
def test_full_size_agrees_at_some_entries(scenario):
    args = scenario.args(0)
    entries = np.random.default_rng(0).integers(scenario.D, size=5)
    fun = scenarios.with_numpy(scenario.fun, ComplexNumpy())
    expected = columns(fun, args, entries, complex_step)
    whole = derivative(scenario, args)
    assert whole.shape == (scenario.K, scenario.D)
    size = np.max(np.abs(whole), axis=1, keepdims=True)
    assert np.max(np.abs(whole[:, entries] - expected) - 1e-11 * size) <= 0.0


def test_arm_is_a_rotation_within_reach():
    out = scenarios.arm(*scenarios.arm_args(3))
    rotation = out[3:].reshape(3, 3)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-15)
    np.testing.assert_allclose(np.linalg.det(rotation), 1.0)
    assert np.linalg.norm(out[:3] - [0.0, 0.0, 0.333]) < 0.855 + 0.088 + 0.107


def test_arm6_has_the_published_zero_pose():
    """At zero angles the links lie along x, the wrist's offsets along y and z."""
    out = scenarios.arm6(np.zeros(6))
    a, d = [row[0] for row in scenarios.UR5E], [row[1] for row in scenarios.UR5E]
    expected = [a[1] + a[2], -d[3] - d[5], d[0] - d[4]]
    np.testing.assert_allclose(out[:3], expected, atol=1e-15)
    np.testing.assert_allclose(out[:3], [-0.8172, -0.2329, 0.0628], atol=1e-15)


def test_arm6_is_a_rotation():
    out = scenarios.arm6(*scenarios.arm6_args(3))
    rotation = out[3:].reshape(3, 3)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-15)
    np.testing.assert_allclose(np.linalg.det(rotation), 1.0)


@each(scenarios.ARM, scenarios.ARM6, scenarios.POLLUTION, scenarios.HIRES)
def test_a_batch_is_many_points(scenario):
    (points,) = scenario.args(0, batch=(3, 5))
    assert points.shape == (3, 5, scenario.D)
    assert np.unique(points).size == points.size
    assert np.all(np.isfinite(scenario.fun(points[2, 4])))


def test_hires_reaches_the_published_solution():
    """The stiff problem solved with ad_core's Jacobian ends where the Test Set says."""
    integrate = pytest.importorskip("scipy.integrate")
    jacobian = ad_core.jacobian(scenarios.hires)
    solution = integrate.solve_ivp(
        lambda t, y: scenarios.hires(y),
        (0.0, scenarios.HIRES_END),
        scenarios.HIRES_START,
        method="Radau",
        jac=lambda t, y: jacobian(y),
        rtol=1e-8,
        atol=1e-12,
    )
    np.testing.assert_allclose(solution.y[:, -1], scenarios.HIRES_STATES[-1], rtol=1e-4)


def test_pollution_reaches_the_published_solution():
    """The stiff problem solved with ad_core's Jacobian ends where the Test Set says."""
    integrate = pytest.importorskip("scipy.integrate")
    start = np.zeros(20)
    for species, concentration in scenarios.POLLUTION_START.items():
        start[species] = concentration
    jacobian = ad_core.jacobian(scenarios.pollution)
    solution = integrate.solve_ivp(
        lambda t, y: scenarios.pollution(y),
        (0.0, 60.0),
        start,
        method="Radau",
        jac=lambda t, y: jacobian(y),
        rtol=1e-7,
        atol=1e-14,
    )
    np.testing.assert_allclose(solution.y[:, -1], scenarios.POLLUTION_AT_60, rtol=1e-3)
