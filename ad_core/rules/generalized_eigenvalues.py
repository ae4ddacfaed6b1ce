# SPDX-License-Identifier: Apache-2.0
"""The symmetric eigenvalue problem a v = w b v with v^T b v = 1."""

import numpy as np

from ad_core.rules import repeated_eigenvalues as repeated
from ad_core.rules.linalg import transposed
from ad_core.rules.rule import call

__all__ = ["generalized_eigh"]


def generalized_eigh(solved, a, b):
    """w and v for symmetric a and b; solved: a function that returns them for plain matrices."""

    def jvp(arrays, results, tangents):
        w, v = results
        da, db = (0.5 * (t + transposed(t)) for t in tangents)
        change, scale = transposed(v) @ da @ v, transposed(v) @ db @ v
        inner = change - scale * w
        own = scale * np.eye(w.shape[0])
        lost = [repeated.nan_where_missing(True, t)[0, 0] for t in (da, db)]
        lost = np.where(repeated.repeated(w), lost[0] + lost[1], 0.0)
        moved = v @ (repeated.inverse_gaps(w) * inner - 0.5 * own) + lost
        return np.diagonal(inner), moved

    def undetermined(arrays, results):
        return None, repeated.repeated(results[0])[None, :]

    value = lambda a, b: solved(a, b)  # noqa: E731
    return call("scipy.linalg.eigh", value, (a, b), jvp, undetermined=undetermined)
