# SPDX-License-Identifier: Apache-2.0
"""A Client of dask.distributed as the engine of a batch."""

import concurrent.futures as futures
import pydoc
import uuid
import weakref
from importlib import import_module
from itertools import islice

import ad_core
from ad_core.distributed.engines import Engine, paired_sum, result_of
from ad_core.distributed.tasks import Failed, added, evaluate, identity

__all__ = ["DaskClient"]

AHEAD = 64  # chunks that are submitted before their predecessors are done, at least
EXTRA = 'pip install "ad-core[dask]"'
# Client -> workers that have this version of ad_core
_checked: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()
LOST = "Dask has given the chunk to other workers, and these ended too"


class DaskClient(Engine):
    """A Client.  The tape and the shared arguments are results of tasks: workers get them from the
    scheduler or from one another, once each, and the scheduler makes them again if all workers that
    had them are lost."""

    def __init__(self, given, timeout):
        """given: a Client, or the address of a scheduler.  timeout: seconds to wait for a
        scheduler and for a first worker."""
        self.opened = None
        if isinstance(given, str):
            given = self.opened = _connected(given, timeout)
        self.client = given
        if given.asynchronous:
            raise TypeError(
                "the Client is asynchronous, and map_batch waits for its results; pass one that is "
                "made with asynchronous=False"
            )
        self._check()
        self._wait_for_a_worker(timeout)
        self._check_workers()

    def _wait_for_a_worker(self, timeout):
        given = self.client
        if not given.nthreads():
            try:
                given.wait_for_workers(1, timeout=timeout)
            except (TimeoutError, futures.TimeoutError) as error:
                self.close()
                raise ConnectionError(
                    f"the cluster of {_address(given)} has had no worker for {timeout:g} seconds; "
                    f"start one (`dask worker ADDRESS`), or give it more time by timeout="
                ) from error

    def close(self):
        if self.opened is not None:
            self.opened.close()

    def _check(self):
        if self.client.status != "running":
            raise ConnectionError(
                f"the Client is not connected to its scheduler at {_address(self.client)} (its "
                f"status is {self.client.status!r}); make a new Client, or start the scheduler "
                f"again"
            )

    def _check_workers(self):
        """Raise RuntimeError if a worker has no ad_core, or another version: it could not read its
        tasks, and Dask would wait for it."""
        known = _checked.setdefault(self.client, set())
        new = [worker for worker in self.client.nthreads() if worker not in known]
        if not new:
            return
        versions = self.client.run(
            pydoc.locate, "ad_core.__version__", workers=new, on_error="return"
        )
        for worker, version in versions.items():
            if version == ad_core.__version__ or isinstance(version, OSError):  # it has just ended
                known.add(worker)
                continue
            found = f"ad_core {version}" if isinstance(version, str) else "no ad_core"
            self.close()
            raise RuntimeError(
                f"the worker {worker} has {found}, but the caller has ad_core "
                f"{ad_core.__version__}; install the same version on all machines"
            )

    def outcomes(self, parcel, request, shards):
        as_completed = import_module("distributed").as_completed
        submit = self._submitter(parcel, request, shards)
        waiting, chunks, done = iter(shards.firsts), {}, as_completed(loop=self.client.loop)

        def send(count):
            for first in islice(waiting, count):
                future = submit(first)
                chunks[future.key] = first, future
                done.add(future)

        send(max(AHEAD, 2 * sum(self.client.nthreads().values())))
        try:
            for future in done:
                first = chunks.pop(future.key)[0]
                found = self._result(future, shards, first)
                del future
                send(1)
                yield first, found
        finally:
            self._cancel([future for _, future in chunks.values()])

    def total(self, parcel, request, shards, advance):
        as_completed = import_module("distributed").as_completed
        submit = self._submitter(parcel, request, shards)
        parts = [submit(first) for first in shards.firsts]
        firsts = {future.key: first for future, first in zip(parts, shards.firsts, strict=True)}
        sums = []

        def add(one, two):
            sums.append(self.client.submit(added, one, two, pure=False))
            return sums[-1]

        root = paired_sum(parts, add)
        try:
            for future in as_completed(parts, loop=self.client.loop):
                first = firsts[future.key]
                if future.status != "finished":
                    self._result(future, shards, first)
                advance(shards.size(first))
            found = self._result(root, shards, shards.firsts[0])
        except BaseException:
            self._cancel([*parts, *sums])
            raise
        if isinstance(found, Failed):
            raise found.raised()
        return found

    def _cancel(self, tasks):
        if tasks and self.client.status == "running":
            self.client.cancel(tasks)

    def _submitter(self, parcel, request, shards):
        """A function that submits the chunk which begins with a point."""
        label = f"ad_core-{request.method}-{uuid.uuid4().hex}"
        send = self.client.submit
        payload = send(identity, parcel.whole(), key=f"{label}-tape")
        shared = send(identity, shards.shared, key=f"{label}-shared")

        def submit(first):
            arguments = shards.arguments(first)
            return send(
                evaluate, payload, request, shared, arguments, first, key=f"{label}-{first}"
            )

        return submit

    def _result(self, future, shards, first):
        killed = import_module("distributed.scheduler").KilledWorker
        try:
            return result_of(future.result, shards.span(first), LOST)
        except killed as error:
            raise RuntimeError(
                f"workers ended while they computed {shards.span(first)}: they were killed or ran "
                f"out of memory; {LOST}; a smaller chunk= takes less memory ({error})"
            ) from error
        except (ImportError, AttributeError) as error:
            raise RuntimeError(
                f"a worker could not load what the task needs ({type(error).__name__}: {error}); "
                f"install ad_core {ad_core.__version__} and the modules of the function on all "
                f"workers"
            ) from error
        except (RuntimeError, OSError) as error:
            self._check()
            raise error


def _connected(address, timeout):
    try:
        connect = import_module("distributed").Client
    except ImportError as error:
        raise ImportError(
            f"the address of a scheduler needs dask.distributed ({error}): {EXTRA}"
        ) from error
    try:
        return connect(address, timeout=timeout)
    except (OSError, ValueError) as error:
        raise ConnectionError(
            f"no Dask scheduler answers at {address} within {timeout:g} seconds "
            f"({type(error).__name__}: {error}); start one (`dask scheduler`), or correct the "
            f"address"
        ) from error


def _address(client):
    return client.scheduler.address if client.scheduler is not None else "an unknown address"
