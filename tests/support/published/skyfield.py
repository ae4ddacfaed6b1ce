# SPDX-License-Identifier: Apache-2.0
"""Functions of skyfield: positions of stars, satellites and places, time scales."""

import numpy as np
from skyfield import elementslib, functions, geometry, keplerlib, magnitudelib, relativity
from skyfield.api import EarthSatellite, load, wgs84
from skyfield.earthlib import earth_rotation_angle, refraction, reverse_terra, terra
from skyfield.framelib import ecliptic_frame, galactic_frame, itrs
from skyfield.nutationlib import mean_obliquity
from skyfield.positionlib import Geocentric, position_of_radec
from skyfield.precessionlib import compute_precession
from skyfield.projections import build_stereographic_projection
from skyfield.trigonometry import position_angle_of
from skyfield.units import Angle, Distance, Velocity

from published import row

SCALE = load.timescale(builtin=True)
WHEN = SCALE.tt(2021, 6, 15, 7)
JD = 2459380.5
SUN = 132712440041.93938
ISS = (
    "1 25544U 98067A   19343.69339541  .00001764  00000-0  38792-4 0  9991",
    "2 25544  51.6439 211.2001 0007417  17.6667  85.6398 15.50103472202482",
)
POSITION, VELOCITY = np.array([0.4, -0.8, 0.3]), np.array([0.011, 0.007, -0.004])


def place(latitude, longitude, elevation):
    return wgs84.latlon(latitude, longitude, elevation).itrs_xyz.km


def place_at(latitude, longitude, elevation):
    found = wgs84.latlon(latitude, longitude, elevation).at(WHEN)
    return found.xyz.km, found.velocity.km_per_s


def geodetic(position):
    found = wgs84.geographic_position_of(Geocentric(position, t=WHEN))
    return found.latitude.degrees, found.longitude.degrees, found.elevation.m


def radec(position):
    ra, dec, distance = Geocentric(position, t=WHEN).radec()
    return ra.hours, dec.degrees, distance.au


def radec_of_date(ra, dec):
    found = position_of_radec(ra, dec, 1.0, t=WHEN).radec(WHEN)
    return found[0].hours, found[1].degrees


def ecliptic(position):
    lat, lon, distance = Geocentric(position, t=WHEN).frame_latlon(ecliptic_frame)
    return lat.degrees, lon.degrees, distance.au


def galactic(ra, dec):
    lat, lon, _ = position_of_radec(ra, dec).frame_latlon(galactic_frame)
    return lat.degrees, lon.degrees


def earth_fixed(position, velocity):
    found = Geocentric(position, velocity, t=WHEN).frame_xyz_and_velocity(itrs)
    return found[0].km, found[1].km_per_s


def separation(position, other):
    return Geocentric(position).separation_from(Geocentric(other)).degrees


def altitude_azimuth(ra, dec, latitude, longitude):
    observer = wgs84.latlon(latitude, longitude)
    alt, az, _ = position_of_radec(ra, dec, t=WHEN, center=observer).altaz()
    return alt.degrees, az.degrees


def refracted(position, temperature, pressure):
    observer = wgs84.latlon(52.5, 13.4)
    alt, _, _ = Geocentric(position, t=WHEN, center=observer).altaz(temperature, pressure)
    return alt.degrees


def sidereal(fraction):
    time = SCALE.tt_jd(JD, fraction)
    return time.gmst, time.gast


def time_scales(fraction):
    time = SCALE.tt_jd(JD, fraction)
    return time.tdb_fraction, time.ut1_fraction, time.tai_fraction, time.delta_t


def rotation(fractions):
    return SCALE.tt_jd(np.full(fractions.shape, JD), fractions).M


def earth_turned(fraction):
    return earth_rotation_angle(JD, fraction)


def satellite_at(fraction):
    satellite = EarthSatellite(*ISS, "ISS", SCALE)
    return satellite.at(SCALE.tt_jd(2458827.0, fraction)).xyz.km


def comet(axis, eccentricity, inclination, node, argument, mean):
    """The position of a body by the elements of its orbit."""
    orbit = keplerlib._KeplerOrbit._from_mean_anomaly(
        axis, eccentricity, inclination, node, argument, mean, SCALE.tt_jd(JD), SUN, 10
    )
    return orbit.position_at_epoch.au, orbit.velocity_at_epoch.au_per_d


def osculating(position, velocity):
    found = elementslib.OsculatingElements(Distance(position), Velocity(velocity), WHEN, SUN)
    return (
        found.semi_major_axis.au, found.eccentricity, found.inclination.degrees,
        found.longitude_of_ascending_node.degrees, found.argument_of_periapsis.degrees,
        found.mean_anomaly.degrees, found.period_in_days,
    )  # fmt: skip


def plotted(position):
    center = position_of_radec(5.6, -1.0)
    return build_stereographic_projection(center)(Geocentric(position))


def position_angle(a, b, c, d):
    ends = [(Angle(degrees=a), Angle(degrees=b)), (Angle(degrees=c), Angle(degrees=d))]
    return position_angle_of(*ends).degrees


def obliquity(centuries):
    return mean_obliquity(2451545.0 + 36525.0 * centuries)


def precession(centuries):
    return compute_precession(2451545.0 + 36525.0 * centuries)


def aberrated(position, velocity):
    moved = position + 0.0
    relativity.add_aberration(moved, velocity, 0.006)
    return moved


def propagated(position, velocity):
    return keplerlib.propagate(position, velocity, 0.0, np.array([0.7]), 1.0)


FUNCTIONS = [
    row(place, 52.5, 13.4, 34.0),
    row(place, np.array([52.5, -33.9]), np.array([13.4, 151.2]), np.array([34.0, 5.0])),
    row(place_at, 52.5, 13.4, 34.0),
    row(geodetic, np.array([2e-5, -3e-5, 2.5e-5])),
    row(radec, POSITION),
    row(radec_of_date, 5.6, -12.0),
    row(ecliptic, POSITION),
    row(galactic, 5.6, -12.0),
    row(earth_fixed, 1e-4 * POSITION, VELOCITY),
    row(separation, POSITION, np.array([0.1, 0.5, -0.7])),
    row(altitude_azimuth, 5.6, 12.0, 52.5, 13.4),
    row(refracted, np.array([0.4, 0.1, 0.8]), 10.0, 1010.0),
    row(sidereal, 0.3),
    row(time_scales, 0.3),
    # the matrix changes by 1e-9 a day
    row(rotation, np.array([0.3, 0.6]), tolerance=1e-2),
    row(earth_turned, 0.3),
    row(satellite_at, 0.75, refused="the satellite's model is compiled and takes floats"),
    row(comet, 2.5, 0.3, 12.0, 80.0, 40.0, 25.0),
    row(osculating, POSITION, VELOCITY),
    row(plotted, np.array([0.1, 0.9, 0.1])),
    row(position_angle, 10.0, 20.0, 11.0, 22.0),
    row(obliquity, 0.21),
    row(precession, np.array([0.21, -0.4])),
    row(aberrated, POSITION, VELOCITY),
    row(functions.to_spherical, POSITION),
    row(functions.angle_between, POSITION, np.array([0.1, 0.5, -0.7])),
    row(geometry.intersect_line_and_sphere, POSITION, np.array([0.3, -0.7, 0.2]), 0.2),
    row(magnitudelib._venus_magnitude, 0.72, 0.9, 75.0),
    row(terra, 0.9, 0.2, 1e-8, 14.2),
    row(reverse_terra, np.array([2e-5, -3e-5, 2.5e-5]), 14.2),
    row(refraction, np.array([5.0, 40.0]), 10.0, 1010.0),
    row(
        propagated,
        np.array([1.0, 0.2, 0.1]),
        np.array([-0.1, 0.9, 0.2]),
        refused="Kepler's equation is solved by bisection",
    ),
]
