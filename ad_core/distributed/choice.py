# SPDX-License-Identifier: Apache-2.0
"""The engine for what the user passed."""

import concurrent.futures as futures
import sys

from ad_core.distributed.engines import Executors, Joblib, Ray

__all__ = ["engine_of"]


def engine_of(given, timeout):
    """The engine for what the user passed.  Raises TypeError for other objects, ConnectionError if
    a cluster does not answer, and ImportError for an address without Dask."""
    joblib, dask = sys.modules.get("joblib"), sys.modules.get("distributed")
    if isinstance(given, (str, getattr(dask, "Client", ()))):
        from ad_core.distributed.dask_client import DaskClient  # late: needs dask.distributed

        return DaskClient(given, timeout)
    if isinstance(given, futures.Executor):
        return Executors(given)
    if isinstance(given, getattr(joblib, "Parallel", ())):
        return Joblib(given)
    if all(callable(getattr(given, name, None)) for name in ("remote", "put", "get", "wait")):
        return Ray(given)
    what = f"an instance of {type(given).__module__}.{type(given).__qualname__}"
    raise TypeError(
        f"the engine must be a dask.distributed.Client, the address of its scheduler, an executor "
        f"of concurrent.futures, a joblib.Parallel or a client like Ray's, got {what}"
    )
