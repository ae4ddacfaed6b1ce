# SPDX-License-Identifier: Apache-2.0
"""numpy.linalg: solutions, inverses, determinants, ranks, powers, and products of matrices."""

import math
import operator
import sys
from functools import wraps

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.dispatch import implements, only_constants, only_plain
from ad_core.overrides.numpy.guards import decided
from ad_core.recording.arrays import as_array
from ad_core.rules import linalg as rules

__all__ = ["RESULTS", "linalg", "stacked", "stacked_square", "symmetric"]

EPS = sys.float_info.epsilon
RESULTS = np.linalg._linalg  # the named tuples have no public name


def linalg(*functions, lists=True):
    """Like `implements`; if all arguments are constants, NumPy's own function is called."""

    def enter(implementation):
        for function in functions:
            implements(function, lists=lists)(_unless_constant(function, implementation))
        return implementation

    return enter


def _unless_constant(function, implementation):
    @wraps(implementation)
    def apply(*args, **kwargs):
        plain = only_constants((args, kwargs))
        if plain is None:
            return implementation(*args, **kwargs)
        return _made(function(*plain[0], **plain[1]))

    return apply


def _made(result):
    """Plain results as arrays of the trace, to which traced values can be written."""
    if isinstance(result, tuple):
        parts = map(_made, result)
        return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)
    return np.array(result) if np.ndim(result) else result


def stacked(x):
    """x as a stack of matrices."""
    x = as_array(x)
    if x.ndim < 2:
        raise np.linalg.LinAlgError(
            f"{x.ndim}-dimensional array given. Array must be at least two-dimensional"
        )
    return x


def stacked_square(x):
    x = stacked(x)
    if x.shape[-1] != x.shape[-2]:
        raise np.linalg.LinAlgError("Last 2 dimensions of the array must be square")
    return x


def symmetric(x, upper=False):
    """The symmetric matrix that has one triangle of x, which is the one that NumPy reads."""
    side = np.triu(x, 1) if upper else np.tril(x, -1)
    return side + np.swapaxes(np.triu(x) if upper else np.tril(x), -1, -2)


@linalg(np.linalg.solve)
def solve(a, b):
    a, b = stacked_square(a), as_array(b)
    if b.ndim == 1:
        return solve(a, b[:, None])[..., 0]
    if b.ndim == 0 or b.shape[-2] != a.shape[-1]:
        raise ValueError(
            f"np.linalg.solve takes a and b with the same number of rows, got shapes {a.shape} "
            f"and {b.shape}"
        )
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = (np.broadcast_to(x, batch + x.shape[-2:]) for x in (a, b))
    return rules.solve(a, b)


@linalg(np.linalg.inv)
def inv(a):
    return rules.inv(stacked_square(a))


@linalg(np.linalg.det)
def det(a):
    return rules.det(stacked_square(a))


@linalg(np.linalg.slogdet)
def slogdet(a):
    return RESULTS.SlogdetResult(*(x[()] for x in rules.slogdet(stacked_square(a))))


@linalg(np.linalg.tensorsolve, lists=False)
def tensorsolve(a, b, axes=None):
    axes = only_plain(np.linalg.tensorsolve, axes)
    a, b = as_array(a), as_array(b)
    if axes is not None:
        order = [d for d in range(a.ndim) if d not in axes]
        a = np.transpose(a, order + list(axes))
    shape = a.shape[-(a.ndim - b.ndim) :]
    n = math.prod(shape)
    if a.size != n * n:
        raise np.linalg.LinAlgError(
            "Input arrays must satisfy the requirement prod(a.shape[b.ndim:]) == "
            "prod(a.shape[:b.ndim])"
        )
    return solve(np.reshape(a, (n, n)), np.ravel(b)).reshape(shape)


@linalg(np.linalg.tensorinv, lists=False)
def tensorinv(a, ind=2):
    a = as_array(a)
    if ind <= 0:
        raise ValueError("Invalid ind argument.")
    flat = np.reshape(a, (math.prod(a.shape[ind:]), -1))
    return inv(flat).reshape(a.shape[ind:] + a.shape[:ind])


@linalg(np.linalg.pinv)
def pinv(a, rcond=None, hermitian=False, *, rtol=np._NoValue):
    rcond, rtol = only_plain(np.linalg.pinv, rcond, rtol)
    a = stacked(a)
    if rcond is not None and rtol is not np._NoValue:
        raise ValueError("`rtol` and `rcond` can't be both set.")
    if rcond is None:
        rcond = 1e-15 if rtol is np._NoValue else rtol
    if rcond is None:
        rcond = max(a.shape[-2:]) * EPS
    if a.size == 0:
        return np.empty((*a.shape[:-2], a.shape[-1], a.shape[-2]))
    return rules.pinv(symmetric(a) if hermitian else a, rcond)


@linalg(np.linalg.lstsq)
def lstsq(a, b, rcond=None):
    """np.linalg.lstsq. The rank is kept as a guard."""
    rcond = only_plain(np.linalg.lstsq, rcond)
    a, b = as_array(a), as_array(b)
    if b.ndim == 1:
        x, *others = lstsq(a, b[:, None], rcond)
        return x[:, 0], *others
    for x in (a, b):
        if x.ndim != 2:
            raise np.linalg.LinAlgError(
                f"{x.ndim}-dimensional array given. Array must be two-dimensional"
            )
    (m, n), columns = a.shape, b.shape[1]
    if m != b.shape[0]:
        raise np.linalg.LinAlgError("Incompatible dimensions")
    rcond = max(m, n) * EPS if rcond is None else float(rcond)
    x, s = rules.lstsq(a, b, rcond)
    cut = rcond if rcond >= 0.0 else EPS
    singular = s if _core.traced(a) else np.linalg.svdvals(a)
    rank = np.int32(np.count_nonzero(singular > cut * singular[:1]))
    left = b - a @ x
    residuals = np.sum(np.square(left), axis=0) if rank == n < m else np.zeros(0)
    return x, residuals if columns else np.zeros(0), rank, s


@linalg(np.linalg.matrix_rank)
def matrix_rank(A, tol=None, hermitian=False, *, rtol=None):
    """np.linalg.matrix_rank. Which singular values count is kept as guards."""
    if rtol is not None and tol is not None:
        raise ValueError("`tol` and `rtol` can't be both set.")
    A = as_array(A)
    if A.ndim < 2:
        return int(bool(np.any(A != 0)))
    s = np.linalg.svd(A, compute_uv=False, hermitian=hermitian)
    if tol is None:
        rtol = max(A.shape[-2:]) * EPS if rtol is None else as_array(rtol)[..., None]
        tol = np.max(s, axis=-1, keepdims=True, initial=0.0) * rtol
    else:
        tol = as_array(tol)[..., None]
    return np.count_nonzero(decided(s > tol), axis=-1)


@linalg(np.linalg.cond)
def cond(x, p=None):
    x = stacked(x)
    if x.size == 0:
        raise np.linalg.LinAlgError("cond is not defined on empty arrays")
    if p in (None, 2, -2):
        s = np.linalg.svdvals(x)
        # equal singular values share the derivative
        largest, smallest = np.max(s, axis=-1), np.min(s, axis=-1)
        result = smallest / largest if p == -2 else largest / smallest
    else:
        inverse = rules.inverses(stacked_square(x))
        result = np.linalg.norm(x, p, (-2, -1)) * np.linalg.norm(inverse, p, (-2, -1))
    lost = np.isnan(result) & ~np.any(np.isnan(x), axis=(-2, -1))
    return np.where(lost, np.inf, result)[()]


@linalg(np.linalg.matrix_power)
def matrix_power(a, n):
    """Powers of matrices, by squaring."""
    x = stacked_square(a)
    try:
        n = operator.index(n)
    except TypeError as e:
        raise TypeError("exponent must be an integer") from e
    if n == 0:
        return np.broadcast_to(np.eye(x.shape[-1]), x.shape).copy()
    if n < 0:
        x, n = inv(x), -n
    result = None
    while n:
        if n % 2:
            result = x if result is None else result @ x
        n //= 2
        x = x @ x if n else x
    return +result


@linalg(np.linalg.multi_dot, lists=False)
def multi_dot(arrays):
    """Products in the order of fewest multiplications: Cormen et al., Introduction to Algorithms,
    section 15.2."""
    arrays = [as_array(a) for a in arrays]
    if len(arrays) < 2:
        raise ValueError("Expecting at least two arrays.")
    if len(arrays) == 2:
        return np.dot(*arrays)
    shape = arrays[0].shape[:-1] + arrays[-1].shape[1:]
    if arrays[0].ndim == 1:
        arrays[0] = arrays[0][None, :]
    if arrays[-1].ndim == 1:
        arrays[-1] = arrays[-1][:, None]
    for a in arrays:
        if a.ndim != 2:
            raise np.linalg.LinAlgError(
                f"{a.ndim}-dimensional array given. Array must be two-dimensional"
            )
    cut = _cheapest_cuts([a.shape[0] for a in arrays] + [arrays[-1].shape[1]])

    def product(i, j):
        if i == j:
            return arrays[i]
        return product(i, cut[i, j]) @ product(cut[i, j] + 1, j)

    return np.reshape(product(0, len(arrays) - 1), shape)[()]


def _cheapest_cuts(sizes):
    """(i, j) -> the last factor of the left half of the product of factors i to j."""
    n = len(sizes) - 1
    cost, cut = {(i, i): 0 for i in range(n)}, {}
    for length in range(1, n):
        for i in range(n - length):
            j = i + length
            cost[i, j], cut[i, j] = min(
                (cost[i, k] + cost[k + 1, j] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            )
    return cut
