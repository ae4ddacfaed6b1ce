# SPDX-License-Identifier: Apache-2.0
"""One Tape and one Function in many threads at once, beside traces, batches and forks."""

import contextlib
import os
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pytest

import ad_core
from threads import everywhere, switching

THREADS = 8


def wave(x):
    return np.sin(x) * x[0] + np.cumsum(x)


def wave_jacobian(x):
    n = len(x)
    rows = np.diag(np.cos(x) * x[0]) + np.tri(n)
    rows[:, 0] += np.sin(x)
    return rows


def ways(x):
    """A function with three paths, for any length; its Jacobian is below."""
    if x[0] > 0:
        return x * x[0]
    return x * x if x[1] > 0 else np.sin(x)


def ways_jacobian(x):
    if x[0] > 0:
        rows = np.eye(len(x)) * x[0]
        rows[:, 0] += x
        return rows
    return np.diag(2.0 * x if x[1] > 0 else np.cos(x))


def close(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-12)


def test_one_tape_at_single_points():
    tape = ad_core.trace(wave, np.ones(6))

    def work(number):
        rng, out = np.random.default_rng(number), np.empty((6, 6))
        for _ in range(300):
            x = rng.random(6)
            close(tape(x), wave(x))
            close(tape.jacobian(x), wave_jacobian(x))
            assert tape.jacobian(x, out=out) is out
            close(out, wave_jacobian(x))
            v = rng.random(6)
            close(tape.jvp(x, v), wave_jacobian(x) @ v)
            close(tape.vjp(x, v), v @ wave_jacobian(x))

    everywhere(work, THREADS)


def test_one_tape_first_used_by_all_threads_at_once():
    """Programs, lanes and the strict program are made while other threads need them."""
    for round_ in range(30):
        tape = ad_core.trace(
            lambda x: np.sum(np.where(x > 0, np.log(np.abs(x)) * x[1], 0.0)), np.array([0.7, 0.3])
        )
        X = np.random.default_rng(round_).uniform(0.1, 1.0, (40, 2))
        X[::3, 0] = 0.0

        def work(number, tape=tape, X=X):
            rows = X if number % 2 else X[number]
            expected = np.stack([
                np.where(X[:, 0] > 0, X[:, 1] / np.where(X[:, 0] > 0, X[:, 0], 1.0), 0.0),
                np.where(X[:, 0] > 0, np.log(np.where(X[:, 0] > 0, X[:, 0], 1.0)), 0.0)
                + np.log(X[:, 1]) + 1.0,
            ], axis=1)  # fmt: skip
            close(tape.grad(rows), expected if number % 2 else expected[number])

        everywhere(work, THREADS)


def test_batches_with_workers_from_several_threads():
    tape = ad_core.trace(wave, np.ones(4))

    def work(number):
        X = np.random.default_rng(number).random((6000, 4))
        expected = np.stack([wave_jacobian(x) for x in X[::500]])
        for workers in (1, 2, 3, None):
            found = tape.jacobian(X, workers=workers)
            close(found[::500], expected)
            out = np.empty((6000, 4))
            tape(X, out=out, workers=workers)
            close(out[::500], [wave(x) for x in X[::500]])

    everywhere(work, THREADS)


@pytest.mark.filterwarnings("ignore::ad_core.errors.PerformanceWarning")
@pytest.mark.parametrize("max_paths", [64, 2, 1])
def test_one_function(max_paths):
    """Recorded, called, dropped and recorded again by all threads at once."""
    f = ad_core.compile(ways, max_paths=max_paths)

    def work(number):
        rng = np.random.default_rng(number)
        for k in range(60):
            n = rng.integers(2, 5)
            x = rng.uniform(-1.0, 1.0, n)
            close(f(x), ways(x))
            close(f.jacobian(x), ways_jacobian(x))
            if k % 3 == 0:
                X = rng.uniform(-1.0, 1.0, (9, n))
                found = f.jacobian(X, batch_dims=1)
                close(found, np.stack([ways_jacobian(x) for x in X]))
            assert f.paths <= 3 * (max_paths + THREADS)  # of three shapes

    everywhere(work, THREADS)
    x = np.array([0.4, 0.2])
    close(f.jacobian(x), ways_jacobian(x))
    assert f.paths <= 3 * max_paths


def test_one_function_that_is_cleared_while_it_is_used():
    f = ad_core.compile(ways)

    def work(number):
        rng = np.random.default_rng(number)
        for _ in range(100):
            if number == 0:
                f.clear()
                repr(f)
            x = rng.uniform(-1.0, 1.0, 3)
            close(f.jacobian(x), ways_jacobian(x))
            X = rng.uniform(-1.0, 1.0, (5, 3))
            close(f(X, batch_dims=1), np.stack([ways(x) for x in X]))

    everywhere(work, THREADS)


def test_arguments_of_many_structures():
    """The fast path of a call uses the last call's program, which may be another thread's."""
    f = ad_core.compile(lambda p: p["a"] ** 2 if isinstance(p, dict) else p**3)

    def work(number):
        x = np.array([1.0, 2.0, 3.0]) + number
        for _ in range(200):
            if number % 2:
                close(f.jacobian(x), np.diag(3.0 * x**2))
                close(f(x), x**3)
            else:
                close(f.jacobian({"a": x})["a"], np.diag(2.0 * x))
                close(f({"a": x}), x**2)

    everywhere(work, THREADS)


def test_beside_traces_of_other_threads():
    tape, f = ad_core.trace(wave, np.ones(3)), ad_core.compile(ways)

    def work(number):
        rng = np.random.default_rng(number)
        for _ in range(60):
            x = rng.uniform(0.1, 1.0, 3)
            if number % 2:
                close(ad_core.jacobian(wave)(x), wave_jacobian(x))
                close(ad_core.trace(wave, x).jacobian(x), wave_jacobian(x))
                total = ad_core.grad(lambda x: np.sum(f(x) * tape(np.ones(3))))
                close(total(x), tape(np.ones(3)) @ ways_jacobian(x))
            else:
                close(tape.jacobian(x), wave_jacobian(x))
                close(f.jacobian(x), ways_jacobian(x))
                close(tape(np.stack([x] * 40))[39], wave(x))

    everywhere(work, THREADS)


def test_a_batch_lets_other_threads_run():
    """The bytecode of this thread keeps the GIL, so that others can run only during a batch."""
    tape = ad_core.trace(lambda x: np.sin(x) + 0.5 * np.cos(x), np.ones(4))
    X, counts, done = np.ones((100_000, 4)), [], threading.Event()

    def count():
        while not done.is_set():
            counts.append(1)
            time.sleep(0)  # gives the GIL back

    thread = threading.Thread(target=count)
    tape.jacobian(X, workers=1)
    thread.start()
    ran = False
    with switching(1e6):
        try:
            for _ in range(1000):
                before = len(counts)
                tape.jacobian(X, workers=1)
                ran = len(counts) > before
                if ran:
                    break
        finally:
            done.set()
            thread.join()
    assert ran


def test_an_interrupt_within_a_thread_leaves_the_tape_usable():
    """An error of one thread's bar ends that thread's batch alone."""
    tape = ad_core.trace(wave, np.ones(4))

    class Bar:
        def update(self, n):
            raise ArithmeticError("stop")

    def work(number):
        X = np.random.default_rng(number).random((30_000, 4))
        for _ in range(4):
            if number % 2:
                with pytest.raises(ArithmeticError, match="stop"):
                    tape.jacobian(X, progress=Bar(), workers=2)
            else:
                close(tape.jacobian(X, workers=2)[29_999], wave_jacobian(X[29_999]))

    everywhere(work, THREADS)


def test_threads_that_end_leave_nothing_behind():
    tape = ad_core.trace(wave, np.ones(4))
    X = np.random.default_rng(0).random((5000, 4))
    tape(X, workers=2)
    before = threading.active_count()
    for _ in range(20):
        thread = threading.Thread(target=lambda: tape(X, workers=3))
        thread.start()
        thread.join()
    assert threading.active_count() <= before + 2


# ----------------------------------------------------------------------------------- processes

BATCH = """
    import os, sys, threading, numpy as np, ad_core
    tape = ad_core.trace(lambda x: np.sin(x) * x[0], np.ones(8))
    X = np.random.default_rng(0).random((60_000, 8))
    def right(workers=2):
        return np.allclose(tape(X, workers=workers), np.sin(X) * X[:, :1])
    assert right()
"""


def run(tmp_path, text):
    text = textwrap.dedent(BATCH) + textwrap.dedent(text)
    done = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", "-c", text],
        cwd=tmp_path, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split()


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")


@needs_fork
def test_fork_after_use_of_threads(tmp_path):
    assert run(tmp_path, """
        for depth in range(3):
            child = os.fork()
            if child:
                status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
                print("child", status)
                sys.stdout.flush()
                os._exit(status if right() else 5)
            if not right() or not right(None):
                os._exit(3)
        print("leaf")
    """) == ["leaf", "child", "0", "child", "0", "child", "0"]  # fmt: skip


@needs_fork
def test_fork_while_a_batch_runs(tmp_path):
    assert run(tmp_path, """
        stop = threading.Event()
        def batches():
            while not stop.is_set():
                right()
        thread = threading.Thread(target=batches)
        thread.start()
        codes = []
        for _ in range(10):
            child = os.fork()
            if not child:
                os._exit(0 if right() and right(1) else 3)
            codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        stop.set()
        thread.join()
        print(*codes)
    """) == ["0"] * 10  # fmt: skip


def test_a_batch_at_exit(tmp_path):
    """No threads can be started then; the batch is computed without them."""
    assert run(tmp_path, """
        import atexit
        atexit.register(lambda: print("right" if right() else "wrong"))
    """) == ["right"]  # fmt: skip


def test_the_interpreter_ends_while_a_batch_runs(tmp_path):
    assert run(tmp_path, """
        threading.Thread(target=lambda: [right() for _ in range(20)], daemon=True).start()
        print("end")
    """) == ["end"]  # fmt: skip


def test_batches_if_no_thread_can_be_started(monkeypatch):
    """If no thread can be started, the calling thread does all the work."""
    tape = ad_core.trace(wave, np.ones(4))
    X = np.random.default_rng(0).random((30_000, 4))
    expected = tape(X, workers=1)
    from ad_core.programs import workers

    def refuse(self):
        raise RuntimeError("can't start new thread")

    with contextlib.ExitStack() as stack:
        stack.callback(workers._forget)
        workers._forget()
        monkeypatch.setattr(threading.Thread, "start", refuse)
        found = tape(X, workers=2)
        monkeypatch.undo()
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(tape(X, workers=2), expected)
