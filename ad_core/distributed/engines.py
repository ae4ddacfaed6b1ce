# SPDX-License-Identifier: Apache-2.0
"""Executors, joblib and clients like Ray's: each evaluates the chunks of a batch."""

import concurrent.futures as futures
from contextlib import closing
from importlib import import_module
from queue import SimpleQueue

from ad_core.distributed.payload import Parcel
from ad_core.distributed.tasks import Failed, Missing, added, evaluate

__all__ = [
    "Engine", "Executors", "Joblib", "Ray", "collect", "paired_sum", "result_of",
]  # fmt: skip

# What to do after the death of a worker.
MEMORY = "with fewer workers or a smaller chunk= if memory was short"
NEW_EXECUTOR = f"make a new executor, {MEMORY}"
AGAIN = f"call the function again, {MEMORY}"


class Engine:
    """An engine; `threads` says whether its workers are threads of this process."""

    threads = False

    def parcel(self, tape, points):
        """The tape as it is sent."""
        return Parcel(tape, points, self.threads)

    def outcomes(self, parcel, request, shards):
        """Yield (first point, result or Failed) of each chunk, in any order."""
        raise NotImplementedError

    def total(self, parcel, request, shards, advance):
        """The sum of the chunks' results, added by pairs of neighbours in the order of the points,
        so that its bits depend on the chunks alone."""
        found = dict.fromkeys(shards.firsts)

        def take(first, outcome):
            found[first] = outcome
            advance(shards.size(first))

        collect(self.outcomes(parcel, request, shards), shards, take)
        return paired_sum(list(found.values()), added)

    def close(self):
        """Close what the engine has opened itself."""


def paired_sum(items, add):
    """The sum of neighbours, of these sums, and so on."""
    while len(items) > 1:
        items = [
            add(*items[k : k + 2]) if k + 1 < len(items) else items[k]
            for k in range(0, len(items), 2)
        ]
    return items[0]


def collect(outcomes, shards, take):
    """Call take(first point, result) for each chunk; if a chunk fails, wait for those before it,
    and raise the first failure.  outcomes is closed, which cancels what has not begun, also if take
    raises."""
    failed, before = None, set(shards.firsts)
    with closing(outcomes):
        for first, outcome in outcomes:
            before.discard(first)
            if isinstance(outcome, Failed):
                if failed is None or first < failed[0]:
                    failed = first, outcome
                    before = {k for k in before if k < first}
            elif failed is None:
                take(first, outcome)
            if failed is not None and not before:
                break
    if failed is not None:
        raise failed[1].raised()


def result_of(get, what, lost):
    """What get() returns; errors of the engine itself become errors that name what is missing.

    what: the points that were to be computed.  lost: text on what to do after a worker's death.
    """
    try:
        return get()
    except futures.CancelledError as error:
        raise RuntimeError(
            f"{what} were cancelled before they were done (by cancel() or by the "
            f"shutdown of the engine); call the function again with an engine that runs"
        ) from error
    except futures.BrokenExecutor as error:
        raise RuntimeError(
            f"a worker process ended before {what} were done: it was killed, ran out "
            f"of memory, or could not load ad_core; {lost} ({type(error).__name__}: {error})"
        ) from error


class Executors(Engine):
    """A concurrent.futures.Executor.  Tasks name a file with the tape.  The chunks of workers that
    cannot read it, since they are on other machines, are sent again with the bytes."""

    def __init__(self, executor):
        self.executor = executor
        self.threads = isinstance(executor, futures.ThreadPoolExecutor)

    def outcomes(self, parcel, request, shards):
        with parcel.spooled() as payload:
            firsts = list(shards.firsts)
            while firsts:
                chunks = {self._submit(payload, request, shards, k): k for k in firsts}
                firsts, done = [], SimpleQueue()
                for future in chunks:  # called too if the executor cancels the future
                    future.add_done_callback(done.put)
                try:
                    while chunks:
                        future = done.get()
                        first = chunks.pop(future)
                        found = result_of(future.result, shards.span(first), NEW_EXECUTOR)
                        if isinstance(found, Missing):
                            firsts.append(first)
                        else:
                            yield first, found
                finally:
                    for future in chunks:
                        future.cancel()
                payload = parcel.whole()

    def _submit(self, payload, request, shards, first):
        arguments = shards.arguments(first)
        try:
            return self.executor.submit(evaluate, payload, request, shards.shared, arguments, first)
        except futures.BrokenExecutor as error:
            raise RuntimeError(
                f"the executor is broken, since one of its processes was killed; {NEW_EXECUTOR} "
                f"({type(error).__name__}: {error})"
            ) from error
        except RuntimeError as error:
            raise RuntimeError(f"the executor takes no tasks: {error}; make a new one") from error


def _numbered(first, *given):
    return first, evaluate(*given, first)


class Joblib(Engine):
    """A joblib.Parallel."""

    def __init__(self, parallel):
        self.parallel = parallel

    def outcomes(self, parcel, request, shards):
        run = import_module("joblib").delayed(_numbered)
        with parcel.spooled() as payload:
            firsts = list(shards.firsts)
            while firsts:
                tasks = (
                    run(k, payload, request, shards.shared, shards.arguments(k)) for k in firsts
                )
                what, missing = f"points of {shards.name}", []
                found = iter(result_of(lambda t=tasks: self.parallel(t), what, AGAIN))
                while (done := result_of(lambda f=found: next(f, None), what, AGAIN)) is not None:
                    if isinstance(done[1], Missing):
                        missing.append(done[0])
                    else:
                        yield done
                firsts, payload = missing, parcel.whole()


class Ray(Engine):
    """A client with the functions remote, put, get and wait of the module ray, and with cancel if
    it has that."""

    def __init__(self, client):
        self.client = client

    def outcomes(self, parcel, request, shards):
        client = self.client
        run = client.remote(evaluate)
        payload, shared = client.put(parcel.whole()), client.put(shards.shared)
        chunks = {
            run.remote(payload, request, shared, shards.arguments(k), k): k for k in shards.firsts
        }
        try:
            while chunks:
                ready, _ = client.wait(list(chunks), num_returns=1)
                for reference in ready:
                    first = chunks.pop(reference)
                    yield first, self._result(reference, shards, first)
        finally:
            cancel = getattr(client, "cancel", None)
            for reference in chunks if cancel is not None else ():
                cancel(reference)

    def _result(self, reference, shards, first):
        try:
            return self.client.get(reference)
        except Exception as error:
            raise RuntimeError(
                f"{shards.span(first)} were not computed: the engine raised "
                f"{type(error).__name__}: {error}"
            ) from error
