# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Histograms. The bin of each value is kept as a guard, so counts have no derivative. Sums of
weights, edges that depend on the data, and densities have derivatives."""

import numpy as np
from numpy.lib import _function_base_impl as functions
from numpy.lib import _histograms_impl as histograms

from ad_core.overrides.numpy.accumulations import sums_at
from ad_core.overrides.numpy.dispatch import implements, only_plain
from ad_core.overrides.numpy.guards import tested
from ad_core.overrides.numpy.own_code import copy_of, stands_for
from ad_core.recording.arrays import as_array, as_floats

__all__ = ["bincount", "histogram"]


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


def _monotonicity(bins):
    """1 if bins increase, -1 if they decrease, else 0: compiled code of np.digitize."""
    # comparisons with NaN are false, so a comparison that holds shows that there is no NaN
    ahead, behind = bins[1:], bins[:-1]
    if tested(np.greater_equal, ahead, behind).all() or not tested(np.less, ahead, behind).any():
        return 1
    falls = tested(np.less_equal, ahead, behind).all()
    return -1 if falls or not tested(np.greater, ahead, behind).any() else 0


stands_for(functions._monotonicity, _monotonicity)


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


@implements(np.histogram, lists=True)
def histogram(a, bins=10, range=None, density=None, weights=None):
    """np.histogram. NumPy's own code converts quotients to integers, to find bins of one width."""
    x, loads = copy_of(histograms._ravel_and_check_weights)(a, weights)
    edges, _ = copy_of(histograms._get_bin_edges)(x, bins, range, loads)
    places, kept = _bins_of(x, edges)
    counts = np.bincount(places[kept], minlength=max(len(edges) - 1, 0))
    if weights is not None:
        counts = sums_at(as_floats(loads[kept]), places[kept], counts.size)
    if density:
        return counts / np.diff(edges) / np.sum(counts), edges
    if getattr(weights, "dtype", None) == np.bool_:
        counts = counts != 0  # as in NumPy, which returns the type of the weights
    return counts, edges
