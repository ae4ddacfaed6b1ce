# SPDX-License-Identifier: Apache-2.0
"""Sets of values. Which elements are equal, and their order, are kept as guards.

The first of equal elements represents all of them, also in derivatives.
"""

import inspect

import numpy as np

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy.dispatch import implements
from ad_core.overrides.numpy.guards import decided, holds, plain, tested
from ad_core.overrides.numpy.orders import stable_order
from ad_core.recording.arrays import as_array

__all__ = ["isin", "trim_zeros", "unique"]

# Since NumPy 2.2, np.trim_zeros takes arrays of any dimension; before, it loops over rows.
TRIMS_ALL_AXES = "axis" in inspect.signature(np.trim_zeros).parameters


def _distinct(x, equal_nan):
    """The stable order of a vector, the sorted vector, and where a new value begins in it."""
    values = plain(x)
    order = stable_order(values, 0)
    ordered, values = x[order], values[order]
    new = np.ones(x.size, dtype=bool)
    new[1:] = values[1:] != values[:-1]
    count = np.count_nonzero(~np.isnan(values))
    _keep_distinct(ordered[:count], new[:count])
    if count < x.size:  # NaN is at the end
        holds(np.isnan, ordered[count:])
        new[count + 1 :] = not equal_nan
    return order, ordered, new


def _keep_distinct(ordered, new):
    """Keep which elements of a sorted vector are greater than the one before, and which equal."""
    greater = new[1:]
    if greater.all():
        holds(np.less, ordered[:-1], ordered[1:])
    else:
        holds(np.less, ordered[:-1][greater], ordered[1:][greater])
        holds(np.equal, ordered[:-1][~greater], ordered[1:][~greater])


@implements(np.unique)
def unique(
    ar, return_index=False, return_inverse=False, return_counts=False, axis=None, *,
    equal_nan=True, sorted=True,
):  # fmt: skip
    x = as_array(ar)
    if axis is not None and x.ndim != 1:
        return _unique_rows(x, axis, return_index, return_inverse, return_counts)
    flat = np.ravel(x)
    order, ordered, new = _distinct(flat, equal_nan)
    results = [ordered if new.all() else ordered[new]]
    if return_index:
        results.append(order[new])
    if return_inverse:
        inverse = np.empty(flat.size, dtype=np.intp)
        inverse[order] = np.cumsum(new) - 1
        results.append(inverse.reshape(x.shape))
    if return_counts:
        results.append(np.diff(np.append(np.flatnonzero(new), flat.size)))
    return tuple(results) if len(results) > 1 else results[0]


def _unique_rows(x, axis, *returns):
    """np.unique along an axis. Which sub-arrays are equal, and their order, are kept as guards: of
    successive ones, the first elements that differ and all before them."""
    rows = np.moveaxis(x, axis, 0)
    rows = np.reshape(rows, (rows.shape[0], -1))
    values = plain(rows)
    if np.isnan(values).any():
        raise NoDerivativeError(
            f"np.unique of traced values with axis={axis} does not take NaN{_core.user_line()}; "
            f"leave out the sub-arrays that hold NaN first"
        )
    _, index, *others = np.unique(plain(x), True, *returns[1:], axis=axis)
    if rows.shape[1]:
        order = np.lexsort(values.T[::-1])
        before, after = order[:-1], order[1:]
        same = values[before] == values[after]
        length = np.where(same.all(axis=1), rows.shape[1], np.argmin(same, axis=1))
        ahead = np.arange(rows.shape[1]) < length[:, None]
        which, column = np.nonzero(ahead)
        holds(np.equal, rows[before[which], column], rows[after[which], column])
        which = np.flatnonzero(length < rows.shape[1])
        column = length[which]
        holds(np.less, rows[before[which], column], rows[after[which], column])
    found = np.take(x, index, axis=axis)
    return (found, *([index] if returns[0] else []), *others) if any(returns) else found


@implements(np.isin)
def isin(element, test_elements, assume_unique=False, invert=False, *, kind=None):
    x, tests = as_array(element), np.ravel(as_array(test_elements))
    if not tests.size:
        found = np.zeros(x.shape, dtype=bool)
    else:
        ordered = np.sort(tests)
        places = np.searchsorted(ordered, x)
        found = tested(np.equal, ordered[np.minimum(places, tests.size - 1)], x)
    return ~found if invert else found


def _both(ar1, ar2, assume_unique):
    ar1, ar2 = np.ravel(as_array(ar1)), np.ravel(as_array(ar2))
    return (ar1, ar2) if assume_unique else (np.unique(ar1), np.unique(ar2))


@implements(np.intersect1d)
def intersect1d(ar1, ar2, assume_unique=False, return_indices=False):
    ar1, ar2 = np.ravel(as_array(ar1)), np.ravel(as_array(ar2))
    first = [np.arange(ar1.size), np.arange(ar2.size)]
    if not assume_unique:
        (ar1, first[0]), (ar2, first[1]) = (np.unique(x, return_index=True) for x in (ar1, ar2))
    every = np.concatenate([ar1, ar2])
    order, ordered, new = _distinct(every, False)
    twice = np.flatnonzero(~new[1:])
    common = ordered[twice]
    if not return_indices:
        return common
    return common, first[0][order[twice]], first[1][order[twice + 1] - ar1.size]


@implements(np.setxor1d)
def setxor1d(ar1, ar2, assume_unique=False):
    every = np.concatenate(_both(ar1, ar2, assume_unique))
    _, ordered, new = _distinct(every, False)
    return ordered[new & np.append(new[1:], True)]


@implements(np.setdiff1d)
def setdiff1d(ar1, ar2, assume_unique=False):
    ar1 = np.ravel(as_array(ar1)) if assume_unique else np.unique(ar1)
    return ar1[isin(ar1, ar2, invert=True)]


@implements(np.trim_zeros)
def trim_zeros(filt, trim="fb", axis=None):
    x = as_array(filt)
    if x.ndim != 1 and not TRIMS_ALL_AXES:
        return np.trim_zeros._implementation(x, trim)
    trim = trim.lower()
    if trim not in ("fb", "bf", "f", "b"):
        raise ValueError(f"unexpected character(s) in `trim`: {trim!r}")
    axes = range(x.ndim) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, x.ndim)
    if x.ndim == 0:
        return x[()]
    nonzero = decided(x) if x.ndim != 1 else _ends_decided(x, trim)
    places = np.nonzero(nonzero)
    key = []
    for d in range(x.ndim):
        if d not in axes:
            key.append(slice(None))
        elif not places[d].size:
            key.append(slice(0, 0))
        else:
            start = places[d].min() if "f" in trim else None
            key.append(slice(start, places[d].max() + 1 if "b" in trim else None))
    return x[tuple(key)]


def _ends_decided(x, trim):
    """Which elements of a vector are not zero. Guards are kept only from a trimmed end to the first
    such element."""
    values = _core.current_values(x) if _core.traced(x) else x
    places = np.flatnonzero(values)
    if not places.size:
        return decided(x)
    if "f" in trim:
        decided(x[: places[0] + 1])
    if "b" in trim:
        decided(x[places[-1] :])
    return values != 0


@implements(np.ix_)
def ix_(*args):
    parts = []
    for k, x in enumerate(map(as_array, args)):
        if x.ndim != 1:
            raise ValueError("Cross index must be 1 dimensional")
        if x.dtype == bool:
            (x,) = np.nonzero(decided(x))
        parts.append(x.reshape([-1 if d == k else 1 for d in range(len(args))]))
    return tuple(parts)
