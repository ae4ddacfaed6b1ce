# SPDX-License-Identifier: Apache-2.0
"""The comparison of the peers' results, before anything is timed."""

import numpy as np

EXACT = 1e-9
"""Tolerance for peers that differentiate exactly, relative to `scale`."""
DIFFERENCES = 1e-2
"""Tolerance for finite differences, which lose at least half the digits, relative to `scale`."""


def scale(array):
    """The scale to which the error of each entry is relative.

    For a matrix, and each matrix of a batch, it is the smaller of the largest entries in the
    entry's row and column, so that the errors of Pollution's reaction rates, which differ by 17
    decades, do not hide one another. Otherwise it is the largest entry.
    """
    size = np.abs(array)
    if array.ndim >= 2 and array.size:
        return np.minimum(size.max(axis=-1, keepdims=True), size.max(axis=-2, keepdims=True))
    return np.full(array.shape, size.max(initial=0.0))


def error(answer, reference):
    """Largest error of a list of arrays relative to `scale`; inf if shapes or zeros differ."""
    if [a.shape for a in answer] != [b.shape for b in reference]:
        return np.inf
    worst = 0.0
    for a, b in zip(answer, reference, strict=True):
        difference, size = np.abs(a - b), scale(b)
        relative = np.where(difference > 0, np.inf, 0.0)
        np.divide(difference, size, out=relative, where=size > 0)
        worst = max(worst, float(np.max(relative, initial=0.0)))
    return worst if np.isfinite(worst) else np.inf


def judge(answers, exact):
    """Return ``{peer: (error, agrees)}`` for ``answers`` {peer: list of lists of arrays}.

    The reference is the exact peer with which most exact peers agree, so that one wrong peer
    cannot make the others look wrong. ``exact`` is the set of the exact peers' names.
    """
    candidates = [name for name in answers if name in exact] or list(answers)

    def distance(name, other):
        pairs = zip(answers[name], answers[other], strict=True)
        return max(error(a, b) for a, b in pairs)

    def followers(name):
        return sum(distance(other, name) <= EXACT for other in candidates)

    reference = max(candidates, key=followers, default=None)
    result = {}
    for name in answers:
        worst = distance(name, reference)
        result[name] = worst, worst <= (EXACT if name in exact else DIFFERENCES)
    return result
