# SPDX-License-Identifier: Apache-2.0
"""Functions whose result has no derivative: the result is plain and equal to NumPy's."""

import numpy as np
import pytest

import ad_core
from ad_core.overrides.numpy import logic, reductions, sorting
from ad_core.overrides.numpy.dispatch import table
from agreement import arguments, assert_agrees, function_of, functions_in, rows

QUERIES = """
np.shape(a) | np.ndim(a) | np.size(a) | np.size(a, 1) | a.shape | a.size | a.ndim | a.nbytes
a.itemsize | len(a) | a.dtype | s.dtype | np.iscomplexobj(a) | np.isrealobj(s) | np.iscomplex(v)
np.isreal(v) | np.result_type(a, np.float32) | np.common_type(a) | (a > 0).dtype
np.may_share_memory(a, a.T) | np.shares_memory(a, b) | np.shares_memory(a, a[1])
np.array_equal(a, a) | np.array_equal(a, b) | np.array_equal(a, v)
np.array_equal(a + NANS, a + NANS, equal_nan=True) | np.array_equiv(v, np.array([v, v]))
np.lexsort((v, w)) | np.nanargmax(a + NANS, 1) | np.nanargmin(a + NANS) | np.can_cast(v, 'f4')
np.array_equiv(v, a) | np.allclose(a, a + 1e-12) | np.allclose(v, w) | np.argmax(v) | np.argmin(a)
np.argmax(a, 1) | np.argmin(c, axis=0, keepdims=True) | np.argmax(a, keepdims=True)
np.argmax(a, 0, np.zeros(4, int)) | v.argmin() | np.argsort(v) | np.argsort(a, axis=0)
np.argsort(a, None) | a.argsort(axis=-1) | np.argpartition(v, 2)[2] | v.argpartition(1)[1]
np.nonzero(v > 0.4) | np.nonzero(a * ON34) | (a > 0.5).nonzero() | np.flatnonzero(a > 0.3)
np.argwhere(a > 0.3) | np.argwhere(s > 0.9) | np.count_nonzero(v > 0.5)
np.count_nonzero(a, axis=0) | np.where(v > 0.4) | np.searchsorted(np.sort(v), 0.5)
np.searchsorted([0.0, 0.5, 1.0], v) | np.searchsorted(np.sort(v), w, side="right")
np.searchsorted(v, s, sorter=np.argsort(v)) | np.sort(v).searchsorted(w)
np.searchsorted(np.zeros(0), v) | np.all(v > 0.1) | np.any(v > 0.9) | np.all(a > 0.1, axis=0)
np.any(a > 0.5, 1, None, True) | np.any(a) | (v > 0.1).all() | (v > 2).any()
np.all(ON34, where=a > 0.5) | np.all(a > 0.2, where=ON34, axis=1)
np.logical_and.reduce(a > 0.2, axis=None) | np.logical_or.reduce(a > 0.9) | np.triu_indices_from(q)
np.tril_indices_from(a, -1) | np.diag_indices_from(q) | s in v | v[2] in v | bool(s > 0.1)
bool(v[:1]) | (v > 0.4).astype(int) | (v > 0.4).astype(np.int8) | np.astype(v > 0.4, int)
(s > 0.1).astype(int) | np.isscalar(s) | np.iterable(v) | np.iterable(s)
np.float64(0.5).is_integer() or s.is_integer() | np.zeros_like(v, int)
np.zeros_like(v, dtype=bool) | np.ones_like(v > 0.4) | np.full_like(v, 3, dtype=int)
np.full_like(v, True, bool) | isinstance(v, np.ndarray) | isinstance(s, float)
isinstance(s, np.floating) | np.broadcast_shapes(v.shape, (2, 1))
np.issubdtype(v.dtype, np.floating) | np.array2string(v, precision=3) | v is v.conj()
sorted(range(5), key=lambda k: v[k]) | max(range(5), key=lambda k: w[k])
"""

ROWS = rows(QUERIES)


@pytest.mark.parametrize("code", ROWS)
def test_the_plain_result(code):
    f, names = function_of(code)
    seen = []

    def traced(*args):
        seen.append(f(*args))
        return 0.0 * args[0].sum()

    ad_core.grad(traced)(*arguments(names))
    found, expected = seen[0], f(*arguments(names))
    assert type(found) is type(expected)
    parts = zip(found, expected, strict=True) if isinstance(found, tuple) else [(found, expected)]
    for x, y in parts:
        np.testing.assert_array_equal(x, y)
        assert getattr(x, "dtype", None) == getattr(y, "dtype", None)


@pytest.mark.parametrize("code", ["repr(v)", "repr(s)", "f'{s!r}'"])
def test_repr_shows_that_a_value_is_traced(code):
    f, names = function_of(code)
    texts = []
    ad_core.grad(lambda *args: texts.append(f(*args)) or args[0].sum())(*arguments(names))
    assert "Traced" in texts[0]
    assert "0." in texts[0]


def test_the_table_is_complete():
    modules = {logic.__name__, sorting.__name__}
    ours = {f for f, rule in table.items() if rule.__module__ in modules}
    ours |= {f for f in (np.all, np.any) if table[f].__module__ == reductions.__name__}
    text = {np.array_repr, np.array_str}  # test_texts
    derivative = {np.sort, np.partition}  # test_reductions
    assert ours - functions_in(ROWS) - text - derivative == set()


def test_positions_may_be_used():
    """Positions can be used as indices, as counts and in control flow."""
    assert_agrees("v[np.argmax(v)] + v[np.argsort(w)][:2].sum() * np.count_nonzero(v > 0.4)")
    assert_agrees("sum(x for x in v if x > 0.4)")
    assert_agrees("np.interp(0.5, [0.0, 1.0], [0.0, 2.0]) * s")
