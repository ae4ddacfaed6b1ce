# SPDX-License-Identifier: Apache-2.0
"""Keyword arguments: passed on as they are, and not differentiated, whichever way is taken."""

import numpy as np
import pytest

import ad_core
from ad_core.errors import PerformanceWarning
from agreement import refused

X = np.array([1.0, 2.0, 3.0])


def model(x, scale=1.0, *, power=2, table=None):
    y = scale * x**power
    return y if table is None else y * table


def total(x, **kwargs):
    return np.sum(model(x, **kwargs))


KEYWORDS = [{}, {"scale": 3.0}, {"power": 3}, {"scale": 2.0, "table": np.array([1.0, 2.0, 0.5])}]
METHODS = ["__call__", "jacobian", "value_and_jacobian"]
SCALAR = ["grad", "value_and_grad", "hessian"]


def leaves(found):
    return found if isinstance(found, tuple) else (found,)


@pytest.mark.parametrize("kwargs", KEYWORDS, ids=str)
@pytest.mark.parametrize("method", METHODS + SCALAR)
def test_a_compiled_function_is_as_the_transform(method, kwargs):
    fun = total if method in SCALAR else model
    once = fun if method == "__call__" else getattr(ad_core, method)(fun)
    compiled = ad_core.compile(fun)
    for _ in range(3):
        for point in (X, 2 * X):
            for x, y in zip(
                leaves(getattr(compiled, method)(point, **kwargs)), leaves(once(point, **kwargs)),
                strict=True,
            ):  # fmt: skip
                np.testing.assert_allclose(x, y, rtol=1e-13)
    batch = leaves(getattr(compiled, method)(np.stack([X, 2 * X]), batch_dims=1, **kwargs))
    for x, y in zip(batch, leaves(once(2 * X, **kwargs)), strict=True):
        np.testing.assert_allclose(x[1], y, rtol=1e-13)


@pytest.mark.parametrize("kwargs", KEYWORDS, ids=str)
def test_products_and_tapes(kwargs):
    plain = lambda x: model(x, **kwargs)  # noqa: E731
    compiled, tape = ad_core.compile(model), ad_core.trace(model, X, **kwargs)
    expected = ad_core.jvp(plain, (X,), (X,))[1]
    np.testing.assert_allclose(compiled.jvp(X, X, **kwargs), expected)
    np.testing.assert_allclose(tape.jvp(X, X), expected)
    np.testing.assert_allclose(compiled.vjp(X, X, **kwargs), ad_core.vjp(plain, X)[1](X)[0])
    np.testing.assert_allclose(
        ad_core.compile(total).hvp(X, X, **kwargs),
        ad_core.hvp(lambda x: np.sum(plain(x)), (X,), (X,)),
    )
    np.testing.assert_allclose(tape(2 * X), plain(2 * X))
    pattern = compiled.jacobian(X, sparse=True, **kwargs)
    np.testing.assert_allclose(pattern.toarray(), ad_core.jacobian(plain)(X))
    assert compiled.jacobian_sparsity(X, **kwargs).nnz == 3
    assert "operations" in compiled.explain(X, **kwargs)


def test_by_name_and_by_position():
    f = ad_core.compile(lambda x, scale=1.0: x * scale)
    assert f.grad(2.0, scale=3.0) == f.grad(2.0, 3.0) == 3.0
    assert f(2.0) == 2.0
    assert f.jacobian(2.0, 3.0, argnums=1) == 2.0
    with refused(ValueError, "argnums=1"):
        f.jacobian(2.0, scale=3.0, argnums=1)


def test_a_traced_keyword_is_differentiated_outside():
    f = ad_core.compile(model)
    g = lambda s: np.sum(f(X, scale=s))  # noqa: E731
    assert ad_core.grad(g)(2.0) == 14.0
    assert ad_core.compile(g).grad(2.0) == 14.0


def test_many_values_of_a_keyword_give_a_warning():
    f = ad_core.compile(model)
    for k in range(7):
        f(X, scale=float(k))
    with pytest.warns(PerformanceWarning, match="argument scale.*position"):
        f(X, scale=7.0)


def test_a_tape_takes_no_keywords():
    tape = ad_core.trace(model, X, scale=3.0)
    for call in (tape, tape.jacobian):
        with refused(TypeError, "'scale'", "trace()"):
            call(X, scale=2.0)
    with refused(TypeError, "'nothing'"):
        tape.jvp(X, X, nothing=1)


def test_unknown_keywords_are_the_functions_own_error():
    with refused(TypeError, "nothing"):
        ad_core.compile(model)(X, nothing=1)


def test_verify_passes_keywords_on():
    f = ad_core.compile(model, verify=2)
    np.testing.assert_array_equal(f(X, scale=2.0), 2 * X**2)
    np.testing.assert_array_equal(f(X, scale=3.0), 3 * X**2)
