# SPDX-License-Identifier: Apache-2.0
"""Functions of pymap3d: conversions of coordinates, geodesy."""

import datetime

import numpy as np
import pymap3d
import pymap3d.haversine
import pymap3d.los
import pymap3d.lox
import pymap3d.rsphere
import pymap3d.sidereal
import pymap3d.vincenty

from published import row

OBSERVER = (42.0, -82.0, 200.0)
POINT = (660930.2, -4701424.0, 4246579.6)
TIME = datetime.datetime(2019, 1, 4, 12)
LATITUDES, LONGITUDES = np.array([41.0, 42.5, -10.0]), np.array([-81.0, -82.5, 30.0])
ALTITUDES = np.array([1000.0, 50.0, 3000.0])


def radec(azimuth, elevation):
    return pymap3d.azel2radec(azimuth, elevation, 65.0, -148.0, TIME, force_non_astropy=True)


def sidereal_time(fraction):
    return pymap3d.greenwichsrt(2458487.0 + fraction)


FUNCTIONS = [
    row(pymap3d.geodetic2ecef, *OBSERVER),
    row(pymap3d.geodetic2ecef, LATITUDES, LONGITUDES, ALTITUDES),
    row(pymap3d.ecef2geodetic, *POINT),
    row(
        pymap3d.ecef2geodetic,
        np.array([660930.2, 5e6]),
        np.array([-4701424.0, 2e6]),
        np.array([4246579.6, -3e6]),
    ),
    row(pymap3d.geodetic2aer, 46.0, -75.0, 1500.0, *OBSERVER),
    row(pymap3d.aer2geodetic, 33.0, 70.0, 1000.0, *OBSERVER),
    row(pymap3d.ecef2enu, *POINT, *OBSERVER),
    # by the observer's latitude, the altitude changes by rounding errors only
    row(pymap3d.enu2geodetic, 186.3, 286.8, 939.7, *OBSERVER, of=lambda found: found[:2]),
    row(pymap3d.geodetic2ned, LATITUDES, LONGITUDES, ALTITUDES, *OBSERVER),
    row(pymap3d.eci2ecef, *POINT, TIME, force_non_astropy=True),
    row(pymap3d.geodetic2spherical, *OBSERVER),
    row(pymap3d.spherical2geodetic, 41.8, -82.0, 6369000.0),
    row(pymap3d.enu2dca, 186.3, 286.8, 939.7, 33.0),
    row(pymap3d.vincenty.vdist, 42.0, -82.0, 42.5, -81.2, tolerance=1e-5),
    row(
        pymap3d.vincenty.vdist,
        LATITUDES,
        LONGITUDES,
        LATITUDES + 0.7,
        LONGITUDES - 1.1,
        tolerance=1e-5,
    ),
    row(pymap3d.vincenty.vreckon, 42.0, -82.0, 80000.0, 38.0, tolerance=1e-5),
    row(pymap3d.lox.loxodrome_inverse, 40.0, -80.0, 65.0, -148.0),
    row(pymap3d.lox.loxodrome_direct, 40.0, -80.0, 1e6, 30.0),
    row(pymap3d.lox.meridian_dist, 40.0),
    row(pymap3d.los.lookAtSpheroid, 42.0, -82.0, 5e5, 45.0, 30.0),
    row(pymap3d.geodetic2rectifying, LATITUDES),
    row(pymap3d.geodetic2isometric, LATITUDES),
    row(pymap3d.conformal2geodetic, 45.0),
    row(pymap3d.geodetic2authalic, LATITUDES),
    row(pymap3d.meridian, 40.0),
    row(pymap3d.rsphere.euler, 42.0, -82.0, 44.0, -80.0),
    row(pymap3d.geodetic2nvector, 42.0, -82.0),
    row(pymap3d.haversine.anglesep_meeus, 35.0, 23.0, 84.0, 20.0),
    row(sidereal_time, 0.4),
    row(radec, 180.1, 80.0, refused="the time is a quantity of astropy, if that is installed"),
]
