# SPDX-License-Identifier: Apache-2.0
"""Folds of many elements by a ufunc: cumulative ones and those of groups, for all lengths."""

import numpy as np
import pytest

import ad_core
from ad_core import _core

LENGTHS = [1, 2, 3, 15, 16, 17, 18, 33, 65, 300, 4100]
FOLDS = [np.multiply, np.maximum, np.fmin, np.logaddexp, np.hypot]


def numbers(*shape):
    return np.random.default_rng(7).uniform(0.6, 1.4, shape)


def apart(*shape):
    """Numbers that are far apart, so that finite differences do not change a maximum."""
    return np.random.default_rng(7).permutation(int(np.prod(shape))).reshape(shape) * 1.0


def agrees(f, x, eps=1e-4):
    """The value, and the derivative along a direction in both modes."""
    found, value = ad_core.trace(f, x).value, f(x)
    for y, expected in zip(
        *((v if isinstance(v, tuple) else (v,)) for v in (found, value)), strict=True
    ):
        np.testing.assert_allclose(y, expected, rtol=1e-12)
    ad_core.check_grads(f, (x,), order=1, eps=eps)


@pytest.mark.parametrize("ufunc", FOLDS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("n", LENGTHS)
def test_cumulative_folds(ufunc, n):
    if ufunc in (np.maximum, np.fmin):
        agrees(ufunc.accumulate, apart(n), 1e-6)
    else:
        agrees(ufunc.accumulate, numbers(n))


@pytest.mark.parametrize(
    "shape", [(3, 40), (2, 3, 17), (40, 3), (1, 70), (0, 20), (20, 0), (300, 30)]
)
@pytest.mark.parametrize("axis", [0, -1])
def test_cumulative_folds_along_an_axis(shape, axis):
    agrees(lambda x: np.cumprod(x, axis=axis), numbers(*shape))
    agrees(lambda x: np.maximum.accumulate(x, axis=axis), apart(*shape), 1e-6)


@pytest.mark.parametrize("n", [5, 40, 300])
def test_cumulative_folds_of_constants_and_repeated_elements(n):
    def f(x):
        y = np.concatenate([np.ones(n // 2), x, np.full(3, 0.5), x[::-1], x[:1]])
        table = np.cumprod(np.full(n, 0.9))
        return np.cumprod(y)[-1] * table[-1] + np.multiply.accumulate(y[::2])

    agrees(f, numbers(n))


def test_a_cumulative_fold_is_a_new_array():
    def f(x):
        for n in (1, 3, 40):
            y = np.maximum.accumulate(x[:n])
            y[0] = 5.0
        return x.sum()

    assert ad_core.trace(f, numbers(40)).value == numbers(40).sum()


def test_a_cumulative_fold_needs_one_node_for_each_element_and_no_lists():
    n = 50_000
    size = ad_core.trace(lambda x: np.cumprod(x)[-1], numbers(n)).size
    assert size["nodes"] == 2 * n
    assert size["list entries"] == 0
    many = ad_core.trace(lambda x: np.cumprod(x.reshape(50, 1000), axis=0)[-1], numbers(n)).size
    assert many["runs"] == 2
    assert many["nodes"] == 2 * n
    assert many["list entries"] == 0


@pytest.mark.parametrize("ufunc", [np.add, *FOLDS], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "starts",
    [
        [0, 5, 10, 15], [0, 4, 10, 13], [2, 3, 4, 19], [0], [7], [0, 9, 3, 3, 12], [19, 0],
        [0, 10], list(range(20)),
    ],
    ids=str,
)  # fmt: skip
def test_groups(ufunc, starts):
    agrees(lambda x: ufunc.reduceat(x, starts), numbers(20))
    agrees(lambda x: ufunc.reduceat(x, starts, axis=0), numbers(20, 2))


def test_pieces_of_one_length_need_no_lists():
    x = numbers(4000)
    for ufunc in (np.add, np.multiply):
        tape = ad_core.trace(lambda x, f=ufunc: f.reduceat(x, np.arange(0, 4000, 16)), x)
        assert tape.size["list entries"] == 0


@pytest.mark.parametrize("n", [1, 40, 700])
@pytest.mark.parametrize("groups", [1, 20, 400])
def test_sums_of_groups_of_all_sizes(n, groups):
    """Small groups are swept many at once, large ones one after the other."""
    rng = np.random.default_rng(n)
    places = rng.integers(groups, size=n)
    x, t = rng.normal(size=(2, n))
    matrix = (places == np.arange(groups)[:, None]) * 1.0

    def f(x):
        return np.sum(np.sin(np.bincount(places, weights=x * x, minlength=groups)))

    def by_matrix(x):
        return np.sum(np.sin(matrix @ (x * x)))

    close = np.testing.assert_allclose
    close(ad_core.grad(f)(x), ad_core.grad(by_matrix)(x), rtol=1e-12, atol=1e-13)
    close(ad_core.jvp(f, (x,), (t,))[1], ad_core.jvp(by_matrix, (x,), (t,))[1], rtol=1e-12)
    wanted = ad_core.hvp(by_matrix, (x,), (t,))
    close(ad_core.hvp(f, (x,), (t,)), wanted, rtol=1e-11, atol=1e-12)
    few = np.arange(0, n, 1 + n // 30)

    def part(y):
        return np.bincount(places[few], weights=y, minlength=groups)

    for mode in ("fwd", "rev"):
        close(ad_core.jacobian(part, mode=mode)(x[few]), matrix[:, few])
    close(ad_core.jacobian(part, sparse=True)(x[few]).toarray(), matrix[:, few])


@pytest.mark.parametrize("counts", [(1, 1, 1), (9, 0, 2), (0, 0, 4), (30, 30, 29)], ids=str)
def test_sums_and_products_at_places(counts):
    places = np.random.default_rng(1).permutation(np.repeat([2, 0, 5], counts))

    def f(w):
        sums, products = np.zeros(7), np.ones(7)
        np.add.at(sums, places, w)
        np.multiply.at(products, places, w)
        np.subtract.at(sums, (places,), w * w)
        return np.bincount(places, w, 7) + sums, products

    agrees(f, numbers(sum(counts)))


@pytest.mark.parametrize("f", [np.max, np.min], ids=["max", "min"])
@pytest.mark.parametrize("shape", [(1,), (7,), (8,), (9,), (31,), (3, 17), (20, 3), (2, 9, 2)])
def test_extremes_with_ties_and_nans(f, shape):
    rng = np.random.default_rng(2)
    x = rng.integers(-3, 4, shape) * 1.0
    for axis in (None, 0, -1):
        for values in (x, np.where(rng.random(shape) < 0.1, np.nan, x), np.where(x > 0, np.inf, x)):
            found = ad_core.trace(lambda v, axis=axis: f(v, axis=axis), values)
            np.testing.assert_array_equal(found.value, f(values, axis=axis))
            share = ad_core.grad(lambda v, axis=axis: np.sum(f(v, axis=axis)))(values)
            best = f(values, axis=axis, keepdims=True)
            tied = (values == best) | (np.isnan(values) & np.isnan(best))
            expected = tied / tied.sum(axis=axis, keepdims=True)
            np.testing.assert_allclose(share, expected, rtol=1e-15)


@pytest.mark.parametrize("fold", FOLDS, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "constant", [(0,), (1,), (0, 1), (0, 2), (2, 3), (0, 1, 2), (1, 3)], ids=str
)
def test_cumulative_folds_of_constant_rows(fold, constant):
    """The nodes of a row are either all constants or all not, for any order of the rows."""

    def f(x):
        rows = [numbers(3) if k in constant else x * (k + 1.0) for k in range(4)]
        return np.sin(fold.accumulate(np.stack(rows), axis=0))

    x = numbers(3) + np.array([0.01, 0.37, 0.2])
    agrees(f, x)
    rows = np.array([min(set(range(4)) - set(constant)) <= k for k in range(4)])
    J = ad_core.jacobian(f)(x)
    assert fold in (np.maximum, np.fmin) or np.all(np.any(J, axis=(1, 2)) == rows)


def test_nodes_at_places():
    places, counts = np.array([3, 1, 3, 0, 1, 3]), np.array([1, 2, 0, 3])
    order = _core.order_of_places(places, counts)
    np.testing.assert_array_equal(order, np.argsort(places, kind="stable"))
    nodes = np.arange(10, 16, dtype=np.uint32)
    table = _core.table_of_places(nodes, places, counts, 7)
    np.testing.assert_array_equal(table, [[13, 7, 7], [11, 14, 7], [10, 12, 15]])
    none = np.array([], int)
    assert _core.order_of_places(none, none).shape == (0,)
    assert _core.table_of_places(nodes[:0], none, none, 7).shape == (0, 0)


@pytest.mark.parametrize("bad", [[-1, 0], [0, 4], [1 << 40, 0]], ids=str)
def test_places_out_of_range(bad):
    counts = np.array([1, 1, 0, 0])
    with pytest.raises(IndexError, match="place"):
        _core.order_of_places(np.array(bad), counts)
    with pytest.raises(IndexError, match="place"):
        _core.table_of_places(np.zeros(2, np.uint32), np.array(bad), counts, 0)


def test_counts_that_do_not_match_the_places():
    nodes = np.zeros(3, np.uint32)
    with pytest.raises(ValueError, match="count"):
        _core.order_of_places(np.zeros(3, int), np.array([2, 0]))
    with pytest.raises(ValueError, match="count"):
        _core.table_of_places(nodes, np.zeros(3, int), np.array([2, 0]), 0)
    with pytest.raises(ValueError, match="nodes"):
        _core.table_of_places(nodes[:2], np.zeros(3, int), np.array([3, 0]), 0)
