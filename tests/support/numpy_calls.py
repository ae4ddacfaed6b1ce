# SPDX-License-Identifier: Apache-2.0
"""A call of a NumPy function as a function of one flat array, and its derivatives."""

import numpy as np

from ad_core.recording.trees import flatten
from complex_steps import STEP


class Flat:
    """A row's call as a function from vectors to vectors."""

    def __init__(self, row, args):
        self.call = row.call
        self.shapes = [np.shape(x) for x in args]
        self.point = np.concatenate([np.ravel(x) for x in args])

    def __call__(self, x):
        args, start = [], 0
        for shape in self.shapes:
            size = int(np.prod(shape))
            args.append(x[start : start + size].reshape(shape) if shape else x[start])
            start += size
        parts = [np.ravel(leaf) * 1.0 for leaf in leaves(self.call(*args))]
        if not np.iscomplexobj(x):  # since NumPy 2.5, real eigenvalues are complex numbers
            parts = [np.real(part) for part in parts]
        return np.concatenate([np.zeros(1), *parts])


def leaves(result):
    return flatten(list(result) if isinstance(result, tuple) else result)[0]


def slope(f, x, t):
    """d f(x + h t) / dh by central differences, extrapolated."""
    h = 1e-3
    d = [(f(x + s * h * t) - f(x - s * h * t)) / (2 * s * h) for s in (1.0, 0.5, 0.25)]
    d = [(4 * d[1] - d[0]) / 3, (4 * d[2] - d[1]) / 3]
    return (16 * d[1] - d[0]) / 15


def by_complex_step(f, x, t):
    """The same by a complex step; None if NumPy's function does not take complex numbers."""
    try:
        value = f(x + 1j * STEP * t)
    except (TypeError, ValueError, IndexError):
        return None
    return value.imag / STEP if value.dtype.kind == "c" else None


def close(found, expected, tolerance):
    scale = 1.0 + np.max(np.abs(expected), initial=0.0)
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * scale)
