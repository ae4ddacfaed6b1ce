# SPDX-License-Identifier: Apache-2.0
"""Functions of pysabr: volatilities of the SABR model."""

from pysabr import Hagan2002LognormalSABR, Hagan2002NormalSABR, black
from pysabr.models.hagan_2002_lognormal_sabr import alpha, lognormal_vol
from pysabr.models.hagan_2002_normal_sabr import normal_vol

from published import row


def smile(k, f, shift, t, atm, beta, rho, volvol):
    sabr = Hagan2002LognormalSABR(f, shift, t, atm, beta, rho, volvol)
    return sabr.lognormal_vol(k), sabr.call(k)


def normal_smile(k, f, shift, t, atm, beta, rho, volvol):
    return Hagan2002NormalSABR(f, shift, t, atm, beta, rho, volvol).normal_vol(k)


FUNCTIONS = [
    row(lognormal_vol, 0.02, 0.025, 1.0, 0.03, 0.5, -0.1, 0.4),
    row(lognormal_vol, 0.03, 0.025, 1.0, 0.03, 1.0, -0.1, 0.4),
    row(normal_vol, 0.02, 0.025, 1.0, 0.03, 0.5, -0.1, 0.4),
    row(alpha, 0.025, 1.0, 0.2, 0.5, -0.1, 0.4),
    row(smile, 0.028, 0.025, 0.03, 1.0, 0.004, 0.5, -0.1, 0.4),
    row(normal_smile, 0.028, 0.025, 0.03, 1.0, 0.004, 0.5, -0.1, 0.4),
    row(black.lognormal_call, 0.02, 0.025, 0.2, 1.0, 0.01),
    row(black.lognormal_call, 0.02, 0.025, 0.2, 1.0, 0.01, cp="put"),
    row(black.shifted_lognormal_call, 0.02, 0.025, 0.03, 0.2, 1.0, 0.01),
    row(black.normal_call, 0.02, 0.025, 0.005, 1.0, 0.01),
    row(black.normal_to_shifted_lognormal, 0.02, 0.025, 0.03, 0.005, 1.0),
    row(black.shifted_lognormal_to_normal, 0.02, 0.025, 0.03, 0.2, 1.0),
]
