# SPDX-License-Identifier: Apache-2.0
"""Functions of pygeomag: the world magnetic model."""

from pygeomag import GeoMag

from published import row

SEATTLE = (47.6205, -122.3493)


def components(latitude, longitude, altitude):
    found = GeoMag().calculate(latitude, longitude, altitude, 2026.75)
    return found.x, found.y, found.z


def angles(latitude, longitude, altitude):
    found = GeoMag().calculate(latitude, longitude, altitude, 2026.75)
    return found.dec, found.dip


def intensities(latitude, longitude, altitude):
    found = GeoMag().calculate(latitude, longitude, altitude, 2026.75)
    return found.total_intensity, found.h


def of_time(years):
    return GeoMag().calculate(*SEATTLE, 0, 2025.0 + years).d


def older_model(latitude, longitude):
    return GeoMag(coefficients_file="wmm/WMM_2015.COF").calculate(latitude, longitude, 10, 2017.5).f


def grid_variation(latitude, longitude):
    return GeoMag().calculate(latitude, longitude, 0, 2026.75).gv


def uncertainty(latitude, longitude):
    return GeoMag().calculate(latitude, longitude, 0, 2026.75).calculate_uncertainty().d


def shared(latitude, longitude):
    """An object that keeps its tables from call to call."""
    return MODEL.calculate(latitude, longitude, 0, 2026.75).f


MODEL = GeoMag()
FUNCTIONS = [
    row(components, *SEATTLE, 10.0),
    row(components, -33.9, 151.2, 0.1),
    row(angles, *SEATTLE, 10.0),
    row(intensities, *SEATTLE, 10.0),
    row(of_time, 1.5),
    row(older_model, *SEATTLE),
    row(grid_variation, 80.0, 30.0),
    row(uncertainty, *SEATTLE),
    row(shared, *SEATTLE),
]
