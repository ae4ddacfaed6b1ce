# SPDX-License-Identifier: Apache-2.0
"""NumPy's own Python code in mirrors of its modules: values, derivatives, refusals, and that NumPy
itself stays as it is."""

import sys
import threading
import warnings

import numpy as np
import pytest

import ad_core
from ad_core.overrides.numpy import own_code
from ad_core.overrides.numpy.dispatch import table
from ad_core.overrides.numpy.own_functions import NEEDS_PLAIN
from ad_core.transforms.testing import check_grads
from numpy_rows import ROWS, drawn

X = np.array([0.3, 0.7, 0.2, 0.9])
WITH_OWN_CODE = {
    f: own_code.own_code(f)
    for f in table
    if own_code.own_code(f) is not None and f.__module__ == "numpy"
}
# Functions of the table whose own code needs compiled functions that make plain arrays, or calls
# the method of an array that calls the function again.
NOT_BY_THEMSELVES = {
    np.nanmean, np.nanvar, np.nanstd, np.histogram, np.broadcast_arrays, np.place, np.broadcast_to,
}  # fmt: skip
METHODS = {name for name in dir(np.ndarray) if not name.startswith("_")}
OTHERS = {"around", "einsum", "digitize", "nanargmax", "nanargmin"}


def by_itself():
    for k, row in enumerate(ROWS):
        f = getattr(np, row.name, None)
        if f in WITH_OWN_CODE and f not in NOT_BY_THEMSELVES and f.__name__ not in METHODS | OTHERS:
            yield pytest.param(row, id=f"{row.name}-{k}")


@pytest.mark.parametrize("row", list(by_itself()))
def test_own_code_of_functions_that_have_another_implementation(row, monkeypatch):
    """It has the same values and derivatives."""
    f, arguments = getattr(np, row.name), drawn(row, np.random.default_rng(2))
    numbers = tuple(range(len(arguments)))
    derivative = lambda call: ad_core.jacobian(  # noqa: E731
        lambda *args: [np.asarray(y) * 1.0 for y in listed(call(*args))], argnums=numbers
    )(*arguments)  # fmt: skip
    expected = derivative(row.call)
    monkeypatch.setattr(np, row.name, OwnCode(f))
    for found, other in zip(derivative(row.call), expected, strict=True):
        for a, b in zip(found, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def listed(y):
    return list(y) if isinstance(y, tuple | list) else [y]


class OwnCode:
    """A function that runs its own code."""

    def __init__(self, function):
        self.__wrapped__ = function

    def __call__(self, *args, **kwargs):
        return WITH_OWN_CODE[self.__wrapped__](*args, **kwargs)


@pytest.mark.parametrize("f", [
    np.i0, np.emath.sqrt, np.emath.log, lambda x: np.emath.power(x, 1.5), np.emath.arccos,
    lambda x: np.emath.sqrt(x - 0.5).imag, lambda x: np.emath.log(x - 0.5).real,
    lambda x: np.emath.arcsin(x + 1.0).imag, lambda x: np.pad(x, 2, mode="maximum"),
    lambda x: np.linalg.norm(x, 3), lambda x: np.linalg.vector_norm(x, ord=3.0),
    lambda x: np.pad(x.astype(complex) * 1j, 1, mode="wrap").imag,
    lambda x: np.insert(x * 1j, 1, x[0]).imag, lambda x: np.polyder(x * 1j).imag,
    lambda x: np.logspace(0.0, x[:2], 3, base=np.array([2.0, 3.0])),
    lambda x: np.polynomial.Chebyshev(x)(x), lambda x: np.polynomial.legendre.legvander(x, 2),
    lambda x: np.polynomial.Polynomial.fit([0.0, 1.0, 2.0, 3.0], x, 1).convert().coef,
    lambda x: np.polynomial.Hermite(x).integ().deriv().coef,
    lambda x: np.interp([0.4, 1.9, 3.3] * x[1:], [0.4, 1.1, 0.7], x[:3], period=1.0 + x[3]),
    lambda x: np.gradient(x, np.arange(4.0) * x[0]),  # coordinates that are evenly spaced
    lambda x: np.gradient(x, x[1] + np.arange(4.0), edge_order=2),
    lambda x: np.quantile(x, 0.9 + 0.1 * x[3] / x[3], method="averaged_inverted_cdf"),
    lambda x: np.nanmedian(np.where([[0], [1]], np.reshape(x, (2, 2)), [[np.nan, 1.0]]), axis=1),
    lambda x: x.reshape(2, 2).transpose(np.array([1, 0])), lambda x: np.r_["0,2,1", x, 2.0 * x],
    lambda x: np.histogram2d(x, x[::-1], 2, weights=x)[0],
    lambda x: np.reshape(x, np.array([2, 2])) @ x.reshape(np.array([2, 2])),
])  # fmt: skip
def test_values_and_derivatives(f):
    tape = ad_core.trace(f, X)
    np.testing.assert_array_equal(np.shape(tape(X)), np.shape(f(X)))
    np.testing.assert_allclose(tape(X), f(X), rtol=1e-12)
    check_grads(f, (X,))
    compiled = ad_core.compile(f)
    np.testing.assert_allclose(compiled.jacobian(X), ad_core.jacobian(f)(X), rtol=1e-12)
    near = X * 1.0001
    batch = tape.jacobian(np.stack([X, near]))
    np.testing.assert_allclose(batch[1], ad_core.jacobian(f)(near), rtol=1e-10)


def test_norms_have_numpys_bits():
    x = np.random.default_rng(0).normal(size=100)
    for call in (np.linalg.norm, lambda x: np.linalg.norm(x.reshape(20, 5)), np.vander):
        assert np.array_equal(ad_core.trace(call, x)(x), call(x))


def test_numpy_itself_is_not_changed():
    modules = [m for name, m in sys.modules.items() if name.partition(".")[0] == "numpy" and m]
    before = {m: dict(vars(m)) for m in modules}
    ad_core.grad(lambda x: np.sum(np.pad(np.i0(x), 1, mode="mean")))(X)
    for module, names in before.items():
        assert all(vars(module)[name] is value for name, value in names.items()), module


def test_other_threads_get_numpys_own():
    found = []

    def f(x):
        thread = threading.Thread(target=lambda: found.append(np.i0(X)))
        thread.start()
        thread.join()
        return np.i0(x)

    ad_core.jacobian(f)(X)
    assert type(found[0]) is np.ndarray
    assert np.array_equal(found[0], np.i0(X))


@pytest.mark.parametrize("f", [
    lambda x: np.unravel_index(x, (2,)), lambda x: np.ravel_multi_index((x, x), (3, 3)),
    lambda x: np.apply_along_axis(np.packbits, 0, x),
])  # fmt: skip
def test_a_compiled_function_is_refused_by_name(f):
    with pytest.raises(NotImplementedError, match=r"numpy\.\w+ .*test_own_code"):
        ad_core.jacobian(f)(X)


def test_functions_that_need_plain_arrays_refuse():
    for f in NEEDS_PLAIN:
        with pytest.raises((NotImplementedError, ad_core.TracedValueError), match="test_own_code"):
            ad_core.grad(lambda x, f=f: [f(sys.stdout.buffer, x), x[0]][1])(X)


def test_warnings_are_of_the_users_line():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ad_core.jacobian(lambda x: np.polyfit(np.ones(4), x, 1))(X)
    assert caught
    assert {w.filename for w in caught} == {__file__}


def test_in_truth_values_types_are_numpys():
    def f(x):
        for call in (np.diff, np.trapezoid, lambda t: np.pad(t, 1), np.nancumsum, np.tril):
            expected = call(X > 0.4)
            found = call(x > 0.4)
            assert found.dtype == expected.dtype
            assert np.array_equal(np.asarray(found * 1.0), expected * 1.0)
        return x

    ad_core.trace(f, X)


@pytest.mark.parametrize("f", [
    np.median, lambda x: np.quantile(x, 0.3), lambda x: np.quantile(x, 0.3 * x[0]),
    lambda x: np.quantile(x, 0.3 * x[0], method="nearest"), lambda x: np.percentile(x, [20, 60]),
    lambda x: np.quantile(x, 0.3, weights=np.ones(4), method="inverted_cdf"),
])  # fmt: skip
def test_a_quantile_that_is_nan_for_all_other_values_has_the_derivative_0(f):
    x = np.array([1.0, np.nan, 2.0, 0.5])
    assert np.isnan(ad_core.vjp(f, x)[0]).all()
    assert not ad_core.jacobian(f)(x).any()
