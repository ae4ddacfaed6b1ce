# SPDX-License-Identifier: Apache-2.0
"""Functions of gsw, whose loops are compiled."""

import gsw
import numpy as np

from published import row

SA, CT, P = np.array([34.7, 34.9]), np.array([10.0, 15.0]), np.array([100.0, 500.0])

FUNCTIONS = [
    row(gsw.rho, SA, CT, P, refused="a compiled ufunc"),
    row(gsw.CT_from_t, SA, CT, P, refused="a compiled ufunc"),
    row(gsw.geo_strf_dyn_height, SA, CT, P, refused="a compiled ufunc"),
]
