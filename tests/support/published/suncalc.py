# SPDX-License-Identifier: Apache-2.0
"""Functions of suncalc: the sun's position."""

import datetime

import numpy as np
from suncalc import suncalc

from published import row

DATE = datetime.datetime(2021, 3, 4, 15, tzinfo=datetime.UTC)


def position(longitude, latitude):
    return suncalc.get_position(DATE, longitude, latitude)


FUNCTIONS = [
    row(position, 20.0, 45.0),
    row(position, np.array([20.0, -30.0]), np.array([45.0, 10.0])),
    row(suncalc.right_ascension, 1.1, 0.02),
    row(suncalc.declination, np.array([0.2, 1.1]), 0.02),
    row(suncalc.azimuth, 0.4, 0.8, 0.1),
    row(suncalc.altitude, np.array([0.4, 1.2]), 0.8, 0.1),
    row(suncalc.sidereal_time, 0.3, 0.2),
    row(suncalc.solar_mean_anomaly, 8.5),
    row(suncalc.ecliptic_longitude, 1.3),
    row(suncalc.sun_coords, 8.5),
    row(suncalc.observer_angle, 150.0),
    row(suncalc.hour_angle, -0.0145, 0.8, 0.1),
]
