# SPDX-License-Identifier: Apache-2.0
"""Covariances and correlations."""

import warnings

import numpy as np

from ad_core.overrides.numpy import products
from ad_core.overrides.numpy.dispatch import implements, only_plain
from ad_core.recording.arrays import as_array

__all__ = ["corrcoef", "cov"]


def _variables(m, y, rowvar):
    """The variables as rows."""
    x = as_array(m)
    if x.ndim > 2:
        raise ValueError("m has more than 2 dimensions")
    x = np.atleast_2d(x)
    if not rowvar and np.ndim(m) != 1:
        x = x.T
    if y is None or not x.shape[0]:
        return x
    y = as_array(y)
    if y.ndim > 2:
        raise ValueError("y has more than 2 dimensions")
    y = np.atleast_2d(y)
    return np.concatenate([x, y.T if not rowvar and y.shape[0] != 1 else y])


def _weights(fweights, aweights, count):
    """The product of both kinds of weights, None if there is none."""
    if fweights is not None:
        fweights = only_plain(np.cov, fweights)
        fweights = np.asarray(fweights, dtype=float)
        if np.any(fweights != np.rint(fweights)):
            raise TypeError("fweights must be integer")
    given = [as_array(w) for w in (fweights, aweights) if w is not None]
    for w in given:
        if w.ndim > 1:
            raise RuntimeError("cannot handle multidimensional weights")
        if w.shape != (count,):
            raise RuntimeError("incompatible numbers of samples and weights")
        if np.any(w < 0):
            raise ValueError("weights cannot be negative")
    if not given:
        return None
    return given[0] if len(given) == 1 else given[0] * given[1]


@implements(np.cov, lists=True)
def cov(m, y=None, rowvar=True, bias=False, ddof=None, fweights=None, aweights=None, *, dtype=None):
    if ddof is None:
        ddof = 0 if bias else 1
    if ddof != int(ddof):
        raise ValueError("ddof must be integer")
    x = _variables(m, y, rowvar)
    if not x.shape[0]:
        return np.zeros((0, 0))
    w = _weights(fweights, aweights, x.shape[1])
    total = np.float64(x.shape[1]) if w is None else np.sum(w)
    mean = np.sum(x if w is None else x * w, axis=1, keepdims=True) / total
    if w is None:
        freedom = total - ddof
    elif ddof == 0:
        freedom = total
    elif aweights is None:
        freedom = total - ddof
    else:
        freedom = total - ddof * np.sum(w * as_array(aweights)) / total
    if freedom <= 0:
        warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=3)
        freedom = np.float64(0.0)
    centred = x - mean
    weighted = centred if w is None else centred * w
    return np.squeeze(products.matmul(centred, weighted.T) * (1.0 / freedom))


@implements(np.corrcoef, lists=True)
def corrcoef(x, y=None, rowvar=True, *, dtype=None):
    c = cov(x, y, rowvar)
    if np.ndim(c) == 0:
        return c / c
    spread = np.sqrt(np.diagonal(c))
    return np.clip(c / spread[:, None] / spread[None, :], -1.0, 1.0)
