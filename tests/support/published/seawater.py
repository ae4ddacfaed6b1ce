# SPDX-License-Identifier: Apache-2.0
"""Functions of seawater: the equation of state of 1980, and what oceanographers derive from it."""

import numpy as np
import seawater

from published import row

S = np.array([[0.5, 1.0, 2.0], [15.0, 16.0, 17.0], [30.0, 31.0, 32.0], [35.0, 35.5, 36.0]])
T = np.array([[15.0] * 3, [14.0] * 3, [10.0] * 3, [5.0] * 3])
P = np.array([[1.0], [250.0], [500.0], [1000.0]])
s, t, p = np.array([25.0, 35.0, 35.0]), np.array([10.0, 20.0, 30.0]), np.array([5e2, 5e3, 1e4])


def thermal_wind(S, T):
    ga = seawater.gpan(S, T, P)
    return seawater.gvel(ga, np.array([30.0, 32.0, 35.0]), np.array([-30.0, -30.0, -29.0]))


FUNCTIONS = [
    row(seawater.dens0, s, t),
    row(seawater.dens, s, t, p),
    row(seawater.pden, s, t, p, 1000.0),
    row(seawater.svel, s, t, p),
    row(seawater.cp, s, t, p),
    row(seawater.adtg, s, t, p),
    row(seawater.ptmp, s, t, p, 0.0),
    row(seawater.temp, s, t, p, 0.0),
    row(seawater.alpha, 40.0, 10.0, 4000.0, pt=True),
    row(seawater.beta, 40.0, 10.0, 4000.0),
    row(seawater.salt, np.array([1.0, 1.2, 0.65]), np.array([15.0, 20.0, 5.0]), 1000.0),
    row(seawater.fp, np.array([5.0, 35.0]), 500.0),
    row(seawater.dpth, np.array([500.0, 5000.0]), np.array([30.0, 45.0])),
    row(seawater.pres, 7321.45, 30.0),
    row(seawater.g, 45.0, -100.0),
    row(seawater.satO2, s, t),
    row(seawater.bfrq, S, T, P, np.array([30.0, 32.0, 35.0])),
    row(seawater.svan, S, T, P),
    row(seawater.gpan, S, T, P),
    row(thermal_wind, S, T),
    row(seawater.dist, np.array([41.0, 40.0, 39.5]), np.array([35.0, 35.5, 36.5])),
    row(seawater.cndr, 25.0, 10.0, 500.0),
]
