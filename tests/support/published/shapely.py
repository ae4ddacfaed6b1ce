# SPDX-License-Identifier: Apache-2.0
"""Functions of shapely, which calls a compiled library."""

import numpy as np
import shapely

from published import row

TRIANGLE = np.array([[0.0, 0.0], [2.0, 0.3], [0.5, 1.7]]) + 0.1
COMPILED = "compiled geometry"


def area(points):
    return shapely.Polygon(points).area


def distance(x, y):
    return shapely.Point(x, y).distance(shapely.LineString([(3.0, 0.0), (4.0, 5.0)]))


def buffered(radius):
    return shapely.Point(0.0, 0.0).buffer(radius).area


def length(points):
    return shapely.length(shapely.linestrings(points))


FUNCTIONS = [
    row(area, TRIANGLE, refused=COMPILED),
    row(distance, 0.5, 1.0, refused=COMPILED),
    row(buffered, 1.5, refused=COMPILED),
    row(length, TRIANGLE, refused=COMPILED),
]
