# SPDX-License-Identifier: Apache-2.0
"""Functions of quaternionic, which are compiled by numba."""

import numpy as np
import quaternionic

from published import row

Q = np.array([0.603, 0.297, 0.499, 0.547])
P = np.array([0.1, -0.4, 0.7, 0.58])
COMPILED = "compiled by numba"


def product(q, p):
    return (quaternionic.array(q) * quaternionic.array(p)).ndarray


def of_vector(v):
    return quaternionic.array.from_axis_angle(v).ndarray


def parts(q):
    q = quaternionic.array(q)
    return q.w * q.x + q.vector


def interpolated(q, p):
    return quaternionic.slerp(quaternionic.array(q), quaternionic.array(p), 0.3).ndarray


FUNCTIONS = [
    row(parts, Q),
    row(product, Q, P, refused=COMPILED),
    row(of_vector, np.array([0.3, -0.5, 0.8]), refused=COMPILED),
    row(interpolated, Q, P, refused=COMPILED),
]
