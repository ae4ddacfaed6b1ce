# SPDX-License-Identifier: Apache-2.0
"""Functions of pyet: potential evapotranspiration."""

import numpy as np
import pandas as pd
import pyet
import pyet.meteo_utils
import pyet.rad_utils
import pyet.utils

from published import row

DAYS = pd.date_range("2020-06-01", periods=3)
MEAN = np.array([14.0, 18.5, 23.0])
TMAX, TMIN = np.array([19.0, 25.0, 30.5]), np.array([8.0, 11.0, 15.0])
MEANS = pd.Series(MEAN, DAYS)


def penman_of_wind(wind, rn, rh, elevation):
    return pyet.penman(MEANS, wind, rn=rn, rh=rh, elevation=elevation)


def oudin(tmean):
    return pyet.oudin(pd.Series(tmean, DAYS), 0.8)


FUNCTIONS = [
    row(pyet.calc_psy, 101.3),
    row(pyet.calc_psy, np.array([98.0, 101.3]), np.array([12.0, 25.0])),
    row(pyet.calc_vpc, MEAN),
    row(pyet.calc_lambda, 20.0),
    row(pyet.calc_press, np.array([10.0, 800.0, 2500.0])),
    row(pyet.calc_rho, 101.3, 20.0, 1.4),
    row(pyet.calc_e0, MEAN),
    row(pyet.calc_es, MEAN, TMAX, TMIN),
    row(pyet.calc_ea, MEAN, TMAX, TMIN, 82.0, 54.0),
    row(pyet.solar_declination, np.array([10.0, 152.0, 250.0])),
    row(pyet.relative_distance, np.array([10.0, 152.0, 250.0])),
    row(pyet.sunset_angle, np.array([-0.3, 0.1, 0.38]), 0.9),
    row(pyet.meteo_utils.calc_res_surf, 3.0, None, 0.002, 400.0, 100.0),
    row(pyet.meteo_utils.calc_laieff, np.array([0.5, 2.0, 5.0]), 3),
    row(pyet.meteo_utils.calc_res_aero, 2.5, 0.12, 2.0, 2.0, ra_method=1),
    row(pyet.rad_utils.calc_rso, 35.0, 150.0),
    row(pyet.utils.deg_to_rad, 52.0),
    row(pyet.meteo_utils.daylight_hours, DAYS, 0.8),
    row(penman_of_wind, 2.1, 12.5, 65.0, 150.0, of=pd.Series.to_numpy),
    row(oudin, MEAN, of=pd.Series.to_numpy),
]
