# SPDX-License-Identifier: Apache-2.0
"""What transforms return can be pickled: functions with fun, linear maps with their numbers."""

import copy
import pickle

import numpy as np
import pytest

import ad_core
from agreement import refused

X = np.array([1.0, 2.0, 0.5])


def rosen(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def powers(x, n=2):
    return x**n


def with_aux(x):
    return rosen(x), {"norm": np.sum(x**2), "name": "aux"}


def solved(x):
    return np.linalg.solve(np.diag(x) + 1.0, x**2)


@ad_core.grad
def decorated(x):
    return rosen(x)


@ad_core.value_and_jacobian
def decorated_too(x):
    return powers(x)


FUNCTIONS = {
    "grad": lambda: ad_core.grad(rosen),
    "grad of a tuple": lambda: ad_core.grad(rosen, (0,)),
    "grad with aux": lambda: ad_core.grad(with_aux, has_aux=True),
    "value_and_grad": lambda: ad_core.value_and_grad(rosen),
    "value_and_grad with aux": lambda: ad_core.value_and_grad(with_aux, has_aux=True),
    "jacobian": lambda: ad_core.jacobian(powers, mode="fwd", chunk_size=2),
    "jacobian with aux": lambda: ad_core.jacobian(with_aux, has_aux=True),
    "value_and_jacobian": lambda: ad_core.value_and_jacobian(powers),
    "jacfwd": lambda: ad_core.jacfwd(powers),
    "jacrev": lambda: ad_core.jacrev(powers),
    "hessian": lambda: ad_core.hessian(rosen),
    "sparse jacobian": lambda: ad_core.jacobian(powers, sparse=True),
    "sparse value_and_jacobian": lambda: ad_core.value_and_jacobian(powers, sparse=True),
    "sparse hessian": lambda: ad_core.hessian(rosen, sparse=True),
    "nested": lambda: ad_core.jacobian(ad_core.grad(rosen)),
    "of a compiled function": lambda: ad_core.grad(ad_core.compile(rosen)),
    "of a tape": lambda: ad_core.hessian(ad_core.trace(rosen, X)),
    "a decorated function": lambda: decorated,
    "another decorated function": lambda: decorated_too,
}


def same(found, expected):
    assert type(found) is type(expected)
    if isinstance(expected, tuple):
        for x, y in zip(found, expected, strict=True):
            same(x, y)
    elif isinstance(expected, dict):
        assert list(found) == list(expected)
        same(tuple(found.values()), tuple(expected.values()))
    elif hasattr(expected, "toarray"):
        np.testing.assert_array_equal(found.toarray(), expected.toarray())
    else:
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("copied", [lambda f: pickle.loads(pickle.dumps(f)), copy.deepcopy])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name, copied):
    f = FUNCTIONS[name]()
    again = copied(f)
    same(again(X), f(X))
    same(copied(again)(2 * X), f(2 * X))
    assert again.__name__ == f.__name__


def test_decorated_functions_are_found_by_their_names():
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    assert pickle.loads(pickle.dumps(decorated_too)) is decorated_too


def test_a_function_that_cannot_be_pickled_is_named():
    for transform in (ad_core.grad, ad_core.hessian, ad_core.jacobian, ad_core.value_and_jacobian):
        f = transform(lambda x: x)
        with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
            pickle.dumps(f)


@pytest.mark.parametrize("fun", [rosen, powers, solved, lambda x: np.exp(x)])
def test_linear_maps_have_the_numbers_of_their_point(fun):
    """Only a recording with calls of rules needs the function itself."""
    y, pullback = ad_core.vjp(fun, X)
    push = ad_core.linearize(fun, X)[1]
    for _ in range(2):
        again, pushed = pickle.loads(pickle.dumps((pullback, push)))
        np.testing.assert_array_equal(again(y)[0], pullback(y)[0])
        np.testing.assert_array_equal(pushed(X), push(X))
        pullback, push = again, pushed


def test_a_linear_map_does_not_follow_its_function():
    scale = [2.0]
    _, pullback = ad_core.vjp(lambda x: scale[0] * x, X)
    scale[0] = 5.0
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(pullback))(X)[0], 2 * X)


def test_several_arguments():
    _, pullback = ad_core.vjp(lambda p, x: p["a"] * x, {"a": 2.0, "n": None}, X)
    found = pickle.loads(pickle.dumps(pullback))(X)
    assert found[0] == {"a": X @ X, "n": None}
    np.testing.assert_array_equal(found[1], 2 * X)
    one = ad_core.vjp(lambda a, x: a * x, 2.0, X, argnums=1)[1]
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(one))(X), 2 * X)


def test_a_linear_map_within_a_trace_is_refused():
    def f(x):
        pickle.dumps(ad_core.vjp(powers, x)[1])
        return x

    with refused(RuntimeError, "enclosing trace", "powers"):
        ad_core.grad(f)(2.0)
