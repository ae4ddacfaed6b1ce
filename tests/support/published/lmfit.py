# SPDX-License-Identifier: Apache-2.0
"""Functions of lmfit: line shapes, models, and parameters with bounds and expressions."""

import lmfit
import numpy as np
from lmfit import lineshapes

from published import row

X = np.array([-2.0, -0.9, 0.1, 0.8, 1.7])
POSITIVE = np.array([0.3, 0.9, 1.4, 2.5, 4.1])


def residual_of_model(x, data, amplitude, center, sigma):
    model = lmfit.models.GaussianModel()
    return (
        model.eval(model.make_params(amplitude=amplitude, center=center, sigma=sigma), x=x) - data
    )


def composite(x, amplitude, center, sigma, slope):
    model = lmfit.models.VoigtModel(prefix="peak_") + lmfit.models.LinearModel(prefix="line_")
    return model.eval(
        x=x, peak_amplitude=amplitude, peak_center=center, peak_sigma=sigma, peak_gamma=0.3,
        line_slope=slope, line_intercept=0.2,
    )  # fmt: skip


def model_of_function(x, amp, tau, phase):
    def wave(x, amp, tau, phase):
        return amp * np.exp(-x / tau) * np.cos(3.0 * x + phase)

    return lmfit.Model(wave).eval(x=x, amp=amp, tau=tau, phase=phase)


def expression(x, a, b):
    parameters = lmfit.Parameters()
    parameters.add("a", value=a)
    parameters.add("b", value=b, min=0.0)
    parameters.add("c", expr="2*a + sqrt(b)")
    values = parameters.valuesdict()
    return values["c"] * x + values["a"]


def bounded(x, a, b):
    parameters = lmfit.create_params(a={"value": a, "min": 0.0, "max": 10.0}, b={"value": b})
    return parameters["a"].value * np.exp(-x * parameters["b"].value)


def internal_value(a):
    parameter = lmfit.Parameter("a", value=a, min=0.0, max=10.0)
    return parameter.setup_bounds(), parameter.scale_gradient(0.3)


def chi_square(data, amplitude, decay):
    def residual(parameters, x, data):
        return data - parameters["amplitude"] * np.exp(-x * parameters["decay"])

    parameters = lmfit.create_params(amplitude=amplitude, decay=decay)
    return np.sum(residual(parameters, POSITIVE, data) ** 2)


def fitted(data):
    model = lmfit.models.LinearModel()
    found = model.fit(data, x=POSITIVE, slope=1.0, intercept=0.0)
    return found.params["slope"].value


FUNCTIONS = [
    row(lineshapes.gaussian, X, 2.0, 0.3, 0.9),
    row(lineshapes.gaussian2d, X, X[::-1].copy(), 2.0, 0.3, 0.1, 0.9, 1.2),
    row(lineshapes.lorentzian, X, 2.0, 0.3, 0.9),
    row(lineshapes.split_lorentzian, X, 2.0, 0.3, 0.9, 1.4),
    row(lineshapes.voigt, X, 2.0, 0.3, 0.9, 0.4),
    row(lineshapes.pvoigt, X, 2.0, 0.3, 0.9, 0.4),
    row(lineshapes.moffat, X, 2.0, 0.3, 0.9, 1.4),
    row(lineshapes.pearson4, X, 2.0, 0.3, 0.9, 1.4, 0.2),
    row(lineshapes.pearson7, X, 2.0, 0.3, 0.9, 1.4),
    row(lineshapes.breit_wigner, X, 2.0, 0.3, 0.9, 1.4),
    row(lineshapes.damped_oscillator, X, 2.0, 0.3, 0.9),
    row(lineshapes.dho, POSITIVE, 2.0, 1.3, 0.9, 0.8),
    row(lineshapes.logistic, X, 2.0, 0.3, 0.9),
    row(lineshapes.lognormal, POSITIVE, 2.0, 0.3, 0.9),
    row(lineshapes.students_t, X, 2.0, 0.3, 2.9),
    row(lineshapes.expgaussian, X, 2.0, 0.3, 0.9, 0.7),
    row(lineshapes.doniach, X, 2.0, 0.3, 0.9, 0.2),
    row(lineshapes.skewed_gaussian, X, 2.0, 0.3, 0.9, 0.5),
    row(lineshapes.skewed_voigt, X, 2.0, 0.3, 0.9, 0.4, 0.5),
    row(lineshapes.thermal_distribution, POSITIVE, 1.2, -0.3, 0.9, form="fermi"),
    row(lineshapes.step, X, 2.0, 0.3, 0.9, form="erf"),
    row(lineshapes.step, X, 2.0, 0.3, 0.9, form="logistic"),
    row(lineshapes.rectangle, X, 2.0, -1.3, 0.9, 1.2, 0.4, form="arctan"),
    row(lineshapes.exponential, POSITIVE, 2.0, 0.9),
    row(lineshapes.powerlaw, POSITIVE, 2.0, 0.9),
    row(lineshapes.expsine, X, 2.0, 0.9, 0.1, 0.3),
    row(residual_of_model, X, np.array([0.1, 0.5, 0.9, 0.7, 0.2]), 2.0, 0.3, 0.9),
    row(composite, X, 2.0, 0.3, 0.9, 0.5),
    row(model_of_function, POSITIVE, 2.0, 1.3, 0.4),
    row(expression, X, 1.5, 2.5),
    row(bounded, X, 1.5, 0.5),
    row(internal_value, 2.5),
    row(chi_square, np.array([3.0, 2.0, 1.5, 0.8, 0.2]), 4.0, 0.6),
    row(fitted, np.array([1.0, 2.1, 2.8, 5.2, 8.1])),
]
