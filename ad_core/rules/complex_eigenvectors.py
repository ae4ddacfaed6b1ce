# SPDX-License-Identifier: Apache-2.0
"""Eigenvalues and eigenvectors of real matrices where they are complex numbers.

The vectors are those of LAPACK: their length is 1, and their largest element is real.
"""

import numpy as np

from ad_core.rules import repeated_eigenvalues as repeated
from ad_core.rules.rule import call

__all__ = ["eig"]


def eig(name, solved, a):
    """(re w, im w, re v, im v) for a v = v diag(w); solved: a function that returns w and v of a
    plain matrix."""

    def value(a):
        w, v = solved(a)
        return np.real(w), np.imag(w), np.real(v), np.imag(v)

    def jvp(arrays, results, tangents):
        w, v = _joined(results)
        back = np.linalg.inv(v)
        same, merged = _equal(arrays[0], w, back)
        inner = back @ (tangents[0] + 0.0j) @ v
        gaps = w[None, :] - w[:, None]
        quotients = np.where(same, 0.0, inner / np.where(same, 1.0, gaps))
        moved = v @ quotients
        moved = moved - v * np.sum(np.conj(v) * moved, axis=0).real
        size = np.square(results[2]) * (results[3] == 0.0)
        largest = np.argmax(size, axis=0), np.arange(size.shape[1])
        moved = moved - 1j * v * (moved[largest].imag / results[2][largest])
        lost = repeated.nan_where_missing(True, tangents[0])[0, 0]
        lost_w = np.where(merged, lost, 0.0)
        lost_v = np.where(np.sum(same, axis=0) > 1.5, lost, 0.0)
        slopes = np.diagonal(inner)
        return slopes.real + lost_w, slopes.imag + lost_w, moved.real + lost_v, moved.imag + lost_v

    def undetermined(arrays, results):
        w, v = _joined(results)
        same, merged = _equal(arrays[0], w, np.linalg.inv(v))
        many = (np.sum(same, axis=0) > 1.5)[None, :]
        return merged, merged, many, many

    return call(name, value, (a,), jvp, undetermined=undetermined)


def _joined(results):
    wr, wi, vr, vi = results
    return wr + 1j * wi, vr + 1j * vi


def _equal(a, w, back):
    """Which eigenvalues are equal up to rounding (n, n), and which have too few eigenvectors (n);
    see ad_core/rules/factorizations.py."""
    n = w.shape[0]
    size = np.sqrt(np.sum(np.square(a)))
    over = np.sqrt(np.sum(np.square(back.real) + np.square(back.imag), axis=-1))
    known = n * np.finfo(float).eps * size * over
    gaps = np.absolute(w[None, :] - w[:, None])
    same = ~(gaps > 0.5 * (known[None, :] + known[:, None]))
    merged = ~(over < 1.0 / (n * np.sqrt(np.finfo(float).eps)))
    return same, merged & (np.sum(np.where(same, 1.0, 0.0), axis=-1) > 1.5)
