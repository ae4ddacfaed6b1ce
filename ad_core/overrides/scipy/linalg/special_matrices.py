# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scipy.linalg: matrices made of few numbers. SciPy makes these by memory addresses, or with its
array namespaces; its other ones trace as they stand."""

import warnings

import numpy as np
import scipy.linalg as sl

from ad_core import _core
from ad_core.overrides.scipy.linalg.entering import array, linalg, over_stacks

__all__ = ["block_diag", "circulant", "convolution_matrix", "hankel", "toeplitz"]


@linalg
def block_diag(*arrs):
    """The block-diagonal matrix of these arrays.

    >>> import numpy as np, ad_core
    >>> ad_core.grad(lambda x: np.sum(block_diag(x, [[1.0]]) @ np.arange(2.0)))(3.0)
    np.float64(0.0)
    """
    blocks = [np.atleast_2d(array(x)) for x in arrs]
    stack = np.broadcast_shapes(*(np.shape(x)[:-2] for x in blocks))
    rows, columns = (sum(np.shape(x)[d] for x in blocks) for d in (-2, -1))
    is_complex = any(np.iscomplexobj(x) for x in blocks)
    result = np.zeros((*stack, rows, columns), complex if is_complex else float)
    row = column = 0
    for x in blocks:
        stop, end = row + np.shape(x)[-2], column + np.shape(x)[-1]
        result[..., row:stop, column:end] = x
        row, column = stop, end
    return result


with warnings.catch_warnings():  # before SciPy 1.17 more axes are ravelled, with a warning
    warnings.simplefilter("ignore")
    STACKS_OF_TOEPLITZ = _core.untraced(lambda: sl.toeplitz(np.ones((2, 1))).ndim == 3)


@linalg
def toeplitz(c, r=None):
    """The Toeplitz matrix with first column c and first row r (c if r is not given).

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda c: toeplitz(c) @ np.array([1.0, 10.0]))(np.ones(2))
    array([[ 1., 10.],
           [10.,  1.]])
    """
    shaped = np.atleast_1d if STACKS_OF_TOEPLITZ else np.ravel
    c = shaped(array(c))
    return _toeplitz(c, np.conj(c) if r is None else shaped(array(r)))


@over_stacks(1, 1)
def _toeplitz(c, r):
    values = np.concatenate([c[::-1], r[1:]])
    return values[len(c) - 1 - np.arange(len(c))[:, None] + np.arange(len(r))]


@linalg
def hankel(c, r=None):
    """The Hankel matrix with first column c and last row r (zeros if r is not given).

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda c: hankel(c) @ np.array([1.0, 10.0]))(np.ones(2))
    array([[ 1., 10.],
           [ 0.,  1.]])
    """
    c = np.ravel(array(c))
    r = np.zeros(len(c)) if r is None else np.ravel(array(r))
    values = np.concatenate([c, r[1:]])
    return values[np.arange(len(c))[:, None] + np.arange(len(r))]


@linalg
def circulant(c):
    """The circulant matrix with first column c; each column is the one before, moved down by one.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda c: circulant(c) @ np.array([1.0, 10.0]))(np.ones(2))
    array([[ 1., 10.],
           [10.,  1.]])
    """
    c = np.atleast_1d(array(c))
    places = np.arange(c.shape[-1])
    return c[..., (places[:, None] - places) % max(c.shape[-1], 1)]


@linalg
def convolution_matrix(a, n, mode="full"):
    """The Toeplitz matrix whose product with a vector of n numbers is its convolution with a.

    >>> import numpy as np, ad_core
    >>> ad_core.jacobian(lambda a: convolution_matrix(a, 1))(np.ones(2))[:, 0]
    array([[1., 0.],
           [0., 1.]])
    """
    if n <= 0:
        raise ValueError("n must be a positive integer.")
    if mode not in ("full", "valid", "same"):
        raise ValueError("'mode' argument must be one of ('full', 'valid', 'same')")
    a = array(a)
    if a.size == 0:
        raise ValueError("len(a) must be at least 1.")
    return _convolution_matrix(a, n, mode)


@over_stacks(1)
def _convolution_matrix(a, n, mode):
    ahead = behind = 0  # rows of the full matrix that are left out
    if mode != "full":
        left_out = min(n, len(a)) - 1
        ahead = left_out // 2 if mode == "same" else left_out
        behind = left_out - ahead if mode == "same" else left_out
    zeros = np.zeros(n - 1)
    column, row = np.concatenate([a, zeros]), np.concatenate([a[::-1], zeros])
    first = column[ahead : len(column) - behind]
    return _toeplitz(first, row[len(row) - n - ahead : len(row) - ahead])
