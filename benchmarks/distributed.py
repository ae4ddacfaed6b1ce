# SPDX-License-Identifier: Apache-2.0
"""Jacobians of the 7-joint arm on Dask's workers: bytes, times, and what 100 machines would take.

The workers are processes of this machine with one thread each. Where results stay on the workers,
nothing but the tape and the tasks travels; where they are gathered, each result travels once.
"""

import pickle
from contextlib import ExitStack
from statistics import median
from time import perf_counter, process_time

import numpy as np

from benchmarks.targets import judged

POINTS = 1_000_000
BLOCK = POINTS // 8  # points of a task
ROUNDS = 5
TASKS = 500  # that do nothing, for the scheduler's time for a task
LARGE = 1 << 26  # bytes of an array that is fetched from a worker
MACHINES, CORES, NETWORK = 100, 32, 1.25e9  # of the extrapolation; bytes/s of 10 Gbit/s
SLOWER = (1, 10, 100, 1000)  # functions that take so many times the arm's time


def sizes(tape, points):
    """The bytes that travel, counted exactly."""
    from ad_core.distributed.payload import Parcel
    from ad_core.distributed.tasks import Request

    with Parcel(tape, POINTS).spooled() as payload:
        arguments = {0: points[:BLOCK]}
        task = len(pickle.dumps((payload, Request("jacobian", 0, 1), {}, arguments, 0)))
    result = pickle.dumps(tape.jacobian(points[:BLOCK]))
    return {
        "tape": len(tape.to_bytes()),
        "task besides its points": task - points[:BLOCK].nbytes,
        "result besides its numbers": len(result) - BLOCK * 8 * 12 * 7,
        "point": 8 * 7,
        "Jacobian": 8 * 12 * 7,
        "value and gradient of a sum": 8 * (1 + 7),
    }


def clock(run):
    began = perf_counter()
    run()
    return perf_counter() - began


def pipelines(client, tape):
    """Functions without arguments: Jacobians that are added where they are, and that stay there."""
    import dask.array as da
    from distributed import wait

    from ad_core.distributed import map_batch

    points = da.random.default_rng(0).uniform(-2.5, 2.5, (POINTS, 7), chunks=(BLOCK, 7))
    total = map_batch(tape, points, client).sum(axis=0)
    here = client.persist(points)
    with client.as_current():
        wait(here)
    jacobians = map_batch(tape, here, client)

    def stay():
        with client.as_current():
            wait(client.persist(jacobians))

    return {"summed": lambda: client.compute(total, sync=True), "stay": stay}


def processor(client, run):
    """Processor seconds of a call: of each worker, and of this process with the scheduler."""
    before, own = client.run(process_time), process_time()
    for _ in range(ROUNDS):
        run()
    own, after = process_time() - own, client.run(process_time)
    return {
        "workers": [(after[name] - before[name]) / ROUNDS for name in before],
        "caller": own / ROUNDS,
    }


def measure(progress):
    """(median seconds of each way with one and two workers, processor seconds of the sum)."""
    from distributed import Client, LocalCluster

    import ad_core
    from ad_core.distributed import map_batch
    from ad_core.examples import arm

    points = np.random.default_rng(0).uniform(-2.5, 2.5, (POINTS, 7))
    tape = ad_core.trace(arm.pose, points[0])
    out = np.empty((POINTS, 12, 7))
    expected = tape.jacobian(points, out=out, workers=1).copy()
    samples = {}

    def sample(name, run):
        samples.setdefault(name, []).append(clock(run))

    task = progress.add_task("distributed", total=ROUNDS + 2)
    with ExitStack() as stack:
        ways, clients = {}, {}
        for k in (1, 2):  # both at once, so that their samples can be taken in turn
            options = {"threads_per_worker": 1, "dashboard_address": None}
            cluster = stack.enter_context(LocalCluster(n_workers=k, **options))
            client = clients[k] = stack.enter_context(Client(cluster, set_as_default=False))
            client.wait_for_workers(k)
            found = map_batch(tape, points, client, chunk=BLOCK)
            if not np.array_equal(found, expected):
                raise ArithmeticError("the workers' Jacobians are not those of one process")
            ways[k] = pipelines(client, tape)
            ways[k]["gathered"] = lambda c=client: map_batch(tape, points, c, chunk=BLOCK)
            for run in ways[k].values():
                run()
        progress.advance(task)
        for _ in range(ROUNDS):
            sample("one thread", lambda: tape.jacobian(points, out=out, workers=1))
            for name in ways[1]:
                for k in (1, 2):
                    sample(f"{name}, {k}", ways[k][name])
            progress.advance(task)
        used = {k: processor(client, ways[k]["summed"]) for k, client in clients.items()}
        with clients[2].as_current():
            sample_scheduler(clients[2], sample)
        progress.advance(task)
    return {name: median(taken) for name, taken in samples.items()}, used


def sample_scheduler(client, sample):
    """Take samples of empty tasks, and of the way of an array from a worker."""
    from distributed import wait

    for number in range(ROUNDS):
        sample(
            "an empty task",
            lambda n=number: client.gather(
                [client.submit(abs, k, key=f"empty-{n}-{k}") for k in range(TASKS)]
            ),
        )
        array = client.submit(np.ones, LARGE // 8, key=f"large-{number}")
        wait(array)
        sample("a byte", array.result)


def extrapolated(bytes_, seconds):
    """Seconds of POINTS evaluations on MACHINES machines, for functions of other costs: the longest
    of computing, of the caller's network and of the scheduler, since they overlap."""
    rows, cores = [], MACHINES * CORES
    empty = seconds["an empty task"]
    for slower in SLOWER:
        alone = slower * seconds["one thread"]
        tasks = min(max(np.sqrt(alone / empty), 1.0), cores)  # as long to schedule as to compute
        there = max(alone / tasks, tasks * empty)
        tapes = bytes_["tape"] * cores
        gathered = (tapes + POINTS * (bytes_["point"] + bytes_["Jacobian"])) / NETWORK
        summed = (tapes + POINTS * bytes_["point"]) / NETWORK
        rows.append({
            "slower": slower,
            "one core": alone,
            "one machine": alone / CORES,
            "there": there,
            "summed": max(there, summed),
            "gathered": max(there, gathered),
        })  # fmt: skip
    return rows


def run(progress):
    """``{"bytes", "seconds", "processor", "rows", "targets"}``; None without Dask."""
    import ad_core
    from ad_core.examples import arm

    try:
        import dask.array  # noqa: F401
        import distributed  # noqa: F401
    except ImportError:
        return None
    points = np.random.default_rng(0).uniform(-2.5, 2.5, (BLOCK, 7))
    bytes_ = sizes(ad_core.trace(arm.pose, points[0]), points)
    seconds, used = measure(progress)
    seconds["an empty task"] /= TASKS
    seconds["a byte"] /= LARGE
    target = judged(
        f"Dask, {POINTS:,} Jacobians of the arm, made and added on the workers: two over one",
        seconds["summed, 1"] / seconds["summed, 2"], 1.6, "x", at_least=True,
    )  # fmt: skip
    return {
        "bytes": bytes_,
        "seconds": seconds,
        "processor": used,
        "rows": extrapolated(bytes_, seconds),
        "targets": [target],
    }
