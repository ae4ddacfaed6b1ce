# SPDX-License-Identifier: Apache-2.0
# mypy: ignore-errors
"""Rotation and Slerp on traced values: in place of SciPy's compiled functions of quaternions, its
own Python code for arrays of other libraries. Functions of that which are not smooth where the
rotation is are written here: of rotation vectors at zero, and of matrices, which need not be
orthogonal."""

import numpy as np
import scipy.spatial.transform._rotation as _rotation
from scipy.spatial.transform import Rotation

from ad_core import _core
from ad_core.adapting.stand_ins import supply_names
from ad_core.errors import NoDerivativeError
from ad_core.overrides.numpy.dispatch import any_traced, only_constants
from ad_core.overrides.numpy.guards import plain, tested
from ad_core.overrides.scipy.dispatch import implements, implements_method, refuses
from ad_core.recording.arrays import as_array
from ad_core.rules.polar import orthogonal

__all__ = []

SMALL = 1e-3  # of angles, below which series are used
LOCKED = 1e-7  # of angles, below which Euler angles are not unique
REMEDIES = {
    "mean": "take an eigenvector of the sum of the products of quaternions with np.linalg.eigh",
    "align_vectors": "take the polar factor of the matrix a.T @ b with scipy.linalg.polar",
    "reduce": "choose the rotations outside of the derivative",
    "as_davenport": "use as_euler",
}


def _from_rotvec(rotvec, degrees=False):
    x = as_array(rotvec)
    if x.shape[-1] != 3:
        raise ValueError(f"Expected `rot_vec` to have shape (..., 3), got {x.shape}")
    x = np.deg2rad(x) if degrees else x
    square = np.sum(x * x, axis=-1, keepdims=True)
    small = square <= SMALL**2
    half = np.sqrt(np.where(small, 1.0, square)) / 2.0
    near = 0.5 - square / 48.0 + square**2 / 3840.0
    scale = np.where(small, near, np.sin(half) / (2.0 * half))
    w = np.where(small, 1.0 - square / 8.0 + square**2 / 384.0, np.cos(half))
    return np.concatenate([x * scale, w], axis=-1)


def _plain_of_constants(original, function):
    """The function that takes the place of a compiled one. Its results of constants are plain,
    since rotations may be kept after a trace."""

    def either(*args, **kwargs):
        known = only_constants((args, kwargs))
        if known is None:
            return function(*args, **kwargs)
        return _core.untraced(lambda: original(*known[0], **known[1]))

    return either


def _enter(compiled, python):
    """Let SciPy's functions of quaternions that are written in Python take the place of compiled
    ones on traced values. compiled, python: its modules of them."""

    def from_matrix(matrix, assume_valid=False):
        matrix = as_array(matrix)
        if not assume_valid:
            if np.any(tested(np.less_equal, np.linalg.det(matrix), 0.0)):
                raise ValueError(
                    "Non-positive determinant (left-handed or null coordinate frame) in rotation "
                    "matrix"
                )
            matrix = orthogonal(matrix)
        return python._from_matrix_orthogonal(matrix)

    def as_rotvec(quat, degrees=False):
        quat = python._quat_canonical(as_array(quat))
        vector, w = quat[..., :3], quat[..., 3:]
        square = np.sum(vector * vector, axis=-1, keepdims=True)
        small = square <= (SMALL / 2.0 * w) ** 2
        half = np.arctan2(np.sqrt(np.where(small, 1.0, square)), w)
        ratio = square / np.where(small, w, 1.0) ** 2
        near = (
            4.0 * ratio * (1.0 - 2.0 / 3.0 * ratio + 23.0 / 45.0 * ratio**2)
        )  # the angle's square
        near = 2.0 + near / 12.0 + 7.0 * near**2 / 2880.0
        scale = np.where(small, near, 2.0 * half / np.where(small, 1.0, np.sin(half)))
        return (np.rad2deg(scale) if degrees else scale) * vector

    def as_euler(quat, seq, degrees=False, *, suppress_warnings=False):
        found = python.as_euler(quat, seq, degrees, suppress_warnings=True)
        middle = plain(found)[..., 1] * (np.pi / 180 if degrees else 1.0)
        size = abs(middle if seq[0] == seq[2] else np.pi / 2 - abs(middle))
        if np.any(np.minimum(size, abs(np.pi - size)) <= LOCKED):
            raise NoDerivativeError(
                f"Euler angles have no derivative in gimbal lock, where they are not unique"
                f"{_core.user_line()}; use as_rotvec or as_matrix"
            )
        return found

    def power(quat, n):
        quat = as_array(quat)
        n = n[0] if np.shape(n) == (1,) else n
        if not _core.traced(n) and n in (-1, 1):
            return quat if n == 1 else python.inv(quat)
        return _from_rotvec(n * as_rotvec(quat))

    own = {
        "from_rotvec": _from_rotvec,
        "from_matrix": from_matrix,
        "as_rotvec": as_rotvec,
        "as_euler": as_euler,
        "pow": power,
    }
    for name in SAME:
        original = getattr(compiled, name)
        function = _plain_of_constants(original, own.get(name, getattr(python, name)))
        implements(original, calls_back=True)(function)
    for name, remedy in REMEDIES.items():
        refuses(getattr(compiled, name), remedy)

    original_power = vars(Rotation)["__pow__"]

    @implements_method(Rotation, "__pow__", calls_back=True)
    def rotation_power(self, n, modulus=None):
        if modulus is not None or not any_traced((self.as_quat(), n)):
            return original_power(self, n, modulus)
        return Rotation(power(self.as_quat(), n))

    for name in HANDED_OUT:
        implements_method(Rotation, name, calls_back=True)(_storable(vars(Rotation)[name]))


def _storable(original):
    """A method of rotations whose result, also that of a plain rotation, takes traced values."""

    def method(self, *args, **kwargs):
        found = original(self, *args, **kwargs)
        return found if _core.traced(found) else np.array(found)

    return method


# The methods of a rotation that return an array.
HANDED_OUT = ("as_quat", "as_matrix", "as_rotvec", "as_euler", "as_mrp")


# The functions that SciPy has both compiled and in Python.
SAME = ("from_quat", "from_matrix", "from_rotvec", "from_euler", "from_mrp", "from_davenport",
        "as_quat", "as_matrix", "as_rotvec", "as_euler", "as_mrp", "inv", "magnitude", "apply",
        "compose_quat", "pow", "approx_equal", "setitem")  # fmt: skip

if hasattr(_rotation, "xp_backend"):
    supply_names(_rotation, _rotation.xp_backend)
    _enter(_rotation.cython_backend, _rotation.xp_backend)
