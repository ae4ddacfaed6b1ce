# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""x.flat of traced arrays: an iterator over the elements in C order, which can be indexed."""

import numpy as np

__all__ = ["Flat"]


class Flat:
    """x.flat of a traced array, real or complex."""

    def __init__(self, x):
        self.base = x
        self.index = 0

    def __len__(self):
        return self.base.size

    def __iter__(self):
        return self

    def __next__(self):
        """The next element, with the value that it has now."""
        if self.index >= self.base.size:
            raise StopIteration
        place = self.coords
        self.index += 1
        return self.base[place]

    @property
    def coords(self):
        return tuple(int(k) for k in np.unravel_index(self.index, self.base.shape))

    def __getitem__(self, key):
        found = self.base.reshape(-1)[key]
        return found if np.ndim(found) == 0 else found.copy()  # never a view, as in NumPy

    def __setitem__(self, key, value):
        places = np.ravel(np.arange(self.base.size)[key])
        if places.size:
            np.put(self.base, places, value)

    def __array__(self, dtype=None, copy=None):
        return self.base.reshape(-1).__array__(dtype)

    def __eq__(self, other):
        return self.copy() == other

    def __ne__(self, other):
        return self.copy() != other

    def __lt__(self, other):
        return self.copy() < other

    def __le__(self, other):
        return self.copy() <= other

    def __gt__(self, other):
        return self.copy() > other

    def __ge__(self, other):
        return self.copy() >= other

    __hash__ = None

    def copy(self):
        return self.base.reshape(-1).copy()
