# SPDX-License-Identifier: Apache-2.0
"""map_batch and sum_value_and_grad if something goes wrong in the middle: nothing waits forever,
and what has not begun is cancelled."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import ad_core
from ad_core.distributed import map_batch, sum_value_and_grad
from agreement import refused
from engines import RayLike

X = np.random.default_rng(0).uniform(-1.0, 1.0, (256, 3))


def counted(calls, wait=0.0):
    def f(x):
        calls.append(1)
        time.sleep(wait)
        return np.sum(x * x)

    return ad_core.compile(ad_core.external(f, vjp=lambda x, w: (2.0 * x[0] * w,)))


class Raising:
    """A progress bar whose update raises."""

    def update(self, n):
        raise KeyError("no terminal")


@pytest.fixture(scope="module")
def tape():
    return ad_core.trace(lambda x: np.sum(np.sin(x) * x[0]), X[0])


def test_an_executor_that_is_shut_down_meanwhile():
    """Its tasks are cancelled, of which concurrent.futures.as_completed is not told."""
    calls = []
    f = counted(calls, 0.02)
    executor = ThreadPoolExecutor(1)
    stop = threading.Timer(0.1, lambda: executor.shutdown(wait=False, cancel_futures=True))
    stop.start()
    with refused(RuntimeError, "cancelled"):
        map_batch(f, X, executor, "value", chunk=4)
    stop.join()
    assert len(calls) < len(X)


@pytest.mark.parametrize("method", ["value", "grad"])
def test_a_progress_bar_that_raises_ends_the_work(method):
    calls = []
    with ThreadPoolExecutor(1) as executor:
        with pytest.raises(KeyError, match="no terminal") as caught:
            map_batch(counted(calls, 0.005), X, executor, method, chunk=1, progress=Raising())
        before = len(calls)
        time.sleep(0.1)
        assert len(calls) <= before + 2  # one may have begun
    assert caught.value.__traceback__ is not None  # it keeps the frames alive


def test_stop_iteration_of_the_function_is_raised_as_it_is():
    def f(x):
        return next(iter([])) * x

    with ThreadPoolExecutor(1) as executor, pytest.raises(StopIteration) as caught:
        map_batch(ad_core.compile(f), X, executor, "value")
    assert any("at point 0 of the batch" in note for note in caught.value.__notes__)


def test_results_that_hold_a_text():
    tape = ad_core.trace(lambda x: {"y": x * 2.0, "unit": "m"}, X[0])
    with ThreadPoolExecutor(2) as executor:
        found = map_batch(tape, X, executor, "value", chunk=100)
    assert found["unit"] == "m"
    np.testing.assert_array_equal(found["y"], X * 2.0)


def test_a_client_without_cancel(tape):
    class Plain:
        def __init__(self):
            self.client = RayLike()
            for name in ("remote", "put", "get", "wait"):
                setattr(self, name, getattr(self.client, name))

    np.testing.assert_array_equal(map_batch(tape, X, Plain(), "grad"), tape.grad(X))
    branched = ad_core.trace(lambda x: x[0] if x[1] < 0.0 else x[2], np.array([0.1, -0.2, 0.3]))
    with pytest.raises(ad_core.BranchChanged):
        map_batch(branched, X, Plain(), "grad", chunk=8)


@pytest.mark.parametrize("argnums", [-1, [2], (2,), 2])
def test_argnums_are_those_of_the_tape(argnums):
    tape = ad_core.trace(lambda x, y, w: w[0] * x * y + w[1], 1.0, 2.0, np.ones(2))
    points = X[:, 0].copy(), X[:, 1].copy(), np.array([0.5, 2.0])
    expected = tape.value_and_grad(*points, argnums=argnums)
    with ThreadPoolExecutor(2) as executor:
        value, gradient = sum_value_and_grad(tape, points, executor, argnums=argnums, chunk=64)
        found = map_batch(tape, points, executor, "grad", argnums=argnums, shared=2)
    np.testing.assert_allclose(value, np.sum(expected[0]), rtol=1e-13)
    single = not isinstance(argnums, (tuple, list))
    np.testing.assert_allclose(
        gradient if single else gradient[0],
        np.sum(expected[1] if single else expected[1][0], axis=0), rtol=1e-13,
    )  # fmt: skip
    np.testing.assert_array_equal(*map(np.asarray, (found, expected[1])))


@pytest.mark.parametrize("argnums", [5, -4, (0, 0), "x", 1.0])
def test_argnums_are_checked_before_anything_is_sent(tape, argnums):
    with refused((TypeError, ValueError), "argnums"):
        map_batch(tape, X, ThreadPoolExecutor(1), "grad", argnums=argnums)
    with refused((TypeError, ValueError), "argnums"):
        sum_value_and_grad(tape, X[0], ThreadPoolExecutor(1), argnums=argnums)
