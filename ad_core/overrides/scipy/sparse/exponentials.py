# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""scipy.sparse.linalg.expm_multiply: the series of Al-Mohy and Higham, Computing the action of the
matrix exponential (2011), with numbers of steps and of terms that are decided from the matrix."""

import numpy as np
import scipy.sparse as ss
import scipy.sparse.linalg as ssl

from ad_core import _core
from ad_core.overrides.scipy.decisions import decision
from ad_core.overrides.scipy.dispatch import implements
from ad_core.overrides.scipy.linalg.entering import plain_options, refuse
from ad_core.recording.arrays import as_array

__all__ = []

NAME = "scipy.sparse.linalg.expm_multiply"


@implements(ssl.expm_multiply)
def expm_multiply(A, B, start=None, stop=None, num=None, endpoint=None, traceA=None):
    """The product of the exponential of A with B, or of t A for evenly spaced times t."""
    if isinstance(A, ssl.LinearOperator):
        refuse(f"{NAME} of a LinearOperator", "pass the matrix")
    if ss.issparse(B):
        refuse(f"{NAME} with a sparse B", "pass B.toarray()")
    B = as_array(B)
    if all(x is None for x in (start, stop, num, endpoint)):
        return _at(A, B, 1.0)
    start, stop = plain_options(NAME, start, stop)
    options = {} if num is None else {"num": num}
    times = np.linspace(start, stop, endpoint=endpoint is None or endpoint, **options)
    return np.stack([_at(A, B, float(_core.plain_values((t,))[0])) for t in times])


def _at(A, B, t):
    n = A.shape[0]
    if len(A.shape) != 2 or A.shape[1] != n:
        raise ValueError("expected A to be like a square matrix")
    if B.ndim not in (1, 2) or B.shape[0] != n:
        raise ValueError(f"shapes of matrices A {A.shape} and B {B.shape} are incompatible")
    if ss.issparse(A):
        A = A.tocsr()
        make = lambda data: ss.csr_array((data, A.indices, A.indptr), shape=A.shape)  # noqa: E731
        data = A.data
    else:
        A = data = as_array(A)
        make = lambda data: data  # noqa: E731
    shift = (A.diagonal().sum() if ss.issparse(A) else np.trace(A)) / n
    steps, terms = decision(f"the series of {NAME}", lambda data: _series(make(data), t), data)
    factor = np.exp(shift * (t / steps))
    for _ in range(steps):
        total = B
        for k in range(1, terms + 1):
            B = (t / (steps * k)) * (A @ B - shift * B)
            total = total + B
        B = factor * total
    return B


RADIUS = 4.0  # largest norm for which a series is summed


def _series(A, t):
    """The numbers of steps and of terms of the series in each. They are decided by A alone, since B
    may vanish at a point, and are enough for third derivatives too."""
    n = A.shape[0]
    shift = (A.diagonal().sum() if ss.issparse(A) else np.trace(A)) / n
    A = A - shift * (ss.eye_array(n, format="csr") if ss.issparse(A) else np.eye(n))
    size = abs(t) * float(abs(A).sum(axis=0).max())
    if not np.isfinite(size):
        return 1, 1
    steps = max(1, int(np.ceil(size / RADIUS)))
    radius, rest, terms = max(1.0, size / steps), 1.0, 0
    while rest > 2.0**-56:
        terms += 1
        rest *= radius / terms
    return steps, terms + 3
