# SPDX-License-Identifier: Apache-2.0
"""Sparse Jacobians and Hessians: equal to the dense ones, with an exact and shared structure."""

import pickle
import sys

import numpy as np
import pytest

import ad_core
from agreement import refused

sparse = pytest.importorskip("scipy.sparse")

X = np.linspace(0.2, 1.7, 7)


def banded(x):
    y = np.zeros(5)  # with an empty row
    y[:3] = np.sin(x[1:4] * x[:3]) + x[:3] ** 2
    y[4] = 3.0 * x[6]
    return y


MAPS = {
    "banded": banded,
    "dense": lambda x: np.sum(x) * x,
    "constant": lambda x: np.array([1.0, 2.0]) + 0.0 * x[0],
    "linear": lambda x: 2.0 * x[::-1],
    "matrix": lambda x: np.outer(x[:2], x[2:4]),
    "number": lambda x: x[0] * x[6],
    "structural zeros": lambda x: np.where(np.arange(7) < 3, x * x, 0.0),
    "zero at a point only": lambda x: (x - X) * x[::-1],
}
SCALARS = {
    "chain": lambda x: np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2),
    "linear": lambda x: np.sum(x[2:4]),
    "separable": lambda x: np.sum(np.exp(x) * x),
    "dense": lambda x: np.sum(x) ** 3,
    "cross": lambda x: x[0] * x[3] + np.sin(x[1] * x[5]),
}


@pytest.mark.parametrize("name", MAPS)
def test_jacobians(name):
    tape, compiled = ad_core.trace(MAPS[name], X), ad_core.compile(MAPS[name])
    structure = tape.jacobian_sparsity()
    assert structure.dtype == bool
    assert structure.has_sorted_indices
    for x in (X, 1.3 * X):
        dense = ad_core.jacobian(MAPS[name])(x)
        rows = dense.reshape(-1, 7)
        for J in (tape.jacobian(x, sparse=True), compiled.jacobian(x, sparse=True)):
            assert type(J) is sparse.csr_array
            assert J.shape == rows.shape
            np.testing.assert_allclose(J.toarray(), rows, rtol=1e-13, atol=1e-15)
            np.testing.assert_array_equal(J.indices, structure.indices)
            np.testing.assert_array_equal(J.indptr, structure.indptr)
    assert not np.any(ad_core.jacobian(MAPS[name])(X).reshape(-1, 7)[~structure.toarray()])


@pytest.mark.parametrize("name", SCALARS)
def test_hessians(name):
    tape = ad_core.trace(SCALARS[name], X)
    structure = tape.hessian_sparsity()
    for x in (X, 0.7 * X):
        H = tape.hessian(x, sparse=True)
        expected = ad_core.hessian(SCALARS[name])(x)
        np.testing.assert_allclose(H.toarray(), expected, rtol=1e-12, atol=1e-13)
        assert (H != H.T).nnz == 0  # to the bit
        np.testing.assert_array_equal(H.indices, structure.indices)
    assert not np.any(expected[~structure.toarray()])


def test_entries_that_are_always_zero_are_left_out():
    nnz = {name: ad_core.trace(fun, X).jacobian_sparsity().nnz for name, fun in MAPS.items()}
    assert nnz["banded"] == 7
    assert nnz["linear"] == 7
    assert nnz["constant"] == 0
    assert nnz["structural zeros"] == 3
    assert nnz["zero at a point only"] == 13
    assert ad_core.trace(SCALARS["linear"], X).hessian_sparsity().nnz == 0
    assert ad_core.trace(SCALARS["cross"], X).hessian_sparsity().nnz == 6


def test_data_is_written_to_the_given_array():
    tape = ad_core.trace(banded, X)
    data = np.full(7, np.nan)
    J = tape.jacobian(X, sparse=True, out=data)
    assert np.shares_memory(J.data, data)
    again = tape.jacobian(2.0 * X, sparse=True)
    assert np.shares_memory(again.indices, J.indices)
    np.testing.assert_allclose(J.toarray(), ad_core.jacobian(banded)(X))
    with refused(ValueError, "out", "shape"):
        tape.jacobian(X, sparse=True, out=np.empty(8))
    with refused(ValueError, "out"):
        tape.jacobian(X, sparse=True, out=np.empty(14)[::2])


def test_batches_give_the_data_of_every_point():
    tape, points = ad_core.trace(banded, X), np.stack([X * (1 + 0.1 * k) for k in range(37)])
    data = tape.jacobian(points, sparse=True)
    assert data.shape == (37, 7)
    structure = tape.jacobian_sparsity()
    dense = tape.jacobian(points)
    for row, J in zip(data, dense, strict=True):
        made = sparse.csr_array((row, structure.indices, structure.indptr), shape=(5, 7))
        np.testing.assert_allclose(made.toarray(), J, rtol=1e-13)
    assert tape.jacobian(points[:0], sparse=True).shape == (0, 7)


def test_structures_follow_the_path():
    f = ad_core.compile(lambda x: x[:2] * x[2] if x[0] > 0 else x[:2] ** 2)
    assert f.jacobian(X, sparse=True).nnz == 4
    assert f.jacobian(-X, sparse=True).nnz == 2
    with pytest.raises(ad_core.BranchChanged):
        ad_core.trace(f.__wrapped__, X).jacobian(-X, sparse=True)


def test_a_grid_of_neighbours_at_scale():
    """1-D diffusion of 10^5 numbers: three entries in each row."""
    n = 100_000
    x = np.sin(np.arange(n) * 0.01)
    tape = ad_core.trace(lambda u: np.roll(u, 1) - 2.0 * u + np.roll(u, -1) + u**3, x)
    J = tape.jacobian(x, sparse=True)
    assert J.nnz == 3 * n
    np.testing.assert_allclose(J.diagonal(), -2.0 + 3.0 * x**2, rtol=1e-12)
    v = np.cos(np.arange(n))
    np.testing.assert_allclose(J @ v, tape.jvp(x, v), rtol=1e-12, atol=1e-12)


def test_pickled_tapes():
    tape = pickle.loads(pickle.dumps(ad_core.trace(banded, X)))
    np.testing.assert_allclose(tape.jacobian(X, sparse=True).toarray(), ad_core.jacobian(banded)(X))


def test_functions_without_a_sparse_form():
    pair = ad_core.trace(lambda x, y: x * y, X, X)
    with refused(TypeError, "argnums", "one argument"):
        pair.jacobian(X, X, argnums=(0, 1), sparse=True)
    assert pair.jacobian(X, X, argnums=1, sparse=True).nnz == 7
    nested = ad_core.trace(lambda p: p["a"] * 2.0, {"a": X})
    with refused(TypeError, "one array"):
        nested.jacobian({"a": X}, sparse=True)
    several = ad_core.trace(lambda x: (x, x[0]), X)
    with refused(TypeError, "one array", "concatenate"):
        several.jacobian(X, sparse=True)
    with refused(TypeError, "hessian", "scalar"):
        ad_core.trace(banded, X).hessian(X, sparse=True)


def test_within_a_trace():
    f = ad_core.compile(banded)
    with refused(TypeError, "sparse", "banded", "leave sparse out"):
        ad_core.grad(lambda x: np.sum(f.jacobian(x, sparse=True)))(X)


def test_without_scipy(monkeypatch):
    tape = ad_core.trace(banded, X)
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with refused(ImportError, "pip install scipy", "sparse=False"):
        tape.jacobian(X, sparse=True)


@pytest.mark.parametrize("mode", ["wrap", "constant"])
@pytest.mark.parametrize("shape", [(3, 3), (5, 7), (1, 40), (12, 9)])
def test_rows_of_a_grid(shape, mode):
    """Rows of two species with a guarded product are alike, and written by rule."""

    def across(w):
        p = np.pad(w, 1, mode=mode)
        return p[2:, 1:-1] + p[:-2, 1:-1] + p[1:-1, 2:] + p[1:-1, :-2] - 4.0 * w

    def rate(y):
        u, v = y.reshape(2, *shape)
        return np.stack([np.sqrt(np.abs(u)) * v + across(u), u * u * v + across(v)]).ravel()

    x = np.random.default_rng(7).normal(size=2 * shape[0] * shape[1])
    tape = ad_core.trace(rate, x)
    points = np.stack([x, 1.1 * x, x, x, x])
    points[2:, 3] = 0.0, np.inf, np.nan
    with np.errstate(all="ignore"):
        for at in points:
            expected, sparse = tape.jacobian(at), tape.jacobian(at, sparse=True)
            np.testing.assert_array_equal(sparse.toarray(), expected)
            value, same = tape.value_and_jacobian(at, sparse=True)
            np.testing.assert_array_equal(value, tape(at))
            np.testing.assert_array_equal(same.toarray(), expected)
            np.testing.assert_allclose(expected, ad_core.jacobian(rate)(at), rtol=1e-12, atol=1e-13)
        rows = tape.jacobian(points, sparse=True)
    for at, data in zip(points, rows, strict=True):
        expected = tape.jacobian(at, sparse=True).data
        np.testing.assert_allclose(data, expected, rtol=1e-12, atol=1e-13)
