# SPDX-License-Identifier: Apache-2.0
"""Functions of pytransform3d: rotations, transformations, trajectories, coordinates."""

import numpy as np
import pytransform3d.batch_rotations as pbr
import pytransform3d.coordinates as pc
import pytransform3d.rotations as pr
import pytransform3d.transformations as pt

from published import row

Q = np.array([0.603, 0.297, 0.499, 0.547])
P = np.array([0.1, -0.4, 0.7, 0.58])
AXIS = np.array([0.3, -0.5, 0.8])
SCREW = np.array([0.1, 0.2, 0.3, 1.0, 2.0, -0.5])


def pose(exponential):
    return pt.transform_from_exponential_coordinates(exponential)


def coordinates(exponential):
    return pt.exponential_coordinates_from_transform(pose(exponential))


def dual_quaternion(exponential):
    return pt.dual_quaternion_from_transform(pose(exponential))


def concatenated(first, second):
    return pt.concat(pose(first), pose(second))


def inverse(exponential):
    return pt.invert_transform(pose(exponential))


def transformed(exponential, points):
    return pt.transform(pose(exponential), pt.vectors_to_points(points))


def screw(direction, point, pitch):
    axis = pt.screw_axis_from_screw_parameters(point, direction, pitch)
    return pt.screw_parameters_from_screw_axis(axis)


FUNCTIONS = [
    row(pr.matrix_from_axis_angle, np.array([0.6, 0.0, 0.8, 0.7])),
    row(pr.matrix_from_compact_axis_angle, AXIS),
    row(pr.matrix_from_quaternion, Q),
    row(pr.matrix_from_euler, np.array([0.3, -0.5, 0.8]), 0, 1, 2, True),
    row(pr.quaternion_from_axis_angle, np.array([0.6, 0.0, 0.8, 0.7])),
    row(pr.axis_angle_from_quaternion, Q),
    row(pr.concatenate_quaternions, Q, P),
    row(pr.q_prod_vector, Q, AXIS),
    row(pr.quaternion_slerp, Q, P, 0.3),
    row(pr.quaternion_from_euler, np.array([0.3, -0.5, 0.8]), 2, 1, 0, False),
    row(pr.mrp_from_quaternion, Q),
    row(pr.matrix_from_two_vectors, np.array([1.0, 0.2, 0.3]), np.array([0.1, 1.0, -0.2])),
    row(pr.active_matrix_from_angle, 2, 0.7),
    row(pr.left_jacobian_SO3, AXIS),
    row(pr.angle_between_vectors, AXIS, np.array([1.0, 2.0, 0.5])),
    row(pr.euler_from_quaternion, Q, 0, 1, 2, True),
    row(pt.transform_from_pq, np.array([1.0, 2.0, 3.0, 0.6, 0.3, 0.5, 0.55])),
    row(pt.transform_from_exponential_coordinates, SCREW),
    row(coordinates, SCREW),
    row(dual_quaternion, SCREW),
    row(concatenated, SCREW, 2.0 * SCREW[::-1]),
    row(inverse, SCREW),
    row(transformed, SCREW, np.arange(6.0).reshape(2, 3) + 1.0),
    row(screw, np.array([0.6, 0.0, 0.8]), np.array([1.0, 2.0, -0.5]), 0.3),
    row(pbr.matrices_from_quaternions, np.array([Q, P])),
    row(pbr.matrices_from_compact_axis_angles, np.array([AXIS, 2.0 * AXIS])),
    row(pbr.batch_concatenate_quaternions, np.array([Q, P]), np.array([P, Q])),
    row(pc.spherical_from_cartesian, np.array([1.0, 2.0, 3.0])),
    row(pc.cartesian_from_cylindrical, np.array([1.5, 0.4, 3.0])),
]
