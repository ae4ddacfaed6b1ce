# SPDX-License-Identifier: Apache-2.0
"""Functions of astropy: models, cosmology, statistics, time series."""

import astropy.units as u
import numpy as np
from astropy import cosmology, stats
from astropy.coordinates import cartesian_to_spherical, spherical_to_cartesian
from astropy.modeling import models
from astropy.timeseries import LombScargle

from published import row

X = np.array([0.3, 1.1, 2.6])
UNITS = "a quantity with a unit is an array of astropy's own class"


def gaussian(x, amplitude, mean, stddev):
    return models.Gaussian1D.evaluate(x, amplitude, mean, stddev)


def gaussian_model(x):
    return models.Gaussian1D(2.0, 1.0, 0.5)(x)


def gaussian_parameters(amplitude, mean, stddev):
    return models.Gaussian1D(amplitude, mean, stddev)(X)


def sum_of_models(x):
    return (models.Lorentz1D(1.0, 0.5, 0.8) + models.Polynomial1D(2, c0=1.0, c1=0.4, c2=-0.1))(x)


def voigt(x):
    return models.Voigt1D(0.0, 1.0, 0.5, 0.4)(x)


def sersic(r):
    return models.Sersic1D(1.0, 5.0, 4.0)(r)


def rotated(x, y):
    return (models.Rotation2D(30.0) | models.Gaussian2D(1.0, 0.2, 0.1, 0.5, 0.4))(x, y)


def sky_to_plane(lon, lat):
    return models.Sky2Pix_TAN()(lon, lat)


def expansion(z):
    return cosmology.Planck18.efunc(z)


def expansion_of_parameters(h0, om0):
    return cosmology.FlatLambdaCDM(H0=h0, Om0=om0, Tcmb0=0.0).efunc(X)


def comoving(z):
    return cosmology.FlatLambdaCDM(H0=70.0, Om0=0.3).comoving_distance(z).value


def modulus(z):
    return cosmology.Planck18.distmod(z).value


def dark_energy(z):
    return cosmology.Flatw0waCDM(H0=70.0, Om0=0.3, w0=-0.9, wa=0.2).de_density_scale(z)


def converted(x):
    return (x * u.km / u.s).to_value(u.m / u.s)


def power(values):
    times = np.array([0.0, 0.7, 1.9, 2.2, 3.8, 4.1])
    return LombScargle(times, values).power(np.array([0.1, 0.3]), method="slow")


def clipped_statistics(values):
    return stats.sigma_clipped_stats(values)


def values(quantities):
    return [quantity.value for quantity in quantities]


VALUES = np.array([1.2, -0.4, 0.9, 0.3, -1.1, 0.6])
FUNCTIONS = [
    row(gaussian, X, 2.0, 1.0, 0.5),
    row(gaussian_model, X),
    row(gaussian_parameters, 2.0, 1.0, 0.5),
    row(sum_of_models, X),
    row(sersic, X),
    row(rotated, X, X[::-1].copy()),
    row(sky_to_plane, np.array([10.0, 80.0]), np.array([70.0, 85.0]), refused="wcslib is compiled"),
    row(models.Moffat1D.evaluate, X, 1.0, 0.5, 0.8, 2.5),
    row(voigt, X),
    row(expansion, X),
    row(expansion_of_parameters, 70.0, 0.3, refused=UNITS),
    row(dark_energy, X, refused=UNITS),
    row(comoving, X, refused=UNITS),
    row(modulus, X, refused=UNITS),
    row(converted, X, refused=UNITS),
    row(power, VALUES),
    row(clipped_statistics, VALUES),
    row(stats.biweight_location, VALUES),
    row(stats.mad_std, VALUES),
    row(stats.circmean, VALUES),
    row(cartesian_to_spherical, 0.4, -0.8, 0.3, of=values, refused=UNITS),
    row(spherical_to_cartesian, 2.0, 0.3, 1.1, of=values, refused=UNITS),
]
