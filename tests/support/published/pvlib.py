# SPDX-License-Identifier: Apache-2.0
"""Functions of pvlib: photovoltaic systems, the sun's position, irradiance."""

import numpy as np
import pvlib

from published import row

FUNCTIONS = [
    row(
        pvlib.temperature.sapm_cell, np.array([200.0, 650.0, 900.0]), 20.0, 5.0, -3.47, -0.0594, 3.0
    ),
]
