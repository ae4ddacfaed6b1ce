# SPDX-License-Identifier: Apache-2.0
"""Recordings on several threads at once, beside threads that use NumPy alone."""

import sys
import textwrap
import threading
import types
import warnings

import numpy as np
import pytest

import ad_core
from ad_core.overrides.numpy import own_code
from threads import everywhere

ZEROS = np.zeros
X = np.linspace(0.2, 1.2, 6)


def buffers(x):
    out = np.zeros(x.size)
    out[:] = np.cumsum(x) * np.sin(x)
    return np.sum(np.concatenate([out, x[::-1]]) ** 2)


def lists(x):
    return np.mean([x[0] * x[1], np.exp(x[2])]) + np.linalg.norm(np.array([x[3], 2.0 * x[4]]))


def loops(x):
    y = x[0]
    for k in range(12):  # enough calls of ufuncs to exchange their entry points
        y = np.sin(y) + x[k % 6] * np.cos(y)
    return y


def nested(x):
    return np.sum(x * ad_core.grad(lambda y: np.sum(y * y * x))(x))


FUNCTIONS = [buffers, lists, loops, nested]


def test_functions_of_all_kinds():
    expected = [(ad_core.grad(f)(X), ad_core.hessian(f)(X)) for f in FUNCTIONS]

    def work(number):
        for k in range(24):
            k = (k + number) % len(FUNCTIONS)
            gradient, hessian = expected[k]
            np.testing.assert_array_equal(ad_core.grad(FUNCTIONS[k])(X), gradient)
            if k % 2:
                np.testing.assert_array_equal(ad_core.hessian(FUNCTIONS[k])(X), hessian)
            tape = ad_core.trace(FUNCTIONS[k], X)
            np.testing.assert_allclose(tape.grad(X), gradient, rtol=1e-12)

    everywhere(work)


def test_beside_threads_that_use_numpy():
    """They get NumPy's own results, types and warnings while names and ufuncs are exchanged."""
    expected = [ad_core.grad(f)(X) for f in FUNCTIONS]
    upper = np.triu(np.ones((3, 3)))

    def plain():
        made = np.zeros(2), np.ones((2, 2)), np.array([1.0, 2.0]), np.mean([1.0, 2.0]), np.sin(0.5)
        assert [type(x) for x in made] == [np.ndarray] * 3 + [np.float64] * 2
        assert type(np.asanyarray(np.ma.array([1.0]))) is np.ma.MaskedArray
        assert np.array_equal(np.linalg.solve(upper, upper), np.eye(3))
        assert np.add.reduce(X) == X.sum()
        with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
            np.divide(X, 0.0)

    def work(number):
        for k in range(24):
            if number % 2:
                plain()
            else:
                k = (k + number) % len(FUNCTIONS)
                np.testing.assert_array_equal(ad_core.grad(FUNCTIONS[k])(X), expected[k])

    everywhere(work)
    assert np.zeros is ZEROS


BOUND = """
    from math import exp
    from numpy import zeros

    def made(x):
        y = zeros(2)
        y[0] = exp(x)
        y[1] = float(x)
        return y.sum()
"""


@pytest.fixture
def bound():
    """A module whose names are exchanged when a recording has failed."""
    module = sys.modules["bound_names"] = types.ModuleType("bound_names")
    exec(textwrap.dedent(BOUND), vars(module))
    yield module
    ad_core.restore()
    del sys.modules["bound_names"]


def test_names_that_are_exchanged_at_once(bound):
    expected = np.exp(0.5) + 1.0

    def work(number):
        for _ in range(12):
            assert ad_core.grad(bound.made)(0.5) == expected
            assert bound.made(0.5) == np.exp(0.5) + 0.5
            assert type(bound.zeros(2)) is np.ndarray

    for _ in range(4):
        everywhere(work)
        assert "bound_names" in ad_core.adapted()
        ad_core.restore()
        assert bound.zeros is np.zeros


def test_copies_of_numpys_code_that_are_made_at_once():
    def spread(x):
        return (
            np.percentile(x, 30) + np.sum(np.vander(x[:3])) + np.ptp(np.histogram(X, 3)[1] * x[0])
        )

    def work(number):
        return ad_core.grad(spread)(X)

    for _ in range(4):
        own_code.copies.clear()
        own_code.mirrors.clear()
        own_code.own_code.cache_clear()
        for found in everywhere(work):
            np.testing.assert_array_equal(found, work(0))


def test_error_states_of_threads():
    """What one thread's function does in a state that raises does not concern the others."""

    def careful(x):
        with np.errstate(divide="raise"):
            try:
                return np.sum(1.0 / x)
            except FloatingPointError:
                return np.sum(x)

    zero = np.array([1.0, 0.0])

    def work(number):
        for _ in range(12):
            if number % 2:
                assert np.array_equal(ad_core.grad(careful)(zero), [1.0, 1.0])
            else:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    found = ad_core.grad(lambda x: np.sum(1.0 / (x + 1.0)))(zero)
                assert np.array_equal(found, [-0.25, -1.0])

    everywhere(work)


def test_contexts_of_debugging():
    def work(number):
        for _ in range(12):
            with ad_core.debug(nans=bool(number % 2)), ad_core.allow_refusals():
                assert np.array_equal(ad_core.grad(buffers)(X), expected)

    expected = ad_core.grad(buffers)(X)
    everywhere(work)
    with ad_core.debug(nans=True), pytest.raises(FloatingPointError):
        ad_core.grad(np.sqrt)(0.0)
    ad_core.grad(lambda x: x * np.sqrt(x))(0.0)


def test_values_that_leave_their_trace_on_another_thread():
    """Constants of a trace may be used by any thread after it has ended."""
    table = []

    def f(x):
        table.append(np.ones(4) * 2.0)
        return np.sum(x * table[0][0])

    ad_core.grad(f)(X)
    assert everywhere(lambda number: float(np.sum(table[0]))) == [8.0] * 4


def test_a_thread_that_ends_within_a_trace():
    """A traced function may start threads that record, and wait for them."""
    expected = ad_core.grad(buffers)(X)
    found = []

    def f(x):
        threads = [
            threading.Thread(target=lambda: found.append(ad_core.grad(buffers)(X)))
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return np.sum(x * x)

    assert np.array_equal(ad_core.grad(f)(X), 2.0 * X)
    assert len(found) == 2
    assert all(np.array_equal(one, expected) for one in found)
