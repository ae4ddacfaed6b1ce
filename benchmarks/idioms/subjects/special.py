# SPDX-License-Identifier: Apache-2.0
"""Special functions of SciPy, and the likelihoods made of them."""

import numpy as np

from ad_core.scipy import special
from benchmarks.idioms import reasons
from benchmarks.idioms.data import normal, positive, with_data
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("Special functions")


@SUBJECT(positive, 3, 1000, 10**5, reason=reasons.REPLAYED)
def log_gamma(x):
    """`np.sum(gammaln(x))`"""
    return np.sum(special.gammaln(x))


@SUBJECT(normal, 3, 10**5)
def error_function(x):
    """`np.sum(erf(x) ** 2)`"""
    return np.sum(special.erf(x) ** 2)


@SUBJECT(positive, 3, 10**5)
def digamma(x):
    """`np.sum(digamma(x) * x)`"""
    return np.sum(special.digamma(x) * x)


@SUBJECT(normal, 3, 10**5)
def expit(x):
    """`np.sum(np.log(expit(x)))`"""
    return np.sum(np.log(special.expit(x)))


@SUBJECT(normal, 3, 10**5)
def logsumexp(x):
    """`logsumexp(x)`"""
    return special.logsumexp(x)


@SUBJECT(with_data(positive, k=("n",)), 3, 10**5)
def poisson_likelihood(x, k):
    """`np.sum(xlogy(k, x) - x - gammaln(k + 1))`"""
    k = np.abs(k)
    return np.sum(special.xlogy(k, x) - x - special.gammaln(k + 1.0))


@SUBJECT(with_data(positive, k=("n",)), 3, 10**5)
def student_likelihood(x, k):
    """Student's t with a number of degrees of freedom for each element"""
    shape = special.gammaln(0.5 * (x + 1.0)) - special.gammaln(0.5 * x) - 0.5 * np.log(x)
    return np.sum(shape - 0.5 * (x + 1.0) * np.log1p(k**2 / x))


@SUBJECT(positive, 3, 30, 100, what="hessian", reason=reasons.ENTRIES)
def hessian_with_log_gamma(x):
    """The Hessian of `np.sum(x[1:] * np.exp(-x[:-1])) + gammaln(np.sum(x))`"""
    return np.sum(x[1:] * np.exp(-x[:-1])) + special.gammaln(np.sum(x))


@SUBJECT(positive, 3, 30, 100, what="hessian", reason=reasons.ENTRIES)
def hessian_without(x):
    """The same with a logarithm in its place"""
    return np.sum(x[1:] * np.exp(-x[:-1])) + np.log(np.sum(x))


@SUBJECT(positive, 3, 100, 1000, what="hvp")
def product_with_log_gamma(x):
    """A Hessian's product of `np.sum(gammaln(x) * np.roll(x, 1))`"""
    return np.sum(special.gammaln(x) * np.roll(x, 1))


@SUBJECT(lambda n, seed: positive(3, seed), 10_000, points=10_000, turns=50)
def batch_of_log_gammas(x):
    """`gammaln(x[0]) - gammaln(x[1]) + x[2]` at 10,000 points"""
    return special.gammaln(x[0]) - special.gammaln(x[1]) + x[2]
