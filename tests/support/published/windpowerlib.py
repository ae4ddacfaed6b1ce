# SPDX-License-Identifier: Apache-2.0
"""Functions of windpowerlib: wind profiles and the power of wind turbines."""

import numpy as np
import pandas as pd
from windpowerlib import density, power_curves, power_output, temperature, wind_speed
from windpowerlib.tools import gauss_distribution

from published import row

SPEEDS = np.array([4.2, 8.1, 11.3])
DENSITIES = np.array([1.2, 1.22, 1.25])
CURVE_SPEEDS = np.array([3.0, 5.0, 7.5, 10.0, 12.5, 25.0])
CURVE = np.array([0.0, 180e3, 700e3, 1600e3, 2050e3, 2050e3])
COEFFICIENTS = np.array([0.1, 0.35, 0.43, 0.42, 0.31, 0.04])


def power(speeds):
    return power_output.power_curve(speeds, CURVE_SPEEDS, CURVE)


def power_of_density(speeds, densities):
    return power_output.power_curve(speeds, CURVE_SPEEDS, CURVE, densities, True)


def power_of_curve(speeds, curve):
    return power_output.power_curve(speeds, CURVE_SPEEDS, curve)


def power_of_coefficients(speeds, diameter, densities):
    return power_output.power_coefficient_curve(
        speeds, CURVE_SPEEDS, COEFFICIENTS, diameter, densities
    )


def smoothed(deviation):
    return power_curves.smooth_power_curve(
        pd.Series(CURVE_SPEEDS),
        pd.Series(CURVE),
        standard_deviation_method="turbulence_intensity",
        turbulence_intensity=deviation,
    )["value"]


FUNCTIONS = [
    row(wind_speed.logarithmic_profile, SPEEDS, 10.0, 100.0, 0.15),
    row(wind_speed.logarithmic_profile, SPEEDS, 10.0, 100.0, np.array([0.15, 0.2, 0.1]), 5.0),
    row(wind_speed.hellman, SPEEDS, 10.0, 100.0),
    row(wind_speed.hellman, SPEEDS, 10.0, 100.0, 0.15),
    row(wind_speed.hellman, SPEEDS, 10.0, 100.0, None, 0.2),
    row(temperature.linear_gradient, np.array([281.0, 290.0]), 2.0, 100.0),
    row(density.barometric, np.array([101125.0, 100300.0]), 0.0, 100.0, np.array([281.0, 290.0])),
    row(density.ideal_gas, np.array([101125.0, 100300.0]), 0.0, 100.0, np.array([281.0, 290.0])),
    row(power, SPEEDS),
    row(power_of_density, SPEEDS, DENSITIES),
    row(power_of_curve, SPEEDS, CURVE),
    row(power_of_coefficients, SPEEDS, 80.0, DENSITIES),
    row(gauss_distribution, np.array([-1.0, 0.4, 2.1]), 1.5, 0.2),
    row(smoothed, 0.15, of=pd.Series.to_numpy),
]
