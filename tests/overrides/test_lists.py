# SPDX-License-Identifier: Apache-2.0
"""NumPy functions of lists that hold traced values."""

import statistics
import sys
from fractions import Fraction

import numpy as np
import pytest

import ad_core
from ad_core import _core

X = np.array([0.3, 1.2, -0.7, 2.0])
FUNCTIONS = {
    "mean": lambda a, b: np.mean([a, 2.0 * b]),
    "mean of a tuple": lambda a, b: np.mean((a, 2.0 * b)),
    "mean by name": lambda a, b: np.mean(a=[a, b], axis=0),
    "mean of arrays": lambda a, b: np.mean([np.stack([a, b]), np.ones(2) * b], axis=0),
    "std": lambda a, b: np.std([a, b, 1.0], ddof=1),
    "var": lambda a, b: np.var([a, b, 1.0]),
    "average": lambda a, b: np.average([a, b], weights=[b, 1.0]),
    "median": lambda a, b: np.median([a, b, 1.0]),
    "quantile": lambda a, b: np.quantile([a, b, 1.0], 0.3),
    "nanmean": lambda a, b: np.nanmean([a, b, np.nan]),
    "gradient": lambda a, b: np.gradient([a, b, a * b]),
    "interp": lambda a, b: np.interp([a, 0.5], [0.0, 1.0], [a, b]),
    "bincount": lambda a, b: np.bincount([0, 1, 1], [a, b, 1.0]),
    "cov": lambda a, b: np.cov([[a, b], [b, 1.0]]),
    "solve": lambda a, b: np.linalg.solve([[a, b], [1.0, a]], [b, 1.0]),
    "det": lambda a, b: np.linalg.det([[a, b], [1.0, a]]),
    "eigvalsh": lambda a, b: np.linalg.eigvalsh([[a, b], [b, 1.0]]),
    "fft": lambda a, b: np.abs(np.fft.fft([a, b, 1.0])),
    "norm": lambda a, b: np.linalg.norm([a, b]),
    "hypot": lambda a, b: np.hypot([a, b], [b, 1.0]),
}


# Calls of functions that take more than one array, with the array in place of the list.
CALLS = {
    "percentile": lambda f, x: f(x, 30.0),
    "nanpercentile": lambda f, x: f(x, 30.0),
    "quantile": lambda f, x: f(x, 0.3),
    "nanquantile": lambda f, x: f(x, 0.3),
    "interp": lambda f, x: f([0.5, 0.7], [0.0, 0.6, 0.8, 1.0], x),
    "bincount": lambda f, x: f([0, 1, 1, 0], x),
    "histogram": lambda f, x: f(x, bins=3, weights=[1.0, 2.0, 3.0, 4.0])[1],
    "solve": lambda f, x: f(x, [1.0, 2.0]),
    "lstsq": lambda f, x: f(x, [1.0, 2.0], rcond=None)[0],
    "slogdet": lambda f, x: f(x)[1],
    "qr": lambda f, x: f(x)[0],
    "eig": lambda f, x: f(x)[0].real,
    "eigvals": lambda f, x: f(x).real,
    "eigh": lambda f, x: f(x)[0],
    "svd": lambda f, x: f(x)[1],
    "matrix_power": lambda f, x: f(x, 2),
    "polyfit": lambda f, x: f([0.0, 1.0, 2.0, 3.0], x, 1),
    "roots": lambda f, x: f([1.0, -x[0] - x[1], x[0] * x[1]]),
}
LISTED = sorted(
    (space["__name__"], name)
    for space, name in _core.replaced_names()
    if hasattr(space[name], "_implementation") and space["__name__"] != "numpy.ma"
    if not name.endswith(("_like", "eye", "identity", "copy", "require", "full", "ones"))
)


@pytest.mark.parametrize(("module", "name"), LISTED)
def test_a_list_is_treated_as_the_array_of_its_elements(module, name):
    point = np.array([[1.5, 0.3], [0.3, 0.8]]) if module == "numpy.linalg" else np.abs(X)
    if name.endswith(("2", "n")) and module == "numpy.fft":
        point = point.reshape(2, 2)
    call = CALLS.get(name, lambda f, x: f(x))

    def of(x):
        y = call(getattr(sys.modules[module], name), x)
        return np.stack([y.real, y.imag]) if module == "numpy.fft" else y

    expected = ad_core.jacobian(of)(point)
    np.testing.assert_allclose(ad_core.jacobian(lambda x: of(x.tolist()))(point), expected)
    np.testing.assert_allclose(ad_core.trace(of, point)(point), of(point.tolist()))


def test_many_functions_take_lists():
    assert len(LISTED) > 50


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values_and_derivatives(name):
    function = FUNCTIONS[name]
    np.testing.assert_allclose(ad_core.trace(function, 0.3, 1.2)(0.3, 1.2), function(0.3, 1.2))
    ad_core.transforms.testing.check_grads(function, (0.3, 1.2))


def test_replaced_functions_are_restored():
    before = np.mean, np.linalg.solve, np.fft.fft, np.nditer
    assert ad_core.grad(lambda x: np.mean([x, 1.0]))(2.0) == 0.5
    with pytest.raises(ZeroDivisionError):
        ad_core.grad(lambda x: np.mean([x, 1.0]) / (1 // 0))(1.0)
    assert (np.mean, np.linalg.solve, np.fft.fft, np.nditer) == before


def test_plain_lists_stay_plain_while_a_trace_runs():
    def function(x):
        assert type(np.mean([1.0, 2.0])) is np.float64
        assert np.mean.__name__ == "mean"
        assert repr(np.linalg.solve) == repr(np.linalg.solve.__wrapped__)
        assert sum(float(v) for v in np.nditer(np.arange(3.0))) == 3.0
        return x

    ad_core.grad(function)(1.0)


@pytest.mark.parametrize("ask", [statistics.mean, statistics.fmean, lambda x: Fraction(x[0])])
def test_functions_of_plain_numbers_raise_with_the_line(ask):
    with pytest.raises(ad_core.TracedValueError, match=r"test_lists\.py"):
        ad_core.grad(lambda x: ask(list(x)))(X)


# Functions of which NumPy makes arrays of objects if they get lists: (call, whether it fails then).
SQUARE = [
    "np.isfinite(a)", "np.exp(a)", "np.hypot(a, a)", "np.diag(a)", "np.squeeze(a)", "np.ravel(a)",
    "np.transpose(a)", "np.atleast_2d(a)", "np.roll(a, 1)", "np.tril(a)", "np.zeros_like(a)",
    "np.copy(a)", "np.kron(a, a)", "np.cumsum(a)", "np.round(a)", "np.clip(a, 0.5, 1.0)",
    "np.concatenate([a, a])", "np.vstack([a, a])", "np.stack([a, a], axis=1)",
    "np.where(a, a, 1.0)",
    "np.dot(a, np.eye(2))", "np.einsum('ij->ji', a)", "np.shape(a)", "np.ndim(a)", "np.tile(a, 2)",
]  # fmt: skip


def of_kinds(x):
    """The elements of a matrix in lists, in an array of objects, and in an object with them."""

    class Holder:
        def __array__(self, dtype=None, copy=None):
            return np.asarray(x)

    objects = np.empty((2, 2), dtype=object)
    objects[...] = x.tolist() if type(x) is np.ndarray else [list(row) for row in x]
    return {"lists": [list(row) for row in x], "objects": objects, "holder": Holder()}


@pytest.mark.parametrize("kind", ["lists", "objects", "holder"])
@pytest.mark.parametrize("expression", SQUARE)
def test_functions_take_lists_after_one_has_failed(expression, kind):
    def failing(x):
        return x[0, 0] * np.isfinite([x[0, 0], 1.0]).sum()

    def of(x, a):
        y = eval(expression, {"np": np, "a": a})
        return np.sum(y * np.arange(1.0, 1.0 + np.size(y)).reshape(np.shape(y)))

    point = np.array([[1.5, 0.3], [0.4, 0.8]])
    assert ad_core.jacobian(failing)(point)[0, 0] == 2.0
    expected = ad_core.jacobian(lambda x: of(x, x) + x.sum())(point)
    mixed = lambda x: of(x, of_kinds(x)[kind]) + x.sum()  # noqa: E731
    for derivative in (ad_core.jacfwd, ad_core.jacrev):
        np.testing.assert_allclose(derivative(mixed)(point), expected, rtol=1e-13)
    np.testing.assert_allclose(ad_core.compile(mixed).jacobian(point), expected, rtol=1e-13)


def test_restored_functions_make_objects_again():
    ad_core.jacobian(lambda x: x * np.isfinite([x, 1.0]).sum())(1.0)
    ad_core.restore()
    seen = []
    ad_core.jacobian(lambda x: seen.append(type(np.diag([x, 1.0]))) or x)(1.0)
    assert seen == [np.ndarray]
    assert type(np.diag) is type(np.sum)


def test_objects_that_are_no_numbers_stay_objects():
    def f(x):
        table = np.empty((1, 2), dtype=np.ndarray)
        table[0, 0], table[0, 1] = np.array([x[0], 1.0]), np.array([2.0])
        sizes = [item.item().size for item in np.nditer(table, flags=["refs_ok"])]
        assert sizes == [2, 1]
        assert (np.array([x[0], None], dtype=object) == None)[1]  # noqa: E711
        return table[0, 0][0] * np.isnan([x[1]]).size

    np.testing.assert_array_equal(ad_core.grad(f)(X[:2]), [1.0, 0.0])
