# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Matrices in the formats LIL and DOK, which are assembled element by element. Their lists and
dictionaries hold traced numbers as they are."""

from bisect import bisect_left

import numpy as np
import scipy.sparse as ss
from scipy.sparse import _csparsetools

from ad_core import _core
from ad_core.adapting.compiled import called
from ad_core.adapting.stand_ins import enter, supply_method
from ad_core.overrides.scipy.dispatch import hiding
from ad_core.overrides.scipy.sparse.tools import replaced

__all__ = []

INTEGERS = (int, np.integer)
FLATTEN = _csparsetools.lil_flatten_to_array


def _method(kind, name):
    """Enter a function of (the original method, self, ...) as what a method does in a trace."""
    owner = next(owner for owner in kind.__mro__ if name in vars(owner))
    original = vars(owner)[name]

    def decorate(function):
        supply_method(owner, name, lambda *args, **kwargs: function(original, *args, **kwargs))
        return function

    return decorate


def _insert(S, row, column, x):
    """Store an element in the sorted lists of a row."""
    columns, elements = S.rows[row], S.data[row]
    place = bisect_left(columns, column)
    if place < len(columns) and columns[place] == column:
        elements[place] = x
    else:
        columns.insert(place, column)
        elements.insert(place, x)


def _inside(index, size):
    if not -size <= index < size:
        raise IndexError(f"index ({index}) out of range")
    return int(index) % size


@_method(ss.lil_array, "__setitem__")
def set_item(original, self, key, x):
    single = type(key) is tuple and len(key) == 2 and all(isinstance(k, INTEGERS) for k in key)
    if not single or not _core.holds_variable((x,)):
        return original(self, key, x)
    x = x if np.ndim(x) == 0 else x.item()
    return _insert(self, _inside(key[0], self.shape[0]), _inside(key[1], self.shape[1]), x[()])


@_method(ss.lil_array, "_get_intXint")
def get_element(original, self, row, column):
    row, column = _inside(row, self.shape[0]), _inside(column, self.shape[1])
    columns, elements = self.rows[row], self.data[row]
    place = bisect_left(columns, column)
    if place < len(columns) and columns[place] == column and _core.traced(elements[place]):
        return elements[place]
    return original(self, row, column)


@_method(ss.lil_array, "_set_arrayXarray")
def set_elements(original, self, row, column, x):
    if not _core.holds_variable((x,)):
        return original(self, row, column, x)
    row, column, x = (np.atleast_2d(part) for part in np.broadcast_arrays(row, column, x))
    for k in np.ndindex(np.shape(row)):
        i, j = _inside(row[k], self.shape[0]), _inside(column[k], self.shape[1])
        _insert(self, i, j, x[k])
    return None


def _flatten(lists, out):
    """All elements of the lists, one after the other."""
    elements = [x for part in lists for x in part]
    if not _core.holds_variable(elements):
        return called(FLATTEN, (_without_traced(lists), out), {})
    replaced(out, np.array(elements))
    return None


def _without_traced(lists):
    """The lists with traced constants as plain numbers."""
    found = np.empty(len(lists), dtype=object)
    for k, part in enumerate(lists):
        found[k] = [float(_core.current_values(x)) if _core.traced(x) else x for x in part]
    return found


enter(FLATTEN, _flatten)


def _hides(elements):
    """A function that finds traced values among the elements of a matrix: it returns the matrix
    itself if they are plain, None if one depends on an input, and else a plain matrix."""

    def find(S):
        found = elements(S)
        if not any(map(_core.traced, found)):
            return S
        if _core.holds_variable(found):
            return None
        S = S.tocsr()
        return hiding[type(S)](S).asformat(S.format)

    return find


for _kind in ("array", "matrix"):
    hiding[getattr(ss, f"lil_{_kind}")] = _hides(lambda S: [x for part in S.data for x in part])
    hiding[getattr(ss, f"dok_{_kind}")] = _hides(lambda S: list(S.values()))


@_method(ss.dok_array, "tocoo")
def dok_tocoo(original, self, copy=False):
    elements = list(self.values())
    if not any(map(_core.traced, elements)):
        return original(self, copy)
    keys = np.array(list(self.keys()), dtype=int).reshape(len(elements), self.ndim)
    coordinates = tuple(keys[:, d].copy() for d in range(self.ndim))
    kind = ss.coo_array if isinstance(self, ss.sparray) else ss.coo_matrix
    return kind((np.array(elements), coordinates), shape=self.shape)
