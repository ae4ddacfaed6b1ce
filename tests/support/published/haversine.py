# SPDX-License-Identifier: Apache-2.0
"""Functions of haversine: distances on a sphere."""

import haversine
import numpy as np
from haversine import Direction, Unit

from published import row

LYON, PARIS, NEW_YORK = (45.7597, 4.8422), (48.8567, 2.3508), (40.7033, -74.1704)
MANY = np.array([LYON, PARIS, NEW_YORK])


def distance(lat1, lon1, lat2, lon2):
    return haversine.haversine((lat1, lon1), (lat2, lon2))


def distance_in_miles(lat1, lon1, lat2, lon2):
    return haversine.haversine((lat1, lon1), (lat2, lon2), unit=Unit.MILES)


def wrapped(lat1, lon1):
    return haversine.haversine((lat1, lon1), PARIS, normalize=True)


def unwrapped(lat1, lon1):
    return haversine.haversine((lat1, lon1), PARIS, check=False)


def angle(lat1, lon1, lat2, lon2):
    return haversine.haversine((lat1, lon1), (lat2, lon2), unit="rad")


def distances(places):
    return haversine.haversine_vector(places, np.roll(MANY, 1, 0), Unit.KILOMETERS)


def table(places):
    return haversine.haversine_vector(places, MANY[:2] + 1.0, Unit.METERS, comb=True)


def one_to_many(lat, lon):
    return haversine.haversine_vector([(lat, lon)], MANY, comb=True)


def moved(lat, lon, length, direction):
    return haversine.inverse_haversine((lat, lon), length, direction)


def moved_west(lat, lon, length):
    return haversine.inverse_haversine((lat, lon), length, Direction.WEST, Unit.NAUTICAL_MILES)


def all_moved(places, lengths):
    return haversine.inverse_haversine_vector(places, lengths, np.array([0.1, 1.2, 3.0]))


FUNCTIONS = [
    row(distance, *LYON, *PARIS),
    row(distance, *LYON, *NEW_YORK),
    row(distance_in_miles, *LYON, *PARIS),
    row(wrapped, 130.0, 200.0),
    row(unwrapped, *LYON),
    row(angle, *LYON, *PARIS),
    row(distances, MANY),
    row(table, MANY),
    row(one_to_many, 47.0, 9.0),
    row(moved, *LYON, 32.0, 0.7),
    row(moved_west, *LYON, 32.0),
    row(all_moved, MANY, np.array([32.0, 50.0, 120.0])),
]
