# SPDX-License-Identifier: Apache-2.0
"""Equal eigenvalues and singular values: where they lie, and what is no function of the matrix
there.

Eigenvectors of equal eigenvalues are any basis of their space: LAPACK's choice jumps when the
matrix moves, and the quotient by the gap, of which their derivative is made, is 0/0.  Numbers count
as equal if they differ by no more than their rounding.  A derivative that asks for such a vector is
NaN; one that does not (a seed that is an exact zero) is what it is.
"""

import numpy as np

from ad_core import _core
from ad_core.recording.undetermined import guarded

__all__ = ["absent", "equal", "guarded", "inverse_gaps", "lost", "repeated", "safe_inverse"]

EPS = np.finfo(np.float64).eps


def equal(gaps, s):
    """Whether numbers of these differences (..., k, k), of s (..., k), are equal but for
    rounding."""
    size = s.shape[-1] * EPS * np.max(np.absolute(s), axis=-1, keepdims=True)
    return np.absolute(gaps) <= size[..., None]


def _gaps(s):
    return s[..., None, :] - s[..., :, None]


def inverse_gaps(s, same=None):
    """[i, j]: 1 / (s_j - s_i), 0 for equal ones; same: which are, where that is known."""
    gaps = _gaps(s)
    return safe_inverse(gaps, equal(gaps, s) if same is None else same)


def safe_inverse(x, without):
    """1 / x, 0 at those to be left out."""
    return np.where(without, 0.0, 1.0 / np.where(without, 1.0, x))


def repeated(s, same=None):
    """Which of s (..., k) have an equal beside them."""
    same = equal(_gaps(s), s) if same is None else same
    return np.sum(np.where(same, 1.0, 0.0), axis=-1) > 1.5


def lost(missing, seeds):
    """A number for each matrix of a stack, of shape (..., 1, 1), to be added to its derivative: NaN
    if a seed (..., m, n) that is not zero stands where ``missing`` (broadcast against it) is true,
    else 0.
    """
    return np.sum(guarded(np.where(missing, np.nan, 0.0), seeds), axis=(-2, -1), keepdims=True)


def absent(seeds):
    """Whether these are zeros whatever the point is: nothing is to be computed of them."""
    if _core.traced(seeds):
        return _core.is_constant(seeds) and not np.any(_core.current_values(seeds))
    return not np.any(seeds)
