# SPDX-License-Identifier: Apache-2.0
"""Random functions of one array with sparse derivatives, which run on any type of float.

A function is a list of steps, each of which adds an array made of earlier ones. All steps are
smooth, and a change of an input does not change a bit of the outputs that do not depend on it.
"""

import contextlib
from dataclasses import dataclass
from unittest import mock

import numpy as np
from hypothesis import strategies as st

from ad_core import _core
from ad_core.programs import sparse

SMOOTH = (np.sin, np.cos, np.tanh, np.arctan, np.square, np.negative)


def neighbours(a, b, k):
    return np.roll(a, k) * a - 0.3 * np.roll(a, -1)


def gathered(a, b, k):
    return a[np.arange(len(a)) * (k + 1) % len(a)] * 0.7 + a


def masked(a, b, k):
    return np.where(np.arange(len(a)) % 3 == k % 3, a * a, 0.2)


def partly(a, b, k):
    y = np.zeros_like(a)
    y[k::2] = a[k::2] * 1.3
    return y


def banded(a, b, k):
    matrix = np.eye(len(a)) * 0.5 - np.eye(len(a), k=k + 1)
    return matrix.astype(a.dtype) @ a


def summed(a, b, k):
    return a[: k + 1] * np.sum(b[:3])


def running(a, b, k):
    return np.cumsum(np.tanh(a[:4]))


def scalars(a, b, k):
    total = 0.4
    for x in a[: k + 2]:
        total = np.sin(total * x) + 0.1 * x
    return np.stack([total, a[0]])


def largest(a, b, k):
    return np.stack([np.max(a[: k + 1]), np.min(b)]) * 0.5


def square(a, b, k):
    x = a[:4] if len(a) >= 4 else np.concatenate([a, a, a, a])[:4]
    return (x.reshape(2, 2) @ x.reshape(2, 2)).ravel() * 0.3


def nothing(a, b, k):
    return 0.0 * a + 1.5


def product(a, b, k):
    n = min(len(a), len(b))
    return a[:n] * b[:n]


def quotient(a, b, k):
    n = min(len(a), len(b))
    return a[:n] / (b[:n] ** 2 + 1.5)


def smooth(a, b, k):
    return SMOOTH[k % len(SMOOTH)](a)


STEPS = (neighbours, gathered, masked, partly, banded, summed, running, scalars, largest, square,
         nothing, product, quotient, smooth)  # fmt: skip


@dataclass(frozen=True)
class SparseProgram:
    """n inputs, steps (step, operands, number), and the arrays that are the result."""

    n: int
    steps: tuple
    results: tuple

    def __call__(self, x):
        arrays = [x]
        for number, a, b, k in self.steps:
            made = STEPS[number](arrays[a % len(arrays)], arrays[b % len(arrays)], k)
            arrays.append(made)
        return np.concatenate([arrays[k % len(arrays)] for k in self.results])

    def total(self, x):
        """A number that is distributed over the results."""
        y = self(x)
        return np.sum(np.sin(y) * (1.0 + np.arange(len(y)) % 5))

    def point(self, seed, dtype=np.float64):
        return np.random.default_rng(seed).uniform(0.2, 1.4, self.n).astype(dtype)


@st.composite
def sparse_programs(draw, most=8):
    small = st.integers(0, 11)
    step = st.tuples(st.integers(0, len(STEPS) - 1), small, small, st.integers(0, 5))
    return SparseProgram(
        draw(st.sampled_from((1, 2, 3, 7, 20, 70, 150))),
        tuple(draw(st.lists(step, min_size=1, max_size=most))),
        tuple(draw(st.lists(small, min_size=1, max_size=3))),
    )


def banded(x, a=1.0):
    return a * x[1:] * x[:-1]


def chain(x):
    return np.sum((x[1:] - x[:-1] ** 2) ** 2) + np.sum(np.log(x))


BOUND = 1e-11


def close(found, expected, bound=BOUND):
    """Errors relative to the largest entry of the matrix."""
    scale = np.max(np.abs(expected), initial=1.0)
    assert np.max(np.abs(found - expected), initial=0.0) <= bound * scale


@contextlib.contextmanager
def without_programs():
    """A context in which no program of entries is small enough to be used."""
    with mock.patch.object(sparse, "build", side_effect=_core.ProgramTooLarge):
        yield
