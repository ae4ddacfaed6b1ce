# SPDX-License-Identifier: Apache-2.0
"""Functions of meteocalc: dew point, heat index, wind chill."""

import meteocalc

from published import row


def dew_point(temperature, humidity):
    return meteocalc.dew_point(temperature, humidity).c


def heat_index(temperature, humidity):
    return meteocalc.heat_index(temperature=temperature, humidity=humidity).f


def wind_chill(temperature, speed):
    return meteocalc.wind_chill(temperature, speed).f


def feels_like(temperature, humidity, speed):
    return meteocalc.feels_like(temperature, humidity, speed).c


def of_temperatures(celsius, humidity):
    return meteocalc.dew_point(meteocalc.Temp(celsius, "c"), humidity).f


def converted(temperature):
    found = meteocalc.Temp(temperature, "f")
    return found.c, found.k


def calculated(celsius, other):
    return (meteocalc.Temp(celsius, "c") * 2.0 - meteocalc.Temp(other, "c").c).k


def as_number(celsius):
    return float(meteocalc.Temp(celsius, "c")) ** 2


FUNCTIONS = [
    row(dew_point, 25.0, 60.0),
    row(dew_point, -5.0, 60.0),
    row(heat_index, 91.0, 60.0),
    row(heat_index, 70.0, 60.0),
    row(wind_chill, 30.0, 12.0),
    row(feels_like, 35.0, 50.0, 10.0),
    row(feels_like, 95.0, 50.0, 10.0),
    row(of_temperatures, 25.0, 60.0),
    row(converted, 68.0),
    row(calculated, 25.0, 7.0),
    row(as_number, 25.0),
]
