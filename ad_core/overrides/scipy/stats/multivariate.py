# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Distributions of vectors and matrices, and kernel density estimates: SciPy's own code, with the
Cholesky factor of a traced covariance in place of its eigenvectors, which have no derivative where
eigenvalues are equal."""

import math

import numpy as np
import scipy.stats
from scipy.special import multigammaln
from scipy.stats import _covariance, _kde, _multivariate

from ad_core import _core
from ad_core.adapting.stand_ins import supply_names
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy.guards import plain
from ad_core.overrides.scipy.dispatch import implements_method
from ad_core.overrides.scipy.special import logsumexp
from ad_core.recording.arrays import as_array

__all__ = []

supply_names(_multivariate, _covariance, _kde)


@implements_method(_multivariate._PSD, "__init__")
def positive_semidefinite(self, M, cond=None, rcond=None, lower=True, check_finite=True,
                          allow_singular=True):  # fmt: skip
    M = as_array(M)
    known = _core.untraced(lambda: _multivariate._PSD(
        plain(M), cond, rcond, lower, check_finite, allow_singular))  # fmt: skip
    if known.rank < len(M):
        raise NoDerivativeError(
            f"a singular covariance has no derivative{_core.user_line()}; pass a plain one"
        )
    factor = np.linalg.cholesky(M if lower else M.T)
    self._M, self.rank, self.eps, self.V = M, known.rank, known.eps, known.V
    self.U = np.linalg.solve(factor, np.eye(len(M))).T
    self.log_pdet = 2.0 * np.sum(np.log(np.diagonal(factor)))
    self._pinv = None


@implements_method(_multivariate.invwishart_gen, "_logpdf")
def inverse_wishart(self, x, dim, df, log_det_scale, C):
    factors = np.linalg.cholesky(np.moveaxis(x, -1, 0))
    log_det_x = 2.0 * np.sum(np.log(np.diagonal(factors, axis1=1, axis2=2)), axis=1)
    squares = np.sum(np.linalg.solve(factors, np.broadcast_to(C, factors.shape)) ** 2, axis=(1, 2))
    constant = 0.5 * df * dim * math.log(2.0) + multigammaln(0.5 * df, dim)
    return 0.5 * (df * log_det_scale - squares - (df + dim + 1) * log_det_x) - constant


def _traced_within(kde, *others):
    return _core.holds_variable([kde.dataset, kde.weights, kde.cho_cov, *others])


def _terms(kde, points):
    """The logarithms of the terms of the estimate, for each point (rows) and each sample, and their
    weights."""
    points = np.atleast_2d(as_array(points))
    d, m = points.shape
    if d != kde.d:
        if d != 1 or m != kde.d:
            raise ValueError(f"points have dimension {d}, dataset has dimension {kde.d}")
        points = points.reshape(kde.d, 1)
    places = np.linalg.solve(kde.cho_cov, points)
    samples = np.linalg.solve(kde.cho_cov, kde.dataset)
    squares = sum((x[:, None] - y) ** 2 for x, y in zip(places, samples, strict=True))
    return -0.5 * squares - _log_norm(kde), kde.weights


def _log_norm(kde):
    return 0.5 * kde.d * math.log(2.0 * math.pi) + np.sum(np.log(np.diagonal(kde.cho_cov)))


_evaluate, _logpdf = (vars(_kde.gaussian_kde)[name] for name in ("evaluate", "logpdf"))


@implements_method(_kde.gaussian_kde, "__call__", calls_back=True)
@implements_method(_kde.gaussian_kde, "evaluate", calls_back=True)
def evaluate(self, points):
    if not _traced_within(self, points):
        return _core.untraced(lambda: _evaluate(self, plain(points)))
    terms, weights = _terms(self, points)
    return np.sum(np.exp(terms) * weights, axis=1)


@implements_method(_kde.gaussian_kde, "logpdf", calls_back=True)
def logpdf(self, x):
    if not _traced_within(self, x):
        return _core.untraced(lambda: _logpdf(self, plain(x)))
    terms, weights = _terms(self, x)
    return logsumexp(terms, axis=1, b=np.broadcast_to(weights, terms.shape))


def _refused(kind, name, remedy):
    if not hasattr(kind, name):
        return

    @implements_method(kind, name)
    def method(self, *args, **kwds):
        raise NoDerivativeError(
            f"{type(self).__name__}.{name} has no derivative{_core.user_line()}; {remedy}"
        )


for _kind in {type(getattr(scipy.stats, name)) for name in dir(scipy.stats)}:
    if issubclass(_kind, _multivariate.multi_rv_generic) and "rvs" in vars(_kind):
        _refused(_kind, "rvs", "draw random numbers outside of the function")
for _kind in (_multivariate.multivariate_normal_gen, _multivariate.multivariate_t_gen):
    _refused(
        _kind, "cdf", "the integral over a box in several dimensions is a random approximation"
    )
_refused(_multivariate.multivariate_normal_gen, "logcdf", "the integral is a random approximation")
