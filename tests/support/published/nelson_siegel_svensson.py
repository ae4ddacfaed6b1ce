# SPDX-License-Identifier: Apache-2.0
"""Functions of nelson_siegel_svensson: yield curves and their calibration."""

import numpy as np
from nelson_siegel_svensson import NelsonSiegelCurve, NelsonSiegelSvenssonCurve
from nelson_siegel_svensson.calibrate import betas_ns_ols, betas_nss_ols, errorfn_ns_ols

from published import row

MATURITIES = np.array([0.5, 1.0, 2.0, 5.0, 10.0, 30.0])
YIELDS = np.array([0.011, 0.013, 0.016, 0.021, 0.025, 0.028])


def zero_of_ns(maturities, b0, b1, b2, tau):
    return NelsonSiegelCurve(b0, b1, b2, tau).zero(maturities)


def forward_of_ns(maturities, b0, b1, b2, tau):
    return NelsonSiegelCurve(b0, b1, b2, tau).forward(maturities)


def one_of_ns(maturity, b0, b1, b2, tau):
    return NelsonSiegelCurve(b0, b1, b2, tau)(maturity)


def factors_of_ns(maturities, tau):
    return NelsonSiegelCurve(0.0, 0.0, 0.0, tau).factor_matrix(maturities)


def zero_of_nss(maturities, b0, b1, b2, b3, tau1, tau2):
    return NelsonSiegelSvenssonCurve(b0, b1, b2, b3, tau1, tau2).zero(maturities)


def forward_of_nss(maturities, b0, b1, b2, b3, tau1, tau2):
    return NelsonSiegelSvenssonCurve(b0, b1, b2, b3, tau1, tau2).forward(maturities)


def one_of_nss(maturity, b0, b1, b2, b3, tau1, tau2):
    return NelsonSiegelSvenssonCurve(b0, b1, b2, b3, tau1, tau2)(maturity)


def calibrated_ns(tau, yields):
    curve, _ = betas_ns_ols(tau, MATURITIES, yields)
    return curve.beta0, curve.beta1, curve.beta2


def calibrated_nss(taus, yields):
    curve, _ = betas_nss_ols(taus, MATURITIES, yields)
    return curve.beta0, curve.beta1, curve.beta2, curve.beta3


def error_of_ns(tau, yields):
    return errorfn_ns_ols(tau, MATURITIES, yields)


FUNCTIONS = [
    row(zero_of_ns, MATURITIES, 0.028, -0.03, -0.04, 1.1),
    row(forward_of_ns, MATURITIES, 0.028, -0.03, -0.04, 1.1),
    row(one_of_ns, 2.5, 0.028, -0.03, -0.04, 1.1),
    row(factors_of_ns, MATURITIES, 1.1),
    row(zero_of_nss, MATURITIES, 0.028, -0.03, -0.04, -0.015, 1.1, 4.0),
    row(forward_of_nss, MATURITIES, 0.028, -0.03, -0.04, -0.015, 1.1, 4.0),
    row(one_of_nss, 2.5, 0.028, -0.03, -0.04, -0.015, 1.1, 4.0),
    row(calibrated_ns, 1.1, YIELDS),
    row(calibrated_nss, np.array([1.1, 4.0]), YIELDS),
    row(error_of_ns, 1.1, YIELDS),
]
