# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""The rule of correlations of arrays of any number of axes. A correlation is linear in each of its
arrays, and its transposes are correlations again."""

import numpy as np
import scipy.signal as ss

from ad_core.rules.rule import call

__all__ = ["correlated"]


def correlated(x, kernel):
    """y[k] = sum over m of x[k + m] kernel[m], at all k where x has all elements."""

    def value(x, kernel):
        return (ss.correlate(x, kernel, "valid", "direct"),)

    def jvp(arrays, results, tangents):
        x, kernel = arrays
        return (correlated(tangents[0], kernel) + correlated(x, tangents[1]),)

    def vjp(arrays, results, cotangents):
        x, kernel = arrays
        w = cotangents[0]
        padded = np.pad(w, [(n - 1, n - 1) for n in kernel.shape])
        return correlated(padded, np.flip(kernel)), correlated(x, w)

    return call("scipy.signal.correlate", value, (x, kernel), jvp, vjp, raises=False)[0]
