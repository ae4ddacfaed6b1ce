"""Concurrent traces in threads, tasks and processes."""

import asyncio
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import ad_core


def test_a_traced_value_in_another_thread():
    caught = []

    def f(x):
        def work():
            inner = lambda: ad_core.grad(lambda y: y * x)(1.0)  # noqa: E731
            for use in (lambda: x + 1.0, lambda: np.sin(x), inner):
                try:
                    use()
                except BaseException as error:
                    caught.append(error)

        thread = threading.Thread(target=work)
        with ad_core.allow_refusals():
            thread.start()
            thread.join()
        return x * x

    assert ad_core.grad(f)(3.0) == 6.0
    assert [type(error) for error in caught] == [ad_core.EscapedTraceError] * 3
    for error in caught:
        assert "another thread" in str(error)
        assert "'f'" in str(error)


def test_numpy_in_other_threads_is_plain_while_a_trace_runs():
    kinds, stop = [], threading.Event()
    strided = np.arange(12.0)[::2]

    def plain():
        while not stop.is_set():
            made = np.zeros(2), np.ones(2), np.array([1.0]), np.full(2, 0.5), np.asarray([1.0, 2.0])
            kinds.extend(type(x) for x in made)
            kinds.append(type(np.asanyarray(np.ma.array([1.0]))))
            contiguous.append(np.ascontiguousarray(strided).flags.c_contiguous)

    contiguous = []
    np.ma.array([1.0])  # imported before anything is traced
    thread = threading.Thread(target=plain)

    def f(x):
        thread.start()
        y = x
        while len(contiguous) < 20 and thread.is_alive():
            y = y + 0.0
        stop.set()
        thread.join()
        return y

    assert ad_core.grad(f)(1.0) == 1.0
    assert len(contiguous) >= 20
    assert set(kinds) == {np.ndarray, np.ma.MaskedArray}
    assert all(contiguous)


def nested_answer(k):
    """grad of a function that takes a derivative itself: d/dx x * d/dy (x y^2) at y = x."""
    x = 1.0 + k % 17
    got = ad_core.grad(lambda x: x * ad_core.grad(lambda y: x * y * y)(x))(x)
    return abs(got - 6.0 * x**2) < 1e-12 * x**2


def test_eight_threads_with_nested_gradients():
    with ThreadPoolExecutor(8) as pool:
        right = list(pool.map(nested_answer, range(1600)))
    assert sum(right) == 1600


def test_eight_threads_with_arrays_and_buffers():
    def answer(k):
        x = np.linspace(0.1, 1.0, 5 + k % 40)

        def f(x):
            out = np.zeros(x.size)
            out[:] = np.cumsum(x)
            return np.sum(out * np.sin(x))

        order = np.arange(x.size)
        upper = (order[:, None] <= order).astype(float)
        expected = upper @ np.sin(x) + np.cumsum(x) * np.cos(x)
        return np.allclose(ad_core.grad(f)(x), expected, rtol=1e-12)

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(answer, range(400))) == 400


def test_one_recording_pulled_by_eight_threads():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((200, 200))
    _, pullback = ad_core.vjp(lambda x: np.tanh(A @ x), np.zeros(200))

    def pull(k):
        w = np.eye(200)[k]
        return np.allclose(pullback(w)[0], A[k], rtol=1e-12)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(pull, range(200)))


def test_a_recording_dropped_by_another_thread():
    held = [ad_core.vjp(lambda x, k=k: x * k, 1.0)[1] for k in range(20)]
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    assert not held


def test_asyncio_tasks_run_alternately():
    async def work(k):
        await asyncio.sleep(0)
        first = nested_answer(k)
        await asyncio.sleep(0)
        _, pullback = ad_core.vjp(lambda x: x * float(k), 2.0)
        await asyncio.sleep(0)
        return first and pullback(1.0)[0] == float(k)

    async def everything():
        return await asyncio.gather(*(work(k) for k in range(50)))

    assert all(asyncio.run(everything()))


def test_a_coroutine_is_not_a_result():
    made = []

    async def f(x):
        return x * x

    def g(x):
        made.append(f(x))
        return made[0]

    with pytest.raises(TypeError, match="coroutine"):
        ad_core.grad(g)(1.0)
    made[0].close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_the_library_works_after_a_fork():
    pid = os.fork() if sys.version_info < (3, 12) else None
    if pid is None:
        pytest.skip("forking with threads about warns")
    if pid == 0:
        status = 1
        try:
            status = 0 if nested_answer(3) else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
