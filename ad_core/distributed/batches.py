# SPDX-License-Identifier: Apache-2.0
"""map_batch(): a method of a tape at the points of a batch, on the workers of an engine."""

import numpy as np

from ad_core.distributed.choice import engine_of
from ad_core.distributed.engines import collect
from ad_core.distributed.shards import Shards, argnums_among, argument_list
from ad_core.distributed.tasks import Request
from ad_core.errors.integers import integer
from ad_core.recording.trees import flatten

__all__ = ["Progress", "map_batch"]

METHODS = ("value", "jacobian", "value_and_jacobian", "grad", "value_and_grad", "hessian")


def map_batch(
    tape,
    X,
    engine=None,
    method="jacobian",
    *,
    argnums=0,
    shared=(),
    chunk=None,
    workers=1,
    progress=None,
    timeout=30.0,
):
    """Evaluate a method of a tape at the points of a batch, on the processes or machines of an
    engine, and return what ``tape.jacobian(X)`` would: the same bits.

    tape: a Tape, which is sent as data, or a compiled Function, which is sent as Python code and
        records on each worker (its results agree to rounding).
    X: an array whose first axis counts the N points, a container of such arrays, or a tuple of
        them if the function has several arguments.  A Dask array gives a lazy Dask array: its
        blocks of rows are evaluated by ``map_blocks`` when it is computed.
    engine: a ``dask.distributed.Client`` or the address of a scheduler; an executor of
        ``concurrent.futures`` (processes, threads, MPI); a ``joblib.Parallel``; or a module or
        client with Ray's functions.  A Dask array needs none.
    method: "value", "jacobian", "value_and_jacobian", "grad", "value_and_grad" or "hessian".
    argnums: as for the tape's method.
    shared: the numbers of arguments that are the same at all points, without a first axis for them.
    chunk: the points of one task; None: a 64th of the batch, at most 65,536, in blocks of 32.
    workers: the threads of one task; an engine runs a task for each of its own threads.
    progress: an object with ``update(n)``, such as ``tqdm.tqdm(total=N)``, which is called with the
        numbers of points as they arrive.
    timeout: the seconds that a Dask cluster may take to answer and to have a worker.

    Returns arrays in this process, with N as their first axis.  Raises TypeError and ValueError for
    arguments that do not fit and for an empty batch, before anything is sent, and ConnectionError
    for a cluster that does not answer.  An exception on a worker is raised here as it would be
    without an engine, that of the first point of the batch which raises, with a note that names
    point and worker.  RuntimeError: the processes of an executor were killed, tasks were cancelled,
    or a worker has another version of ad_core.  Dask repeats the chunks of a worker that is lost.

    Cost: the tape is sent to each worker once, X and the results once.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import numpy as np, ad_core
    >>> from ad_core.distributed import map_batch
    >>> tape = ad_core.trace(lambda x: np.sum(x**3), np.ones(2))
    >>> with ThreadPoolExecutor(2) as executor:
    ...     map_batch(tape, np.array([[1.0, 2.0], [3.0, 4.0]]), executor, "grad", chunk=1)
    array([[ 3., 12.],
           [27., 48.]])
    """
    arguments = argument_list(tape, X, "map_batch")
    if check_method(method) == "value":
        argnums = None
    else:
        argnums = argnums_among(argnums, arguments, "map_batch")
    request = Request(method, argnums, _threads(workers))
    if any(_is_dask_array(leaf) for x in arguments for leaf in flatten(x)[0]):
        from ad_core.distributed.dask_arrays import map_array  # late: needs dask.array

        return map_array(tape, arguments, engine, request, shared, chunk, progress, timeout)
    shards = Shards(tape, arguments, "map_batch", shared, chunk)
    progress = Progress(progress)
    with_engine = engine_of(engine, timeout)
    try:
        joined = _Joined(shards, progress)
        parcel = with_engine.parcel(tape, shards.points)
        collect(with_engine.outcomes(parcel, request, shards), shards, joined.take)
        return joined.tree.fill(joined.leaves)
    finally:
        with_engine.close()


class _Joined:
    """The results of all chunks, nested as those of one."""

    def __init__(self, shards, progress):
        self.shards, self.progress = shards, progress
        self.tree = self.leaves = None

    def take(self, first, found):
        leaves, tree = flatten(found)
        if self.tree is None:
            points, self.tree = self.shards.points, tree
            self.leaves = [
                np.empty((points, *leaf.shape[1:]), leaf.dtype) if _is_array(leaf) else leaf
                for leaf in leaves
            ]
        for array, leaf in zip(self.leaves, leaves, strict=True):
            if _is_array(leaf):
                array[first : first + len(leaf)] = leaf
        self.progress.advance(self.shards.size(first))


def _is_array(leaf):
    """Whether a leaf has the points as its first axis; others, such as texts, are the same at all
    points."""
    return isinstance(leaf, np.ndarray)


class Progress:
    """The user's progress bar; raises TypeError if it is none."""

    def __init__(self, bar):
        if bar is not None and not callable(getattr(bar, "update", None)):
            raise TypeError(
                f"progress must have a method update(n), as tqdm's bars do, got "
                f"{type(bar).__name__}"
            )
        self.bar = bar

    def advance(self, points):
        if self.bar is not None:
            self.bar.update(points)


def check_method(method):
    """A method's name; raises ValueError for another one."""
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    return method


def _threads(workers):
    return integer(workers, "workers", "a number of threads, at least 1", least=1)


def _is_dask_array(x):
    return type(x).__module__.startswith("dask.array")
