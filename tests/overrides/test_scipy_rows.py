# SPDX-License-Identifier: Apache-2.0
"""SciPy's own functions on traced values, called as people call them: values, derivatives in both
modes, compiled, in batches and of second order, for each call of tests/support/scipy_rows/."""

import numpy as np
import pytest

import ad_core
from ad_core.errors import NotDifferentiable
from scipy_rows import modules, public_names

MODULES = modules()
CALLS = [
    pytest.param(call, id=f"{module.__name__.rpartition('.')[2]}-{name}-{k}")
    for module in MODULES
    for name, calls in module.ROWS.items()
    if hasattr(module.MODULE, name)
    for k, call in enumerate(calls)
]
REFUSED = [
    pytest.param(call, id=f"{module.__name__.rpartition('.')[2]}-{name}")
    for module in MODULES
    for name, call in module.REFUSED.items()
    if hasattr(module.MODULE, name)
]

pytestmark = pytest.mark.filterwarnings("ignore")


def differences(f, x, h):
    """Central differences of sixth order, along each element of x."""
    weights = {-3: -1 / 60, -2: 3 / 20, -1: -3 / 4, 1: 3 / 4, 2: -3 / 20, 3: 1 / 60}
    columns = []
    for k in range(x.size):
        e = np.zeros(x.size)
        e[k] = h
        e = e.reshape(x.shape)
        columns.append(sum(w * np.asarray(f(x + s * e)) for s, w in weights.items()) / h)
    return np.stack(columns, -1).reshape(np.shape(f(x)) + x.shape)


def close(actual, expected, tolerance):
    scale = max(1.0, np.max(np.abs(expected), initial=0.0))
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance * scale)


FIRST_CALLS = {str(call.id).partition("-")[0]: call for call in reversed(CALLS)}


@pytest.mark.usefixtures("names_are_restored")
@pytest.mark.parametrize("call", FIRST_CALLS.values())
def test_names_are_exchanged_for_the_first_function_of_a_module(call):
    f, x = call.function, np.asarray(call.point, float)
    close(ad_core.jacobian(f)(x), differences(f, x, 1e-3), call.tolerance)


@pytest.mark.parametrize("call", CALLS)
def test_derivatives(call):
    f, x = call.function, np.asarray(call.point, float)
    value, forward = ad_core.value_and_jacobian(f, mode="fwd")(x)
    plain = f(x)
    assert np.shape(value) == np.shape(plain)
    if call.exact:
        np.testing.assert_array_equal(value, plain)
    else:
        np.testing.assert_allclose(value, plain, rtol=1e-12, atol=1e-13)
    close(forward, differences(f, x, 1e-3), call.tolerance)
    close(ad_core.jacrev(f)(x), forward, 1e-10)
    compiled = ad_core.compile(f)
    close(compiled.jacobian(x), forward, 1e-10)
    near = x * (1.0 + 1e-3)
    close(compiled.jacobian(near), ad_core.jacobian(f)(near), 1e-9)
    batch = compiled.jacobian(np.stack([x, near]), batch_dims=1)
    close(batch[0], forward, 1e-9)
    if call.second:
        rng = np.random.default_rng(0)
        w = rng.normal(size=np.shape(plain))

        def weighted(x):
            return np.sum(w * f(x))

        expected = differences(ad_core.grad(weighted), x, 1e-3)
        close(ad_core.hessian(weighted)(x), expected, 10 * call.tolerance)


@pytest.mark.parametrize("call", REFUSED)
def test_refused_in_our_words(call):
    with pytest.raises(NotDifferentiable, match=r"test_|scipy_rows"):
        ad_core.jacobian(call)(np.array([0.3, 0.7]))


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.__name__.rpartition(".")[2])
def test_every_public_name_is_in_one_list(module):
    lists = [set(module.ROWS), set(module.PLAIN), set(module.REFUSED)]
    names = set(public_names(module.MODULE))
    counted = {name: sum(name in part for part in lists) for name in names}
    assert not {name: count for name, count in counted.items() if count != 1}
