# SPDX-License-Identifier: Apache-2.0
"""numpy.linalg: solutions, inverses and determinants. NumPy's own code of these functions calls
compiled ones that have other names in other versions, so the public functions are overridden."""

import sys
from functools import wraps

import numpy as np

from ad_core import _core
from ad_core.overrides.numpy.dispatch import implements, only_constants, only_plain
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


@linalg(np.linalg.pinv)
def pinv(a, rcond=None, hermitian=False, *, rtol=np._NoValue):
    """np.linalg.pinv, also where the factors in NumPy's own code have no derivatives."""
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


@linalg(np.linalg.cond)
def cond(x, p=None):
    """np.linalg.cond. In NumPy's own code, equal singular values do not share the derivative."""
    x = stacked(x)
    if x.size == 0:
        raise np.linalg.LinAlgError("cond is not defined on empty arrays")
    if p in (None, 2, -2):
        s = np.linalg.svdvals(x)
        largest, smallest = np.max(s, axis=-1), np.min(s, axis=-1)
        result = smallest / largest if p == -2 else largest / smallest
    else:
        inverse = rules.inverses(stacked_square(x))
        result = np.linalg.norm(x, p, (-2, -1)) * np.linalg.norm(inverse, p, (-2, -1))
    lost = np.isnan(result) & ~np.any(np.isnan(x), axis=(-2, -1))
    return np.where(lost, np.inf, result)[()]
