# SPDX-License-Identifier: Apache-2.0
"""Masked arrays while a function is traced: values compared with np.ma's, derivatives, to which
masked entries do not contribute, and errors that say what to write."""

import copy
import warnings

import numpy as np
import pytest

import ad_core
from agreement import refused

pytestmark = pytest.mark.usefixtures("nothing_leaks")

X = np.array([1.3, 0.7, 2.1])
MASK = np.array([False, True, False])
M = np.ma.array([1.5, 99.0, 3.5], mask=MASK)
OPEN = np.ma.array([1.5, -2.0, 3.5], mask=[False] * 3)  # no entry is masked
N = np.ma.array([1.5, np.nan, 3.5], mask=MASK)  # the masked entry would make derivatives NaN
TWO = np.ma.array(np.arange(9.0).reshape(3, 3), mask=np.eye(3))


def stored(x):
    y = x * M
    y[0] = np.ma.masked
    y[1] = x[0]
    y[y > 5] = 2.0
    return y.sum()


def in_place(x):
    y = x * M
    y *= 2
    y += x
    y /= x[0]
    y.mask[2] = True
    return y.sum()


def unmasked(x):
    y = np.ma.array(x, mask=MASK, copy=True)
    y.mask = np.ma.nomask
    return y.sum()


FUNCTIONS = {
    "number first": lambda x: np.sum((x[0] - M) ** 2),
    "mask first": lambda x: np.sum((M - x[0]) ** 2),
    "loss": lambda x: ((M - x) ** 2 / M).mean() ** 0.5,
    "nan is hidden": lambda x: (np.sqrt(N) * x).sum() + np.sum(x / N) + (N**2 * x).std(),
    "np.ma.array": lambda x: np.sum(np.ma.array(x * 2, mask=MASK) ** 2),
    "np.ma.array of a masked one": lambda x: np.ma.array(x * M, mask=[True, False, False]).sum(),
    "np.ma.masked_array": lambda x: np.ma.masked_array(x * 2, mask=MASK).mean(),
    "by position": lambda x: np.ma.masked_array(x * 2, MASK).std(),
    "isinstance": lambda x: x * isinstance(x * M, np.ma.masked_array | np.ma.MaskedArray),
    "masked_where": lambda x: np.ma.masked_where(x > 1.5, x**2).sum(),
    "masked_where plain": lambda x: np.ma.masked_where(MASK, x**2).var(ddof=1),
    "masked_greater": lambda x: np.ma.masked_greater(x, 1.5).sum(),
    "masked_invalid": lambda x: np.ma.masked_invalid(np.log(x - 1)).sum(),
    "masked_inside": lambda x: np.ma.masked_inside(x, 1, 2).sum(),
    "np.ma reductions": lambda x: (
        np.ma.sum(M * x) + np.ma.mean(M * x) + np.ma.std(M * x) + np.ma.max(x * M)
    ),
    "np.dot without masks": lambda x: np.dot(np.diag(x), OPEN) + np.dot(x, np.outer(x, x) * OPEN),
    "dot of an open one": lambda x: np.dot(np.ma.array(x, mask=[False] * 3) * 2, OPEN) * OPEN,
    "concatenate open ones": lambda x: np.concatenate([x * OPEN, OPEN, x]).sum(),
    "where of an open one": lambda x: np.where(MASK, x, OPEN).sum() + np.outer(x, OPEN).mean(),
    "norm of an open one": lambda x: np.linalg.norm(x * OPEN) + np.sort(x * OPEN)[1:].sum(),
    "np.ma.exp": lambda x: np.ma.exp(M * x).sum(),
    "np.ma.log": lambda x: np.ma.log(M * x - 2.0).sum(),
    "np.ma.sqrt": lambda x: np.ma.sqrt(M * x).compressed(),
    "np.ma.dot": lambda x: np.ma.dot(x, M),
    "method dot": lambda x: (x * M).dot(x),
    "filled": lambda x: (x * M).filled(0.5) + np.ma.filled(x * M, 0.0),
    "getdata": lambda x: np.ma.getdata(x * M)[::2] + (x * M).data[::2],
    "getmaskarray": lambda x: x * np.ma.getmaskarray(x * M),
    "count": lambda x: x * np.ma.count(x * M) + (x * M).count(),
    "shape": lambda x: x * (np.shape(x * M)[0] + np.ndim(x * M) + np.size(x * M)),
    "size along an axis": lambda x: x * np.size(x * M, 0),
    "np.ma.power": lambda x: np.ma.power(x * M, 2).sum(),
    "np.ma.concatenate": lambda x: np.ma.concatenate([x * M, M]).sum(),
    "np.ma.clip": lambda x: np.ma.clip(x * M, 1, 3).sum(),
    "anom": lambda x: (x * M).anom().std(),
    "cumulative": lambda x: (x * M).cumsum().filled(0.0) + (x * M).cumprod().filled(0.0),
    "prod, min, max, ptp": lambda x: (x * M).prod() + (x * M).min() * (x * M).max() + (x * M).ptp(),
    "where the largest is": lambda x: x[(x * M).argmax()] * x[(x * M).argmin()],
    "iteration": lambda x: sum(t for t in x * M if t is not np.ma.masked),
    "elements": lambda x: (x * M)[0] * (x * M)[-1],
    "a masked element": lambda x: x * ((x * M)[1] is np.ma.masked),
    "slices": lambda x: (x * M)[1:].sum() + (x * M)[None, :].sum(),
    "a mask as an index": lambda x: (x * M)[x > 1.0].sum() + x[M > 2.0].sum(),
    "stored": stored,
    "in place": in_place,
    "unmasked": unmasked,
    "rows": lambda x: (x[:, None] * TWO).sum(axis=0).compressed(),
    "means of rows": lambda x: (x[:, None] * TWO).mean(axis=1).filled(0),
    "deviations": lambda x: (x[:, None] * TWO).std(axis=1, ddof=1).filled(0),
    "largest": lambda x: (x[:, None] * TWO).max(axis=1).filled(0),
    "kept axes": lambda x: (x[:, None] * TWO).sum(axis=1, keepdims=True).filled(0),
    "all masked": lambda x: (x * np.ma.array(X, mask=True)).filled(3.0) + 0 * x,
    "the sum of all masked": lambda x: x * ((x * np.ma.array(X, mask=True)).sum() is np.ma.masked),
    "transposed": lambda x: (x[:, None] * M).T[0].compressed(),
    "reshaped": lambda x: (x[:, None] * M).reshape(9).ravel()[[0, 2]].compressed(),
    "rounded": lambda x: (x * M).round().compressed() + (x * M).compressed(),
    "remainders": lambda x: (M % x).sum() + divmod(M, x)[1].sum() + (x // M).sum(),
    "number first, all": lambda x: (1 / (x * M)).sum() + (2 ** (x * M)).sum() + (3 - x * M).sum(),
    "signs": lambda x: (-(x * M)).sum() + abs(x * M - 5).sum() + (+(x * M)).sum(),
    "truth": lambda x: x * ((x * M > 1) & (x * M < 4)).sum() + x * (x * M > 1).any(),
    "comparisons": lambda x: x * ((x * M == 1.95).sum() + (M != x).sum() + (M > x).all()),  # noqa: SIM300
    "divided": lambda x: (M / x).sum() + (x / M).mean() + np.divide(x, M).sum(),
    "ufuncs": lambda x: (np.exp(x * M) + np.hypot(x, M) + np.maximum(M, x)).sum(),
    "np.log of some": lambda x: np.log((x - 1) * M).sum(),
    "NumPy's reductions": lambda x: (
        np.sum(x * M) + np.mean(x * M) + np.std(x * M) + np.max(x * M) + np.var(M * x)
    ),
    "compressed": lambda x: x[~M.mask] - M.compressed(),
    "the masked constant": lambda x: x * ((x[0] * np.ma.masked) is np.ma.masked),
    "two masks": lambda x: ((x * M) * np.ma.array(X, mask=[True, False, False])).sum(),
    "not masked": lambda x: x * np.ma.array(X),
}


def differences(f, h=1e-6):
    columns = []
    for k in range(3):
        step = np.zeros(3)
        step[k] = h
        near, far = (np.asarray(f(X + s), dtype=float) for s in (step, -step))
        columns.append((near - far) / (2 * h))
    return np.stack(columns, -1)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_masked_entries_do_not_contribute(name):
    f = FUNCTIONS[name]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        value, expected = np.asarray(f(X.copy()), dtype=float), differences(f)
        for J in (
            ad_core.jacfwd(f)(X), ad_core.jacrev(f)(X), ad_core.trace(f, X).jacobian(X),
            ad_core.compile(f).jacobian(X),
        ):  # fmt: skip
            np.testing.assert_allclose(J, expected, rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(ad_core.vjp(f, X)[0], value, rtol=1e-13)
        np.testing.assert_allclose(ad_core.compile(f)(X), value, rtol=1e-13)


@pytest.mark.parametrize("point", [[1.3, 0.7, 0.9], [0.2, 3.0, 0.4], [1.3, 0.7, 2.1]])
def test_a_mask_by_traced_values_is_a_path(point):
    def f(x):
        return np.ma.masked_where(x > 1.0, x**2).sum() + np.ma.log(x - 0.5).sum()

    x = np.array(point)
    compiled = ad_core.compile(f)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for p in (X, x, X):
            np.testing.assert_allclose(compiled(p), f(p), rtol=1e-13)
            np.testing.assert_allclose(compiled.grad(p), ad_core.grad(f)(p), rtol=1e-13)


def test_second_derivatives():
    H = ad_core.hessian(lambda x: ((x - M) ** 2 * x).sum() + np.ma.exp(x * M / 9).mean())(X)
    assert not H[1].any()
    assert not H[:, 1].any()
    expected = differences(
        ad_core.grad(lambda x: ((x - M) ** 2 * x).sum() + np.ma.exp(x * M / 9).mean()), 1e-5
    )
    np.testing.assert_allclose(H, expected, rtol=1e-6, atol=1e-6)


REFUSED = {
    "np.dot": lambda x: np.dot(M, x),
    "matmul": lambda x: M @ x,
    "of two": lambda x: x @ M,
    "concatenate": lambda x: np.concatenate([x, M]),
    "norm": lambda x: np.linalg.norm(x * M),
    "where": lambda x: np.where(MASK, x, M),
    "reduce": lambda x: np.add.reduce(x * M),
    "out=": lambda x: np.multiply(x, M, out=np.zeros(3)),
    "in place of a plain one": lambda x: operator_imul(x * 1.0, M),
    "np.ma.median": lambda x: np.ma.median(x * M),
    "np.ma.where": lambda x: np.ma.where(x > 1, x, M),
    "np.ma.MaskedArray": lambda x: np.ma.MaskedArray(x, MASK),
    "hard mask": lambda x: np.ma.array(x, mask=MASK, hard_mask=True),
    "float": lambda x: float(x[:1] * M[:1]),
    "stored into a buffer": lambda x: store(np.zeros(3), x * M),
    "stored into a masked one": lambda x: store(M.copy(), x),
    "result": lambda x: x * M,
    "the masked constant": lambda x: (x * M)[1],
}


def operator_imul(y, other):
    y *= other
    return y


def store(out, value):
    out[...] = value
    return out


@pytest.mark.parametrize("name", REFUSED)
def test_unsupported_calls_raise(name):
    with refused(ad_core.TracedValueError, "test_masked.py", "line"):
        ad_core.jacobian(REFUSED[name])(X)


def test_error_messages_say_what_to_write():
    with refused(ad_core.TracedValueError, "masked", "m.compressed()", "m.filled", "x[~m.mask]"):
        ad_core.jacobian(lambda x: np.dot(M, x))(X)
    with refused(ad_core.TracedValueError, "result", "masked entries", "filled", "compressed"):
        ad_core.jacobian(lambda x: x * M)(X)
    with refused(ad_core.TracedValueError, "argument 0", "masked array", "m.compressed()"):
        ad_core.grad(lambda x: x.sum())(M)
    with refused(AttributeError, "'harden_mask'", "filled"):
        ad_core.grad(lambda x: (x * M).harden_mask())(X)


def test_stopped_gradients_copies_and_aux():
    G = ad_core.grad(lambda x: ad_core.stop_gradient(x * M).sum() + x.sum())(X)
    np.testing.assert_array_equal(G, np.ones(3))
    G, aux = ad_core.grad(lambda x: (copy.deepcopy(x * M).sum(), x * M), has_aux=True)(X)
    np.testing.assert_array_equal(G, [1.5, 0.0, 3.5])
    assert type(aux) is np.ma.MaskedArray
    np.testing.assert_array_equal(aux.mask, MASK)
    np.testing.assert_array_equal(aux.compressed(), (X * M).compressed())


def test_an_aux_of_an_inner_derivative():
    def outer(y):
        return ad_core.grad(lambda x: ((x * M).sum(), x * M), has_aux=True)(y)[1].sum()

    np.testing.assert_array_equal(ad_core.grad(outer)(X), [1.5, 0.0, 3.5])


def test_functions_with_derivative_rules():
    doubled = ad_core.external(lambda y: np.sum(y * 2.0), vjp=lambda p, y, w: (2.0 * w + 0 * p[0],))
    with refused(ad_core.TracedValueError, "rules", "m.compressed()", "test_masked.py"):
        ad_core.grad(lambda x: doubled(x * M))(X)
    with refused(ad_core.TracedValueError, "argument 0", "masked array"):
        ad_core.grad(lambda x: ad_core.compile(np.sum)(x * M))(X)
    special = pytest.importorskip("ad_core.scipy.special")
    for function in (special.xlogy, special.betaln, special.rel_entr):
        J = ad_core.jacobian(lambda x, f=function: f(x, M).compressed())(X)
        expected = ad_core.jacobian(lambda x, f=function: f(x[~MASK], M.compressed()))(X)
        np.testing.assert_allclose(J, expected)


def test_a_masked_array_does_not_outlive_its_trace():
    kept = []
    ad_core.grad(lambda x: kept.append(x * M) or x.sum())(X)
    with pytest.raises(ad_core.EscapedTraceError):
        kept[0].sum()
