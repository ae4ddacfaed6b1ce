# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Rules of linear recursive filters: derivatives by the coefficients are filters of the signals,
and the transposed filter runs backwards in time (Oppenheim and Schafer, Discrete-Time Signal
Processing, ch. 6)."""

import numpy as np
import scipy.signal as ss

from ad_core.rules.rule import call

__all__ = ["filtered", "final_state", "initial_response"]


def filtered(b, a, x):
    """y with a_0 = 1 and y_n = sum_k b_k x_{n-k} - sum_{k>0} a_k y_{n-k}, along the last axis of x.

    b and a are vectors, which may be traced as x may; a_0 is not read. The signal is zero before
    its first element."""

    def value(b, a, x):
        return (_values(b, a, x),)

    def jvp(arrays, results, tangents):
        b, a, x = arrays
        db, da, dx = tangents
        found = filtered(b, a, dx) + filtered(db, a, x)
        if len(a) > 1:
            found = found - filtered(_without_first(da), a, results[0])
        return (found,)

    def vjp(arrays, results, cotangents):
        b, a, x = arrays
        back = cotangents[0][..., ::-1]
        w = filtered(np.ones(1), a, back)[..., ::-1]
        da = -_correlated(w, results[0], len(a))
        return _correlated(w, x, len(b)), _without_first(da), filtered(b, a, back)[..., ::-1]

    return call("scipy.signal.lfilter", value, (b, a, x), jvp, vjp, raises=False)[0]


def _values(b, a, x):
    a = a.copy()
    a[0] = 1.0
    return ss.lfilter(b, a, x) if x.shape[-1] else x.copy()


def _without_first(a):
    return np.concatenate([np.zeros(1), a[1:]])


def _correlated(w, x, count):
    """sum_n w_n x_{n-k} for k < count, summed over the other axes."""
    n = x.shape[-1]
    parts = [np.sum(w[..., k:] * x[..., : n - k]) for k in range(min(count, n))]
    return np.concatenate([np.stack(parts), np.zeros(count - len(parts))])


def initial_response(a, z, n):
    """The part of y that comes from the state z before the signal, for n elements. The state is
    that of the transposed direct form II: it is added to the signal within the recursion."""
    missing = max(0, n - z.shape[-1])
    padded = np.concatenate([z, np.zeros((*z.shape[:-1], missing))], axis=-1)[..., :n]
    return filtered(np.ones(1), a, padded)


def final_state(b, a, x, y, z):
    """The state after the signal x with the result y; z is the state before, (..., size)."""
    n, size = x.shape[-1], z.shape[-1]
    b = np.concatenate([b, np.zeros(size + 1 - len(b))])
    a = np.concatenate([a, np.zeros(size + 1 - len(a))])
    parts = []
    for i in range(size):
        part = z[..., i + n] if i + n < size else 0.0 * z[..., 0]
        for k in range(min(size - i, n)):
            part = part + b[i + 1 + k] * x[..., n - 1 - k] - a[i + 1 + k] * y[..., n - 1 - k]
        parts.append(part)
    return np.stack(parts, axis=-1)
