"""Integers, truth values and other data beside the inputs of a batch: each point has its own."""

import numpy as np
import pytest

import ad_core
from ad_core.recording.trees import flatten
from agreement import refused

rng = np.random.default_rng(8)
N = 9
W = rng.random((N, 5))
INDEX = rng.integers(0, 5, (N, 3))
INDEX[4] = INDEX[0]
MASK = rng.random((N, 5)) > 0.4
MASK[4] = MASK[0]


def gathered(w, data):
    return np.sum(w[data] ** 2)


def counted(w, data):
    return np.sum(w**2) * float(np.sum(data)) + len(data)


def powers(w, data):
    return np.sum(w ** (1 + data))


def worded(w, data):
    return np.sum(w**2) * {"a": 1.0, "b": 2.0}[str(data)]


def dated(w, data):
    return np.sum(w**2) * (data - np.datetime64(0, "s")).astype(float)


def listed(w, data):
    """A tuple of two kinds of data, one for each point and one for all."""
    index, table, k = data
    return np.sum(w[index] * table[index]) ** k


def mixed(w, data):
    """A dictionary with a leaf that is not a float is data as a whole."""
    return np.sum(w[data["i"]] ** 2) * data["scale"]


CASES = {
    "indices": (gathered, INDEX), "unsigned indices": (gathered, INDEX.astype(np.uint8)),
    "masks": (gathered, MASK), "counts of masks": (counted, MASK),
    "exponents": (powers, INDEX[:, 0]),
    "truth values": (powers, MASK[:, 0]), "big-endian indices": (gathered, INDEX.astype(">i4")),
    "strided indices": (gathered, np.repeat(INDEX, 2, axis=1)[:, ::2]),
    "texts": (worded, np.where(MASK[:, 0], "a", "b")),
    "dates": (dated, INDEX[:, 0].astype("M8[s]")),
    "complex numbers": (lambda w, z: np.sum(w**2) * abs(z), MASK[:, 0] + 1j),
    "long doubles": (lambda w, z: np.sum(w**2) * float(z), MASK[:, 0].astype(np.longdouble)),
    "objects": (lambda w, z: np.sum(w**2) * (2.0 if z is None else 3.0),
                np.where(MASK[:, 0], None, "a")),
    "records": (lambda w, z: np.sum(w ** z["k"]) * z["s"],
                np.array([(k, k % 2) for k in range(N)], [("k", int), ("s", float)])),
    "several": (listed, (INDEX, np.arange(5)[None], 2)),
    "a dictionary with floats": (mixed, {"i": INDEX, "scale": W[:, 0]}),
}  # fmt: skip


def at(data, n):
    """The data of one point."""
    leaves, tree = flatten(data)
    row = [x[n % len(x)] if isinstance(x, np.ndarray) else x for x in leaves]
    return tree.build(row)


def same(found, rows):
    """Compare the results of a batch with the list of results of each point."""
    found, tree = flatten(found)
    for k, x in enumerate(found):
        expected = np.array([np.asarray(flatten(row)[0][k]) for row in rows])
        np.testing.assert_allclose(x, expected, rtol=1e-12, atol=1e-13)
    assert all(flatten(row)[1] == tree for row in rows)


@pytest.mark.parametrize("case", CASES)
def test_each_point_has_its_own(case):
    fun, data = CASES[case]
    f = ad_core.compile(fun)
    for _ in range(2):
        for method in ("grad", "hessian", "jacobian", "value_and_grad", "value_and_jacobian"):
            rows = [getattr(ad_core, method)(fun)(w, at(data, n)) for n, w in enumerate(W)]
            same(getattr(f, method)(W, data, batch_dims=1), rows)
        same(f(W, data, batch_dims=1), [fun(w, at(data, n)) for n, w in enumerate(W)])
    gradients = [ad_core.grad(fun)(w, at(data, n)) for n, w in enumerate(W)]
    out = np.full((N, 5), np.nan)
    assert f.grad(W, data, batch_dims=1, out=out) is out
    same(out, gradients)
    assert f.paths <= 64


def test_data_that_is_the_same_at_all_points():
    f = ad_core.compile(lambda w, index, n: np.sum(w[index] ** n))
    expected = [ad_core.grad(f.__wrapped__)(w, INDEX[0], 3) for w in W]
    for index in (INDEX[:1], np.repeat(INDEX[:1], N, axis=0)):
        for n in (3, np.int64(3), np.array([3]), np.full(N, 3)):
            same(f.grad(W, index, n, batch_dims=1), expected)
    assert f.paths == 2  # n is an int, or NumPy's


def test_inputs_that_are_the_same_at_all_points():
    f = ad_core.compile(gathered)
    expected = [ad_core.grad(gathered)(W[0], i) for i in INDEX]
    same(f.grad(W[:1], INDEX, batch_dims=1), expected)
    alike = np.repeat(INDEX[:1], N, axis=0)
    same(f.grad(W[:1], alike, batch_dims=1), expected[:1] * N)
    assert f.grad(W[:1], INDEX[:1], batch_dims=1).shape == (1, 5)


def test_tangents_and_cotangents():
    f, tangents, weights = (
        ad_core.compile(lambda w, i: w[i] ** 2),
        rng.random((N, 5)),
        rng.random(N),
    )
    jacobians = f.jacobian(W, INDEX, batch_dims=1)
    for t in (tangents, tangents[0]):
        found = f.jvp((W, INDEX), t, batch_dims=1)
        np.testing.assert_allclose(found, np.einsum("nij,nj->ni", jacobians, np.ones((N, 1)) * t))
    cotangents = rng.random((N, 3))
    for c in (cotangents, cotangents[0]):
        found = np.reshape(f.vjp((W, INDEX), c, batch_dims=1), (N, 5))
        np.testing.assert_allclose(found, np.einsum("nij,ni->nj", jacobians, np.ones((N, 1)) * c))
    g = ad_core.compile(gathered)
    hessians = g.hessian(W, INDEX, batch_dims=1)
    found = np.reshape(g.hvp((W, INDEX), tangents, batch_dims=1), (N, 5))
    np.testing.assert_allclose(found, np.einsum("nij,nj->ni", hessians, tangents))
    found = f.ggnvp((W, INDEX), tangents, batch_dims=1)
    squares = np.einsum("nij,nik->njk", jacobians, jacobians)
    np.testing.assert_allclose(found, np.einsum("njk,nk->nj", squares, tangents))
    found = g.lagrangian_hessian((W, INDEX), weights, batch_dims=1)
    np.testing.assert_allclose(found, weights[:, None, None] * hessians)


def test_several_batch_axes():
    f = ad_core.compile(gathered)
    many = rng.random((4, N, 5))
    expected = [
        [ad_core.grad(gathered)(w, i) for w, i in zip(row, INDEX, strict=True)] for row in many
    ]
    expected = np.array(expected)
    np.testing.assert_allclose(f.grad(many, INDEX[None], batch_dims=2), expected)
    everywhere = np.broadcast_to(INDEX, (4, N, 3))
    np.testing.assert_allclose(f.grad(many, everywhere, batch_dims=2), expected)
    np.testing.assert_allclose(f.grad(many[:1], INDEX[None], batch_dims=2), expected[:1])


def test_arguments_that_broadcast_against_one_another():
    f = ad_core.compile(lambda a, b, i: a[i] * b)
    a, b, i = rng.random((3, 1, 5)), rng.random((1, 4)), rng.integers(0, 5, (3, 4))
    da, db = f.grad(a, b, i, argnums=(0, 1), batch_dims=2)
    for k in np.ndindex(3, 4):
        unit = np.zeros(5)
        unit[i[k]] = b[0, k[1]]
        np.testing.assert_allclose(da[k], unit)
        np.testing.assert_allclose(db[k], a[k[0], 0, i[k]])


def test_branches_within_the_points_of_one_value():
    fun = lambda x, n: x**n if x > 0.5 else x * float(n)  # noqa: E731
    f = ad_core.compile(fun)
    x, n = rng.random(200), rng.integers(1, 4, 200)
    same(f.grad(x, n, batch_dims=1), [ad_core.grad(fun)(*p) for p in zip(x, n, strict=True)])
    assert f.paths == 6


def test_gathered_inputs():
    f = ad_core.compile(gathered)
    rows = rng.random((6, 5))
    number = rng.integers(0, 6, N)
    expected = [ad_core.grad(gathered)(rows[k], i) for k, i in zip(number, INDEX, strict=True)]
    same(f.grad(ad_core.gather(rows, number), INDEX, batch_dims=1), expected)


def test_sparse_derivatives():
    f = ad_core.compile(lambda w, n: w * n)
    n = np.arange(N) % 3 + 1
    np.testing.assert_allclose(
        f.jacobian(W, n, batch_dims=1, sparse=True), np.repeat(n[:, None], 5, 1)
    )
    picked = ad_core.compile(lambda w, i: w[i])
    with refused(ValueError, "sparsity patterns that differ within the batch", "sparse=False"):
        picked.jacobian(W, INDEX, batch_dims=1, sparse=True)
    same(picked.jacobian(W, INDEX, batch_dims=1), [np.eye(5)[i] for i in INDEX])


def test_points_with_results_of_different_shapes_raise():
    f = ad_core.compile(lambda w, mask: w[mask])
    with refused(ValueError, "<lambda>", "shapes that differ within the batch"):
        f(np.ones((2, 3)), np.array([[True, False, False], [True, True, False]]), batch_dims=1)
    g = ad_core.compile(lambda w, n: (w, w) if n else w)
    with refused(ValueError, "<lambda>", "structures that differ within the batch"):
        g(np.ones(2), np.array([0, 1]), batch_dims=1)


def test_empty_batches():
    f = ad_core.compile(gathered)
    assert f.grad(W[:0], INDEX[:0], batch_dims=1).shape == (0, 5)
    assert f(W[:0], MASK[:0], batch_dims=1).shape == (0,)
    assert f.grad(W[None, :0], INDEX[None, :0], batch_dims=2).shape == (1, 0, 5)


def test_axes_that_do_not_fit_raise_a_full_message():
    f = ad_core.compile(gathered)
    for index in (INDEX[:4], INDEX[0]):
        with refused(ValueError, "batch axes of gathered", "(9,)", "table[None]"):
            f.grad(W, index, batch_dims=1)
    with refused(ValueError, "batch_dims=1", "argument 1 of gathered", "x[None]"):
        f.grad(W, np.array(2), batch_dims=1)
    with refused(ValueError, "batch_dims=2", "argument 1 of gathered"):
        f.grad(W[None], INDEX[:, 0], batch_dims=2)


@pytest.mark.filterwarnings("ignore::ad_core.errors.PerformanceWarning")
def test_the_number_of_recordings_is_bounded():
    f = ad_core.compile(lambda x, n: x * n, max_bytes=50_000)
    n = np.arange(50)
    np.testing.assert_array_equal(f.grad(np.ones(50), n, batch_dims=1), n)
    assert f._recordings.bytes <= 50_000
    np.testing.assert_array_equal(f.grad(np.ones(50), n[::-1], batch_dims=1), n[::-1])
    assert f._recordings.bytes <= 50_000


def test_an_error_names_the_point_where_it_was_raised():
    f = ad_core.compile(lambda w, i: w[i] * 2.0)
    for index, told in ((np.arange(9), "point 5 of the batch"), (np.arange(9) + 5, "point 0")):
        with pytest.raises(IndexError) as caught:
            f.grad(W, index, batch_dims=1)
        assert any(f"raised by <lambda> at {told}" in note for note in caught.value.__notes__)
    with pytest.raises(IndexError) as caught:
        f.grad(W[None], np.arange(9)[None], batch_dims=2)
    assert any("at point (0, 5) of the batch" in note for note in caught.value.__notes__)


class Bar:
    def __init__(self):
        self.done = 0

    def update(self, n):
        self.done += n


def test_progress_counts_all_points():
    f, bar = ad_core.compile(gathered), Bar()
    f.grad(W, INDEX, batch_dims=1, progress=bar)
    assert bar.done == N


def test_in_one_call_of_several_workers():
    f = ad_core.compile(lambda x, n: np.sin(x) * n)
    x, n = rng.random(5000), rng.integers(1, 4, 5000)
    np.testing.assert_allclose(f.grad(x, n, batch_dims=1, workers=2), np.cos(x) * n, rtol=1e-13)


def test_a_batch_of_points_in_fortran_order():
    """Points keep their order in memory, so that they have the recordings of single points."""
    f = ad_core.compile(lambda x, n: np.ravel(x, order="K") * n)
    x = rng.random((N, 4, 3)).transpose(0, 2, 1)
    n = INDEX[:, 0]
    same(f(x, n, batch_dims=1), [f(one, k) for one, k in zip(x, n, strict=True)])
