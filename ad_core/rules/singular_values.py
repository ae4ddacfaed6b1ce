# SPDX-License-Identifier: Apache-2.0
"""The singular value decompositions of a rule's matrices, which its value, its derivatives and the
tests of its rank need one after the other."""

import threading

import numpy as np

from ad_core import _core

__all__ = ["singular_values", "thin_svd"]

MOST = 1 << 17  # numbers of the matrices whose decompositions are kept

_last = threading.local()  # matrices, (u, s, vt)


def thin_svd(a):
    """np.linalg.svd(a, full_matrices=False) of stacks of matrices.  Each thread keeps the last one,
    so the results must not be changed."""
    if _core.traced(a):
        return np.linalg.svd(a, full_matrices=False)
    matrices, found = getattr(_last, "kept", (None, None))
    if matrices is None or not np.array_equal(matrices, a):
        found = np.linalg.svd(a, full_matrices=False)
        _last.kept = (np.array(a), found) if a.size <= MOST else (None, None)
    return found


def singular_values(a):
    """np.linalg.svdvals(a), from the same decompositions."""
    return thin_svd(a)[1]
