# SPDX-License-Identifier: Apache-2.0
"""Functions of utm: the projection UTM and its inverse."""

import numpy as np
import utm

from published import row


def projected(lat, lon):
    return utm.from_latlon(lat, lon)[:2]


def projected_to_zone(lat, lon):
    return utm.from_latlon(lat, lon, force_zone_number=33)[:2]


def inverse(easting, northing):
    return utm.to_latlon(easting, northing, 32, "U")


def southern(easting, northing):
    return utm.to_latlon(easting, northing, 56, northern=False)


def there_and_back(lat, lon):
    easting, northing, number, letter = utm.from_latlon(lat, lon)
    return utm.to_latlon(easting + 100.0, northing, number, letter)


FUNCTIONS = [
    row(projected, 51.2, 7.5),
    row(projected, -33.9, 151.2),
    row(projected, 60.4, 5.3),
    row(projected, np.array([51.2, 49.0]), np.array([7.5, 8.4])),
    row(projected_to_zone, 51.2, 11.9),
    row(inverse, 340000.0, 5710000.0),
    row(inverse, np.array([340000.0, 395201.3]), np.array([5710000.0, 5673135.2])),
    row(southern, 334000.0, 6250000.0),
    row(there_and_back, 51.2, 7.5),
]
