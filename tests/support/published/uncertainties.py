# SPDX-License-Identifier: Apache-2.0
"""Functions of uncertainties: error propagation, differentiated by values and deviations."""

import numpy as np
import uncertainties
from uncertainties import correlated_values, covariance_matrix, ufloat, umath, unumpy

from published import row


def parts(x):
    return x.nominal_value, x.std_dev


def sum_and_product(a, da, b, db):
    x, y = ufloat(a, da), ufloat(b, db)
    return [*parts(x + 2.0 * y), *parts(x * y), *parts(x / y - x)]


def power(a, da, b, db):
    return parts(ufloat(a, da) ** ufloat(b, db))


def pendulum(length, dlength, period, dperiod):
    """Gravity from the length and the period of a pendulum."""
    L, T = ufloat(length, dlength), ufloat(period, dperiod)
    return parts(4.0 * np.pi**2 * L / T**2)


def sine(a, da):
    return [*parts(umath.sin(ufloat(a, da))), *parts(umath.cos(2 * ufloat(a, da)))]


def exponential(a, da):
    x = ufloat(a, da)
    return [*parts(umath.exp(x)), *parts(umath.log(x)), *parts(umath.sqrt(x))]


def angle(a, da, b, db):
    return parts(umath.atan2(ufloat(a, da), ufloat(b, db)))


def error_function(a, da):
    return [*parts(umath.erf(ufloat(a, da))), *parts(umath.atan(ufloat(a, da)))]


def correlated(values, covariance):
    a, b = correlated_values(values, covariance)
    return parts(a * b + umath.sin(a))


def covariance(a, da, b, db):
    x, y = ufloat(a, da), ufloat(b, db)
    return np.array(covariance_matrix([x + y, x - y, x * y]))


def mean_of_array(values, deviations):
    return parts(unumpy.uarray(values, deviations).mean())


def sine_of_array(values, deviations):
    y = unumpy.sin(unumpy.uarray(values, deviations)) * 2.0
    return unumpy.nominal_values(y), unumpy.std_devs(y)


def components(a, da, b, db):
    x, y = ufloat(a, da, "x"), ufloat(b, db, "y")
    found = (x**2 * y).error_components()
    return found[x], found[y]


def sensitivities(a, da, b, db):
    x, y = ufloat(a, da), ufloat(b, db)
    found = (umath.exp(x) * y).derivatives
    return found[x], found[y]


def score(a, da, b):
    return ufloat(a, da).std_score(b)


def wrapped(a, da, b, db):
    f = uncertainties.wrap(
        lambda x, y: x * np.sqrt(y),
        [lambda x, y: np.sqrt(y), lambda x, y: x / (2.0 * np.sqrt(y))],
    )
    return parts(f(ufloat(a, da), ufloat(b, db)))


def inverse(values, deviations):
    m = np.array([[ufloat(values[0], deviations[0]), 1.0], [0.5, ufloat(values[1], deviations[1])]])
    found = unumpy.ulinalg.inv(m)
    return unumpy.nominal_values(found), unumpy.std_devs(found)


FUNCTIONS = [
    row(sum_and_product, 3.0, 0.1, 2.0, 0.2),
    row(power, 3.0, 0.1, 2.0, 0.2),
    row(pendulum, 1.5, 0.01, 2.46, 0.02),
    row(sine, 0.7, 0.1),
    row(exponential, 1.7, 0.1),
    row(angle, 1.0, 0.1, 2.0, 0.2),
    row(error_function, 1.7, 0.1),
    row(correlated, np.array([1.0, 2.0]), np.array([[0.04, 0.01], [0.01, 0.09]])),
    row(covariance, 3.0, 0.1, 2.0, 0.2),
    row(mean_of_array, np.array([1.0, 2.0, 4.0]), np.array([0.1, 0.2, 0.1])),
    row(sine_of_array, np.array([1.0, 2.0, 4.0]), np.array([0.1, 0.2, 0.1])),
    row(components, 3.0, 0.1, 2.0, 0.2),
    row(sensitivities, 1.0, 0.1, 2.0, 0.2),
    row(score, 3.0, 0.1, 3.3),
    row(wrapped, 3.0, 0.1, 2.0, 0.2),
    row(inverse, np.array([2.0, 3.0]), np.array([0.1, 0.2]), refused="np.matrix"),
]
