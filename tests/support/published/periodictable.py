# SPDX-License-Identifier: Apache-2.0
"""Functions of periodictable: densities, scattering of X-rays and neutrons."""

import numpy as np
import periodictable
from periodictable import nsf, xsf

from published import row


def absorption(wavelength):
    return nsf.neutron_scattering("B4C", density=2.5, wavelength=wavelength)[1]


FUNCTIONS = [
    row(nsf.neutron_energy, 4.75),
    row(nsf.neutron_wavelength, 25.3),
    row(nsf.neutron_wavelength_from_velocity, 2200.0),
    row(lambda d: nsf.neutron_sld("D2O", density=d, wavelength=4.75), 1.1, name="neutron_sld"),
    row(absorption, 4.75),
    row(xsf.xray_energy, 1.54),
    row(xsf.xray_wavelength, 8.04),
    row(lambda d: xsf.xray_sld("SiO2", density=d, energy=8.04), 2.2, name="xray_sld"),
    row(lambda e: xsf.xray_sld("SiO2", density=2.2, energy=e), 8.3, name="xray_sld"),
    row(lambda q: periodictable.Fe.xray.f0(q), np.array([0.5, 1.5, 4.0]), name="f0"),
]
