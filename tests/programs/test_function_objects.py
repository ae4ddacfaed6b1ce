# SPDX-License-Identifier: Apache-2.0
"""A Function within another trace, and as an object: copied, pickled, freed, named."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import ad_core
from agreement import refused
from paths import agree, branchy, quarters

rng = np.random.default_rng(5)


# ------------------------------------------------------------------------- within another trace


def test_within_a_derivative():
    f = ad_core.compile(branchy)
    x = np.array([0.9, 0.2, 0.4])
    f(x)
    total = lambda x: np.sum(f(x * x) ** 2)  # noqa: E731
    plain = lambda x: np.sum(branchy(x * x) ** 2)  # noqa: E731
    agree(ad_core.grad(total)(x), ad_core.grad(plain)(x))
    agree(ad_core.hessian(total)(x), ad_core.hessian(plain)(x))
    for inner in ("jacobian", "jvp", "vjp"):
        extra = () if inner == "jacobian" else (x,)
        one = {
            "jacobian": lambda y: ad_core.jacobian(branchy)(y),
            "jvp": lambda y: ad_core.jvp(branchy, (y,), (x,))[1],
            "vjp": lambda y: ad_core.vjp(branchy, y)[1](x)[0],
        }[inner]
        found = ad_core.jacobian(lambda y, inner=inner, e=extra: getattr(f, inner)(y, *e))(x)
        agree(found, ad_core.jacobian(one)(x))
    g, h = ad_core.compile(plain), ad_core.compile(lambda x: g.grad(x) * g(x))
    agree(h.jacobian(x), ad_core.jacobian(lambda x: ad_core.grad(plain)(x) * plain(x))(x))
    agree(ad_core.grad(lambda x: np.sum(g.hvp(x, x)))(x),
          ad_core.grad(lambda x: np.sum(ad_core.hvp(plain, (x,), (x,))))(x))  # fmt: skip
    assert ad_core.trace(f, x)(x).shape == (3,)


def unless_refused(word, call):
    """The call's result; None if it raises a TypeError with the word."""
    try:
        return call()
    except TypeError as error:
        message = str(error)
    assert word in message
    return None


def test_batches_within_a_derivative():
    """A batch of traced points is computed point by point, or raises; it is never one big point."""
    f = ad_core.compile(lambda x: np.sin(x) * x[0])
    X = rng.random((4, 3))
    expected = ad_core.grad(lambda X: sum(np.sum(np.sin(x) * x[0]) for x in X))(X)
    for call in (f, f.jacobian, lambda X, batch_dims: f.jvp(X, X, batch_dims=batch_dims)):
        total = lambda X, call=call: np.sum(call(X, batch_dims=1))  # noqa: E731
        found = unless_refused("batch_dims", lambda total=total: ad_core.value_and_grad(total)(X))
        if found is not None:
            agree(found[0], total(X))
            if call is f:
                agree(found[1], expected)


def test_given_arrays_within_a_derivative_do_not_lose_it():
    f, x = ad_core.compile(lambda x: np.sin(x)), rng.random(3)

    def into(x):
        y = np.zeros(3)
        f(x, out=y)
        return y

    found = unless_refused("out", lambda: ad_core.jacobian(into)(x))
    if found is not None:
        agree(found, np.diag(np.cos(x)))


def test_plain_calls_within_a_trace_are_plain():
    f, x = ad_core.compile(branchy), np.array([0.9, 0.2])
    agree(ad_core.grad(lambda y: np.sum(f(x)) * y)(2.0), np.sum(branchy(x)))
    assert f.paths == 1


# ------------------------------------------------------------------ the object as Python sees it


@ad_core.compile
def decorated(x):
    """Its docstring."""
    return x * x if x > 0 else -x


plain_compiled = ad_core.compile(quarters, max_paths=7)


@pytest.mark.parametrize("clone", [copy.copy, copy.deepcopy,
                                   lambda f: pickle.loads(pickle.dumps(f))])  # fmt: skip
def test_copies(clone):
    x = np.array([0.3, -0.4])
    plain_compiled(x)
    f = clone(plain_compiled)
    assert f.__wrapped__ is quarters
    agree(f.grad(x), ad_core.grad(quarters)(x))
    for k in range(12):
        f(np.array([1.0, 2.0]) * (-1.0) ** k)
    assert f.paths <= 7
    assert clone(decorated).grad(3.0) == 6.0


def test_it_looks_like_the_function():
    assert decorated.__name__ == "decorated"
    assert decorated.__doc__ == "Its docstring."
    assert decorated.__module__ == __name__
    assert decorated.__qualname__ == "decorated"
    assert "decorated" in repr(decorated)


class Quadratic:
    """A callable object whose attributes are named as everything that a Function has."""

    def __init__(self):
        self.power, self.__wrapped__ = 2, None
        for name in dir(ad_core.compile(quarters)):
            if not name.startswith("__"):
                setattr(self, name, "taken")

    def __call__(self, x):
        return np.sum(x**self.power)


def test_an_object_may_have_attributes_of_any_name():
    quadratic = Quadratic()
    f = ad_core.compile(quadratic)
    x = np.array([1.0, 3.0])
    for n in (1, 2):  # of a recording, and of the one that is known
        assert f(x) == 10.0
        for method in (f.grad, f.jacobian):
            np.testing.assert_array_equal(method(x), 2 * x)
        np.testing.assert_array_equal(f.hessian(x), 2 * np.eye(2))
        np.testing.assert_array_equal(f.jvp(x, x), 20.0)
        assert f.paths == 1, n
    assert f.power == 2
    assert f.__wrapped__ is quadratic


def test_it_is_freed():
    f = ad_core.compile(lambda x: x * x)
    f.grad(3.0)
    f(np.ones(40), batch_dims=1)
    gone = weakref.ref(f)
    del f
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("max_paths", [0, -1, 1.5, True, "a", None])
def test_a_wrong_number_of_paths(max_paths):
    with refused((ValueError, TypeError), "max_paths", repr(max_paths)):
        ad_core.compile(quarters, max_paths=max_paths)


def test_arguments_that_are_not_functions():
    with refused(TypeError, "compile()", "int"):
        ad_core.compile(3)


def test_other_callables():
    class Affine:
        def __init__(self, k):
            self.k = k

        def __call__(self, x):
            return x * self.k

        def method(self, x):
            return x + self.k

    assert ad_core.compile(Affine(3.0)).grad(2.0) == 3.0
    assert ad_core.compile(Affine(3.0).method)(2.0) == 5.0
    assert ad_core.compile(np.sin).grad(0.0) == 1.0
    assert ad_core.compile(ad_core.grad(np.sin)).grad(0.0) == 0.0
