# SPDX-License-Identifier: Apache-2.0
"""Functions of ambiance: the standard atmosphere."""

import numpy as np
from ambiance import Atmosphere

from published import row

HEIGHTS = np.array([500.0, 5000.0, 17777.0, 35e3, 48e3, 75e3])


def of(name):
    def function(h):
        return getattr(Atmosphere(h), name)

    function.__qualname__ = name
    return function


def height_of_pressure(p):
    return Atmosphere.from_pressure(p).h


def height_of_density(rho):
    return Atmosphere.from_density(rho).h


def dynamic_pressure(h, mach):
    air = Atmosphere(h)
    return 0.5 * air.density * (mach * air.speed_of_sound) ** 2


FUNCTIONS = [
    row(of("temperature"), 5000.0),
    row(of("pressure"), HEIGHTS),
    row(of("density"), HEIGHTS),
    row(of("temperature"), np.array([[500.0, 5000.0], [35e3, 75e3]])),
    row(of("grav_accel"), HEIGHTS),
    row(of("speed_of_sound"), np.array([500.0, 5000.0])),
    row(of("dynamic_viscosity"), 1000.0),
    row(of("kinematic_viscosity"), HEIGHTS),
    row(of("thermal_conductivity"), np.array([500.0, 5000.0, 35e3])),
    row(of("number_density"), HEIGHTS),
    row(of("mean_free_path"), HEIGHTS),
    row(of("collision_frequency"), HEIGHTS),
    row(of("pressure_scale_height"), 40e3),
    row(dynamic_pressure, 9000.0, 0.78),
    row(Atmosphere.geom2geop_height, HEIGHTS),
    row(height_of_pressure, 50000.0),
    row(height_of_density, np.array([0.9, 0.1])),
]
