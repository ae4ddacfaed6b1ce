# SPDX-License-Identifier: Apache-2.0
"""Functions of ppigrf: the geomagnetic field."""

import datetime

import numpy as np
import ppigrf
import ppigrf.ppigrf

from published import row

DATE = datetime.datetime(2021, 3, 28)
DATES = [datetime.datetime(1990, 1, 1), DATE]
DEGREES = [(1, 0), (1, 1), (2, 0), (2, 1), (2, 2)]

FUNCTIONS = [
    row(ppigrf.igrf, 5.32415, 60.39299, 10.0, DATE),
    row(ppigrf.igrf, np.array([20.0, 220.0]), 60.0, 300.0, DATES),
    row(ppigrf.igrf_gc, 6500.0, 30.0, 4.0, DATE),
    row(ppigrf.ppigrf.geod2geoc, 60.0, 10.0, 15000.0, -48000.0),
    row(ppigrf.ppigrf.geoc2geod, 30.0, 6500.0, -15000.0, -48000.0),
    row(ppigrf.ppigrf.get_legendre, np.array([30.0, 75.0]), DEGREES),
]
