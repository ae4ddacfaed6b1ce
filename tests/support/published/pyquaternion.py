# SPDX-License-Identifier: Apache-2.0
"""Methods of the quaternions of pyquaternion."""

import numpy as np
from pyquaternion import Quaternion

from published import row

Q = np.array([0.603, 0.297, 0.499, 0.547])
P = np.array([0.1, -0.4, 0.7, 0.58])
AXIS = np.array([0.3, -0.5, 0.8])


def numbers(q):
    return q.elements


def of_axis(axis, angle):
    return numbers(Quaternion(axis=axis, angle=angle))


def of_elements(w, x, y, z):
    return numbers(Quaternion(w, x, y, z).inverse)


def of_matrix(angle):
    c, s = np.cos(angle), np.sin(angle)
    return numbers(Quaternion(matrix=np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])))


def product(q, p):
    return numbers(Quaternion(q) * Quaternion(p))


def quotient(q, p):
    return numbers(Quaternion(q) / Quaternion(p))


def rotated(q, v):
    return Quaternion(q).rotate(v)


def matrix(q):
    return Quaternion(q).rotation_matrix


def transformation(q):
    return Quaternion(q).transformation_matrix


def angles(q):
    return Quaternion(q).yaw_pitch_roll


def axis_and_angle(q):
    q = Quaternion(q)
    return q.axis, q.angle


def exponential(q):
    return numbers(Quaternion.exp(Quaternion(q)))


def logarithm(q):
    return numbers(Quaternion.log(Quaternion(q)))


def power(q, exponent):
    return numbers(Quaternion(q) ** exponent)


def slerp(q, p, amount):
    return numbers(Quaternion.slerp(Quaternion(q), Quaternion(p), amount))


def distance(q, p):
    return Quaternion.distance(Quaternion(q), Quaternion(p))


def sym_distance(q, p):
    return Quaternion.sym_distance(Quaternion(q), Quaternion(p))


def derivative(q, rate):
    return numbers(Quaternion(q).derivative(rate))


def integrated(q, rate):
    q = Quaternion(q)
    q.integrate(rate, 0.1)
    return numbers(q)


FUNCTIONS = [
    row(of_axis, AXIS, 0.7),
    row(of_elements, 0.6, 0.3, 0.5, 0.5),
    row(of_matrix, 0.7),
    row(product, Q, P),
    row(quotient, Q, P),
    row(rotated, Q, AXIS),
    row(matrix, Q),
    row(transformation, Q),
    row(angles, Q),
    row(axis_and_angle, Q),
    row(exponential, Q),
    row(logarithm, Q),
    row(power, Q, 0.7),
    row(slerp, Q, P, 0.3),
    row(distance, Q, P),
    row(sym_distance, Q, P),
    row(derivative, Q, AXIS),
    row(integrated, Q, AXIS),
]
