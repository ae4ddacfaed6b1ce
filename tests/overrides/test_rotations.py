# SPDX-License-Identifier: Apache-2.0
"""Rotations of scipy.spatial.transform: what is refused, and second derivatives where they are
zero."""

import numpy as np
import pytest
import scipy.spatial.transform._rotation as _rotation
from scipy.spatial.transform import Rotation

import ad_core
from ad_core.errors import NotDifferentiable

pytestmark = pytest.mark.skipif(
    not hasattr(_rotation, "xp_backend"), reason="needs the Rotation class in Python of SciPy 1.17"
)

V = np.array([0.3, -0.4, 0.5])
REFUSED = {
    "mean": lambda x: Rotation.from_rotvec(np.stack([x, 2.0 * x])).mean().as_quat(),
    "align_vectors": lambda x: Rotation.align_vectors(np.stack([x, x[::-1]]), np.eye(3)[:2])[1],
    "reduce": lambda x: Rotation.from_rotvec(x).reduce(Rotation.identity(2)).as_quat(),
    "as_davenport": lambda x: Rotation.from_rotvec(x).as_davenport(np.eye(3), "extrinsic"),
    "gimbal lock": lambda x: Rotation.from_euler(
        "xyz", np.stack([x[0], np.pi / 2 + 0 * x[1], x[2]])
    ).as_euler("xyz"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    with pytest.raises(NotDifferentiable, match="test_rotations"):
        ad_core.jacobian(REFUSED[name])(V)


def test_second_derivatives_at_zero():
    found = ad_core.hessian(lambda x: Rotation.from_rotvec(x).as_quat()[3])(np.zeros(3))
    np.testing.assert_allclose(found, -np.eye(3) / 4)
    there = ad_core.compile(lambda x: Rotation.from_rotvec(x).as_rotvec())
    for size in (0.0, 1e-9, 4e-4, 1.1e-3):
        np.testing.assert_allclose(there.jacobian(size * V), np.eye(3), atol=1e-12)


def test_a_left_handed_frame_is_an_error():
    with pytest.raises(ValueError, match="Non-positive determinant"):
        ad_core.jacobian(lambda x: Rotation.from_matrix(x).as_quat())(-np.eye(3))


def test_rotations_work_after_a_trace():
    kept = []

    def f(x):
        kept.append(Rotation.from_rotvec([0.1, 0.2, 0.3]))
        return kept[-1].apply(x)

    ad_core.jacobian(f)(V)
    np.testing.assert_allclose(kept[-1].as_rotvec(), [0.1, 0.2, 0.3])


@pytest.mark.parametrize("n", [1.0, 0.0, -1.0, 0.7])
def test_powers_of_a_plain_rotation(n):
    """SciPy's compiled code compares n with these numbers, and returns without an error."""
    vector = np.array([0.3, 0.2, -0.5])
    plain = Rotation.from_rotvec(vector)
    np.testing.assert_allclose(ad_core.jacobian(lambda n: (plain**n).as_rotvec())(n), vector)


@pytest.mark.parametrize("name", ["as_quat", "as_matrix", "as_rotvec", "as_mrp"])
def test_arrays_of_plain_rotations_take_traced_values(name):
    """Also those of a rotation that was made before the trace."""
    plain = Rotation.from_rotvec([[0.1, 0.2, 0.3], [0.3, 0.1, 0.2]])

    def f(x):
        array = getattr(plain, name)()
        before = array.copy()
        array[1] = x * before[0]
        return np.sum(array)

    expected = np.sum(getattr(plain, name)()[0])
    np.testing.assert_allclose(ad_core.grad(f)(0.7), expected)
