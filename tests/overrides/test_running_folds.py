# SPDX-License-Identifier: Apache-2.0
"""A running fold is one run, with the derivatives of the same fold written as a loop: on all
routes, of all orders, for all shapes, and with elements that are constants."""

import pickle
import warnings

import numpy as np
import pytest

import ad_core

FOLDS = [np.multiply, np.maximum, np.subtract, np.divide, np.logaddexp, np.hypot, np.power]
SHAPES = {
    "one": ((1,), 0), "two": ((2,), 0), "vector": ((9,), 0), "few rows": ((3, 5), 1),
    "columns": ((5, 3), 0), "many rows": ((3, 12), 0), "part of rows": ((3, 2, 5), 0),
    "middle": ((2, 4, 3), 1),
}  # fmt: skip
GIVEN = {
    "plain": lambda x: x,
    "reversed": lambda x: x[::-1],
    "constants first": lambda x: np.concatenate([np.full(x[:2].shape, 1.3), x])[: len(x)],
    "constants between": lambda x: np.where(np.arange(x.size).reshape(x.shape) % 3 == 1, 1.2, x),
    "one element": lambda x: np.broadcast_to(np.ravel(x)[0], x.shape),
}


def looped(ufunc, x, axis):
    """The same fold in Python."""
    x = np.moveaxis(x, axis, 0)
    found = [x[0]]
    for k in range(1, len(x)):
        found.append(ufunc(found[-1], x[k]))
    return np.moveaxis(np.stack(found), 0, axis)


def pair(ufunc, shape, axis, given):
    """A scalar function by the fold and by the loop, a point, and a direction."""
    rng = np.random.default_rng(5)
    x, weights, direction = rng.uniform(0.5, 1.5, (3, *shape))

    def fold(x):
        return np.sum(weights * ufunc.accumulate(given(x), axis=axis) ** 2)

    def loop(x):
        return np.sum(weights * looped(ufunc, given(x), axis) ** 2)

    return fold, loop, x, direction


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("where", SHAPES)
@pytest.mark.parametrize("ufunc", FOLDS, ids=lambda f: f.__name__)
def test_one_shot_derivatives(ufunc, where, given):
    fold, loop, x, t = pair(ufunc, *SHAPES[where], GIVEN[given])
    value, gradient = ad_core.value_and_grad(fold)(x)
    close(value, fold(x))
    close(gradient, ad_core.grad(loop)(x))
    close(ad_core.jvp(fold, (x,), (t,))[1], ad_core.jvp(loop, (x,), (t,))[1])
    close(ad_core.hvp(fold, (x,), (t,)), ad_core.hvp(loop, (x,), (t,)))
    series = np.stack([t, t * t, 0 * t])
    found, wanted = (ad_core.jet(f, (x,), (series,)) for f in (fold, loop))
    close(found[1], wanted[1])


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("where", SHAPES)
@pytest.mark.parametrize("ufunc", [np.multiply, np.logaddexp, np.maximum], ids=lambda f: f.__name__)
def test_recordings_and_nested_derivatives(ufunc, where, given):
    fold, loop, x, t = pair(ufunc, *SHAPES[where], GIVEN[given])
    tape, other = ad_core.trace(fold, x), x + 0.01
    wanted = ad_core.hessian(loop)(other)
    for recording in (tape, pickle.loads(pickle.dumps(tape))):
        close(recording.grad(other), ad_core.grad(loop)(other))
        close(recording.hessian(other), wanted)
        close(recording.value_and_grad(np.stack([x, other]))[1][1], ad_core.grad(loop)(other))

    def slope(x):
        return ad_core.jvp(fold, (x,), (t,))[1]

    close(ad_core.hessian(fold)(other), wanted)
    close(ad_core.grad(slope)(other), ad_core.hvp(loop, (other,), (t,)))
    close(ad_core.jvp(slope, (other,), (t,))[1], np.sum(t * ad_core.hvp(loop, (other,), (t,))))


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("where", SHAPES)
def test_structure(where, given):
    shape, axis = SHAPES[where]
    x = np.random.default_rng(5).uniform(0.5, 1.5, shape)

    def fold(x):
        return np.ravel(np.cumprod(GIVEN[given](x), axis=axis))

    def loop(x):
        return np.ravel(looped(np.multiply, GIVEN[given](x), axis))

    found = ad_core.jacobian(fold, sparse=True)(x)
    close(found.toarray(), ad_core.jacobian(loop)(x).reshape(found.shape))
    assert found.nnz == ad_core.jacobian(loop, sparse=True)(x).nnz
    by_terms = [ad_core.trace(f, x).jacobian_sparsity() for f in (fold, loop)]
    assert by_terms[0].nnz == by_terms[1].nnz


@pytest.mark.parametrize("n", [511, 512, 513, 1100])
@pytest.mark.parametrize("columns", [1, 7, 8, 40, 700])
def test_chunks(n, columns):
    """Long folds are processed in parts, whose ends do not matter."""
    n = n if columns == 1 else n // 100
    x, w, t = np.random.default_rng(2).uniform(0.99, 1.01, (3, n, columns))

    def fold(x):
        return np.sum(w * np.logaddexp.accumulate(np.multiply.accumulate(x)))

    def loop(x):
        return np.sum(w * looped(np.logaddexp, looped(np.multiply, x, 0), 0))

    close(ad_core.grad(fold)(x), ad_core.grad(loop)(x))
    close(ad_core.jvp(fold, (x,), (t,))[1], ad_core.jvp(loop, (x,), (t,))[1])
    close(ad_core.hvp(fold, (x,), (t,)), ad_core.hvp(loop, (x,), (t,)))
    rows = ad_core.jacobian(lambda x: np.cumprod(x, axis=0)[-3:], mode="rev")(x[:, 0])
    close(rows, ad_core.jacobian(lambda x: np.cumprod(x, axis=0)[-3:], mode="fwd")(x[:, 0]))


@pytest.mark.parametrize("shape", [(50,), (50, 3), (50, 30)])
def test_a_fold_is_one_run_beside_that_of_its_first_elements(shape):
    size = ad_core.trace(lambda x: np.maximum.accumulate(x)[-1], np.ones(shape)).size
    assert size["runs"] == 2 * (shape[1] if shape[1:] == (3,) else 1)


def test_infinities_and_zeros():
    """A factor of zero, an infinity behind it, and results that overflow."""
    for x in ([2.0, 0.0, 3.0, np.inf], [1e200, 1e200, 0.0, 2.0], [np.nan, 1.0, 2.0, 3.0]):
        x = np.array(x)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for ufunc in (np.multiply, np.maximum, np.logaddexp):
                for mode in ("fwd", "rev"):
                    found = ad_core.jacobian(ufunc.accumulate, mode=mode)(x)
                    loop = ad_core.jacobian(lambda x, f=ufunc: looped(f, x, 0), mode=mode)
                    np.testing.assert_allclose(found, loop(x), rtol=1e-14)


def test_squares_of_a_running_hypotenuse_at_zero():
    def squares(x):
        return np.hypot.accumulate(x) ** 2

    x = np.array([0.0, 0.0, 3.0, 4.0])
    wanted = ad_core.jacobian(lambda x: looped(np.hypot, x, 0) ** 2)(x)
    np.testing.assert_allclose(ad_core.jacobian(squares)(x), wanted)


def test_results_of_constants_are_constants():
    def f(x):
        y = np.cumprod(np.concatenate([np.array([2.0, 3.0]), x]))
        return x[0] * int(y[1]) * y[-1]

    close(ad_core.grad(f)(np.array([5.0, 7.0])), [2 * 5 * 7 * 6 * 6, 25 * 36])


def test_an_inner_function_ends_while_its_result_is_folded():
    """What were inputs of an inner function are constants when the recording ends."""

    def f(x):
        def inner(y):
            return np.sum(np.cumprod(np.concatenate([y, x])))

        return ad_core.grad(inner)(np.array([1.5, 0.5])) @ x

    x = np.array([1.2, 0.8])
    tape = ad_core.trace(f, x)
    close(ad_core.grad(f)(x), tape.grad(x))
    close(pickle.loads(pickle.dumps(tape)).hessian(x), ad_core.hessian(f)(x))
    ad_core.check_grads(f, (x,), order=2)
