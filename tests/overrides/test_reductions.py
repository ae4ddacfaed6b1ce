# SPDX-License-Identifier: Apache-2.0
"""Sums, means, maxima, cumulative sums, differences and norms, from a table of calls."""

import numpy as np
import pytest

from ad_core.overrides.numpy import norms, reductions
from ad_core.overrides.numpy.dispatch import table
from agreement import assert_agrees, functions_in, rows

SUMS = """
np.sum(a) | np.sum(a, 0) | np.sum(a, axis=-1) | np.sum(c, axis=(0, -1)) | np.sum(c, (1,), None)
np.sum(a, axis=0, keepdims=True) | np.sum(a, initial=s) | np.sum(a, initial=2.0, axis=1)
np.sum(a, where=ON34) | np.sum(a, 0, where=ON34) | np.sum(a, where=a > 0.4) | np.sum(s)
np.sum(c, axis=()) | np.sum(a > 0.4) + s | np.sum(M, where=a > 0.4) * s | np.sum([s, t])
np.sum(a, dtype=float) | u = np.zeros(4); np.sum(a, axis=0, out=u); u * u
u = np.zeros(4); np.sum(a, 0, None, u); u * u | np.sum(a=a, axis=1) | np.sum(np.square(c).T)
np.nansum(a + NANS) | np.nansum(a + NANS, axis=0, keepdims=True) | np.nanprod(a + NANS, axis=1)
np.nanmean(a + NANS) | np.nanmean(a + NANS, axis=1) | np.nanmean(a + NANS, 0, where=ON34)
np.nanvar(a + NANS, axis=1) | np.nanstd(a + NANS, ddof=1) | np.nanmax(a + NANS, axis=1)
np.nanmin(a + NANS) | np.nancumsum(a + NANS) | np.nancumprod(a + NANS, axis=1) | np.prod(a)
np.prod(a, axis=1) | np.prod(c, axis=(0, 2), keepdims=True) | np.prod(v, initial=s)
np.prod(a, where=ON34, axis=0) | np.prod(g, axis=0) + s | np.prod(g, axis=1) + s | np.prod(s)
np.prod(v - v[1]) | np.prod((v - v[1]) * (v - v[2])) | np.prod(a, out=np.zeros(4), axis=0)
np.mean(a) | np.mean(a, 0) | np.mean(c, axis=(-1, 0), keepdims=True) | np.mean(a, where=ON34)
np.mean(a, axis=1, where=ON34, keepdims=True) | np.mean(a, 1, None, np.zeros(3)) | np.mean(s)
np.average(a) | np.average(a, axis=1, weights=b[0]) | np.average(a, weights=b)
np.average(a, axis=0, weights=b[:, 0], returned=True) | np.average(a, axis=0, returned=True)
np.average(a, weights=M, axis=0, keepdims=True) | np.average(M, weights=a, axis=1)
np.average(c, axis=(2, 0), weights=d[:, :, 0].T) | np.var(a) | np.var(a, axis=1, ddof=1)
np.var(c, axis=(0, 2), keepdims=True) | np.var(a, 0, None, None, 1) | np.var(a, correction=1)
np.var(a, where=ON34) | np.var(a, axis=0, mean=np.mean(a, axis=0, keepdims=True)) | np.std(a)
np.std(a, 1, None, None, 1) | np.std(c, axis=-2, keepdims=True) | np.std(a, where=ON34, axis=1)
np.trace(q) | np.trace(a, offset=1) | np.trace(c, axis1=1, axis2=2) | np.linalg.trace(c, offset=-1)
"""

EXTREMES = """
np.max(a) | np.max(a, 1) | np.max(c, axis=(0, -1), keepdims=True) | np.max(a, initial=0.5)
np.max(a, where=ON34, initial=-1.0) | np.max(a, axis=0, initial=s) | np.max(s) | np.max([s, t])
np.max(a, 0, np.zeros(4)) | np.max(g, axis=0) | np.max(g, axis=1, initial=0.0) + s | np.max(e)
np.min(a) | np.min(a, axis=-1, keepdims=True) | np.min(c, (1, 0)) | np.min(a, initial=0.5)
np.min(a, where=a > 0.4, initial=9.0) | np.amax(a, 0) | np.amin(a, 0) | np.ptp(a)
np.ptp(a, axis=1, keepdims=True) | np.median(a) | np.median(v) | np.median(a, axis=0)
np.median(c, axis=(0, 2), keepdims=True) | np.median(a, 1, keepdims=True) | np.median(a + NANS)
np.median(e) | np.sort(v) | np.sort(a, axis=0) | np.sort(a, axis=None) | np.sort(c, -2)
np.partition(v, 2) | np.partition(a, 1, axis=0) | np.partition(a, (1, 2)) | u = +v; u.sort(); u * w
u = +v; u.partition(1); u * w
"""

RUNNING = """
np.cumsum(a) | np.cumsum(a, 0) | np.cumsum(c, axis=-1) | np.cumsum(e) | np.cumsum(s)
np.cumsum(a, 1, None, np.zeros((3, 4))) | np.cumprod(a) | np.cumprod(a, axis=0)
np.cumprod(v - v[2]) | np.cumprod(e) | np.cumprod(v[:1]) | np.cumsum(a.T[::-1], axis=0)
np.cumulative_sum(v) | np.cumulative_sum(a, axis=1, include_initial=True) | np.cumulative_sum(a)
np.cumulative_prod(a, axis=0) | np.cumulative_prod(v, include_initial=True) | np.diff(v)
np.diff(a, axis=0) | np.diff(a, 2) | np.diff(v, n=0) * v | np.diff(a, n=3, axis=1)
np.diff(v, prepend=s) | np.diff(a, append=t, axis=0) | np.diff(a, prepend=b[:, :1], append=1.0)
np.diff(v, n=-1) | np.ediff1d(a) | np.ediff1d(v, to_end=s, to_begin=[t, 1.0]) | np.trapezoid(v)
np.trapezoid(v, w) | np.trapezoid(a, dx=s, axis=0) | np.trapezoid(K, v) | np.trapezoid(a, b[0])
np.trapezoid(a, b, axis=0) | np.trapezoid(v, x=K) | np.linspace(s, t, 4)
np.linspace(0.0, s, 3, endpoint=False) | np.linspace(v, w, 3)
np.linspace(v, t, 3, axis=-1, retstep=True) | np.linspace(s, t, 1) | np.logspace(s, t, 4)
np.logspace(s, t, 3, base=2.0) | np.linspace(s, t, 0) | np.polyval(v, s) | np.polyval(v, a)
np.polyval(K, s) | np.polyval(v, K) | np.polyval([s, t], 2.0) | np.vander(v)
np.vander(v, 3, increasing=True) | np.vander(v, 0)
"""

NORMS = """
np.linalg.norm(v) | np.linalg.norm(a) | np.linalg.norm(c) | np.linalg.norm(v, 1)
np.linalg.norm(v, 3) | np.linalg.norm(v, np.inf) | np.linalg.norm(v, -np.inf) | np.linalg.norm(v, 2)
np.linalg.norm(v, 0.5) | np.linalg.norm(a, axis=0) | np.linalg.norm(a, axis=1, keepdims=True)
np.linalg.norm(a, 1, axis=0) | np.linalg.norm(a, "fro") | np.linalg.norm(a, 1)
np.linalg.norm(a, -1) | np.linalg.norm(a, np.inf) | np.linalg.norm(a, -np.inf, keepdims=True)
np.linalg.norm(c, axis=(0, 2)) | np.linalg.norm(c, 1) | np.linalg.norm(c, 1, axis=(2, 0))
np.linalg.norm(c, np.inf, axis=(-1, -2), keepdims=True) | np.linalg.norm(v, 0) + s
np.linalg.norm(v, "nuc") | np.linalg.norm(s) | np.linalg.norm([s, t]) | np.linalg.vector_norm(a)
np.linalg.vector_norm(c, axis=(0, 1), ord=3, keepdims=True)
np.linalg.vector_norm(a, axis=1, ord=1) | np.linalg.matrix_norm(c) | np.linalg.matrix_norm(c, ord=1)
np.linalg.matrix_norm(a, keepdims=True, ord=np.inf)
"""


ROWS = rows(SUMS, EXTREMES, RUNNING, NORMS)


@pytest.mark.parametrize("code", ROWS)
def test_value_and_derivatives(code):
    assert_agrees(code)


def test_the_table_is_complete():
    modules = {module.__name__ for module in (norms, reductions)}
    ours = {f for f, rule in table.items() if rule.__module__ in modules}
    elsewhere = {np.all, np.any}  # no derivative: test_logic
    assert {
        f
        for f in ours - functions_in(ROWS) - elsewhere
        if f.__module__ != "numpy.linalg" or "norm" in f.__name__
    } == set()


LAYOUTS = [
    "s", "s[...]", "v", "v[:0]", "v[:1]", "v[::-1]", "v[::2]", "v[[3, 0, 3]]", "v[ON5]", "a", "a.T",
    "a[::-1, ::2]", "a[:1]", "a[:, :1]", "a[:, :0]", "a[:0]", "a[[2, 0]]", "a[..., None]",
    "np.broadcast_to(v, (2, 5))", "np.concatenate([a, M])",
    "c.transpose(1, 2, 0)",    "np.stack([v, w, K], axis=1)", "e", "g", "g.T",
]  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(
    "call",
    ["np.sum(X)", "np.sum(X, axis=-1)", "np.prod(X, axis=0)", "np.max(X)", "np.min(X, axis=-1)",
     "np.mean(X, axis=0)", "np.std(X + 0.0)", "np.cumsum(X, axis=-1)", "np.cumprod(X)",
     "np.linalg.norm(X)", "np.median(X)", "np.sort(X)", "np.diff(X)",
     "np.sum(np.square(X), axis=0)"],
)  # fmt: skip
def test_any_layout(call, layout):
    assert_agrees(call.replace("X", layout), order=1)
