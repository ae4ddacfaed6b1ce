# SPDX-License-Identifier: Apache-2.0
"""Compiled programs of functions that call rules: values, first derivatives, batches, errors."""

import threading

import numpy as np
import pytest

import ad_core
from threads import everywhere

rng = np.random.default_rng(3)
X = rng.normal(size=4)
POINTS = rng.normal(size=(37, 4))
M = rng.normal(size=(4, 4)) + 6.0 * np.eye(4)


@ad_core.custom_vjp
def softplus(x):
    return np.log1p(np.exp(x))


softplus.defvjp(lambda x: (softplus(x), x), lambda x, w: (w / (1.0 + np.exp(-x)),))


@ad_core.custom_jvp
def cube(x):
    return x * x * x


cube.defjvp(lambda primals, tangents: (primals[0] ** 3, 3.0 * primals[0] ** 2 * tangents[0]))

table = ad_core.external(np.sin, jacobian=lambda x: np.diag(np.cos(x)), name="table")


def linear(x):
    a = M + np.outer(x, np.cos(x))
    return np.linalg.solve(a, np.sin(x)) * np.linalg.det(a)


def kalman(x):
    p, state = np.eye(4), x
    for _ in range(3):
        gain = np.linalg.solve((p + M @ M.T).T, p).T
        state = state + gain @ (np.sin(state) - x)
        p = p - gain @ p + np.outer(x, x) * 0.1
    return state


FUNCTIONS = {
    "linear": linear,
    "kalman": kalman,
    "custom_vjp": lambda x: softplus(x * x) * x[::-1],
    "custom_jvp": lambda x: np.exp(cube(np.sin(x))) + x,
    "external": lambda x: table(x * 2.0)[:3] * table(x)[1:],
    "two results": lambda x: np.concatenate(np.linalg.eigh(M + M.T + np.outer(x, x))[0:1]) * x[0],
    "constant input": lambda x: np.linalg.solve(M + x[0] * np.eye(4), np.ones(4)),
    "guard": lambda x: linear(x) if x[0] < 100.0 else x,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_batches_agree_with_one_shot(name):
    function = FUNCTIONS[name]
    tape = ad_core.trace(function, X)
    assert "carried out again" not in str(tape.explain())
    jacobian = ad_core.jacobian(function)
    values, slopes = (
        np.array([function(x) for x in POINTS]),
        np.array([jacobian(x) for x in POINTS]),
    )
    close = {"rtol": 1e-9, "atol": 1e-10 * np.abs(slopes).max()}
    np.testing.assert_allclose(tape(POINTS), values, **close)
    np.testing.assert_allclose(tape.jacobian(POINTS), slopes, **close)
    np.testing.assert_allclose([tape.jacobian(x) for x in POINTS], slopes, **close)
    tangents = rng.normal(size=POINTS.shape)
    cotangents = rng.normal(size=values.shape)
    np.testing.assert_allclose(
        tape.jvp(POINTS, tangents), np.einsum("nkd,nd->nk", slopes, tangents), **close
    )
    np.testing.assert_allclose(
        tape.vjp(POINTS, cotangents), np.einsum("nkd,nk->nd", slopes, cotangents), **close
    )
    value, slope = tape.value_and_jacobian(POINTS, workers=2)
    np.testing.assert_allclose(value, values, **close)
    np.testing.assert_allclose(slope, slopes, **close)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_and_second_derivatives(name):
    def function(x):
        return np.sum(np.sin(FUNCTIONS[name](x)))

    tape = ad_core.trace(function, X)
    np.testing.assert_allclose(tape.grad(X), ad_core.grad(function)(X), rtol=1e-9, atol=1e-10)
    if name not in ("custom_vjp", "external"):  # whose own rules have no derivatives of that mode
        hessian = ad_core.hessian(function)(X)
        close = {"rtol": 1e-8, "atol": 1e-10 * np.abs(hessian).max()}
        np.testing.assert_allclose(tape.hessian(X), hessian, **close)
        np.testing.assert_allclose(tape.hvp(X, POINTS[0]), hessian @ POINTS[0], **close)


def test_sparse_jacobians_treat_a_rule_as_dense():
    tape = ad_core.trace(lambda x: np.append(np.linalg.solve(M[:2, :2] * x[0], x[1:3]), x[3]), X)
    found = tape.jacobian(X, sparse=True)
    assert found.nnz == 2 * 3 + 1
    np.testing.assert_allclose(found.toarray(), tape.jacobian(X))


class Failing:
    """A black box that fails if its argument is negative."""

    def __init__(self):
        self.function = ad_core.external(self.value, vjp=self.vjp, name="simulator")
        self.tape = ad_core.trace(lambda x: self.function(x) + x, np.ones(2))

    def value(self, x):
        if x[0] < 0.0:
            raise ZeroDivisionError(f"diverged at {x[0]}")
        return x * x

    def vjp(self, primals, w):
        (x,) = primals
        if x[0] > 10.0:
            raise ArithmeticError("no derivative")
        return (2.0 * x * w,)


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("points", [1, 2, 500, 20_000])
def test_errors_of_rules_end_the_call(points, workers):
    tape = Failing().tape
    good = np.full((points, 2), 2.0)
    bad = good.copy()
    bad[points // 2, 0] = -1.0
    with pytest.raises(ZeroDivisionError, match="diverged at -1"):
        tape(bad, workers=workers)
    bad[points // 2, 0] = 11.0
    with pytest.raises(ArithmeticError, match="no derivative"):
        tape.jacobian(bad, workers=workers)
    np.testing.assert_array_equal(tape(good, workers=workers), good**2 + good)
    with pytest.raises(ZeroDivisionError):
        tape(np.array([-1.0, 1.0]))
    np.testing.assert_array_equal(tape(good[0]), [6.0, 6.0])


def test_a_rule_may_call_its_own_program():
    """The program's memory is in use while the rule runs."""
    tapes = []

    def value(x):
        if tapes and x[0] > 1.0:
            return tapes[0](x - 1.0) + x
        return x * 1.0

    step = ad_core.external(value, vjp=lambda primals, w: (w,))
    tapes.append(ad_core.trace(lambda x: step(x) * 2.0, np.array([0.5, 0.5])))
    assert tapes[0](np.array([3.5, 0.0])).tolist() == [
        2 * (2 * (2 * (2 * 0.5 + 1.5) + 2.5) + 3.5),
        -68.0,
    ]


def test_threads_share_a_program():
    """A rule in Python lets other threads run while the program's memory is in use."""
    lock = threading.Event()

    def value(x):
        lock.wait(0.001)
        return x * x

    slow = ad_core.external(value, vjp=lambda primals, w: (2.0 * primals[0] * w,))
    tape = ad_core.trace(lambda x: slow(x) + x, X)
    found = [None] * 8

    def work(k):
        for _ in range(5):
            found[k] = tape(X + k)

    everywhere(work, 8)
    for k in range(8):
        np.testing.assert_array_equal(found[k], (X + k) ** 2 + (X + k))


def test_rules_outlive_what_recorded_them():
    def made():
        box = Failing()
        return ad_core.trace(lambda x: box.function(x) * 3.0, np.ones(2))

    tape = made()
    tape(np.ones(2))
    np.testing.assert_array_equal(tape.jacobian(np.array([2.0, 3.0])), np.diag([12.0, 18.0]))


def test_products_have_the_form_of_the_point():
    """A bare array gives an array, and a tuple gives a tuple, as the pullback of ad_core.vjp does
    for its positional arguments."""
    x, w, t = np.array([2.0, 3.0]), np.array([1.0, -1.0]), np.array([0.5, 2.0])
    f = lambda x: x**3  # noqa: E731
    tape = ad_core.trace(f, x)
    pulled = ad_core.vjp(f, x)[1](w)
    for given in (x, (x,)):
        found = tape.vjp(given, w)
        assert type(found) is type(given)
        np.testing.assert_allclose(np.squeeze(found), pulled[0], rtol=1e-15)
    assert type(pulled) is tuple
    np.testing.assert_array_equal(tape.jvp((x,), (t,)), ad_core.jvp(f, (x,), (t,))[1])
    total = ad_core.trace(lambda x: np.sum(x**3), x)
    np.testing.assert_array_equal(total.hvp((x,), (t,)), total.hvp(x, t))
    both = ad_core.trace(lambda x, y: x * y, x, x).vjp((x, t), w)
    assert type(both) is tuple
    np.testing.assert_array_equal(both[0], t * w)
