# SPDX-License-Identifier: Apache-2.0
"""Functions of eqsig: ground motions and the response of oscillators to them."""

import eqsig
import numpy as np
from eqsig import displacements, im, sdof

from published import row

TIME = np.arange(0.0, 4.0, 0.1)
MOTION = np.exp(-0.3 * TIME) * (np.sin(2.1 * TIME) + 0.3 * np.cos(5.3 * TIME))


def signal(motion):
    return eqsig.AccSignal(motion, 0.1)


def arias(motion):
    return im.calc_arias_intensity(signal(motion))


def absolute_velocity(motion):
    return im.calc_cav(signal(motion))


def spectrum(motion):
    record = signal(motion)
    record.generate_response_spectrum(response_times=np.array([0.5, 1.0, 2.0]), xi=0.05)
    return record.s_a, record.s_d


def velocity(motion):
    record = signal(motion)
    return record.velocity, record.displacement


def filtered(motion):
    record = signal(motion)
    record.butter_pass([0.5, 4.0], filter_order=2)
    return record.values


def fourier(motion):
    return np.abs(signal(motion).fa_spectrum)[1:12]


def rotated(ns, we):
    return eqsig.multiple.combine_at_angle(signal(ns), signal(we), 30.0).values


FUNCTIONS = [
    row(sdof.single_elastic_response, MOTION, 0.1, 0.8, 0.05),
    row(sdof.response_series, MOTION, 0.1, np.array([0.5, 1.0]), 0.05),
    row(sdof.pseudo_response_spectra, MOTION, 0.1, np.array([0.5, 1.0, 2.0]), 0.05),
    row(sdof.true_response_spectra, MOTION, 0.1, np.array([0.5, 1.0, 2.0]), 0.05),
    row(displacements.velocity_and_displacement_from_acceleration, MOTION, 0.1),
    row(arias, MOTION),
    row(absolute_velocity, MOTION),
    row(spectrum, MOTION),
    row(velocity, MOTION),
    row(filtered, MOTION),
    row(fourier, MOTION),
    row(im.calc_peak, MOTION),
    row(rotated, MOTION, MOTION[::-1].copy()),
    row(eqsig.design_spectra.sd_nzs, 1.2, "C", 0.3, 1.0, 1.0),
]
