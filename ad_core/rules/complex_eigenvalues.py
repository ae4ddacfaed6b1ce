# SPDX-License-Identifier: Apache-2.0
"""Complex eigenvalues of real matrices, as their real and imaginary parts."""

import numpy as np

from ad_core.rules.rule import call

__all__ = ["complex_eigenvalues"]


def complex_eigenvalues(a, name):
    """The real and imaginary parts of the eigenvalues of a stack of matrices. A change t of the
    matrix changes an eigenvalue by u t v, where v is its right and u its left eigenvector with
    u v = 1. Equal eigenvalues have no derivative."""

    def vectors(y):
        right = y[2] + 1j * y[3]
        return right, np.linalg.inv(right)

    def jvp(x, y, t):
        right, left = vectors(y)
        moved = left @ t[0] @ right
        apart = _apart(x[0], y, left)
        lost = np.where(_repeated(apart), np.nan, 0.0)
        inverse = _inverse_gaps(y, apart)
        # the lengths of the vectors, which are not results, may change in any way
        turned = right @ (inverse * moved) + lost[..., None, :]
        moved = np.diagonal(moved, 0, -2, -1)
        return moved.real + lost, moved.imag + lost, turned.real, turned.imag

    def value(a):
        w, v = np.linalg.eig(a)
        return w.real * 1.0, w.imag * 1.0, v.real * 1.0, v.imag * 1.0

    def undetermined(x, y):
        none = _repeated(_apart(x[0], y, vectors(y)[1]))
        return none, none, none[..., None, :], none[..., None, :]

    return call(
        name, value, (a,), jvp, None, undetermined=undetermined, stack=a.shape[:-2]
    )[:2]  # fmt: skip


def _gaps(y):
    return (part[..., None, :] - part[..., :, None] for part in y[:2])


def _apart(a, y, left):
    """Which pairs of eigenvalues differ by more than their rounding errors: the rounding error of
    the matrix times the length of the left eigenvector."""
    n = y[0].shape[-1]
    size = np.sqrt(np.sum(np.square(a), axis=(-2, -1)))[..., None]
    length = np.sqrt(np.sum(np.square(left.real) + np.square(left.imag), axis=-1))
    known = n * np.finfo(float).eps * size * length
    return np.hypot(*_gaps(y)) > 0.5 * (known[..., None, :] + known[..., :, None])


def _repeated(apart):
    """Which eigenvalues are equal to another one."""
    return np.sum(np.where(apart, 0.0, 1.0), axis=-1) > 1.0


def _inverse_gaps(y, apart):
    """1 / (w[j] - w[i]), and 0 where these are equal."""
    re, im = _gaps(y)
    square = np.where(apart, re * re + im * im, 1.0)
    return np.where(apart, re / square, 0.0) - 1j * np.where(apart, im / square, 0.0)
