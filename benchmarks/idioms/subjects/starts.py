# SPDX-License-Identifier: Apache-2.0
"""The first derivative in a process. This file imports nothing that its functions would import."""

import numpy as np

from benchmarks.idioms.data import definite, normal
from benchmarks.idioms.idiom import Subject

SUBJECT = Subject("First derivatives of a process")

NOTHING = {"first_ms": 10.0}
"""Nothing beyond SciPy's own import, except for noise."""


@SUBJECT(definite, 3, what="first", turns=1, bounds=NOTHING)
def first_solve(a):
    """`np.linalg.solve(a, a[0])`, the first call of `np.linalg`"""
    return np.linalg.solve(a, a[0])


@SUBJECT(definite, 3, what="first", turns=1, bounds=NOTHING)
def first_determinant(a):
    """`np.linalg.det(a)`, the first call of `np.linalg`"""
    return np.linalg.det(a)


@SUBJECT(normal, 8, what="first", turns=1, bounds=NOTHING)
def first_spectrum(x):
    """`np.abs(np.fft.fft(x))`, the first call of `np.fft`"""
    return np.abs(np.fft.fft(x))


@SUBJECT(normal, 8, what="first", turns=1, bounds=NOTHING)
def first_sort(x):
    """`np.sort(x)`"""
    return np.sort(x)
