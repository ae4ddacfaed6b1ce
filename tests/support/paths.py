# SPDX-License-Identifier: Apache-2.0
"""Functions with branches, and a comparison of compiled with one-shot derivatives."""

import numpy as np

from ad_core.recording.trees import flatten


def branchy(x):
    if x[0] > x[1]:
        return x * x[0]
    if x[1] > 0.5:
        return np.sin(x)
    return x[::-1] * 2.0


def quarters(x):
    """Four paths, which depend on the signs."""
    a = x[0] * x[1] if x[0] > 0 else np.exp(x[0])
    return a + (x[1] ** 2 if x[1] > 0 else np.cos(x[1]))


def agree(found, expected):
    (found, tree), (expected, other) = flatten(found), flatten(expected)
    assert tree == other
    for x, y in zip(found, expected, strict=True):
        assert np.shape(x) == np.shape(y)
        np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-14)
