# SPDX-License-Identifier: Apache-2.0
"""Functions of pykrige: kriging of scattered data."""

import numpy as np
import pykrige.ck
import pykrige.core
import pykrige.variogram_models as models
from pykrige.ok import OrdinaryKriging
from pykrige.ok3d import OrdinaryKriging3D
from pykrige.uk import UniversalKriging

from published import row

X = np.array([0.3, 1.9, 1.1, 3.3, 4.7])
Y = np.array([1.2, 0.6, 3.2, 4.4, 3.8])
HEIGHTS = np.array([0.2, 0.9, 0.4, 0.7, 0.1])
Z = np.array([0.47, 0.56, 0.74, 1.47, 1.74])
AT_X, AT_Y = np.array([0.9, 2.6]), np.array([2.1, 3.0])
DISTANCES = np.array([0.4, 1.3, 3.7])
SPHERICAL = [1.2, 3.0, 0.1]


def kriged(z, x, y):
    """The field and its variance at points, for a given variogram."""
    return OrdinaryKriging(X, Y, z, "spherical", SPHERICAL).execute("points", x, y)


def kriged_by_loop(z, x, y):
    return OrdinaryKriging(X, Y, z, "gaussian", SPHERICAL).execute("points", x, y, backend="loop")


def kriged_grid(x, y, z):
    kriging = OrdinaryKriging(x, y, z, "linear", [0.5, 0.05])
    return kriging.execute("grid", np.array([0.5, 2.0, 3.5]), np.array([1.0, 2.5]))


def fitted(z):
    """The variogram is fitted to the data."""
    return OrdinaryKriging(X, Y, z, "linear").execute("points", AT_X, AT_Y)


def of_parameters(sill, reach, nugget):
    kriging = OrdinaryKriging(X, Y, Z, "exponential", [sill, reach, nugget])
    return kriging.execute("points", AT_X, AT_Y)


def of_directions(scaling, angle):
    kriging = OrdinaryKriging(
        X, Y, Z, "linear", [0.5, 0.05], anisotropy_scaling=scaling, anisotropy_angle=angle
    )
    return kriging.execute("points", AT_X, AT_Y)


def pseudo_inverted(z):
    kriging = OrdinaryKriging(X, Y, z, "power", [0.5, 1.5, 0.02], pseudo_inv=True)
    return kriging.execute("points", AT_X, AT_Y)


def on_the_globe(longitudes, latitudes):
    kriging = OrdinaryKriging(
        10.0 * X, 10.0 * Y, Z, "linear", [0.01, 0.05], coordinates_type="geographic"
    )
    return kriging.execute("points", longitudes, latitudes)


def with_drift(z, x, y):
    kriging = UniversalKriging(X, Y, z, "linear", [0.5, 0.05], drift_terms=["regional_linear"])
    return kriging.execute("points", x, y)


def in_space(z, x, y):
    kriging = OrdinaryKriging3D(X, Y, HEIGHTS, z, "exponential", SPHERICAL)
    return kriging.execute("points", x, y, np.array([0.3, 0.5]))


def nearest(z, x, y):
    kriging = OrdinaryKriging(X, Y, z, "linear", [0.5, 0.05])
    return kriging.execute("points", x, y, backend="loop", n_closest_points=3)


def plain(found):
    """The numbers of masked arrays."""
    return [np.ma.getdata(part) for part in found]


FUNCTIONS = [
    row(kriged, Z, AT_X, AT_Y, of=plain),
    row(kriged_by_loop, Z, AT_X, AT_Y, of=plain),
    row(kriged_grid, X, Y, Z, of=plain),
    row(fitted, Z, of=plain),
    row(of_parameters, 1.2, 3.0, 0.1, of=plain),
    row(of_directions, 1.5, 20.0, of=plain),
    row(pseudo_inverted, Z, of=plain),
    row(on_the_globe, 10.0 * AT_X, 10.0 * AT_Y, of=plain),
    row(with_drift, Z, AT_X, AT_Y, of=plain),
    row(in_space, Z, AT_X, AT_Y, of=plain),
    row(nearest, Z, AT_X, AT_Y, refused="the neighbours are found by a compiled tree"),
    row(models.gaussian_variogram_model, np.array(SPHERICAL), DISTANCES),
    row(models.spherical_variogram_model, np.array(SPHERICAL), DISTANCES),
    row(models.hole_effect_variogram_model, np.array(SPHERICAL), DISTANCES),
    row(models.power_variogram_model, np.array([0.5, 1.5, 0.02]), DISTANCES),
    row(
        pykrige.core.great_circle_distance,
        10.0,
        45.0,
        np.array([12.0, -70.0]),
        np.array([48.0, 10.0]),
    ),
    row(pykrige.core.euclid3_to_great_circle, np.array([0.1, 0.9, 1.7])),
    row(pykrige.ck.ilr_transformation, np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])),
    row(pykrige.ck.inverse_ilr_transformation, np.array([[0.2, -0.3], [0.6, 0.3]])),
]
