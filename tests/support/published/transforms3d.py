# SPDX-License-Identifier: Apache-2.0
"""Functions of transforms3d: Euler angles, quaternions, axes and angles, affine matrices."""

import numpy as np
from transforms3d import (
    affines,
    axangles,
    euler,
    quaternions,
    reflections,
    shears,
    taitbryan,
    zooms,
)

from published import row

Q = np.array([0.603, 0.297, 0.499, 0.547])
UNIT = Q / np.linalg.norm(Q)
AXIS = np.array([0.3, -0.5, 0.8])


def matrix(a, b, c):
    return euler.euler2mat(a, b, c)


FUNCTIONS = [
    row(euler.euler2mat, 0.3, -0.5, 0.8),
    row(euler.euler2mat, 0.3, -0.5, 0.8, "rzyx"),
    row(euler.mat2euler, matrix(0.3, -0.5, 0.8)),
    row(euler.euler2quat, 0.3, -0.5, 0.8, "syxz"),
    row(euler.quat2euler, UNIT),
    row(euler.euler2axangle, 0.3, -0.5, 0.8),
    row(euler.axangle2euler, AXIS, 0.7),
    row(quaternions.quat2mat, Q),
    row(quaternions.qmult, Q, Q[::-1].copy()),
    row(quaternions.qinverse, Q),
    row(quaternions.qconjugate, Q),
    row(quaternions.qnorm, Q),
    row(quaternions.qexp, Q),
    row(quaternions.qlog, Q),
    row(quaternions.qpow, Q, 1.7),
    row(quaternions.rotate_vector, AXIS, UNIT),
    row(quaternions.axangle2quat, AXIS, 0.7),
    row(quaternions.quat2axangle, UNIT),
    row(quaternions.fillpositive, np.array([0.3, 0.5, 0.2])),
    row(quaternions.mat2quat, matrix(0.3, -0.5, 0.8)),
    row(axangles.axangle2mat, AXIS, 0.7),
    row(axangles.axangle2aff, AXIS, 0.7, np.array([1.0, 2.0, 3.0])),
    row(affines.compose, np.array([1.0, 2, 3]), matrix(0.3, -0.5, 0.8), np.array([1.5, 2, 0.5])),
    row(affines.decompose44, affines.compose([1.0, 2, 3], matrix(0.3, -0.5, 0.8), [1.5, 2, 0.5])),
    row(taitbryan.euler2mat, 0.3, -0.5, 0.8),
    row(taitbryan.euler2quat, 0.3, -0.5, 0.8),
    row(taitbryan.quat2euler, UNIT),
    row(reflections.rfnorm2mat, AXIS),
    row(shears.sadn2mat, 0.7, [1.0, 0.0, 0.0], [0.0, 1.0, 0.5]),
    row(zooms.zfdir2mat, 1.5, AXIS),
]
