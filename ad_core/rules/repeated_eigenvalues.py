# SPDX-License-Identifier: Apache-2.0
"""Equal eigenvalues and singular values: which ones are equal, and which results are not functions
of the matrix there.

Eigenvectors of equal eigenvalues are any basis of their space. LAPACK's choice of the basis jumps
when the matrix changes, and the quotient by the gap in the formula of their derivative is 0/0.
Numbers count as equal if they differ by no more than their rounding error. A derivative that uses
such a vector is NaN; one that does not use it, because its seed is exactly zero, is not affected.
"""

import sys

import numpy as np

from ad_core import _core
from ad_core.recording.undetermined import guarded

__all__ = [
    "absent",
    "equal",
    "guarded",
    "inverse_gaps",
    "nan_where_missing",
    "repeated",
    "safe_inverse",
]

EPS = sys.float_info.epsilon


def equal(gaps, s):
    """Whether the numbers s (..., k) with these differences (..., k, k) are equal up to
    rounding."""
    size = s.shape[-1] * EPS * np.max(np.absolute(s), axis=-1, keepdims=True)
    return np.absolute(gaps) <= size[..., None]


def _gaps(s):
    return s[..., None, :] - s[..., :, None]


def inverse_gaps(s, same=None):
    """[i, j]: 1 / (s_j - s_i), or 0 for equal numbers; same says which are equal, if known."""
    gaps = _gaps(s)
    return safe_inverse(gaps, equal(gaps, s) if same is None else same)


def safe_inverse(x, without):
    """1 / x, and 0 where `without` is true."""
    return np.where(without, 0.0, 1.0 / np.where(without, 1.0, x))


def repeated(s, same=None):
    """Which of the numbers s (..., k) are equal to another one."""
    same = equal(_gaps(s), s) if same is None else same
    return np.sum(np.where(same, 1.0, 0.0), axis=-1) > 1.5


def nan_where_missing(missing, seeds):
    """A number for each matrix of a stack, of shape (..., 1, 1), to be added to its derivative.

    It is NaN if a seed (..., m, n) is not zero where ``missing``, which broadcasts against the
    seeds, is true. Otherwise it is 0.
    """
    return np.sum(guarded(np.where(missing, np.nan, 0.0), seeds), axis=(-2, -1), keepdims=True)


def absent(seeds):
    """Whether the seeds are zeros at every point, so that nothing has to be computed."""
    if _core.traced(seeds):
        return _core.is_constant(seeds) and not np.any(_core.current_values(seeds))
    return not np.any(seeds)
