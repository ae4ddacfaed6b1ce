# SPDX-License-Identifier: Apache-2.0
"""Objects of scikit-spatial: points, vectors, lines, planes, spheres."""

import numpy as np
from skspatial.objects import Circle, Line, Plane, Point, Points, Sphere, Triangle, Vector

from published import row

A = np.array([1.0, 2.0, 3.0])
B = np.array([0.5, -1.0, 2.0])
C = np.array([-0.4, 0.7, 1.3])


def line_plane(a, b, c):
    return Plane(point=c, normal=[0.0, 0.2, 1.0]).intersect_line(Line.from_points(a, b))


def line_sphere(a, b):
    return Sphere([0.0, 0.0, 1.0], 3.0).intersect_line(Line(a * 0.1, b))


FUNCTIONS = [
    row(lambda a, b: Vector(a).cross(b), A, B, name="Vector.cross"),
    row(lambda a: Vector(a).norm(), A, name="Vector.norm"),
    row(lambda a: Vector(a).unit(), A, name="Vector.unit"),
    row(lambda a, b: Vector(a).angle_between(b), A, B, name="Vector.angle_between"),
    row(lambda a, b: Vector(a).project_vector(b), A, B, name="Vector.project_vector"),
    row(lambda a, b: Vector(a) + 2.0 * Vector(b), A, B, name="Vector.__add__"),
    row(lambda a, b: Vector.from_points(a, b), A, B, name="Vector.from_points"),
    row(lambda a, b: Point(a).distance_point(b), A, B, name="Point.distance_point"),
    row(
        lambda a, b, c: Line.from_points(a, b).project_point(c), A, B, C, name="Line.project_point"
    ),
    row(lambda a, b, c: Line.from_points(a, b).distance_point(c), A, B, C, name="Line.distance"),
    row(lambda a, b: Line(a, b).to_point(2.5), A, B, name="Line.to_point"),
    row(lambda a, b, c: Plane.from_points(a, b, c).normal, A, B, C, name="Plane.from_points"),
    row(lambda a, b, c: Plane(a, b).distance_point(c), A, B, C, name="Plane.distance_point"),
    row(lambda a, b, c: Plane(a, b).project_point(c), A, B, C, name="Plane.project_point"),
    row(line_plane, A, B, C),
    row(line_sphere, A, B),
    row(lambda a, b, c: Triangle(a, b, c).orthocenter(), A, B, C, name="Triangle.orthocenter"),
    row(lambda a, b, c: Triangle(a, b, c).area(), A, B, C, name="Triangle.area"),
    row(lambda a, b, c: Triangle(a, b, c).angle("B"), A, B, C, name="Triangle.angle"),
    row(lambda r: Sphere([0.0, 0.0, 0.0], r).volume(), 1.7, name="Sphere.volume"),
    row(lambda r: Circle([0.0, 0.0], r).area(), 1.7, name="Circle.area"),
    row(lambda p: Points(p).centroid(), np.stack([A, B, C]), name="Points.centroid"),
]
