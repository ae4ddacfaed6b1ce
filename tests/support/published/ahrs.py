# SPDX-License-Identifier: Apache-2.0
"""Functions of ahrs: quaternions, rotation matrices, attitude estimators, the Earth's field."""

import ahrs
import numpy as np
from ahrs import DCM, Quaternion, QuaternionArray, filters
from ahrs.common import frames, orientation
from ahrs.utils import WGS, WMM, metrics

from published import row

Q = np.array([0.603, 0.297, 0.499, 0.547])
P = np.array([0.1, -0.4, 0.7, 0.58])
ACC = np.array([4.098297, 8.663757, 2.1355896])
MAG = np.array([-28.71550512, -25.92743566, 4.75683931])
GYR = np.array([0.12, -0.31, 0.08])
UNIT = Q / np.linalg.norm(Q)
SAMPLES = np.array([[0.1, 0.2, 9.7], [0.3, -0.4, 9.6], [0.5, 0.1, 9.8]])
FIELD = np.array([[20.1, 1.2, 43.7], [21.3, -0.4, 42.6], [20.5, 0.9, 43.8]])
RATES = np.array([[0.1, 0.2, -0.3], [0.3, -0.4, 0.2], [0.5, 0.1, 0.1]])


def rotation_of(angles):
    return ahrs.common.dcm.rot_seq("zyx", [*angles])


def matrix_to_quaternion(angles, method):
    return DCM(rpy=[*angles]).to_quaternion(method)


def matrix_logarithm(angles):
    return DCM(rpy=[*angles]).log


def axis_angle(angles):
    return DCM(rpy=[*angles]).to_axisangle()


def product(q, p):
    return Quaternion(q) * Quaternion(p)


def rotated(q, v):
    return Quaternion(q).rotate(v)


def exponential(q):
    return Quaternion(q, versor=False).exponential


def logarithm(q):
    return Quaternion(q).logarithm


def to_angles(q):
    return Quaternion(q).to_angles()


def to_matrices(q):
    return QuaternionArray(q).to_DCM()


def angular_velocities(q):
    return QuaternionArray(q).angular_velocities(0.1)


def magnetic_field(latitude, longitude, height):
    model = WMM(date=2025.5, latitude=latitude, longitude=longitude, height=height)
    return model.X, model.Y, model.Z, model.F, model.D


def normal_gravity(latitude, height):
    return WGS().normal_gravity(latitude, height)


def mahony(q, gyr, acc):
    return filters.Mahony().updateIMU(q, gyr, acc)


def slerp(q, p, t):
    return orientation.slerp(q.copy(), p.copy(), t)


FUNCTIONS = [
    row(orientation.q_prod, Q, P),
    row(orientation.q_rot, Q, ACC),
    row(orientation.q2R, Q),
    row(orientation.q2euler, UNIT),
    row(slerp, UNIT, np.array([0.8, 0.2, 0.5, 0.25]), np.array([0.1, 0.5, 0.8])),
    row(orientation.ecompass, ACC, MAG, frame="NED"),
    row(orientation.am2angles, SAMPLES, FIELD),
    row(rotation_of, np.array([0.4, -0.2, 0.9])),
    row(matrix_to_quaternion, np.array([0.4, -0.2, 0.9]), "shepperd"),
    row(matrix_to_quaternion, np.array([0.4, -0.2, 0.9]), "chiaverini"),
    row(matrix_logarithm, np.array([0.4, -0.2, 0.9])),
    row(axis_angle, np.array([0.4, -0.2, 0.9])),
    row(product, Q, P),
    row(rotated, Q, ACC),
    row(exponential, Q),
    row(logarithm, Q),
    row(to_angles, Q),
    row(to_matrices, np.array([Q, P, -Q + P])),
    row(angular_velocities, np.array([Q, P, Q + P])),
    row(metrics.chordal, np.eye(3) + 0.1, np.eye(3)),
    row(metrics.qad, Q, P),
    row(frames.geodetic2ecef, 48.8562, 2.3508, 67.4),
    row(frames.ecef2geodetic, 4201000.0, 172460.0, 4780100.0),
    row(frames.ecef2enuv, 4201e3, 172e3, 4780e3, 4200e3, 171e3, 4779e3, 48.8, 2.3),
    row(magnetic_field, 10.0, -20.0, 10.5),
    row(normal_gravity, 50.0, 1000.0),
    row(filters.Tilt().estimate, ACC, MAG),
    row(lambda a, m: filters.Tilt(a, m).Q, SAMPLES, FIELD, name="Tilt"),
    row(filters.QUEST().estimate, ACC, MAG),
    row(filters.SAAM().estimate, ACC, MAG),
    row(filters.FAMC().estimate, ACC, MAG),
    row(filters.FLAE(magnetic_dip=64.2).estimate, ACC, MAG),
    row(filters.TRIAD().estimate, ACC, MAG),
    row(filters.FQA().estimate, ACC, MAG),
    row(filters.Davenport().estimate, ACC, MAG),
    row(filters.Madgwick().updateIMU, UNIT, GYR, ACC),
    row(filters.Madgwick().updateMARG, UNIT, GYR, ACC, MAG),
    row(mahony, UNIT, GYR, ACC),
    row(filters.AngularRate().update, UNIT, GYR, method="series", order=3),
    row(filters.AQUA().estimate, ACC, MAG),
    row(filters.ROLEQ(magnetic_ref=64.2).update, UNIT, GYR, ACC, MAG),
    row(lambda g, a: filters.Mahony(gyr=g, acc=a).Q, RATES, SAMPLES, name="Mahony"),
    row(lambda g, a: filters.Madgwick(gyr=g, acc=a).Q, RATES, SAMPLES, name="Madgwick"),
    row(lambda g, a, m: filters.EKF(gyr=g, acc=a, mag=m).Q, RATES, SAMPLES, FIELD, name="EKF"),
]
