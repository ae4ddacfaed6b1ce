# SPDX-License-Identifier: Apache-2.0
"""Batches of a tape over processes and machines, by the engine that the user has.

An engine is a Client of Dask (or the address of its scheduler), any executor of
:mod:`concurrent.futures`, a ``joblib.Parallel``, or a client with the functions of Ray.  The tape
travels to each worker once, and the results do not depend on the number of workers.

>>> from concurrent.futures import ThreadPoolExecutor
>>> import numpy as np, ad_core
>>> from ad_core import distributed
>>> tape = ad_core.trace(lambda x: np.sin(x) * x[0], np.ones(2))
>>> X = np.random.default_rng(0).normal(size=(1000, 2))
>>> with ThreadPoolExecutor(2) as executor:
...     J = distributed.map_batch(tape, X, executor)
>>> np.array_equal(J, tape.jacobian(X))
True
"""

from ad_core.distributed.batches import map_batch
from ad_core.distributed.sums import sum_value_and_grad

__all__ = ["map_batch", "sum_value_and_grad"]
