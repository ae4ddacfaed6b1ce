# SPDX-License-Identifier: Apache-2.0
"""Eigenvalues and eigenvectors of stacks of real matrices where they are complex numbers.

The vectors are those of LAPACK: their length is 1, and their largest element is real.  Where two
elements of a complex vector are the largest, the phase jumps with the choice between them, and the
vector has no derivative.
"""

import numpy as np

from ad_core.rules import repeated_eigenvalues as repeated
from ad_core.rules.rule import call

__all__ = ["eig"]

EPS = np.finfo(float).eps


def eig(name, solved, a, stack=None):
    """(re w, im w, re v, im v) for a v = v diag(w).

    solved: a function that returns w and v of plain matrices.  stack: the stack's shape if it takes
    stacks.  A change t of the matrix changes an eigenvalue by u t v, where u is its left
    eigenvector with u v = 1."""

    def value(a):
        w, v = solved(a)
        return tuple(1.0 * part for part in (np.real(w), np.imag(w), np.real(v), np.imag(v)))

    def jvp(arrays, results, tangents):
        w, v = _joined(results)
        back = np.linalg.inv(v)
        same, merged = _equal(arrays[0], w, back)
        inner = back @ (tangents[0] + 0.0j) @ v
        gaps = w[..., None, :] - w[..., :, None]
        moved = v @ np.where(same, 0.0, inner / np.where(same, 1.0, gaps))
        moved = moved - v * np.sum(np.conj(v) * moved, axis=-2, keepdims=True).real
        made_real = _made_real(results)
        turns = np.where(made_real, moved.imag / np.where(made_real, results[2], 1.0), 0.0)
        moved = moved - 1j * v * np.sum(turns, axis=-2, keepdims=True)
        lost = repeated.nan_where_missing(True, tangents[0])
        lost_w = np.where(merged, lost[..., 0], 0.0)
        lost_v = np.where(_no_vector(results, same), lost, 0.0)
        slopes = np.diagonal(inner, 0, -2, -1)
        return slopes.real + lost_w, slopes.imag + lost_w, moved.real + lost_v, moved.imag + lost_v

    def undetermined(arrays, results):
        w, v = _joined(results)
        same, merged = _equal(arrays[0], w, np.linalg.inv(v))
        none = _no_vector(results, same)
        return merged, merged, none, none

    return call(name, value, (a,), jvp, undetermined=undetermined, stack=stack)


def _joined(results):
    wr, wi, vr, vi = results
    return wr + 1j * wi, vr + 1j * vi


def _made_real(results):
    """For each vector the element that is kept real, as truth values (..., n, n)."""
    size = np.square(results[2]) * (results[3] == 0.0)
    return np.arange(size.shape[-2])[:, None] == np.argmax(size, axis=-2)[..., None, :]


def _no_vector(results, same):
    """Which vectors are not functions of the matrix (..., 1, n): those of equal eigenvalues, and
    complex ones of which two elements are the largest."""
    _, wi, vr, vi = results
    size = np.hypot(vr, vi)
    largest = np.max(size, axis=-2, keepdims=True)
    tied = np.sum(np.where(size > (1.0 - 8.0 * size.shape[-1] * EPS) * largest, 1.0, 0.0), axis=-2)
    many = np.sum(np.where(same, 1.0, 0.0), axis=-2)
    return ((many > 1.5) | ((tied > 1.5) & (wi != 0.0)))[..., None, :]


def _equal(a, w, back):
    """Which eigenvalues are equal up to rounding (..., n, n), and which have too few eigenvectors
    (..., n); see ad_core/rules/factorizations.py."""
    n = w.shape[-1]
    size = np.sqrt(np.sum(np.square(a), axis=(-2, -1)))[..., None]
    over = np.sqrt(np.sum(np.square(back.real) + np.square(back.imag), axis=-1))
    known = n * EPS * size * over
    gaps = np.absolute(w[..., None, :] - w[..., :, None])
    same = ~(gaps > 0.5 * (known[..., None, :] + known[..., :, None]))
    merged = ~(over < 1.0 / (n * np.sqrt(EPS)))
    return same, merged & (np.sum(np.where(same, 1.0, 0.0), axis=-1) > 1.5)
