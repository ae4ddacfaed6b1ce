# SPDX-License-Identifier: Apache-2.0
"""Where SciPy's code has a branch for a single value of a number, the derivative of that branch is
not returned; at the ends of a range the derivative is that from within."""

import numpy as np
import pytest

import ad_core
from agreement import refused

pytest.importorskip("scipy")
import scipy.signal
import scipy.spatial.distance
import scipy.special
import scipy.stats

DATA = np.array([1.0, 2.0, 3.5])

BRANCHES = {
    "boxcox_llf": (lambda p: scipy.stats.boxcox_llf(p, DATA), 0.0, 0.3),
    "pmean": (lambda p: scipy.stats.pmean(DATA, p), 0.0, 0.3),
    "power_divergence": (
        lambda p: scipy.stats.power_divergence([3.0, 4, 5], [4.0, 4, 4], lambda_=p)[0], 1.0, 0.6,
    ),
    "chirp": (
        lambda p: np.sum(scipy.signal.chirp(np.array([0.1, 0.4]), p, 1.0, 2.0, "logarithmic")),
        2.0, 1.5,
    ),
    "yeojohnson at 0": (
        lambda p: np.sum(scipy.stats.yeojohnson(np.array([1.0, -2.0, 0.3]), p)), 0.0, 0.3,
    ),
    "yeojohnson at 2": (
        lambda p: np.sum(scipy.stats.yeojohnson(np.array([1.0, -2.0, 0.3]), p)), 2.0, 1.7,
    ),
    "minkowski": (
        lambda p: scipy.spatial.distance.minkowski([1.0, 2.0], [2.0, 5.0], p), 2.0, 2.5,
    ),
    "norm": (lambda p: np.linalg.norm(DATA * p, p), 2.0, 2.5),
    "norm of order 1": (lambda p: np.linalg.norm(DATA * p, p), 1.0, 1.5),
}  # fmt: skip


@pytest.mark.parametrize("name", BRANCHES)
def test_a_branch_for_a_single_value_is_refused(name):
    f, special, other = BRANCHES[name]
    for transform in (ad_core.grad, ad_core.jacfwd, lambda f: ad_core.compile(f).grad):
        with refused(ad_core.NoDerivativeError, "single value", "test_scipy_single_values.py"):
            transform(f)(special)
    h = 1e-6
    expected = (f(other + h) - f(other - h)) / (2 * h)
    np.testing.assert_allclose(ad_core.grad(f)(other), expected, rtol=1e-6)


def test_steps_and_plain_numbers_may_be_compared():
    """A comparison of a number that does not depend on the inputs, or only by steps."""
    plain = lambda x: scipy.stats.boxcox_llf(0.0, x)  # noqa: E731
    h = 1e-6 * np.eye(3)
    expected = [(plain(DATA + d) - plain(DATA - d)) / 2e-6 for d in h]
    np.testing.assert_allclose(ad_core.grad(plain)(DATA), expected, rtol=1e-6, atol=1e-8)


# derivative at the end of the range, from within
ENDS = {
    "binom at 0": (lambda p: scipy.stats.binom.pmf(0, 3, p), 0.0, -3.0),
    "binom at 1": (lambda p: scipy.stats.binom.pmf(3, 3, p), 1.0, 3.0),
    "bernoulli at 1": (lambda p: scipy.stats.bernoulli.pmf(1, p), 1.0, 1.0),
    "geom at 1": (lambda p: scipy.stats.geom.pmf(2, p), 1.0, -1.0),
    "mean of geom at 1": (lambda p: scipy.stats.geom.mean(p), 1.0, -1.0),
    "poisson at 0": (lambda m: scipy.stats.poisson.pmf(0, m), 0.0, -1.0),
    "gamma.logpdf": (lambda x: scipy.stats.gamma.logpdf(x, 1.0), 0.0, -1.0),
    "chi2.pdf": (lambda x: scipy.stats.chi2.pdf(x, 2), 0.0, -0.25),
    "f.pdf": (lambda x: scipy.stats.f.pdf(x, 2, 3), 0.0, -5.0 / 3.0),
    "beta.pdf at 0": (lambda x: scipy.stats.beta.pdf(x, 1, 3), 0.0, -6.0),
    "beta.pdf at 1": (lambda x: scipy.stats.beta.pdf(x, 2, 1), 1.0, 2.0),
    "weibull_min.logpdf": (lambda x: scipy.stats.weibull_min.logpdf(x, 1.0), 0.0, -1.0),
    "xlogy": (lambda y: scipy.special.xlogy(0.0, y), 0.0, 0.0),
    "xlog1py": (lambda y: scipy.special.xlog1py(0.0, y), -1.0, 0.0),
    "rel_entr": (lambda y: scipy.special.rel_entr(0.0, y), 0.0, 0.0),
    "kl_div": (lambda y: scipy.special.kl_div(0.0, y), 0.0, 1.0),
}


@pytest.mark.parametrize("name", ENDS)
def test_at_the_end_of_a_range(name):
    f, x, expected = ENDS[name]
    with np.errstate(all="ignore"):
        for derivative in (ad_core.jacfwd(f), ad_core.jacrev(f), ad_core.compile(f).grad):
            np.testing.assert_allclose(derivative(x), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    "f",
    [
        lambda b: scipy.stats.rice.pdf(0.5, b),
        lambda k: scipy.stats.vonmises.logpdf(0.5, k),
        lambda k: scipy.stats.vonmises.pdf(0.5, k),
        lambda c: scipy.stats.genextreme.mean(c),
    ],
)
def test_no_number_where_a_formula_has_the_size_of_a_shape(f):
    """exp(-abs(shape)) has a kink at 0, where the shape has its least value."""
    for derivative in (ad_core.jacfwd(f), ad_core.jacrev(f), ad_core.compile(f).grad):
        assert np.isnan(derivative(0.0))
        assert np.isfinite(derivative(0.3))


def test_the_mixed_derivative_of_x_log_y_at_zero():
    H = ad_core.hessian(lambda z: scipy.special.xlogy(z[0], z[1]))(np.array([0.0, 2.0]))
    np.testing.assert_allclose(H, [[0.0, 0.5], [0.5, 0.0]])
