# SPDX-License-Identifier: Apache-2.0
"""Functions of refet: reference evapotranspiration by the standardized equations."""

import numpy as np
import refet
from refet import calcs

from published import row


def grass(tmin, tmax, ea, rs, uz):
    return refet.Daily(
        tmin=tmin, tmax=tmax, ea=ea, rs=rs, uz=uz, zw=3.0, elev=1208.5, lat=39.4575, doy=182
    ).eto()


def alfalfa(tmin, tmax, tdew, rs, uz, elev, lat):
    return refet.Daily(
        tmin=tmin,
        tmax=tmax,
        tdew=tdew,
        rs=rs,
        uz=uz,
        zw=3.0,
        elev=elev,
        lat=lat,
        doy=182,
        method="refet",
    ).etr()


def hourly(tmean, ea, rs, uz):
    return refet.Hourly(
        tmean=tmean,
        ea=ea,
        rs=rs,
        uz=uz,
        zw=3.0,
        elev=1208.5,
        lat=39.4575,
        lon=np.full(np.shape(tmean), -118.77388),
        doy=182,
        time=18,
    ).eto()


def in_other_units(tmin, tmax, rs):
    return refet.Daily(
        tmin=tmin,
        tmax=tmax,
        ea=1.22,
        rs=rs,
        uz=4.3,
        zw=3.0,
        elev=1208.5,
        lat=39.4575,
        doy=182,
        input_units={"tmin": "F", "tmax": "F", "rs": "w/m2"},
    ).eto()


DAYS = [
    np.array(values)
    for values in ([12.3, 19.4], [32.4, 35.1], [1.22, 1.6], [22.4, 26.0], [4.3, 2.2])
]
HOURS = [np.array(values) for values in ([28.0, 32.4], [1.1, 1.2], [2.1, 3.2], [3.0, 5.2])]
FUNCTIONS = [
    row(grass, 19.2, 37.8, 1.22, 28.1, 4.8),
    row(grass, *DAYS),
    row(alfalfa, 19.2, 37.8, 9.0, 28.1, 4.8, 1208.5, 39.4575),
    row(hourly, 32.4, 1.2, 3.2, 5.2),
    row(hourly, *HOURS),
    row(in_other_units, 66.0, 99.0, 330.0),
    row(calcs.air_pressure, 1208.5),
    row(calcs.sat_vapor_pressure, np.array([5.0, 21.0])),
    row(calcs.es_slope, 28.5),
    row(calcs.actual_vapor_pressure, 0.0087, 87.7),
    row(calcs.specific_humidity, np.array([1.22, 1.5]), np.array([87.7, 99.0])),
    row(calcs.precipitable_water, 87.7, 1.22),
    row(calcs.declination, 182.0, method="refet"),
    row(calcs.ra_daily, 0.69, 182.0),
    row(calcs.ra_hourly, 0.69, -2.07, 182.0, 18.5),
    row(calcs.rso_daily, np.array([41.7, 30.0]), 1.22, 87.7, 182.0, 0.69),
    row(calcs.wind_height_adjust, np.array([4.3, 2.0]), 3.0),
]
