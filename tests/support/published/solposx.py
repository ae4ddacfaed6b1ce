# SPDX-License-Identifier: Apache-2.0
"""Functions of solposx: algorithms of the sun's position and of refraction."""

import numpy as np
import pandas as pd
from solposx import refraction, solarposition

from published import row

TIMES = pd.DatetimeIndex(["2024-06-21 11:30", "2024-09-02 15:00"], tz="UTC")
TABLE = "columns of a table are selected by compiled code"
ELEVATIONS = np.array([7.0, 20.0, 61.0])


def walraven(latitude, longitude):
    return solarposition.walraven(TIMES, latitude, longitude).to_numpy()


def psa(latitude, longitude):
    return solarposition.psa(TIMES, latitude, longitude).to_numpy()


def usno(latitude, longitude):
    return solarposition.usno(TIMES, latitude, longitude).to_numpy()


def noaa(latitude, longitude):
    return solarposition.noaa(TIMES, latitude, longitude).to_numpy()


def michalsky(latitude, longitude):
    return solarposition.michalsky(TIMES, latitude, longitude)["zenith"].to_numpy()


def iqbal(latitude, longitude):
    return solarposition.iqbal(TIMES, latitude, longitude)["elevation"].to_numpy()


def spa(latitude, longitude, elevation):
    return solarposition.spa(TIMES, latitude, longitude, elevation)["zenith"].to_numpy()


def sg2(latitude, longitude, elevation):
    return solarposition.sg2(TIMES, latitude, longitude, elevation)["azimuth"].to_numpy()


FUNCTIONS = [
    row(refraction.archer, ELEVATIONS),
    row(refraction.bennett, ELEVATIONS, 98000.0, 21.0),
    row(refraction.hughes, ELEVATIONS, 98000.0, 21.0),
    row(refraction.michalsky, ELEVATIONS),
    row(refraction.sg2, ELEVATIONS, 98000.0, 21.0),
    row(refraction.spa, ELEVATIONS, 98000.0, 21.0),
    row(walraven, 50.0, 10.0),
    row(psa, 50.0, 10.0),
    row(usno, 50.0, 10.0),
    row(noaa, 50.0, 10.0),
    row(michalsky, 50.0, 10.0),
    row(iqbal, 50.0, 10.0),
    row(spa, 50.0, 10.0, 200.0, refused=TABLE),
    row(sg2, 50.0, 10.0, 200.0, refused=TABLE),
]
