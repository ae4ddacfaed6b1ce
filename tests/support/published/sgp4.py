# SPDX-License-Identifier: Apache-2.0
"""Functions of sgp4: orbits of satellites from two-line elements."""

import numpy as np
import sgp4.api
import sgp4.ext
import sgp4.functions
import sgp4.model
import sgp4.propagation
from sgp4.earth_gravity import wgs72

from published import row

ISS = (
    "1 25544U 98067A   19343.69339541  .00001764  00000-0  38792-4 0  9991",
    "2 25544  51.6439 211.2001 0007417  17.6667  85.6398 15.50103472202482",
)
MOLNIYA = (
    "1 14128U 83058A   06176.02844893 -.00000158  00000-0  10000-3 0  9627",
    "2 14128  11.4384  35.2134 0011562  26.4582 333.5652  0.98870114 46093",
)
POSITION, VELOCITY = np.array([-6102.4, 986.3, 2820.3]), np.array([1.45, 6.9, -2.4])


def in_plane(argument, mean_anomaly, inclination, eccentricity):
    """A near-Earth satellite, half an hour after the epoch of its elements."""
    satellite = sgp4.model.Satrec()
    satellite.sgp4init(
        sgp4.model.WGS72,
        "i",
        5,
        18441.785,
        2.8098e-05,
        6.969196665e-13,
        0.0,
        eccentricity,
        argument,
        inclination,
        mean_anomaly,
        0.0472294454407,
        6.08638547138321,
    )
    return satellite.sgp4_tsince(30.0)[1:]


def since_epoch(minutes):
    return sgp4.model.Satrec.twoline2rv(*ISS).sgp4_tsince(minutes)[1:]


def deep_space(minutes):
    return sgp4.model.Satrec.twoline2rv(*MOLNIYA).sgp4_tsince(minutes)[1:]


def at_fraction(fraction):
    return sgp4.model.Satrec.twoline2rv(*ISS).sgp4(2458827.0, fraction)[1:]


def at_fractions(fractions):
    satellite = sgp4.model.Satrec.twoline2rv(*ISS)
    return satellite.sgp4_array(np.full(fractions.shape, 2458827.0), fractions)[1:]


def two_satellites(fractions):
    both = [sgp4.model.Satrec.twoline2rv(*lines) for lines in (ISS, MOLNIYA)]
    return sgp4.model.SatrecArray(both).sgp4(np.full(fractions.shape, 2458827.0), fractions)[1:]


def old_interface(second):
    satellite = sgp4.io.twoline2rv(*ISS, wgs72)
    return satellite.propagate(2019, 12, 9, 12, 0, second)


def accelerated(fraction):
    return sgp4.api.Satrec.twoline2rv(*ISS).sgp4(2458827.0, fraction)[1:]


def elements(r, v):
    return sgp4.ext.rv2coe(r, v, 398600.4418)[:9]


def crossed(r, v):
    out = [0.0, 0.0, 0.0]
    sgp4.ext.cross(r, v, out)
    return out


def sidereal_time(fraction):
    return sgp4.propagation.gstime(2458827.0 + fraction)


FUNCTIONS = [
    row(in_plane, 5.7904160274885, 0.3373093125574, 0.5980929187319, 0.1859667),
    row(since_epoch, 45.0),
    row(deep_space, 120.0),
    row(at_fraction, 0.75),
    row(at_fractions, np.array([0.7, 0.75, 0.9])),
    row(two_satellites, np.array([0.7, 0.75])),
    # one Julian date holds the time to 40 microseconds
    row(old_interface, 30.0, tolerance=1e-3),
    row(accelerated, 0.75, refused="the class is compiled and takes floats"),
    row(elements, POSITION, VELOCITY),
    row(crossed, POSITION, VELOCITY),
    row(sgp4.ext.mag, POSITION),
    row(sgp4.ext.angle, POSITION, VELOCITY),
    row(sgp4.ext.newtonnu, 0.2, 1.3),
    row(sidereal_time, 0.3),
    row(sgp4.functions.jday, 2019, 12, 9, 12, 30, 15.5),
]
