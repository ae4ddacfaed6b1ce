# SPDX-License-Identifier: Apache-2.0
"""Calls of scipy.spatial.transform."""

import numpy as np
import scipy.spatial.transform as MODULE
import scipy.spatial.transform._rotation as _rotation
from scipy.spatial.transform import Rotation, Slerp

from scipy_rows import Call

__all__ = ["MODULE", "PLAIN", "REFUSED", "ROWS"]

Q = np.array([0.3, -0.2, 0.5, 0.8])
V = np.array([0.3, -0.4, 0.5])
ZERO = np.zeros(3)
VECTORS = np.array([[1.0, 2.0, 0.5], [0.3, -0.2, 0.9]])
PLAIN_ONE = Rotation.from_rotvec([0.3, 0.2, -0.5])
PLAIN_TWO = Rotation.from_rotvec([[0.3, 0.2, -0.5], [0.1, 0.7, 0.2]])
MATRIX = np.ravel(PLAIN_ONE.as_matrix())
ALMOST = MATRIX + 0.01 * np.arange(9)


def _calls(point, *functions):
    return [Call(f, point, exact=False) for f in functions]


def _stack(x):
    return Rotation.from_rotvec(np.stack([x, 2.0 * x]))


def _replaced(x):
    rotations = _stack(x)
    rotations[0] = PLAIN_ONE
    return rotations.as_quat()


def _three(x):
    return np.append(x, 0.1)


def _pair(x):
    return _stack(_three(x))


ROWS = {
    "Rotation": [
        *_calls(Q, lambda x: Rotation.from_quat(x).as_quat(),
                lambda x: Rotation(x).as_quat(),
                lambda x: Rotation.from_quat(-x, scalar_first=True).as_quat(
                    canonical=True, scalar_first=True),
                lambda x: Rotation.from_quat(x).as_matrix(),
                lambda x: Rotation.from_quat(x).as_rotvec(degrees=True),
                lambda x: Rotation.from_quat(x).as_mrp(),
                lambda x: Rotation.from_quat(x).as_euler("zxz", degrees=True),
                lambda x: Rotation.from_quat(x).as_euler("ZYX")),
        *_calls(MATRIX, lambda x: Rotation.from_matrix(x.reshape(3, 3)).as_quat()),
        *_calls(ALMOST, lambda x: Rotation.from_matrix(x.reshape(3, 3)).as_rotvec()),
        *_calls(ZERO, lambda x: Rotation.from_rotvec(x).as_quat(),
                lambda x: Rotation.from_rotvec(x).as_matrix(),
                lambda x: Rotation.from_rotvec(x).as_rotvec()),
        *_calls(V, lambda x: Rotation.from_rotvec(90.0 * x, degrees=True).as_quat(),
                lambda x: Rotation.from_rotvec(x.reshape(1, 1, 3)).as_matrix(),
                lambda x: Rotation.from_mrp(x).as_mrp(),
                lambda x: Rotation.from_euler("xyz", x).as_quat(),
                lambda x: Rotation.from_euler("ZX", 60.0 * x[:2], degrees=True).as_euler("XYZ"),
                lambda x: Rotation.from_euler("y", x[0]).as_matrix(),
                lambda x: Rotation.from_euler("y", x[:1]).as_matrix(),
                lambda x: Rotation.from_davenport(np.eye(3)[:2], "e", x[:2]).as_quat(),
                lambda x: Rotation.from_rotvec(x).apply(VECTORS),
                lambda x: Rotation.from_rotvec(x).apply(x[::-1], inverse=True),
                lambda x: PLAIN_ONE.apply(x),
                lambda x: PLAIN_TWO.apply(x, inverse=True),
                lambda x: (PLAIN_ONE * Rotation.from_rotvec(x) * PLAIN_ONE.inv()).as_quat(),
                lambda x: (Rotation.from_rotvec(x) * PLAIN_TWO).as_matrix(),
                lambda x: Rotation.from_rotvec(x).inv().as_quat(),
                lambda x: Rotation.from_rotvec(x).magnitude(),
                lambda x: _stack(x).magnitude(),
                lambda x: _stack(x).apply(VECTORS),
                lambda x: _stack(x)[1].as_quat(),
                lambda x: sum(r.as_quat() for r in _stack(x)),
                lambda x: Rotation.concatenate([Rotation.from_rotvec(x), PLAIN_ONE]).as_quat(),
                lambda x: Rotation.identity().apply(x),
                lambda x: x * isinstance(Rotation.from_rotvec(x), Rotation),
                lambda x: (Rotation.from_rotvec(x) ** 2.5).as_quat(),
                lambda x: (Rotation.from_rotvec(x) ** -1).as_quat(),
                lambda x: (PLAIN_ONE ** x[0]).as_quat(),
                        _replaced),
    ],
    "Slerp": _calls(
        V,
        lambda x: Slerp([0.0, 1.0], _stack(x))([0.3, 0.6]).as_quat(),
        lambda x: Slerp([0.0, 1.0], PLAIN_TWO)(x[::2]).as_rotvec(),
        lambda x: Slerp([0.0, 1.0], PLAIN_TWO)(x[0]).as_matrix(),
        lambda x: Slerp(np.stack([0.0 * x[0], x[0], x[2]]), Rotation.concatenate(
            [PLAIN_TWO, PLAIN_ONE]))(0.2).as_rotvec(),
    ),
    "RotationSpline": _calls(
        V, lambda x: MODULE.RotationSpline([0.0, 1.0], _stack(x))(0.4).as_quat()
    ),
}  # fmt: skip
PLAIN = set()
REFUSED = {
    "RigidTransform": lambda x: MODULE.RigidTransform.from_translation(_three(x)).as_matrix(),
}
if not hasattr(_rotation, "xp_backend"):  # SciPy 1.16, where rotations are compiled
    ROWS = {}
    REFUSED |= {
        "RotationSpline": lambda x: MODULE.RotationSpline([0.0, 1.0], _pair(x))(0.5).as_quat(),
        "Rotation": lambda x: Rotation.from_rotvec(_three(x)).as_matrix(),
        "Slerp": lambda x: Slerp([0.0, 1.0], PLAIN_TWO)(x).as_matrix(),
    }
