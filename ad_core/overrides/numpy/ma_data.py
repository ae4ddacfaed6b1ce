# SPDX-License-Identifier: Apache-2.0
"""Functions of NumPy that know nothing of masks, on masked arrays without masked entries."""

import numpy as np

from ad_core import _core

__all__ = ["on_data"]


def on_data(function, args, kwargs, masked, refuse):
    """The result of a function of NumPy by the data of its masked arrays, as NumPy computes it, in
    arrays of the class masked. Calls refuse with the function's name if an entry is masked."""
    hidden = []
    args, kwargs = _data((args, kwargs), hidden)
    if any(np.any(mask) for mask in hidden):
        refuse(f"{function.__module__}.{function.__name__}")
    return _made(function(*args, **kwargs), masked)


def _data(item, hidden):
    """The nested item with the data of masked arrays; appends their masks to hidden."""
    if type(item) in (list, tuple):
        return type(item)([_data(part, hidden) for part in item])
    if type(item) is dict:
        return {key: _data(part, hidden) for key, part in item.items()}
    if _core.is_masked(item):
        hidden.append(item.mask)
        return item._data if _core.traced(item._data) else np.asarray(item._data)
    return item


def _made(result, masked):
    if type(result) is tuple:
        return tuple([_made(part, masked) for part in result])
    return masked(result, np.ma.nomask) if _core.traced(result) and np.ndim(result) else result
