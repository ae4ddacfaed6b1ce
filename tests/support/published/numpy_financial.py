# SPDX-License-Identifier: Apache-2.0
"""Functions of numpy_financial: time value of money."""

import numpy as np
import numpy_financial as npf

from published import row

FLOWS = np.array([-150000.0, 15000.0, 25000.0, 35000.0, 45000.0, 60000.0])
RATES = np.array([0.01, 0.02, 0.035])

FUNCTIONS = [
    row(npf.fv, 0.05 / 12, 120.0, -100.0, -100.0),
    row(npf.fv, RATES, 24.0, -100.0, -100.0),
    row(npf.pmt, 0.075 / 12, 180.0, 200000.0),
    row(npf.pmt, 0.075 / 12, 180.0, 200000.0, 10000.0, when="begin"),
    row(npf.nper, 0.07 / 12, -150.0, 8000.0),
    row(npf.ipmt, 0.0824 / 12, np.array([1, 5, 12]), 12.0, 2500.0),
    row(npf.ppmt, 0.0824 / 12, 3, 12.0, 2500.0),
    row(npf.pv, 0.05 / 12, 120.0, -100.0, 15692.93),
    row(npf.pv, RATES, 24.0, -100.0, 3000.0),
    row(npf.rate, 10.0, 0.0, -3500.0, 10000.0),
    row(npf.irr, FLOWS),
    row(npf.npv, 0.281, np.array([-100.0, 39.0, 59.0, 55.0, 20.0])),
    row(npf.mirr, np.array([-4500.0, -800.0, 800.0, 800.0, 600.0, 600.0, 800.0]), 0.08, 0.055),
]
