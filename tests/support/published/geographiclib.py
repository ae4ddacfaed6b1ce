# SPDX-License-Identifier: Apache-2.0
"""Functions of geographiclib: geodesics on an ellipsoid."""

from geographiclib.constants import Constants
from geographiclib.geodesic import Geodesic
from geographiclib.geomath import Math

from published import row

WGS84 = Geodesic.WGS84
WELLINGTON, SALAMANCA = (-41.32, 174.81), (40.96, -5.50)
BOTH = Geodesic.STANDARD | Geodesic.REDUCEDLENGTH | Geodesic.GEODESICSCALE


def floats(found):
    return [found[key] for key in sorted(found)]


def inverse(lat1, lon1, lat2, lon2):
    return floats(WGS84.Inverse(lat1, lon1, lat2, lon2))


def inverse_scales(lat1, lon1, lat2, lon2):
    found = WGS84.Inverse(lat1, lon1, lat2, lon2, BOTH)
    return [found[key] for key in ("m12", "M12", "M21")]


def inverse_area(lat1, lon1, lat2, lon2):
    return WGS84.Inverse(lat1, lon1, lat2, lon2, Geodesic.AREA)["S12"]


def direct(lat1, lon1, azi1, s12):
    return floats(WGS84.Direct(lat1, lon1, azi1, s12))


def arc_direct(lat1, lon1, azi1, a12):
    return floats(WGS84.ArcDirect(lat1, lon1, azi1, a12))


def waypoints(lat1, lon1, lat2, lon2):
    line = WGS84.InverseLine(lat1, lon1, lat2, lon2)
    return [floats(line.Position(share * line.s13)) for share in (0.25, 0.5, 0.75)]


def along(lat1, lon1, azi1, s12):
    return floats(WGS84.Line(lat1, lon1, azi1).Position(s12))


def area(lat, lon):
    polygon = WGS84.Polygon()
    for place in ((lat, lon), (-72.9, -74.0), (-71.9, -102.0), (-74.9, -102.0)):
        polygon.AddPoint(*place)
    return polygon.Compute()[1:]


def path_length(azimuth, s):
    path = WGS84.Polygon(True)
    path.AddPoint(52.0, 13.0)
    path.AddEdge(azimuth, s)
    path.AddPoint(48.0, 11.0)
    return path.Compute()[1]


def own_ellipsoid(a, f):
    return floats(Geodesic(a, f).Inverse(40.6, -73.8, 51.6, -0.5))


FUNCTIONS = [
    row(inverse, *WELLINGTON, *SALAMANCA),
    row(inverse, 40.6, -73.8, 51.6, -0.5),
    row(inverse_scales, 40.6, -73.8, 51.6, -0.5),
    row(inverse_area, 40.6, -73.8, 51.6, -0.5),
    row(direct, 40.6, -73.8, 53.0, 5.5e6),
    row(direct, -32.06, 115.74, 225.0, 20000e3),
    row(arc_direct, 40.6, -73.8, 53.0, 45.0),
    row(waypoints, 40.1, 116.6, 37.6, -122.4),
    row(along, 40.6, -73.8, 53.0, 1.5e6),
    row(area, -63.1, -58.0),
    row(path_length, 190.0, 3e5),
    row(own_ellipsoid, Constants.WGS84_a, Constants.WGS84_f),
    row(Math.AngNormalize, 400.0),
    row(Math.AngDiff, 170.0, 30.0),
    row(Math.sincosd, 130.0),
    row(Math.norm, 3.0, 4.5),
]
