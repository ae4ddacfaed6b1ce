# SPDX-License-Identifier: Apache-2.0
"""Functions of numpy-quaternion, which has a compiled type of numbers."""

import numpy as np
import quaternion

from published import row

Q = np.array([0.603, 0.297, 0.499, 0.547])
COMPILED = "a compiled type of numbers"


def product(q):
    return (quaternion.quaternion(*q) * quaternion.quaternion(1.0, 2.0, 3.0, 4.0)).components


def matrix(q):
    return quaternion.as_rotation_matrix(quaternion.as_quat_array(q))


def of_vector(v):
    return quaternion.as_float_array(quaternion.from_rotation_vector(v))


FUNCTIONS = [
    row(product, Q, refused=COMPILED),
    row(matrix, Q, refused=COMPILED),
    row(of_vector, Q[1:], refused=COMPILED),
]
