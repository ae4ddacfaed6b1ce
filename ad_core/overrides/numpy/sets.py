# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Sets of values. Which elements are equal, and their order, are kept as guards.

The first of equal elements represents all of them, also in derivatives.
"""

import numpy as np
from numpy.lib import _arraysetops_impl as sets
from numpy.lib import _function_base_impl as functions

from ad_core import _core
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy.dispatch import implements
from ad_core.overrides.numpy.guards import decided, holds, plain, tested
from ad_core.overrides.numpy.orders import stable_order
from ad_core.overrides.numpy.own_code import stands_for
from ad_core.recording.arrays import as_array

__all__ = ["unique"]


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
    """np.unique. NumPy's own code records a comparison for each element; here are guards only."""
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


@implements(np.setxor1d)
def setxor1d(ar1, ar2, assume_unique=False):
    """np.setxor1d, in a third of the nodes of NumPy's own code."""
    both = [np.ravel(as_array(x)) if assume_unique else np.unique(x) for x in (ar1, ar2)]
    _, ordered, new = _distinct(np.concatenate(both), False)
    return ordered[new & np.append(new[1:], True)]


def _isin(ar1, ar2, assume_unique=False, invert=False, *, kind=None):
    """What np.isin and np.setdiff1d call, where NumPy's own code changes plain truth values."""
    x, tests = (np.ravel(as_array(ar)) for ar in _core.plain_values((ar1, ar2)))
    if not tests.size:
        found = np.zeros(x.shape, dtype=bool)
    else:
        ordered = np.sort(tests)
        places = np.searchsorted(ordered, x)
        found = tested(np.equal, ordered[np.minimum(places, tests.size - 1)], x)
    return ~found if invert else found


def _arg_trim_zeros(filt):
    """The first and the last place of what is not zero, for np.trim_zeros since NumPy 2.2. NumPy's
    own code tests all elements; here, of a vector, guards keep those at its ends."""
    nonzero = plain(filt) != 0 if filt.ndim == 1 else decided(filt)
    places = np.argwhere(nonzero)
    if not places.size:
        decided(filt)
        return places[0:0, 0], places[0:0, 0]
    first, last = places.min(axis=0), places.max(axis=0)
    if filt.ndim == 1:
        decided(filt[: first[0] + 1])
        decided(filt[last[0] :])
    return first, last


stands_for(getattr(sets, "_isin", None) or sets._in1d, _isin)
if hasattr(functions, "_arg_trim_zeros"):
    stands_for(functions._arg_trim_zeros, _arg_trim_zeros)
