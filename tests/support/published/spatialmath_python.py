# SPDX-License-Identifier: Apache-2.0
"""Functions and objects of spatialmath-python: rotations and poses."""

import numpy as np
from spatialmath import SE2, SE3, SO3, Quaternion, Twist3, UnitQuaternion, base

from published import row

Q = np.array([0.603, 0.297, 0.499, 0.547])
UNIT = Q / np.linalg.norm(Q)
P = np.array([0.1, -0.4, 0.7, 0.58])
V = np.array([0.3, -0.5, 0.8])
ANGLES = np.array([0.3, -0.5, 0.8])
ROTATION = base.rpy2r(0.3, -0.5, 0.8)

FUNCTIONS = [
    row(base.rotx, 0.3),
    row(base.rotz, 30.0, unit="deg"),
    row(base.trotx, 0.3),
    row(base.rpy2r, 0.3, -0.5, 0.8),
    row(base.rpy2tr, 0.3, -0.5, 0.8, order="xyz"),
    row(base.eul2r, 0.3, -0.5, 0.8),
    row(base.angvec2r, 0.3, V),
    row(base.tr2rpy, ROTATION),
    row(base.tr2eul, ROTATION),
    row(base.skew, V),
    row(base.skewa, np.array([1.0, 2, 3, 0.1, 0.2, 0.3])),
    row(base.trexp, V),
    row(base.trexp, np.array([1.0, 2, 3, 0.1, 0.2, 0.3])),
    row(lambda a: base.trlog(base.rpy2r(a)), ANGLES, name="trlog"),
    row(base.tr2jac, base.r2t(ROTATION)),
    row(base.qqmul, Q, P),
    row(base.qvmul, UNIT, V),
    row(base.q2r, UNIT),
    row(base.qslerp, UNIT, P / np.linalg.norm(P), 0.3),
    row(base.rot2, 0.3),
    row(base.trot2, 0.3),
    row(base.unitvec, V),
    row(base.norm, V),
    row(lambda a, v: (SO3.RPY(a) * v).ravel(), ANGLES, V, name="SO3"),
    row(lambda a, v: (SE3(v) * SE3.RPY(a)).A, ANGLES, V, name="SE3"),
    row(lambda a, v: (SE3(v) * SE3.RPY(a)).inv().A, ANGLES, V, name="SE3.inv"),
    row(lambda x, y, t: (SE2(x, y, t) * np.array([1.0, 2.0])).ravel(), 1.0, 2.0, 0.3, name="SE2"),
    row(lambda q, p: (Quaternion(q) * Quaternion(p)).vec, Q, P, name="Quaternion"),
    row(lambda q, v: UnitQuaternion(q) * v, Q, V, name="UnitQuaternion"),
    row(lambda a: UnitQuaternion.RPY(a).R, ANGLES, name="UnitQuaternion.RPY"),
    row(lambda s: Twist3(s).exp(0.4).A, np.array([1.0, 2, 3, 0.1, 0.2, 0.3]), name="Twist3"),
]
