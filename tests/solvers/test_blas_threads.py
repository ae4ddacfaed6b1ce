# SPDX-License-Identifier: Apache-2.0
"""BLAS has one thread in sparse factorisations, and as many as before afterwards."""

import threading

import numpy as np
import pytest

from ad_core import solvers
from ad_core.solvers import blas, newton

threadpoolctl = pytest.importorskip("threadpoolctl")
sparse = pytest.importorskip("scipy.sparse")


def counts():
    """The numbers of threads of the BLAS libraries."""
    return [info["num_threads"] for info in threadpoolctl.threadpool_info()
            if info["user_api"] == "blas"]  # fmt: skip


@pytest.fixture
def two_threads():
    with threadpoolctl.threadpool_limits(2, "blas"):
        before = counts()
        if set(before) != {2}:
            pytest.skip("BLAS does not take two threads here")
        yield
        assert counts() == before


def heat(t, u):
    return 400.0 * (np.roll(u, 1) - 2.0 * u + np.roll(u, -1)) - u**3


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("method", ["Radau", "BDF"])
def test_solve_ivp_holds_blas_in_factorisations_alone(method, monkeypatch):
    within, outside = [], []
    splu = newton.needed("scipy.sparse.linalg", "scipy", "").splu
    monkeypatch.setattr(
        "scipy.sparse.linalg.splu", lambda *a, **k: within.append(counts()) or splu(*a, **k)
    )

    def rate(t, u):
        outside.append(counts())
        return heat(t, u)

    found = solvers.solve_ivp(
        rate, (0.0, 0.01), np.sin(np.linspace(0.0, 6.0, 40)), method, sparse=True
    )
    assert found.success
    assert found.blas_threads == 1
    assert {n for one in within for n in one} == {1}
    assert {n for one in outside for n in one} == {2}


@pytest.mark.usefixtures("two_threads")
def test_dense_solutions_leave_the_threads_alone():
    found = solvers.solve_ivp(heat, (0.0, 0.001), np.ones(4), sparse=False)
    assert found.blas_threads is None


@pytest.mark.usefixtures("two_threads")
def test_contexts_of_several_threads_may_overlap():
    """The one that ends last restores the number too."""
    inside, leave, seen = threading.Event(), threading.Event(), []

    def other():
        with blas.one_thread, blas.one_thread:
            inside.set()
            leave.wait()
            seen.append(counts())
        seen.append(counts())

    thread = threading.Thread(target=other)
    with blas.one_thread:
        thread.start()
        inside.wait()
        assert set(counts()) == {1}
    assert set(counts()) == {2}
    leave.set()
    thread.join()
    assert set(counts()) == {2}
    assert set(seen[1]) == {2}


@pytest.mark.usefixtures("two_threads")
def test_libraries_with_one_number_for_the_process(monkeypatch):
    """As MKL has: the second thread finds the 1 that the first one has set."""

    class Library:
        number = 4

        def get_num_threads(self):
            return self.number

        def set_num_threads(self, number):
            self.number = number

    one = blas._OneThread()
    one._libraries = [library] = [Library()]
    inside, leave = threading.Event(), threading.Event()

    def other():
        with one:
            inside.set()
            leave.wait()

    thread = threading.Thread(target=other)
    with one:
        thread.start()
        inside.wait()
        assert library.number == 1
    leave.set()
    thread.join()
    assert library.number == 4


@pytest.mark.usefixtures("two_threads")
def test_an_error_restores_the_threads():
    with pytest.raises(RuntimeError, match="singular"):
        newton.factors(sparse.csc_array((3, 3)))


def test_without_threadpoolctl(monkeypatch):
    monkeypatch.setattr(blas, "threadpoolctl", None)
    found = solvers.solve_ivp(heat, (0.0, 0.01), np.ones(40), sparse=True)
    assert found.success
    assert found.blas_threads is None
