# SPDX-License-Identifier: Apache-2.0
"""map_batch on executors, joblib and clients like Ray's: the bits of one process, and bad input."""

import hashlib
import importlib
import multiprocessing
import os
import pickle
import sys
from collections import OrderedDict
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import ad_core
import worker_functions
from ad_core.distributed import map_batch
from ad_core.distributed.payload import Parcel
from ad_core.distributed.tasks import Request
from ad_core.examples import arm
from engines import Backwards, Cancelled, RayLike
from tape_bytes import put_together, taken_apart

X = np.random.default_rng(0).uniform(-2.5, 2.5, (1000, 7))


def pool(processes=2, **options):
    """Processes that are started anew, since a fork copies the locks of threads."""
    return ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), **options)


@pytest.fixture(scope="module")
def processes():
    with pool() as executor:
        yield executor


@pytest.fixture(scope="module")
def tape():
    return ad_core.trace(arm.pose, X[0])


class Bar:
    def __init__(self):
        self.steps = []

    def update(self, n):
        self.steps.append(n)


def same_bits(one, two):
    return pickle.dumps(np.asarray(one)) == pickle.dumps(np.asarray(two))


class TestBits:
    """The results are those of one process, to the bit."""

    @pytest.mark.parametrize("chunk", [None, 1000, 333, 1])
    def test_processes(self, tape, processes, chunk):
        part = X[:50] if chunk == 1 else X
        assert same_bits(map_batch(tape, part, processes, chunk=chunk), tape.jacobian(part))

    @pytest.mark.parametrize("method", ["value", "value_and_jacobian"])
    def test_methods(self, tape, processes, method):
        found = map_batch(tape, X, processes, method)
        expected = tape(X) if method == "value" else tape.value_and_jacobian(X)
        assert same_bits(found[0], expected[0])
        assert same_bits(found[-1], expected[-1])

    @pytest.mark.parametrize("method", ["grad", "value_and_grad", "hessian"])
    def test_scalar_methods(self, method):
        tape = ad_core.trace(lambda p: np.sum(np.sin(p["a"]) * p["b"]), {"a": np.ones(3), "b": 2.0})
        given = {"a": X[:, :3].copy(), "b": X[:, 3].copy()}
        with ThreadPoolExecutor(3) as executor:
            found = map_batch(tape, given, executor, method, chunk=64)
        expected = getattr(tape, method)(given)
        for one, two in zip(_leaves(found), _leaves(expected), strict=True):
            assert same_bits(one, two)

    def test_threads_joblib_and_ray(self, tape):
        expected = tape.jacobian(X)
        with ThreadPoolExecutor(2) as executor:
            assert same_bits(map_batch(tape, X, executor), expected)
        assert same_bits(map_batch(tape, X, RayLike()), expected)

    @pytest.mark.parametrize(
        "options",
        [
            {"backend": "loky"},
            {"backend": "threading"},
            {"backend": "threading", "return_as": "generator_unordered"},
        ],
    )
    def test_joblib(self, tape, options):
        parallel = pytest.importorskip("joblib").Parallel(2, **options)
        assert same_bits(map_batch(tape, X, parallel), tape.jacobian(X))

    def test_several_arguments_of_which_one_is_shared(self, processes):
        tape = ad_core.trace(lambda w, x: np.tanh(w @ x), np.ones((2, 3)), np.ones(3))
        w, x = X[:2, :3].copy(), X[:, 3:6].copy()
        found = map_batch(tape, (w, x), processes, argnums=(0, 1), shared=[0], chunk=96)
        for one, two in zip(found, tape.jacobian(w, x, argnums=(0, 1)), strict=True):
            assert same_bits(one, two)

    def test_complex_numbers(self, processes):
        tape = ad_core.trace(lambda z: z * np.exp(z), 1.0 + 1.0j)
        z = X[:, 0] + 1j * X[:, 1]
        found = map_batch(tape, z, processes, "value", chunk=100)
        assert found.dtype == complex
        assert same_bits(found, tape(z))

    def test_a_compiled_function_records_on_the_workers(self, processes):
        function = ad_core.compile(arm.pose)
        found = map_batch(function, X[:64], processes)
        np.testing.assert_allclose(found, function.jacobian(X[:64], batch_dims=1), rtol=1e-13)

    def test_rules_in_python_in_threads(self):
        tape = _with_a_rule()
        with ThreadPoolExecutor(2) as executor:
            found = map_batch(tape, X[:64], executor, "grad", chunk=32)
        np.testing.assert_allclose(found, tape.grad(X[:64]), rtol=1e-13)

    def test_a_tape_that_is_replayed_for_few_points(self):
        """Whether a program pays is decided for the whole batch, not for a chunk or by the chunks
        that a worker has had before."""
        w = np.random.default_rng(1).normal(size=(30, 30)) / 6.0

        def layers(x):
            for _ in range(3):
                x = np.tanh(w @ x)
            return np.sum(x)

        points = np.random.default_rng(2).normal(size=(64, 30))

        def tape():
            return ad_core.trace(layers, points[0])

        alone = tape()
        assert not same_bits(
            np.concatenate([alone.grad(x[None]) for x in points]), tape().grad(points)
        )
        with ThreadPoolExecutor(2) as executor:
            for chunk in (1, 3, 32, 63):
                found = map_batch(tape(), points, executor, "grad", chunk=chunk)
                assert same_bits(found, tape().grad(points))


def _leaves(found):
    return ad_core.recording.trees.flatten(found)[0]


def _with_digest(parcel):
    parcel.digest = hashlib.sha256(parcel.data).hexdigest()


def _with_a_rule():
    double = ad_core.custom_jvp(lambda x: 2.0 * x)
    double.defjvp(lambda p, t: (double(*p), 2.0 * t[0]))
    return ad_core.trace(lambda x: np.sum(double(x) ** 2), X[0])


class TestTravel:
    """The tape is sent once to a worker, not with every task."""

    def test_a_task_names_the_file(self, tape):
        parcel = Parcel(tape, len(X))
        with parcel.spooled() as payload:
            path, small = payload.path, len(pickle.dumps(payload))
            assert os.path.getsize(path) == len(tape.to_bytes())
            assert small < 1000 < len(tape.to_bytes())
        assert not os.path.exists(path)

    def test_workers_on_another_machine_get_the_bytes(self, tape, monkeypatch):
        sent = []

        class Counting(ThreadPoolExecutor):
            def submit(self, function, payload, *given):
                sent.append(payload.data is not None)
                return super().submit(function, payload, *given)

        monkeypatch.setattr("ad_core.distributed.payload._kept", OrderedDict())
        monkeypatch.setattr("ad_core.distributed.payload.os.path.exists", lambda path: False)
        with Counting(2) as executor:
            assert same_bits(map_batch(tape, X, executor, chunk=500), tape.jacobian(X))
        assert sent == [False, False, True, True]

    def test_a_client_like_rays_stores_it_once(self, tape):
        client = RayLike()
        map_batch(tape, X, client, chunk=100)
        size = len(tape.to_bytes())
        assert sum(sent > size for sent in client.sent) == 1

    def test_progress(self, tape, processes):
        bar = Bar()
        map_batch(tape, X, processes, chunk=300, progress=bar)
        assert sorted(bar.steps) == [100, 300, 300, 300]


class TestBadInput:
    @pytest.mark.parametrize(
        ("given", "kind", "text"),
        [
            (X[:0], ValueError, "the batch of map_batch is empty"),
            (X[:, :6], ValueError, r"must have shape \(N, 7\), a row for each of N points, got"),
            (X[0], ValueError, r"must have shape \(N, 7\)"),
            (X.astype(int), TypeError, "argument 0 of pose must be real float64"),
            (3.0, TypeError, "no argument of map_batch is an array with a first axis"),
            ((X, X), TypeError, "pose takes 1 argument, so X must be a tuple of 1, got a tuple"),
        ],
    )
    def test_points(self, tape, processes, given, kind, text):
        with pytest.raises(kind, match=text):
            map_batch(tape, given, processes)

    def test_a_gathered_argument(self, tape, processes):
        gathered = ad_core.gather(X[0], np.arange(7)[None])
        with pytest.raises(TypeError, match=r"argument 0 of map_batch is gathered.*x\[index\]"):
            map_batch(tape, gathered, processes)

    def test_numbers_of_points_that_differ(self, processes):
        tape = ad_core.trace(lambda a, b: a * b, 1.0, 2.0)
        with pytest.raises(ValueError, match="different numbers of points: 1000 of argument 0, 99"):
            map_batch(tape, (X[:, 0], X[:99, 0]), processes, "grad")
        with pytest.raises(TypeError, match="<lambda> takes 2 arguments, so X must be a tuple of"):
            map_batch(tape, X[:, 0], processes, "grad")
        with pytest.raises(ValueError, match="names an argument that map_batch was not given"):
            map_batch(tape, (X[:, 0], X[:, 0]), processes, "grad", shared=[2])
        with pytest.raises(ValueError, match=r"must have shape \(\), as recorded, got \(1000,\)"):
            map_batch(tape, (X[:, 0], X[:, 0]), processes, "grad", shared=[1])

    @pytest.mark.parametrize(
        ("options", "kind", "text"),
        [
            ({"method": "tangent"}, ValueError, "method must be one of value, jacobian"),
            ({"chunk": 0}, ValueError, "chunk must be a number of points, at least 1"),
            ({"workers": 1.5}, TypeError, "workers must be a number of threads"),
            ({"progress": print}, TypeError, r"progress must have a method update\(n\)"),
            ({"argnums": 1}, ValueError, "argnums"),
        ],
    )
    def test_options(self, tape, processes, options, kind, text):
        with pytest.raises(kind, match=text):
            map_batch(tape, X, processes, **options)

    @pytest.mark.parametrize("engine", [None, 3, map])
    def test_engines(self, tape, engine):
        with pytest.raises(
            TypeError, match=r"the engine must be a dask.distributed.Client, .* got"
        ):
            map_batch(tape, X, engine)

    def test_what_is_no_tape(self, processes):
        with pytest.raises(TypeError, match=r"tape must be a Tape or .* ad_core.trace\(f, x\)"):
            map_batch(np.sin, X, processes)

    def test_a_rule_in_python(self, processes):
        with pytest.raises(TypeError, match=r"cannot be sent to workers .*ad_core.compile"):
            map_batch(_with_a_rule(), X, processes, "grad")

    def test_a_function_that_cannot_be_pickled(self, processes, monkeypatch):
        for name in ("cloudpickle", "joblib.externals.cloudpickle"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        with pytest.raises(TypeError, match="<lambda> cannot be sent to workers, because Python"):
            map_batch(ad_core.compile(lambda x: np.sum(x)), X, processes, "grad")


class TestWorkers:
    """What goes wrong on a worker is an error here that says where."""

    def test_the_first_point_on_another_path(self, processes):
        tape = ad_core.trace(lambda x: x * x if x > 0 else -x, 1.0)
        points = np.ones(1000)
        points[[701, 300]] = -1.0
        with pytest.raises(ad_core.BranchChanged, match="a comparison of <lambda>") as caught:
            map_batch(tape, points, processes, "grad", chunk=100)
        assert "raised at point 300 of the batch, by process" in caught.value.__notes__[-1]

    def test_the_first_failure_in_any_order(self):
        tape = ad_core.trace(lambda x: x * x if x > 0 else -x, 1.0)
        points = np.ones(1000)
        points[[950, 301, 640]] = -1.0
        engine = Backwards()
        engine.count = 10
        with pytest.raises(ad_core.BranchChanged) as caught:
            map_batch(tape, points, engine, "grad", chunk=100)
        assert "at point 301 of the batch" in caught.value.__notes__[-1]

    def test_an_exception_of_the_function(self, processes):
        points = np.zeros((100, 2))
        points[[37, 80], 0] = 3.0
        with pytest.raises(ZeroDivisionError, match="no slope here") as caught:
            map_batch(ad_core.compile(worker_functions.picky), points, processes, "grad")
        assert "raised at point 37 of the batch, by process" in caught.value.__notes__[-1]
        assert "worker_functions.py, line " in caught.value.__notes__[-1]

    def test_an_exception_that_cannot_be_pickled(self, processes):
        function = ad_core.compile(worker_functions.raises_unpicklable)
        with pytest.raises(RuntimeError, match="Unpicklable: a b") as caught:
            map_batch(function, X[:5], processes, "grad")
        assert "raised at point 0 of the batch" in caught.value.__notes__[-1]

    @pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
    def test_a_worker_that_is_killed(self, tape):
        with pool(1) as executor:
            text = "a worker process ended before points 0 to 4 .* make a new executor"
            with pytest.raises(RuntimeError, match=text):
                map_batch(ad_core.compile(worker_functions.deadly), X[:5], executor)
            with pytest.raises(RuntimeError, match="the executor is broken"):
                map_batch(tape, X, executor)

    def test_a_module_that_a_worker_cannot_import(self, tmp_path, monkeypatch, processes):
        (tmp_path / "only_here.py").write_text("def double(x):\n    return 2.0 * x\n", "utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        function = ad_core.compile(importlib.import_module("only_here").double)
        with pytest.raises(RuntimeError, match=r"this worker cannot load double \(ModuleNotFound"):
            map_batch(function, X[:64], processes, "value")

    def test_an_executor_that_has_ended(self, tape):
        executor = ThreadPoolExecutor(1)
        executor.shutdown()
        with pytest.raises(RuntimeError, match=r"takes no tasks: .*; make a new one"):
            map_batch(tape, X, executor)

    def test_a_cancelled_task(self, tape):
        with pytest.raises(RuntimeError, match="points 0 to 31 of map_batch were cancelled"):
            map_batch(tape, X[:32], Cancelled())

    def test_another_version(self, tape):
        options = {"initializer": worker_functions.set_version, "initargs": ("0.0.1",)}
        with pool(1, **options) as executor:
            text = r"this worker has ad_core 0\.0\.1, but pose comes from ad_core .* same version"
            with pytest.raises(RuntimeError, match=text):
                map_batch(tape, X, executor)

    @pytest.mark.parametrize("engine", ["processes", "ray"])
    @pytest.mark.parametrize(
        ("forge", "text"),
        [
            (lambda parcel: None, "are not those that were sent"),
            (_with_digest, "this tape file is damaged or forged: "),
        ],
    )
    def test_a_forged_tape(self, processes, monkeypatch, engine, forge, text):
        """Bytes with another operation, whose checksum fits; with and without their digest."""

        class Forged(Parcel):
            def __init__(self, *given):
                super().__init__(*given)
                header, arrays = taken_apart(self.data)
                arrays["runs"][-1, 1] = 10_000
                self.data = put_together(header, arrays)
                forge(self)

        monkeypatch.setattr("ad_core.distributed.engines.Parcel", Forged)
        tape = ad_core.trace(lambda x: np.sin(x) * np.sum(x) * 3.0, X[0])
        with pytest.raises(ValueError, match=text):
            map_batch(tape, X, processes if engine == "processes" else RayLike())

    def test_errors_of_a_client_like_rays(self, tape):
        client = RayLike()
        client.get = lambda reference: 1 / 0
        with pytest.raises(RuntimeError, match="were not computed: the engine raised ZeroDivision"):
            map_batch(tape, X, client)


def test_a_request_is_small():
    assert len(pickle.dumps(Request("jacobian", 0, 1))) < 200
