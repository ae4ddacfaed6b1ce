# SPDX-License-Identifier: Apache-2.0
"""Distributions and statistics of SciPy: outside of the support, at invalid parameters, frozen,
discrete ones, at new points, and what is refused."""

import numpy as np
import pytest
import scipy.stats as st
from scipy.stats import gamma, norm, poisson

import ad_core
from ad_core.errors import NoDerivativeError

pytestmark = pytest.mark.filterwarnings("ignore")


def derivative(f, x, h=1e-6):
    return (f(x + h) - f(x - h)) / (2.0 * h)


def test_names_bound_early():
    x = np.array([0.3, 1.7])
    found = ad_core.jacobian(lambda p: norm.logpdf(1.0, p[0], p[1]))(x)
    np.testing.assert_allclose(found, [0.7 / 1.7**2, 0.7**2 / 1.7**3 - 1.0 / 1.7], rtol=1e-13)


FROZEN = gamma(2.5, scale=2.0)


@pytest.mark.parametrize("name", ["pdf", "logpdf", "cdf", "logcdf", "sf", "logsf"])
def test_frozen_before_and_inside(name):
    x = np.array([0.7, 3.1, -1.0])
    before = ad_core.jacobian(getattr(FROZEN, name))(x)
    inside = ad_core.jacobian(lambda x: getattr(gamma(2.5, scale=2.0), name)(x))(x)
    np.testing.assert_array_equal(before, inside)
    expected = np.diag([derivative(getattr(FROZEN, name), each) for each in x[:2]])
    np.testing.assert_allclose(before[:2, :2], expected, rtol=1e-7)
    assert (before[2] == 0.0).all()


@pytest.mark.parametrize("name", ["pdf", "cdf", "sf"])
def test_places_on_both_sides_of_the_support_in_one_program(name):
    def f(p):
        return getattr(st.uniform, name)(p[0], p[1], p[2])

    compiled = ad_core.compile(f)
    points = np.array([[0.5, 0.0, 2.0], [-0.5, 0.0, 2.0], [2.5, 0.0, 2.0], [np.nan, 0.0, 2.0]])
    found = compiled.jacobian(points, batch_dims=1)
    assert compiled.paths == 1
    for point, row in zip(points[:3], found[:3], strict=True):
        np.testing.assert_allclose(row, ad_core.jacobian(f)(point), rtol=1e-13)
    np.testing.assert_array_equal(found[1], 0.0)
    np.testing.assert_array_equal(found[2], 0.0)


def test_support_that_depends_on_shapes():
    def f(c):
        return st.genpareto.logpdf(1.5, c)

    compiled = ad_core.compile(f)
    assert compiled(-0.5) == f(-0.5)
    np.testing.assert_allclose(compiled.grad(-0.5), derivative(f, -0.5), rtol=1e-7)
    assert compiled(-0.8) == -np.inf  # the support ends at 1.25
    assert compiled.grad(-0.8) == 0.0
    assert compiled.paths == 1


def test_limits_of_a_shape_have_no_silent_derivative():
    assert np.isnan(ad_core.grad(lambda c: st.genextreme.logpdf(0.3, c))(0.0))
    c = 1e-3
    f = lambda c: st.genextreme.logpdf(0.3, c)  # noqa: E731
    np.testing.assert_allclose(ad_core.grad(f)(c), derivative(f, c), rtol=1e-6)


def test_invalid_parameters_are_nan_for_their_elements_only():
    scale = np.array([1.5, -1.0, 2.0])

    def f(scale):
        return norm.logpdf(0.7, 0.0, scale)

    value, found = ad_core.value_and_jacobian(f)(scale)
    np.testing.assert_array_equal(value, f(scale))
    assert np.isnan(value[1])
    rest = [0, 2]
    expected = np.diag(0.7**2 / scale[rest] ** 3 - 1.0 / scale[rest])
    np.testing.assert_allclose(found[np.ix_(rest, rest)], expected, rtol=1e-13)


def test_empty_arrays_and_broadcasting():
    assert ad_core.jacobian(lambda x: norm.cdf(x, 0.0, 2.0))(np.zeros(0)).shape == (0, 0)
    data = np.linspace(-1.0, 1.0, 6).reshape(3, 2)

    def f(p):
        return norm.logpdf(data, p[:2], p[2])

    p = np.array([0.1, 0.4, 1.3])
    value, found = ad_core.value_and_jacobian(f)(p)
    np.testing.assert_array_equal(value, f(p))
    assert found.shape == (3, 2, 3)
    assert (found[:, 0, 1] == 0.0).all()


@pytest.mark.parametrize("name", ["pmf", "logpmf", "cdf", "sf"])
def test_discrete(name):
    k = np.array([0, 2, 5, -1])

    def f(mu):
        return getattr(poisson, name)(k, mu)

    value, found = ad_core.value_and_jacobian(f)(2.3)
    np.testing.assert_array_equal(value, f(2.3))
    np.testing.assert_allclose(found[:3], derivative(f, 2.3)[:3], rtol=1e-6, atol=1e-9)
    assert found[3] == 0.0


def test_quantiles_are_solutions():
    def f(p):
        return st.beta.ppf(p[0], 2.0, 3.0)

    y = f([0.3])
    found = ad_core.grad(f)(np.array([0.3]))
    np.testing.assert_allclose(found, 1.0 / st.beta.pdf(y, 2.0, 3.0), rtol=1e-13)
    second = ad_core.hessian(f)(np.array([0.3]))[0, 0]
    expected = derivative(lambda q: 1.0 / st.beta.pdf(f([q]), 2.0, 3.0), 0.3)
    np.testing.assert_allclose(second, expected, rtol=1e-6)


def test_quantiles_of_discrete_distributions_are_steps():
    assert ad_core.grad(lambda mu: poisson.ppf(0.3, mu) * mu)(2.3) == poisson.ppf(0.3, 2.3)


def test_likelihood_compiled_at_new_points():
    data = gamma(2.0, scale=1.5).rvs(50, random_state=np.random.default_rng(1))

    def loss(p):
        return -np.sum(gamma.logpdf(data, p[0], scale=p[1]))

    compiled = ad_core.compile(loss)
    for p in ([2.0, 1.5], [1.1, 0.7], [4.0, 3.0]):
        p = np.array(p)
        np.testing.assert_allclose(compiled(p), loss(p), rtol=1e-13)
        np.testing.assert_allclose(compiled.grad(p), ad_core.grad(loss)(p), rtol=1e-11)
        np.testing.assert_allclose(
            compiled.hessian(p), ad_core.jacobian(ad_core.grad(loss))(p), rtol=1e-9
        )
    assert compiled.paths == 1


class Own(st.rv_continuous):
    """A distribution of a user, with the density 3 x^2 on (0, 1)."""

    def _pdf(self, x):
        return 3.0 * x**2


def test_distributions_of_users():
    own = Own(a=0.0, b=1.0, name="own")
    found = ad_core.grad(lambda x: own.logpdf(x) + own.cdf(x))(0.5)
    np.testing.assert_allclose(found, 2.0 / 0.5 + 0.75, rtol=1e-12)


def test_moments():
    def f(p):
        return np.stack([st.weibull_min.mean(p[0], scale=p[1]), st.norm.moment(4, p[0], p[1]),
                         *st.gamma.stats(p[0], scale=p[1], moments="mvsk")])  # fmt: skip

    p = np.array([1.7, 0.6])
    value, found = ad_core.value_and_jacobian(f)(p)
    np.testing.assert_allclose(value, f(p), rtol=1e-13)
    expected = np.stack([derivative(lambda t, e=e: f(p + t * e), 0.0) for e in np.eye(2)], axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    "call",
    [
        lambda p: norm.rvs(norm.cdf(p[0])),
        lambda p: gamma.fit(norm.cdf(p))[0],
        lambda p: st.binom.pmf(2, p[0], 0.3),
        lambda p: poisson.pmf(p[0], 2.0),
        lambda p: st.levy_stable.pdf(0.3, p[0], 0.1),
        lambda p: st.multivariate_normal.cdf(p, np.zeros(2)),
        lambda p: st.multivariate_normal.rvs(p),
        lambda p: st.multivariate_normal.logpdf(p, cov=np.outer(p, p), allow_singular=True),
        lambda p: st.powernorm.mean(p[0]),
        lambda p: st.bootstrap((p,), np.mean).standard_error,
    ],
)
def test_refused_with_the_users_line(call):
    with pytest.raises(NoDerivativeError, match="test_scipy_stats"):
        ad_core.jacobian(call)(np.array([2.0, 3.0]))


def test_whole_numbers_may_come_from_the_input():
    def f(p):
        return st.binom.pmf(int(p[0]), 5, p[1])

    found = ad_core.grad(f)(np.array([2.0, 0.3]))
    expected = derivative(lambda q: st.binom.pmf(2, 5, q), 0.3)
    np.testing.assert_allclose(found, [0.0, expected], rtol=1e-6)


def test_covariance_of_equal_eigenvalues():
    x = np.array([0.3, -0.4])

    def f(s):
        return st.multivariate_normal.logpdf(x, np.zeros(2), s * np.eye(2))

    np.testing.assert_allclose(ad_core.grad(f)(2.0), 0.5 * x @ x / 4.0 - 0.5, rtol=1e-13)


def test_nothing_stays_exchanged_outside_of_traces():
    ad_core.grad(lambda x: norm.cdf(x))(0.3)
    assert isinstance(norm.cdf(0.3), np.float64)
    assert norm.rvs(random_state=1) == st.norm.rvs(random_state=1)
