# SPDX-License-Identifier: Apache-2.0
"""sum_value_and_grad(): the sum of a loss over the points of a batch, and its gradient."""

import numpy as np

from ad_core.distributed.batches import Progress
from ad_core.distributed.choice import engine_of
from ad_core.distributed.shards import Shards, argnums_among, argument_list
from ad_core.distributed.tasks import Request
from ad_core.errors.integers import integer

__all__ = ["sum_value_and_grad"]


def sum_value_and_grad(
    tape,
    X,
    engine,
    *,
    argnums=0,
    shared=(),
    chunk=None,
    workers=1,
    progress=None,
    timeout=30.0,
):
    """The sum of a scalar function over the points of a batch, and its gradient by arguments that
    are the same at all points (the parameters of a model).

    tape: a Tape or compiled Function of one point's loss, such as ``loss(parameters, x, y)``.
    X: the tuple of its arguments; those that are neither in argnums nor in shared have the points
        as their first axis.  A point may itself be a shard: an array of observations.
    argnums: the argument, or a tuple of several, by which the sum is differentiated.
    engine, shared, chunk, workers, progress, timeout, errors: as of :func:`map_batch`.

    Returns (value, gradient), nested as those of ``tape.value_and_grad``.  Each task adds over its
    chunk as np.sum does, and the chunks are added by pairs of neighbours, with Dask on
    the workers.  So for one chunk= the bits of the sum do not depend on the engine, on the number
    of workers or on the order in which they finish (on machines that use one instruction set).

    Cost: each task sends back one value and one gradient.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import numpy as np, ad_core
    >>> from ad_core.distributed import sum_value_and_grad
    >>> loss = ad_core.trace(lambda b, x, y: (b[0] + b[1] * x - y) ** 2, np.ones(2), 0.0, 0.0)
    >>> x = np.arange(4.0)
    >>> with ThreadPoolExecutor(2) as executor:
    ...     sum_value_and_grad(loss, (np.array([1.0, 1.0]), x, 2.0 * x), executor)
    (np.float64(6.0), array([ -4., -16.]))
    """
    arguments = argument_list(tape, X, "sum_value_and_grad")
    argnums = argnums_among(argnums, arguments, "sum_value_and_grad")
    moving = argnums if isinstance(argnums, tuple) else (argnums,)
    others = shared if np.iterable(shared) else [shared]
    workers = integer(workers, "workers", "a number of threads, at least 1", least=1)
    shards = Shards(tape, arguments, "sum_value_and_grad", {*moving, *others}, chunk)
    progress = Progress(progress)
    with_engine = engine_of(engine, timeout)
    try:
        parcel = with_engine.parcel(tape, shards.points)
        request = Request("value_and_grad", argnums, workers, summed=True)
        return with_engine.total(parcel, request, shards, progress.advance)
    finally:
        with_engine.close()
