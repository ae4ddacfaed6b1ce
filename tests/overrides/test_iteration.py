# SPDX-License-Identifier: Apache-2.0
"""Functions that call Python for each element, and functions that find values by methods of NumPy:
np.vectorize, frompyfunc, fromiter, nditer, unique along an axis, bins by name."""

import numpy as np
import pytest

import ad_core
from ad_core.transforms.testing import check_grads

X = np.array([[0.3, 1.2], [0.7, 0.4]])
square = np.vectorize(lambda t: t * t)
plain_types = np.vectorize(lambda a, b=2.0: (a * b, a + b), otypes=[float, float])
inner = np.vectorize(lambda u, v: u @ v, signature="(n),(n)->()")
multiply = np.frompyfunc(lambda t, s: t * s, 2, 1)


def iterated(x, **options):
    total = 0.0
    with np.nditer([x, x.T, np.ones((2, 2))], **options) as found:
        for k, (a, b, c) in enumerate(found):
            total = total + (k + 1) * a * a * b * c
    return total


def by_index(x):
    total, found = 0.0, np.nditer(x, flags=["multi_index"])
    while not found.finished:
        total = total + found[0] * found.value * (1 + found.multi_index[1])
        found.iternext()
    return total


CALLS = {
    "vectorize": lambda x: square(x),
    "made in the function": lambda x: np.vectorize(np.sin, otypes=["d"])(x),
    "two results": lambda x: plain_types(x, b=x.T)[0] - plain_types(x)[1],
    "pieces": lambda x: np.vectorize(lambda t: t * t if t > 0.5 else 0.0)(x),
    "signature": lambda x: inner(x, x.T),
    "excluded": lambda x: np.vectorize(np.polyval, excluded=[0])(x[0], x),
    "frompyfunc": lambda x: multiply(x, x.T).astype(float),
    "reduce": lambda x: multiply.reduce(x),
    "accumulate": lambda x: multiply.accumulate(x, axis=1),
    "outer": lambda x: multiply.outer(x[0], x[1]),
    "complex results": lambda x: np.vectorize(lambda t: np.exp(1j * t))(x).imag,
    "complex otypes": lambda x: np.abs(np.vectorize(lambda t: t + 1j, otypes=[complex])(x)),
    "real and complex": lambda x: np.vectorize(lambda t: (t * t, t * (1 + 2j)))(x)[1].imag,
    "of complex numbers": lambda x: np.vectorize(lambda z: abs(z) * z.real)(x * (2.0 - 1j)),
    "frompyfunc of complex numbers": lambda x: multiply(x * 1j, x).astype(complex).imag,
    "fromiter of complex numbers": lambda x: np.fromiter((t * 1j for t in x.flat), complex).imag,
    "fromiter": lambda x: np.fromiter((t * t for t in x.flat), float),
    "fromiter, count": lambda x: np.fromiter(iter(x.flat), dtype="f8", count=3),
    "nditer": iterated,
    "nditer in F order": lambda x: iterated(x, order="F"),
    "nditer by index": by_index,
    "external loop": lambda x: np.stack([v.sum() for v in np.nditer(x.T, flags=["external_loop"])]),
    "unique rows": lambda x: np.unique(np.concatenate([x, x[::-1]]), axis=0),
    "unique columns": lambda x: np.unique(x, axis=1, return_counts=True)[0],
    "complex ufunc": lambda x: np.arccos(x, dtype=complex).imag,
    "complex root": lambda x: np.sqrt(x - 1.0, dtype=complex).real,
    "list of complex numbers": lambda x: np.abs(x * [1j, 2.0]),
    "namespace": lambda x: x.__array_namespace__().sin(x),
    "eigenvalues": lambda x: np.linalg.eigvals(x * [[1.0, 1.0], [-1.0, 1.0]]).imag,
    "roots": lambda x: np.roots(np.concatenate([[1.0], x[0], [2.0]])).real,
    "roots of poly1d": lambda x: np.poly1d([1.0, x[0, 0], -1.0]).r,
}


@pytest.mark.parametrize("name", CALLS)
def test_values_and_derivatives(name):
    f = CALLS[name]
    tape = ad_core.trace(f, X)
    np.testing.assert_allclose(tape(X), f(X).astype(float), rtol=1e-13, atol=1e-15)
    assert np.shape(tape(X)) == np.shape(f(X))
    if name not in ("frompyfunc", "reduce", "accumulate", "outer"):
        check_grads(f, (X,))
    forward, backward = ad_core.jacfwd(f)(X), ad_core.jacrev(f)(X)
    np.testing.assert_allclose(forward, backward, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(ad_core.compile(f).jacobian(X), forward, rtol=1e-12, atol=1e-14)
    near = X * 1.0001
    batch = tape.jacobian(np.stack([X, near, X]))
    np.testing.assert_allclose(batch[1], ad_core.jacobian(f)(near), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", ["auto", "fd", "doane", "scott", "rice", "sturges", "sqrt"])
def test_bins_by_name(method):
    x = np.random.default_rng(0).normal(size=40)
    f = lambda x: np.histogram(x, bins=method)[1]  # noqa: E731
    tape = ad_core.trace(f, x)
    assert np.array_equal(tape(x), f(x))
    check_grads(f, (x,))
    counts = ad_core.trace(lambda x: np.histogram(x, bins=method, range=(-1.0, 1.0))[0] * x[0], x)
    assert np.array_equal(counts(x), np.histogram(x, bins=method, range=(-1.0, 1.0))[0] * x[0])
    with pytest.raises(ad_core.BranchChanged):
        tape(x**3 * 10.0)


def test_the_order_of_rows_is_kept():
    tape = ad_core.trace(lambda x: np.unique(x, axis=0), X)
    with pytest.raises(ad_core.BranchChanged):
        tape(X[::-1])
    with pytest.raises(ad_core.BranchChanged):
        tape(np.ones((2, 2)))
    with pytest.raises(NotImplementedError, match=r"NaN.*test_iteration"):
        ad_core.trace(lambda x: np.unique(x, axis=0), X * np.nan)


def test_equal_complex_eigenvalues_have_no_derivative():
    def f(s):
        rows = [[s, 1, 1, 0], [-1, s, 0, 1], [0, 0, s, 1], [0, 0, -1, s]]
        return np.linalg.eigvals(np.array(rows)).imag

    assert np.isnan(ad_core.jacobian(f)(0.5)).all()


def test_derivatives_of_second_order_of_complex_eigenvalues():
    a = np.random.default_rng(1).normal(size=(2, 4, 4))
    f = lambda a: np.sum(np.abs(np.linalg.eigvals(a)) ** 3 * np.arange(4.0))  # noqa: E731
    check_grads(f, (a,), order=2)


@pytest.mark.parametrize("flags", [["readwrite"], ["writeonly"]])
def test_nditer_does_not_write(flags):
    with pytest.raises(NotImplementedError, match="ndindex"):
        ad_core.grad(lambda x: sum(v for v in np.nditer(x, op_flags=flags)))(X)


def test_plain_arrays_are_numpys_own():
    def f(x):
        assert type(square(X)) is np.ndarray
        assert type(np.fromiter(range(3), float)) is np.ndarray
        assert type(np.nditer(X)).__module__ == "numpy"
        assert multiply(X, X).dtype == object
        return x

    ad_core.trace(f, X)


COMPARED = {
    "==": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip


@pytest.mark.parametrize("name", COMPARED)
def test_flat_compares_each_element(name):
    X = np.array([[0.0, 1.0], [2.0, 1.0]])

    def f(x):
        found = COMPARED[name](x.flat, 1.0)
        assert found.tolist() == COMPARED[name](X.flat, 1.0).tolist()
        return np.sum(np.where(found, x.ravel() * 2.0, x.ravel()))

    expected = np.where(COMPARED[name](X, 1.0), 2.0, 1.0)
    np.testing.assert_array_equal(ad_core.jacobian(f)(X), expected)
