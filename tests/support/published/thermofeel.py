# SPDX-License-Identifier: Apache-2.0
"""Functions of thermofeel: indices of thermal comfort."""

import numpy as np
import thermofeel

from published import row

T = np.array([295.2, 303.7, 310.1])
DEW = np.array([287.0, 293.5, 296.2])
WIND = np.array([2.3, 4.1, 7.5])
RADIANT = np.array([300.1, 318.4, 325.0])
HUMIDITY = np.array([60.0, 54.3, 44.9])

FUNCTIONS = [
    row(thermofeel.calculate_relative_humidity_percent, T, DEW),
    row(thermofeel.calculate_saturation_vapour_pressure, T),
    row(thermofeel.calculate_saturation_vapour_pressure_multiphase, T, np.array([0, 1, 0])),
    row(thermofeel.calculate_nonsaturation_vapour_pressure, T, HUMIDITY),
    row(thermofeel.calculate_dew_point_from_relative_humidity, HUMIDITY, T),
    row(thermofeel.scale_windspeed, WIND, 2.0),
    row(thermofeel.approximate_dsrp, np.array([100.0, 400.0, 650.0]), np.array([0.05, 0.4, 0.8])),
    row(
        thermofeel.calculate_mean_radiant_temperature, 600.0, 480.0, 500.0, 390.0, 350.0, -80.0, 0.7
    ),
    row(thermofeel.calculate_utci, T, WIND, RADIANT, DEW),
    row(thermofeel.calculate_utci, 300.0, 3.0, 310.0, 290.0),
    row(thermofeel.calculate_wbgt_simple, T, HUMIDITY),
    row(thermofeel.calculate_wbgt, T, RADIANT, WIND, DEW),
    row(thermofeel.calculate_bgt, T, RADIANT, WIND),
    row(thermofeel.calculate_mrt_from_bgt, T, RADIANT, WIND),
    row(thermofeel.calculate_humidex, T, DEW),
    row(thermofeel.calculate_normal_effective_temperature, T, WIND, HUMIDITY),
    row(thermofeel.calculate_apparent_temperature, T, WIND, HUMIDITY),
    row(thermofeel.calculate_wind_chill, np.array([250.0, 268.0, 272.0]), WIND),
    row(thermofeel.calculate_heat_index_simplified, T, HUMIDITY),
    row(thermofeel.calculate_heat_index_adjusted, T, DEW),
]
