# SPDX-License-Identifier: Apache-2.0
"""Medians, quantiles and percentiles, covariances and correlations.  Which elements a quantile lies
between is kept as guards."""

import warnings

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy import products
from ad_core.overrides.numpy.dispatch import implements, only_plain
from ad_core.overrides.numpy.guards import decided, plain, tested
from ad_core.overrides.numpy.orders import stable_partition
from ad_core.overrides.numpy.reductions import axes_last, kept, last_in_one
from ad_core.overrides.numpy.sorting import keep_partition
from ad_core.recording.arrays import as_array, as_traced

__all__ = ["cov", "quantile"]

# Methods that interpolate between order statistics: alpha and beta of Hyndman and Fan, Sample
# quantiles in statistical packages (1996).
LINES = {
    "interpolated_inverted_cdf": (0.0, 1.0),
    "hazen": (0.5, 0.5),
    "weibull": (0.0, 0.0),
    "linear": (1.0, 1.0),
    "median_unbiased": (1 / 3.0, 1 / 3.0),
    "normal_unbiased": (3 / 8.0, 3 / 8.0),
}


def _closest_observation(n, q):
    index = n * q - 1.5
    even = (index == np.floor(index)) & (np.floor(index) % 2 == 1)
    return np.maximum(np.where(even, np.floor(index), np.floor(index) + 1), 0)


# Methods that take one order statistic or the mean of two: their positions, as functions of n, q.
STEPS = {
    "inverted_cdf": lambda n, q: (np.maximum(np.ceil(n * q - 1), 0),) * 2,
    "closest_observation": lambda n, q: (_closest_observation(n, q),) * 2,
    "averaged_inverted_cdf": lambda n, q: (
        np.clip(np.ceil(n * q) - 1, 0, n - 1),
        np.clip(np.floor(n * q), 0, n - 1),
    ),
    "lower": lambda n, q: (np.floor((n - 1) * q),) * 2,
    "higher": lambda n, q: (np.ceil((n - 1) * q),) * 2,
    "midpoint": lambda n, q: (np.floor((n - 1) * q), np.ceil((n - 1) * q)),
    "nearest": lambda n, q: (np.rint((n - 1) * q),) * 2,
}


def _rows(x, axis):
    """x with the axes to reduce as its last axis, and these axes."""
    if axis is not None:
        axis = np.lib.array_utils.normalize_axis_tuple(axis, x.ndim, "axis")
    moved, n, axes = axes_last(x, axis)
    return last_in_one(moved, n), axes


def _order_statistics(x, places):
    """The elements at these sorted positions along the last axis, of shape
    places.shape + x.shape[:-1]. Guards keep which elements lie between two positions."""
    ks = np.unique(places)
    if not _core.traced(x):
        return np.moveaxis(
            np.partition(x, ks)[..., places], range(-np.ndim(places), 0), range(np.ndim(places))
        )
    moved = keep_partition(x, stable_partition(plain(x), ks), ks)
    nodes = _core.index_array(moved)[..., places]
    ahead = range(np.ndim(places))
    return _core.from_nodes(x, np.moveaxis(nodes, [d - np.ndim(places) for d in ahead], ahead))


def _nan_rows(x):
    """Which rows of x contain NaN, so that their result is NaN. This is a guard only if there is a
    NaN at this point, since the guards of comparisons hold only without NaN."""
    there = np.isnan(plain(x))
    if there.any() or x.shape[-1] == 1:
        there = tested(np.isnan, x)
    return there.any(axis=-1)


def _interpolated(x, virtual):
    """The sorted elements of the last axis of x, interpolated at fractional positions."""
    n = x.shape[-1]
    at = plain(virtual)
    low = np.clip(np.floor(at), 0, n - 1).astype(np.intp)
    low = np.where(at >= n - 1, n - 1, low)
    high = np.where((at < 0) | (at >= n - 1), low, low + 1)
    if _core.traced(virtual):
        return _interpolated_at_traced(x, virtual, at, low, high)
    a, b = _order_statistics(x, np.stack([low, high]))
    t = at - np.where(at < 0, 0, np.where(at >= n - 1, -1, low))
    t = t.reshape(t.shape + (1,) * (x.ndim - 1))
    step = b - a
    return np.where(t >= 0.5, b - step * (1 - t), a + step * t)


def _interpolated_at_traced(x, virtual, at, low, high):
    """The same at traced positions. At an integer the slope is the mean of those on both sides."""
    n = x.shape[-1]
    knot = (at == low) & (at >= 0) & (at <= n - 1)
    within = high > low
    decided(np.where(knot, virtual == low, True))
    decided(np.where(within & ~knot, (virtual > low) & (virtual < high), True))
    decided(np.where((at < 0), virtual < 0.0, True))
    decided(np.where((at > n - 1), virtual > n - 1.0, True))
    before = np.where(knot, np.maximum(low - 1, 0), low)
    after = np.where(knot, np.minimum(low + 1, n - 1), high)
    start, a, b = _order_statistics(x, np.stack([low, before, after]))
    shape = at.shape + (1,) * (x.ndim - 1)
    slope = (b - a) / np.where(knot, 2.0, 1.0).reshape(shape)
    return start + slope * np.reshape(virtual - low, shape)


def _quantile(x, q, method):
    """The quantiles of the last axis of x; the axes of q come first in the result."""
    n = x.shape[-1]
    if n == 0:
        raise IndexError("a quantile along an axis without elements has no value")
    if method in LINES:
        alpha, beta = LINES[method]
        linear = method == "linear"  # a formula that rounds like NumPy's
        virtual = (n - 1) * q if linear else n * q + (alpha + q * (1 - alpha - beta)) - 1
        result = _interpolated(x, virtual)
    elif method not in STEPS:
        raise ValueError(f"{method!r} is not a valid method. Use one of: {[*LINES, *STEPS]}")
    else:
        at = plain(q)
        places = np.stack(STEPS[method](n, at)).astype(np.intp)
        if _core.traced(q):
            _keep_step(method, n, q, at)
        low, high = _order_statistics(x, places)
        result = low if (places[0] == places[1]).all() else low + (high - low) * 0.5
    return np.where(_nan_rows(x), np.nan, result)


def _keep_step(method, n, q, values):
    """Keep between which steps of the method q lies, or on which step."""
    offset = {"closest_observation": 0.5, "nearest": 0.5}.get(method, 0.0)
    scale = n if method.endswith("inverted_cdf") or method == "closest_observation" else n - 1
    virtual, at = scale * q - offset, scale * values - offset
    knot = at == np.floor(at)
    decided(np.where(knot, virtual == np.floor(at), virtual > np.floor(at)))
    decided(np.where(knot, True, virtual < np.floor(at) + 1))


def _weighted(x, q, weights, method):
    """Weighted quantiles of the last axis by the inverted distribution, row by row as in NumPy."""
    if method != "inverted_cdf":
        raise ValueError(f"Only method 'inverted_cdf' supports weights. Got: {method}.")
    if (plain(weights) < 0).any():
        raise ValueError("Weights must be non-negative.")
    rows = last_in_one(np.moveaxis(x, -1, 0), x.ndim - 1) if x.ndim > 1 else x[:, None]
    loads = np.moveaxis(np.broadcast_to(weights, x.shape), -1, 0).reshape(rows.shape)
    results = []
    for k in range(rows.shape[1]):
        order = np.argsort(rows[:, k])
        total = np.cumsum(loads[:, k][order])
        cdf = total / total[-1]
        cdf = np.where(decided(cdf == 0), -1.0, cdf)
        place = np.minimum(np.searchsorted(cdf, q), len(order) - 1)
        results.append(as_array(rows[:, k][order][place]))
    result = np.stack(results, axis=-1).reshape(np.shape(q) + x.shape[:-1])
    return np.where(_nan_rows(x), np.nan, result)


def _without_nans(x, q, weights, method):
    """The quantiles of the elements of each row that are not NaN."""
    return _by_rows(x, weights, np.shape(q), lambda x, w: _any(x, q, w, method))


def _by_rows(x, weights, shape, of_rows):
    """A function of the last axis and its weights, applied to each row without its NaN entries. The
    axes of `shape` come first in the result."""
    if not x.shape[-1]:
        return np.full(shape + x.shape[:-1], np.nan)
    if not np.isnan(plain(x)).any():
        return of_rows(x, weights)
    there = ~tested(np.isnan, x).reshape(-1, x.shape[-1])
    rows = x.reshape(-1, x.shape[-1])
    loads = None if weights is None else np.broadcast_to(weights, x.shape).reshape(rows.shape)
    results = []
    for k, row in enumerate(there):
        if row.any():
            load = None if loads is None else loads[k][row]
            results.append(as_array(of_rows(rows[k][row], load)))
        else:
            warnings.warn("All-NaN slice encountered", RuntimeWarning, stacklevel=4)
            results.append(np.full(shape, np.nan))
    return np.stack(results, axis=-1).reshape(shape + x.shape[:-1])


def _any(x, q, weights, method):
    return _quantile(x, q, method) if weights is None else _weighted(x, q, weights, method)


def _function(of_rows, scale, name):
    def quantile(
        a,
        q,
        axis=None,
        overwrite_input=False,
        method="linear",
        keepdims=False,
        *,
        weights=None,
        interpolation=None,
    ):
        x, q = as_array(a), as_array(q) / scale
        if not ((plain(q) >= 0) & (plain(q) <= 1)).all():
            raise ValueError(f"{name} must be in the range [0, {scale:g}]")
        if q.ndim > 2:
            raise ValueError("q must be a scalar or 1d")
        method = method if interpolation is None else interpolation
        rows, axes = _rows(x, axis)
        if weights is not None:
            weights = as_array(weights)
            if weights.shape == x.shape:
                weights, _ = _rows(weights, axis)
            elif weights.shape != tuple(x.shape[d] for d in axes):
                raise ValueError("Shape of weights must be consistent with shape of a along axis.")
            else:
                weights = np.transpose(weights, np.argsort(np.argsort(axes))).reshape(-1)
        result = of_rows(rows, q, weights, method)
        if keepdims and keepdims is not np._NoValue:
            one = [1 if d in axes else m for d, m in enumerate(x.shape)]
            result = np.reshape(result, [*q.shape, *one])
        return result[()]

    return quantile


quantile = implements(np.quantile, lists=True)(_function(_any, 1.0, "Quantiles"))
implements(np.percentile, lists=True)(_function(_any, 100.0, "Percentiles"))
nanquantile = implements(np.nanquantile, lists=True)(_function(_without_nans, 1.0, "Quantiles"))
implements(np.nanpercentile, lists=True)(_function(_without_nans, 100.0, "Percentiles"))


def _median(x):
    """The median of the last axis: the mean of the two elements in the middle."""
    n = x.shape[-1]
    low, high = _order_statistics(x, np.array([(n - 1) // 2, n // 2]))
    return np.where(_nan_rows(x), np.nan, low if n % 2 else (low + high) / 2.0)


@implements(np.median, lists=True)
def median(a, axis=None, overwrite_input=False, keepdims=False):
    x = as_array(a)
    rows, axes = _rows(x, axis)
    if rows.shape[-1] == 0:
        return np.mean(x, axis=axis, keepdims=keepdims)
    return kept(_median(as_traced(rows))[()], x.shape, axes, keepdims)


@implements(np.nanmedian, lists=True)
def nanmedian(a, axis=None, overwrite_input=False, keepdims=False):
    x = as_array(a)
    rows, axes = _rows(x, axis)
    if rows.shape[-1] == 0:
        return np.nanmean(x, axis=axis, keepdims=keepdims)
    result = _by_rows(rows, None, (), lambda x, _: _median(x))
    return kept(result[()], x.shape, axes, keepdims)


def _variables(m, y, rowvar):
    """The variables of cov and corrcoef, as rows."""
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
    """The product of both kinds of weights; None without weights."""
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
