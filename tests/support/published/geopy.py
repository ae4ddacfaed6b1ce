# SPDX-License-Identifier: Apache-2.0
"""Functions of geopy: distances and points on the earth."""

import geopy.distance
import geopy.units
from geopy.point import Point

from published import row

NEWPORT, CLEVELAND = (41.49008, -71.312796), (41.499498, -81.695391)


def geodesic(lat1, lon1, lat2, lon2):
    return geopy.distance.geodesic((lat1, lon1), (lat2, lon2)).km


def great_circle(lat1, lon1, lat2, lon2):
    return geopy.distance.great_circle((lat1, lon1), (lat2, lon2)).miles


def of_points(lat, lon):
    return geopy.distance.distance(Point(lat, lon), Point(*CLEVELAND)).m


def length_of_route(lat, lon):
    return geopy.distance.geodesic(NEWPORT, (lat, lon), CLEVELAND).km


def destination(lat, lon, km, bearing):
    found = geopy.distance.distance(kilometers=km).destination((lat, lon), bearing)
    return found.latitude, found.longitude


def on_the_sphere(lat, lon, km, bearing):
    found = geopy.distance.great_circle(kilometers=km).destination((lat, lon), bearing)
    return found.latitude, found.longitude


def own_ellipsoid(major, minor, flattening):
    distance = geopy.distance.geodesic(NEWPORT, CLEVELAND, ellipsoid=(major, minor, flattening))
    return distance.km


def own_radius(radius):
    return geopy.distance.great_circle(NEWPORT, CLEVELAND, radius=radius).km


def sums(km, miles):
    total = geopy.distance.Distance(km) + geopy.distance.Distance(miles=miles)
    return (2.0 * total).nm


def normalized(lat, lon):
    found = Point(lat, lon)
    return found.latitude, found.longitude


FUNCTIONS = [
    row(geodesic, *NEWPORT, *CLEVELAND),
    row(great_circle, *NEWPORT, *CLEVELAND),
    row(of_points, *NEWPORT),
    row(length_of_route, 41.0, -75.0),
    row(destination, *NEWPORT, 100.0, 30.0),
    row(on_the_sphere, *NEWPORT, 100.0, 30.0),
    row(own_ellipsoid, 6377.563396, 6356.256909, 1 / 299.3249646),
    row(own_radius, 6371.0),
    row(sums, 10.0, 3.0),
    row(normalized, 41.5, 181.0),
    row(geopy.units.nautical, 10.0),
    row(geopy.units.degrees, 0.7),
]
