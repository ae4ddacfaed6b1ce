# SPDX-License-Identifier: Apache-2.0
"""map_batch and sum_value_and_grad on a LocalCluster of processes, one of which is killed."""

import os
import pickle
import signal
import sys

import numpy as np
import pytest

import ad_core
import worker_functions
from ad_core.distributed import map_batch, sum_value_and_grad
from ad_core.examples import arm

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")

# Dask leaves sockets and loops to the collector, and warns of slow machines.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL"),
]

X = np.random.default_rng(0).uniform(-2.5, 2.5, (4000, 7))


def local(workers):
    options = {"threads_per_worker": 1, "processes": True, "dashboard_address": None}
    return distributed.LocalCluster(n_workers=workers, **options)


@pytest.fixture(scope="module")
def cluster():
    with local(2) as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    with distributed.Client(cluster) as client:
        yield client


@pytest.fixture
def mortal():
    """The Client of a cluster that ends with the test, which may kill workers."""
    with local(2) as cluster, distributed.Client(cluster) as client:
        client.wait_for_workers(2, timeout=100)
        yield client


@pytest.fixture(scope="module")
def tape():
    return ad_core.trace(arm.pose, X[0])


class Once:
    """A progress bar that calls a function at its first step."""

    def __init__(self, function):
        self.function = function
        self.points = 0

    def update(self, n):
        if not self.points:
            self.function()
        self.points += n


def pids(client):
    return set(client.run(os.getpid).values())


def kill_one(client):
    os.kill(min(pids(client)), signal.SIGKILL)


def test_the_bits_of_one_process_and_one_arrival_a_worker(client, tape):
    client.run(worker_functions.count_arrivals)
    found = map_batch(tape, X, client, chunk=64)
    assert found.tobytes() == tape.jacobian(X).tobytes()
    assert set(client.run(worker_functions.arrivals).values()) == {1}


def test_a_client_that_is_not_the_default(cluster, tape):
    loss = ad_core.trace(lambda a, x: np.sum(np.sin(a * x)), np.ones(7), X[0])
    with distributed.Client(cluster, set_as_default=False) as client:
        assert map_batch(tape, X, client).tobytes() == tape.jacobian(X).tobytes()
        value, _ = sum_value_and_grad(loss, (np.ones(7), X), client)
    np.testing.assert_allclose(value, np.sum(np.sin(X)), rtol=1e-12)


def test_a_dask_array(client, tape):
    blocks = da.from_array(X, chunks=(900, 3))
    J = map_batch(tape, blocks, client)
    assert isinstance(J, da.Array)
    assert J.shape == (4000, 12, 7)
    assert J.chunks[0] == blocks.chunks[0]
    assert J.compute().tobytes() == tape.jacobian(X).tobytes()
    values = map_batch(tape, blocks, method="value")
    assert values.compute(scheduler="sync").tobytes() == tape(X).tobytes()
    some = map_batch(tape, blocks[blocks[:, 0] > 0.0])  # Dask does not know how many rows
    assert some.compute(scheduler="sync").tobytes() == tape.jacobian(X[X[:, 0] > 0.0]).tobytes()
    numbers = ad_core.trace(np.sin, 1.0)
    slopes = map_batch(numbers, blocks[:, 0], method="grad")
    assert slopes.compute(scheduler="sync").tobytes() == numbers.grad(X[:, 0].copy()).tobytes()


def test_a_worker_is_killed_in_the_middle(mortal, tape):
    before = pids(mortal)
    bar = Once(lambda: kill_one(mortal))
    found = map_batch(tape, X, mortal, chunk=20, progress=bar)
    assert found.tobytes() == tape.jacobian(X).tobytes()
    assert bar.points == len(X)
    assert min(before) not in pids(mortal)


def test_a_sum_while_a_worker_is_killed(mortal):
    tape = ad_core.trace(lambda a, x: np.sum(np.sin(a * x)), np.ones(7), X[0])
    given = np.linspace(0.5, 1.0, 7), X
    alone = sum_value_and_grad(tape, given, mortal, chunk=50)
    bar = Once(lambda: kill_one(mortal))
    again = sum_value_and_grad(tape, given, mortal, chunk=50, progress=bar)
    assert pickle.dumps(again) == pickle.dumps(alone)
    assert bar.points == len(X)
    values, gradients = tape.value_and_grad(*given)
    np.testing.assert_allclose(alone[0], np.sum(values), rtol=1e-12)
    np.testing.assert_allclose(alone[1], np.sum(gradients, axis=0), rtol=1e-11, atol=1e-11)


def test_a_function_that_kills_its_workers():
    text = "workers ended while they computed points 0 to 4 of map_batch: they were killed"
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        local(1) as cluster,
        distributed.Client(cluster) as client,
        pytest.raises(RuntimeError, match=text),
    ):
        map_batch(ad_core.compile(worker_functions.deadly), X[:5], client)


def test_the_point_of_an_exception(client):
    tape = ad_core.trace(lambda x: x * x if x > 0 else -x, 1.0)
    points = np.ones(1000)
    points[[701, 300]] = -1.0
    with pytest.raises(ad_core.BranchChanged, match=r"a comparison of <lambda>") as caught:
        map_batch(tape, points, client, "grad", chunk=100)
    assert "raised at point 300 of the batch, by process" in caught.value.__notes__[-1]
    points[300] = 1.0  # Dask computes the blocks of an array in any order
    with pytest.raises(ad_core.BranchChanged, match=r"a comparison of <lambda>") as caught:
        map_batch(tape, da.from_array(points, chunks=350), method="grad").compute()
    assert "raised at point 701 of the batch, by process" in caught.value.__notes__[-1]
    points[300] = -1.0
    sums = ad_core.trace(lambda a, x: a * x if x > 0 else a, 2.0, 1.0)
    with pytest.raises(ad_core.BranchChanged) as caught:
        sum_value_and_grad(sums, (2.0, points), client, chunk=100)
    assert "raised at point 300 of the batch" in caught.value.__notes__[-1]


def test_cancelled_futures(client, tape):
    def cancel():
        client.cancel([distributed.Future(key, client) for key in list(client.futures)], force=True)

    with pytest.raises(RuntimeError, match=r"points \d+ to \d+ of map_batch were cancelled"):
        map_batch(tape, X, client, chunk=20, progress=Once(cancel))


def test_another_version(client, tape):
    client.run(worker_functions.set_version, "0.0.1")
    try:
        text = r"the worker tcp.* has ad_core 0\.0\.1, but the caller has ad_core .* same version"
        with pytest.raises(RuntimeError, match=text):
            map_batch(tape, X, client)
        with pytest.raises(RuntimeError, match=text):
            map_batch(tape, da.from_array(X), client)
        lazy = map_batch(tape, da.from_array(X))
        with pytest.raises(RuntimeError, match=r"this worker has ad_core 0\.0\.1, but pose"):
            lazy.compute()
    finally:
        client.run(worker_functions.set_version, ad_core.__version__)


def test_a_worker_without_ad_core(client, tape):
    client.run(worker_functions.hide, True)
    try:
        with pytest.raises(RuntimeError, match=r"the worker tcp.* has no ad_core, but the caller"):
            map_batch(tape, X, client)
    finally:
        client.run(worker_functions.hide, False)


def test_what_cannot_be_sent(client):
    double = ad_core.custom_jvp(lambda x: 2.0 * x)
    double.defjvp(lambda p, t: (double(*p), 2.0 * t[0]))
    tape = ad_core.trace(lambda x: np.sum(double(x)), X[0])
    with pytest.raises(TypeError, match=r"cannot be sent to workers .*ad_core.compile"):
        map_batch(tape, X, client, "grad")
    function = ad_core.compile(lambda x: np.sum(double(x) ** 2))  # cloudpickle sends lambdas
    found = map_batch(function, X[:64], client, "grad")
    np.testing.assert_allclose(found, 8.0 * X[:64], rtol=1e-13)


def test_no_scheduler(tape):
    with pytest.raises(ConnectionError, match=r"no Dask scheduler answers at tcp://127.0.0.1:9 "):
        map_batch(tape, X, "tcp://127.0.0.1:9", timeout=0.2)


def test_a_client_that_is_closed(cluster, tape):
    client = distributed.Client(cluster)
    client.close()
    with pytest.raises(ConnectionError, match="the Client is not connected to its scheduler"):
        map_batch(tape, X, client)


def test_a_cluster_without_workers(tape):
    options = {"processes": False, "dashboard_address": None}
    with (
        distributed.LocalCluster(n_workers=0, **options) as cluster,
        pytest.raises(ConnectionError, match=r"has had no worker for 0.2 seconds; start one"),
    ):
        map_batch(tape, X, cluster.scheduler_address, timeout=0.2)


@pytest.mark.parametrize(
    ("given", "options", "kind", "text"),
    [
        (da.zeros((0, 7)), {}, ValueError, "the Dask array is empty"),
        (da.zeros((5, 6)), {}, ValueError, r"must have shape \(N, 7\), a row for each"),
        (da.zeros((5, 7)), {"chunk": 2}, TypeError, r"set its blocks by X.rechunk\(\)"),
        (da.zeros((5, 7)), {"progress": Once(None)}, TypeError, "show progress by dask"),
        (da.zeros((5, 7)), {"engine": 3}, TypeError, "computed by Dask, not by an instance of int"),
        (da.zeros((5, 7)), {"method": "value_and_jacobian"}, TypeError, "holds one array"),
        (da.zeros((5, 7), dtype=int), {}, TypeError, "must be real float64"),
    ],
)
def test_dask_arrays_that_do_not_fit(tape, given, options, kind, text):
    with pytest.raises(kind, match=text):
        map_batch(tape, given, **options)


def test_a_dask_array_needs_one_tape(tape):
    blocks = da.from_array(X, chunks=(2000, 7))
    with pytest.raises(TypeError, match="which only a Tape knows, got Function"):
        map_batch(ad_core.compile(arm.pose), blocks)
    two = ad_core.trace(lambda a, x: a * np.sum(x), 1.0, X[0])
    with pytest.raises(TypeError, match="must be the only argument of the tape"):
        map_batch(two, (2.0, blocks), shared=[0])


@pytest.mark.parametrize("chunks", [((10, 0, 30), (3,)), ((0, 40), (3,))])
def test_empty_blocks_of_an_array(chunks):
    tape = ad_core.trace(lambda x: np.sin(x) * x[0], np.ones(3))
    points = np.random.default_rng(1).uniform(0.0, 2.0, (40, 3))
    found = map_batch(tape, da.from_array(points, chunks=chunks))
    np.testing.assert_array_equal(found.compute(scheduler="sync"), tape.jacobian(points))
    filtered = da.from_array(points, chunks=(10, 3))
    filtered = filtered[filtered[:, 0] > 1.9]  # most blocks have no rows
    found = map_batch(tape, filtered).compute(scheduler="sync")
    np.testing.assert_allclose(found, tape.jacobian(points[points[:, 0] > 1.9]), rtol=1e-14)
