# SPDX-License-Identifier: Apache-2.0
"""map_batch() of a Dask array: a lazy Dask array of results."""

from importlib import import_module

import ad_core
from ad_core.distributed.dask_client import DaskClient
from ad_core.distributed.payload import Parcel
from ad_core.distributed.shards import batch_shape
from ad_core.distributed.tasks import Failed, evaluate
from ad_core.recording.trees import flatten

__all__ = ["map_array"]

MANY = 1 << 20  # points of an array of unknown length, for the choice of a program


def map_array(tape, arguments, engine, request, shared, chunk, progress, timeout):
    """The results at the rows of a Dask array, with the same blocks of rows."""
    dask, da = import_module("dask"), import_module("dask.array")
    if len(arguments) != 1 or shared or not isinstance(arguments[0], da.Array):
        raise TypeError(
            "a Dask array must be the only argument of the tape; fix the others by a tape of one "
            "argument, or pass arrays of NumPy and a Client"
        )
    if chunk is not None or progress is not None:
        raise TypeError(
            "the result for a Dask array is computed later, block by block: set its blocks by "
            "X.rechunk() instead of chunk=, and show progress by dask.diagnostics.ProgressBar or "
            "dask.distributed.progress"
        )
    if engine is not None and type(engine).__module__.partition(".")[0] != "distributed":
        raise TypeError(
            f"a Dask array is computed by Dask, not by an instance of {type(engine).__name__}; "
            f"leave the engine out, or pass X.compute()"
        )
    if engine is not None:
        DaskClient(engine, timeout)  # checks the workers
    if not isinstance(tape, ad_core.Tape):
        raise TypeError(
            f"a Dask array needs the shapes of the results, which only a Tape knows, got "
            f"{type(tape).__name__}; record the function by ad_core.trace(f, x)"
        )
    (X,) = arguments
    points = _checked(tape, X)
    X = X.rechunk(dict.fromkeys(range(1, X.ndim), -1))
    run = tape if request.method == "value" else getattr(tape, request.method)
    options = {} if request.argnums is None else {"argnums": request.argnums}
    example = _of_no_points(run, X, options)
    payload = dask.delayed(Parcel(tape, points).whole(), pure=True)
    core = example.shape[1:]
    axes = range(1, X.ndim)
    return da.map_blocks(
        _on_block,
        X,
        payload,
        request,
        example,
        dtype=example.dtype,
        drop_axis=[k for k in axes if k > len(core)],
        new_axis=list(range(X.ndim, 1 + len(core))) or None,
        chunks=(X.chunks[0], *((n,) for n in core)),
        meta=example,
    )


def _checked(tape, X):
    """The number of points of X, or MANY if Dask does not know it."""
    shapes = tape._recording.inputs.shapes
    if X.ndim < 1 or (not tape.is_complex and X.shape[1:] != shapes[0]):
        raise ValueError(
            f"the Dask array must have shape {batch_shape(shapes[0])}, a row for each of N points, "
            f"got {X.shape}"
        )
    if X.shape[0] == 0:
        raise ValueError("the Dask array is empty (its first axis has length 0)")
    return X.shape[0] if X.shape[0] == X.shape[0] else MANY  # an unknown length is NaN


def _of_no_points(run, X, options):
    """The result for no points, which has the shape of that for any number."""
    import numpy as np

    found = run(np.empty((0, *X.shape[1:]), X.dtype), **options)
    if len(flatten(found)[0]) != 1:
        raise TypeError(
            f"a Dask array holds one array, but the result has {len(flatten(found)[0])}; call "
            f"map_batch once for each"
        )
    return found


def _on_block(block, payload, request, example, block_info=None):
    if not len(block):
        return example
    first = block_info[0]["array-location"][0][0] if block_info else 0
    known = first == first  # not NaN, as after blocks of unknown length
    found = evaluate(payload, request, {}, {0: block}, first if known else 0)
    if isinstance(found, Failed):
        error = found.raised()
        if not known:
            error.add_note("Dask does not know the block's place: points are counted within it")
        raise error
    return found
