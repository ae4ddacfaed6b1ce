# SPDX-License-Identifier: Apache-2.0
"""Convolutions and correlations: one operation of the core, its derivatives of all orders in all
modes, its structure, and what infinities do."""

import pickle

import numpy as np
import pytest

import ad_core

MODES = ["full", "same", "valid"]


def numbers(n, seed=0):
    return np.random.default_rng(seed).normal(size=n)


def dense(mode, n, kernel):
    """The matrix of a convolution with a kernel."""
    return np.stack([np.convolve(unit, kernel, mode) for unit in np.eye(n)], axis=1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("n", "m"), [(1, 1), (2, 5), (5, 2), (9, 9), (70, 33), (4, 600)])
def test_jacobians_are_exact_in_both_modes_and_compiled(n, m, mode):
    x, kernel = numbers(n), numbers(m, 1)
    expected = dense(mode, n, kernel)

    def f(x):
        return np.convolve(x, kernel, mode)

    tape = ad_core.trace(f, x)
    np.testing.assert_allclose(tape.value, f(x), rtol=1e-12, atol=1e-12)
    for found in (
        ad_core.jacfwd(f)(x), ad_core.jacrev(f)(x), ad_core.compile(f).jacobian(x),
        tape.jacobian(np.stack([x, 2 * x, x - 1]))[1],
    ):  # fmt: skip
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("step", [1, -1])
def test_derivatives_of_higher_order(mode, step):
    def f(x):
        a, v = x[:11], x[5:11][::step]  # they share nodes
        return np.sum(np.sin(np.correlate(a, v, mode))) + np.sum(np.convolve(v, v, mode) ** 2)

    x = numbers(16)
    ad_core.check_grads(f, (x,), order=2)
    tape, function = ad_core.trace(f, x), ad_core.compile(f)
    hessian = ad_core.hessian(f)(x)
    np.testing.assert_allclose(tape.hessian(x), hessian, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(function.hessian(x + 0.1), ad_core.hessian(f)(x + 0.1), rtol=1e-9)
    t = numbers(16, 2)
    np.testing.assert_allclose(ad_core.hvp(f, (x,), (t,)), hessian @ t, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(tape.hvp(x, t), hessian @ t, rtol=1e-9, atol=1e-10)


def test_a_derivative_of_third_order():
    def f(x):
        return np.sum(np.convolve(np.convolve(x, x), x) ** 2)

    x, t = numbers(5), numbers(5, 1)
    third = ad_core.jacobian(ad_core.hessian(f))(x)
    _, coefficients = ad_core.jet(f, (x,), (t[None],), order=3)
    expected = np.einsum("ijk,i,j,k->", third, t, t, t) / 6
    np.testing.assert_allclose(coefficients[2], expected, rtol=1e-9)


def test_the_structure_is_that_of_the_windows():
    x, kernel = numbers(40), np.array([1.0, 0.0, 2.0])
    tape = ad_core.trace(lambda x: np.convolve(x, kernel), x)
    expected = dense("full", 40, kernel)
    sparse = tape.jacobian(x, sparse=True)
    assert sparse.nnz == np.count_nonzero(expected)
    np.testing.assert_array_equal(sparse.toarray(), expected)
    one_shot = ad_core.jacobian(lambda x: np.convolve(x, kernel), sparse=True)(x)
    assert one_shot.nnz == np.count_nonzero(expected)
    np.testing.assert_array_equal(one_shot.toarray(), expected)


def test_one_run_and_one_node_for_each_result():
    x = numbers(500)
    tape = ad_core.trace(lambda x: np.convolve(x, x), x)
    assert tape.size["block runs"] == 1
    assert tape.size["nodes"] == 500 + 999
    assert tape.size["list entries"] == 0


def test_elements_beyond_the_ends_are_not_multiplied():
    x = np.array([1.0, 2.0, np.inf, 4.0])
    kernel = np.array([1.0, 3.0])
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(
            ad_core.trace(lambda x: np.convolve(x, kernel), x).value, np.convolve(x, kernel)
        )


def test_a_zero_that_stays_zero_wins():
    def f(x):
        return np.convolve(np.log(x), np.array([0.0, 1.0]))

    x = np.array([0.0, 2.0])
    with np.errstate(all="ignore"):
        for mode in (ad_core.jacfwd, ad_core.jacrev):
            np.testing.assert_array_equal(mode(f)(x), [[0.0, 0.0], [np.inf, 0.0], [0.0, 0.5]])


def test_lists_constants_and_pickles():
    def f(x):
        a = np.convolve([x[0], 1.0, x[2]], x[::2])
        return a + np.convolve(np.ones(3), np.arange(3.0))[: a.size] @ np.ones(5)

    x = numbers(5)
    tape = ad_core.trace(f, x)
    loaded = ad_core.Tape.from_bytes(tape.to_bytes())
    again = pickle.loads(pickle.dumps(tape))
    expected = ad_core.jacfwd(f)(x + 1)
    for one in (tape, loaded, again):
        np.testing.assert_allclose(one.jacobian(x + 1), expected, rtol=1e-12)


def test_polynomial_products():
    def f(x):
        return np.polymul(np.polymul(x[:3], x[3:]), x[:3])

    ad_core.check_grads(f, (numbers(7),), order=2)
