# SPDX-License-Identifier: Apache-2.0
"""Curves and surfaces of geomdl (NURBS-Python)."""

import numpy as np
from geomdl import NURBS, BSpline, fitting, linalg, operations, utilities

from published import row

POINTS = np.array([[5.0, 5.0], [10.0, 10.0], [20.0, 15.0], [35.0, 15.0], [45.0, 10.0], [50.0, 5.0]])
WEIGHTS = np.array([1.0, 0.8, 1.3, 1.0, 0.9, 1.1])


def curve_of(points):
    curve = BSpline.Curve()
    curve.degree = 3
    curve.ctrlpts = [list(p) for p in points]
    curve.knotvector = utilities.generate_knot_vector(curve.degree, len(curve.ctrlpts))
    return curve


def at_place(points, u):
    return curve_of(points).evaluate_single(u)


def at_places(points):
    return curve_of(points).evaluate_list([0.1, 0.4, 0.9])


def derivatives(points, u):
    return curve_of(points).derivatives(u, order=2)


def tangent(points, u):
    return operations.tangent(curve_of(points), u)


def rational(points, weights, u):
    curve = NURBS.Curve()
    curve.degree = 2
    curve.ctrlpts = [list(p) for p in points]
    curve.weights = list(weights)
    curve.knotvector = utilities.generate_knot_vector(curve.degree, len(curve.ctrlpts))
    return curve.evaluate_single(u)


def surface(points, u, v):
    found = BSpline.Surface()
    found.degree_u = found.degree_v = 2
    found.set_ctrlpts([list(p) for p in points.reshape(-1, 3)], 3, 3)
    found.knotvector_u = found.knotvector_v = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]
    return found.evaluate_single((u, v))


def inserted(points):
    curve = curve_of(points)
    return operations.insert_knot(curve, [0.35], [1]).ctrlpts


def length(points):
    return operations.length_curve(curve_of(points))


def interpolated(points):
    return fitting.interpolate_curve([list(p) for p in points], 3).ctrlpts


GRID = np.array(
    [[[x, y, 0.3 * x * y + 0.1 * x * x] for y in (0.0, 1.0, 2.0)] for x in (0.0, 1.0, 2.5)]
)

FUNCTIONS = [
    row(at_place, POINTS, 0.4),
    row(at_places, POINTS),
    row(derivatives, POINTS, 0.4),
    row(tangent, POINTS, 0.4),
    row(rational, POINTS, WEIGHTS, 0.4),
    row(surface, GRID, 0.3, 0.6),
    row(inserted, POINTS),
    row(length, POINTS),
    row(interpolated, POINTS),
    row(linalg.vector_cross, np.array([1.0, 2.0, 3.0]), np.array([0.5, -1.0, 2.0])),
    row(linalg.vector_normalize, np.array([1.0, 2.0, 3.0])),
    row(linalg.point_distance, np.array([1.0, 2.0, 3.0]), np.array([0.5, -1.0, 2.0])),
    row(linalg.vector_angle_between, np.array([1.0, 2.0, 3.0]), np.array([0.5, -1.0, 2.0])),
]
