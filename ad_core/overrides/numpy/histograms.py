# SPDX-License-Identifier: Apache-2.0
"""Histograms. The bin of each value is kept as a guard, so counts have no derivative. Sums of
weights, edges that depend on the data, and densities have derivatives."""

import operator

import numpy as np
from numpy.lib import _histograms_impl as histograms

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy.accumulations import sums_at
from ad_core.overrides.numpy.dispatch import implements, only_plain
from ad_core.overrides.numpy.guards import decided, holds, plain, tested
from ad_core.overrides.numpy.own_code import copy_of
from ad_core.recording.arrays import as_array, as_floats

__all__ = ["bincount", "digitize", "histogramdd"]


@implements(np.bincount, lists=True)
def bincount(x, weights=None, minlength=0):
    x, minlength = only_plain(np.bincount, x, minlength)
    places = np.asarray(x)
    counts = np.bincount(places, minlength=minlength)
    if weights is None:
        return counts
    weights = as_array(weights)
    if weights.shape != places.shape:
        raise ValueError("The weights and list don't have the same length.")
    return sums_at(as_floats(weights), places, counts.size)


@implements(np.digitize)
def digitize(x, bins, right=False):
    bins = as_array(bins)
    side = "left" if right else "right"
    # comparisons with NaN are false, so a comparison that holds shows that there is no NaN
    ahead, behind = bins[1:], bins[:-1]
    if tested(np.greater_equal, ahead, behind).all() or not tested(np.less, ahead, behind).any():
        return np.searchsorted(bins, x, side)
    if not tested(np.less_equal, ahead, behind).all() and tested(np.greater, ahead, behind).any():
        raise ValueError("bins must be monotonically increasing or decreasing")
    return len(bins) - np.searchsorted(bins[::-1], x, side)


def _ends(x, range):
    """The outer edges, given by range= or by the data."""
    if range is not None:
        low, high = range
        if not low <= high:
            raise ValueError("max must be larger than min in range parameter.")
    elif x.size == 0:
        return 0.0, 1.0
    else:
        low, high = np.min(x), np.max(x)
    if not (np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"the range [{low}, {high}] of the data is not finite")
    return (low - 0.5, high + 0.5) if low == high else (low, high)


def _count_of_bins(x, method, range, name):
    """The number of bins that a method of NumPy finds, such as "auto", kept as a guard: the width
    of a bin, computed by NumPy's own code, goes that often into the range."""
    low, high = _ends(x, range)
    count = len(np.histogram_bin_edges(plain(x), method, (plain(low), plain(high)))) - 1
    found = getattr(histograms, "_hist_bin_selectors", {}).get(method)
    if found is None:
        raise NoDerivativeError(
            f"np.{name} with bins={method!r} has no derivative in ad_core{_core.user_line()}; pass "
            f"a number of bins or their edges"
        )
    if _core.traced(x) and x.size:
        inside = x if range is None else x[decided((x >= low) & (x <= high))]
        width = copy_of(found)(inside, (low, high)) if inside.size else 0.0
        if not tested(np.greater, width, 0.0).all():
            return 1
        holds(np.less_equal, (high - low) / width, float(count))
        holds(np.greater, (high - low) / width, count - 1.0)
    return count


def _edges(x, bins, range, name):
    if isinstance(bins, str):
        bins = _count_of_bins(x, bins, range, name)
    if np.ndim(bins) == 0 and not _core.traced(bins):
        count = operator.index(bins)
        if count < 1:
            raise ValueError("`bins` must be positive, when an integer")
        return np.linspace(*_ends(x, range), count + 1)
    edges = as_array(bins)
    if edges.ndim != 1:
        raise ValueError("`bins` must be 1d, when an array")
    rising = tested(np.less_equal, edges[:-1], edges[1:])
    if not rising.all() and tested(np.greater, edges[:-1], edges[1:]).any():
        raise ValueError("`bins` must increase monotonically, when an array")
    return edges


def _bins_of(x, edges):
    """The bin of each element of a vector, and whether it is in any bin. The last bin includes its
    right edge."""
    bins = np.searchsorted(edges, x, "right") - 1
    end = len(edges) - 1
    last = bins == end
    if last.any():
        at_end = tested(np.equal, as_array(x)[last], edges[-1])
        bins[np.flatnonzero(last)[at_end]] -= 1
    return bins, (bins >= 0) & (bins < end)


@implements(np.histogram_bin_edges)
def histogram_bin_edges(a, bins=10, range=None, weights=None):
    return _edges(np.ravel(as_array(a)), bins, range, "histogram_bin_edges")


@implements(np.histogram, lists=True)
def histogram(a, bins=10, range=None, density=None, weights=None):
    x = np.ravel(as_array(a))
    if weights is not None and np.shape(weights) != np.shape(a):
        raise ValueError("weights should have the same shape as a.")
    if isinstance(bins, str) and weights is not None:
        raise TypeError(
            "Automated estimation of the number of bins is not supported for weighted data"
        )
    edges = _edges(x, bins, range, "histogram")
    places, kept = _bins_of(x, edges)
    counts = np.bincount(places[kept], minlength=max(len(edges) - 1, 0))
    if weights is not None:
        counts = sums_at(as_floats(np.ravel(as_array(weights))[kept]), places[kept], counts.size)
    if density:
        return counts / np.diff(edges) / np.sum(counts), edges
    if getattr(weights, "dtype", None) == np.bool_:
        counts = counts != 0  # as in NumPy, which returns the type of the weights
    return counts, edges


@implements(np.histogramdd)
def histogramdd(sample, bins=10, range=None, density=None, weights=None):
    points = as_array(sample)
    if points.ndim != 2 or isinstance(sample, (list, tuple)):
        points = np.atleast_2d(points).T
    count = points.shape[1]
    bins = [bins] * count if np.ndim(bins) == 0 else list(bins)
    ranges = [None] * count if range is None else list(range)
    if len(bins) != count:
        raise ValueError("The dimension of bins must be equal to the dimension of the sample x.")
    if len(ranges) != count:
        raise ValueError("range argument must have one entry per dimension")
    edges = [_edges(x, b, r, "histogramdd") for x, b, r in zip(points.T, bins, ranges, strict=True)]
    found = [_bins_of(x, e) for x, e in zip(points.T, edges, strict=True)]
    kept = np.logical_and.reduce([inside for _, inside in found])
    shape = tuple(len(e) - 1 for e in edges)
    places = np.ravel_multi_index([bins[kept] for bins, _ in found], shape)
    counts = np.bincount(places, minlength=int(np.prod(shape)))
    if weights is not None:
        counts = sums_at(as_floats(np.ravel(as_array(weights))[kept]), places, counts.size)
    table = counts.reshape(shape) * 1.0
    if density:
        total = np.sum(table)
        for d, e in enumerate(edges):
            table = table / np.diff(e).reshape([-1 if d == k else 1 for k in np.arange(count)])
        table = table / total
    return table, edges


@implements(np.histogram2d)
def histogram2d(x, y, bins=10, range=None, density=None, weights=None):
    if len(x) != len(y):
        raise ValueError("x and y must have the same length.")
    if np.ndim(bins) == 1 and len(bins) not in (1, 2) and not isinstance(bins[0], (list, tuple)):
        bins = [bins, bins]
    sample = np.stack([as_array(x), as_array(y)], axis=1)
    table, edges = histogramdd(sample, bins, range, density, weights)
    return table, edges[0], edges[1]
