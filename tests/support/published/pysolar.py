# SPDX-License-Identifier: Apache-2.0
"""Functions of pysolar: the sun's position and its radiation."""

import datetime

import numpy as np
import pysolar.radiation
import pysolar.solar
import pysolar.util

from published import row

WHEN = datetime.datetime(2017, 4, 20, 16, 30, tzinfo=datetime.UTC)
BOSTON = (42.2, -71.1)

FUNCTIONS = [
    row(pysolar.solar.get_altitude, *BOSTON, WHEN),
    row(pysolar.solar.get_azimuth, *BOSTON, WHEN),
    row(pysolar.solar.get_position, *BOSTON, WHEN, 200.0),
    row(pysolar.solar.get_altitude_fast, *BOSTON, WHEN),
    row(pysolar.solar.get_azimuth_fast, *BOSTON, WHEN),
    row(pysolar.solar.get_altitude, np.array([42.2, 10.0]), np.array([-71.1, -60.0]), WHEN),
    row(pysolar.solar.get_hour_angle, WHEN, -71.1),
    row(pysolar.solar.equation_of_time, 110.0),
    row(pysolar.solar.get_declination, np.array([81.5, 172.0, 300.0])),
    row(pysolar.solar.get_incidence_angle, 40.0, 30.0, 10.0, 170.0),
    row(pysolar.solar.get_refraction_correction, 101325.0, 288.15, 12.0),
    row(pysolar.solar.get_sun_earth_distance, 0.0173),
    row(pysolar.solar.get_topocentric_azimuth_angle, 20.0, 42.2, 11.0),
    row(pysolar.solar.get_projected_radial_distance, 1830.14, 39.74),
    row(pysolar.radiation.get_radiation_direct, WHEN, 55.0),
    row(pysolar.radiation.get_air_mass_ratio, 55.0),
    row(pysolar.util.extraterrestrial_irrad, *BOSTON, WHEN),
    row(pysolar.util.clear_index, 500.0, *BOSTON, WHEN),
    row(pysolar.util.diffuse_transmittance, 3.0),
    row(pysolar.util.solarelevation_function_clear, *BOSTON, WHEN),
]
