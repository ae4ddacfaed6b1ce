# SPDX-License-Identifier: Apache-2.0
"""Functions of orbit-predictor: orbits of satellites, the sun as seen from a place."""

import datetime

import numpy as np
from orbit_predictor import angles, coordinate_systems, keplerian, utils
from orbit_predictor.locations import Location
from orbit_predictor.predictors.base import Position

from published import row

WHEN = datetime.datetime(2019, 3, 4, 14, 30)
MU = 398600.4418
R, V = np.array([6524.834, 6862.875, 6448.296]), np.array([4.901327, 5.533756, -1.976341])


def doppler(latitude, longitude, position, velocity):
    seen = Position(WHEN, position, velocity, None)
    return Location("here", latitude, longitude, 100.0).doppler_factor(seen)


def osculating(position, velocity):
    return Position(WHEN, position, velocity, None).osculating_elements


def slant_range(latitude, longitude, elevation, position):
    return Location("here", latitude, longitude, elevation).slant_range_km(position)


FUNCTIONS = [
    row(keplerian.coe2rv, MU, 11067.79, 0.83285, 1.53, 3.97, 0.93, 1.61),
    row(keplerian.rv2coe, MU, R, V),
    row(keplerian.rv_pqw, MU, 11067.79, 0.83285, 1.61),
    row(angles.ta_to_E, 1.61, 0.2),
    row(angles.E_to_M, 1.61, 0.2),
    row(angles.ta_to_M, 1.61, 0.2),
    row(angles.M_to_E, 1.61, 0.2, tolerance=1e-5),
    row(angles.M_to_ta, 1.61, 0.2, tolerance=1e-5),
    row(coordinate_systems.llh_to_ecef, -31.4, -64.2, 0.5),
    row(coordinate_systems.ecef_to_llh, np.array([2345.6, -4838.1, -3421.9])),
    row(coordinate_systems.horizon_to_az_elev, 0.2, 0.5, 0.7),
    row(coordinate_systems.eci_to_radec, R),
    row(
        coordinate_systems.to_horizon,
        0.3,
        0.8,
        np.array([4500.0, 3300.0, 2900.0]),
        np.array([5100.0, 4800.0, 3000.0]),
    ),
    row(utils.sun_azimuth_elevation, -31.4, -64.2, WHEN),
    row(utils.rotate, R, 1, 0.4),
    row(utils.vector_norm, R),
    row(doppler, -31.4, -64.2, np.array([2500.0, -5200.0, -3600.0]), V),
    row(osculating, np.array([2500.0, -5200.0, -3600.0]), V),
    row(slant_range, -31.4, -64.2, 500.0, np.array([2500.0, -5200.0, -3600.0])),
]
